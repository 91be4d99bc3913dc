//! The zip of a Lambda function.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

/// How much work is put into making a package small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As little as possible.
    Fast,
    /// As much as is worth it.
    Small,
}

impl Compression {
    pub(crate) fn level(self) -> u32 {
        match self {
            Compression::Fast => 1,
            Compression::Small => 9,
        }
    }
}

/// The zip of a program for the runtimes `provided.*`: one executable file, `bootstrap`, with a fixed time, so that the
/// same program always gives the same bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>
///
/// # Errors
/// [`ZipError`] when the program is larger than a zip without extensions can hold (4 GiB).
pub fn function(program: &[u8], compression: Compression) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(i64::from(compression.level())))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(program.len() / 2)));
    zip.start_file("bootstrap", options)?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::Digest;

    #[test]
    fn the_zip_holds_an_executable_bootstrap() {
        let program = b"\x7fELF and the rest".repeat(1000);
        let bytes = function(&program, Compression::Small).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, program);
    }

    #[test]
    fn the_same_program_gives_the_same_bytes() {
        let first = function(b"program", Compression::Small).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2100));
        let second = function(b"program", Compression::Small).unwrap();
        assert_eq!(Digest::of(&first), Digest::of(&second), "a zip's times have a resolution of two seconds");
    }
}
