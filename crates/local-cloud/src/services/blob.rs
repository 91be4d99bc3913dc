//! Bytes of objects: small ones in memory, large ones in files.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// From this size on, bytes go to a file.
const FILE_FROM: usize = 256 * 1024;

/// Immutable bytes. A file goes when its blob goes.
#[derive(Debug)]
pub enum Blob {
    Memory(Bytes),
    File { path: PathBuf, length: u64 },
}

impl Blob {
    /// Keeps bytes, in a new file of `directory` if they are many.
    pub async fn store(bytes: Bytes, directory: &Path) -> std::io::Result<Self> {
        if bytes.len() < FILE_FROM {
            // A copy, because the bytes may be a slice of a much larger request.
            return Ok(Self::Memory(Bytes::copy_from_slice(&bytes)));
        }
        tokio::fs::create_dir_all(directory).await?;
        let path = directory.join(uuid::Uuid::new_v4().to_string());
        let blob = Self::File { path, length: bytes.len() as u64 };
        if let Self::File { path, .. } = &blob {
            tokio::fs::write(path, &bytes).await?;
        }
        Ok(blob)
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads `length` bytes from `offset` on, both within the blob, to the end of `out`.
    pub async fn read(&self, offset: u64, length: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
        let out_of_memory = |_| std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).map_err(out_of_memory)?;
                let end = usize::try_from(offset + length).map_err(out_of_memory)?;
                out.extend_from_slice(&bytes[start..end]);
            }
            Self::File { path, .. } => {
                let mut file = tokio::fs::File::open(path).await?;
                file.seek(SeekFrom::Start(offset)).await?;
                file.take(length).read_to_end(out).await?;
            }
        }
        Ok(())
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if let Self::File { path, .. } = self
            && let Err(error) = std::fs::remove_file(&*path)
        {
            tracing::debug!(path = %path.display(), %error, "the file of an object could not be removed");
        }
    }
}
