use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use uuid::Uuid;
use zip::ZipArchive;

/// The most that a function's code may take unpacked.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST: u64 = 250 * 1024 * 1024;

/// An unpacked zip: `LAMBDA_TASK_ROOT`. The directory goes when the last environment that uses it does.
#[derive(Debug)]
pub(super) struct CodeDirectory {
    path: PathBuf,
    zip: Bytes,
}

impl CodeDirectory {
    /// Unpacks `zip` into a new directory under `parent`. Blocks.
    pub(super) fn unpack(zip: Bytes, parent: &Path) -> Result<Self, String> {
        let path = parent.join(Uuid::new_v4().simple().to_string());
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&path)
            .map_err(|error| format!("{} cannot be created: {error}", path.display()))?;
        // Made before anything is written, so that its drop also clears what a failure leaves.
        let code = Self { path, zip };
        code.fill()?;
        let bootstrap = fs::metadata(code.bootstrap())
            .map_err(|_| "the zip has no file bootstrap at its top".to_owned())?;
        if bootstrap.permissions().mode() & 0o111 == 0 {
            return Err("bootstrap in the zip is not executable: chmod 755 it before zipping".to_owned());
        }
        Ok(code)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bootstrap(&self) -> PathBuf {
        self.path.join("bootstrap")
    }

    pub(super) fn is_of(&self, zip: &Bytes) -> bool {
        self.zip == *zip
    }

    fn fill(&self) -> Result<(), String> {
        let mut archive =
            ZipArchive::new(Cursor::new(&self.zip)).map_err(|error| format!("not a zip: {error}"))?;
        let mut left = LARGEST;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
            let name = entry
                .enclosed_name()
                .filter(|name| name.components().all(|part| matches!(part, Component::Normal(_))))
                .ok_or_else(|| format!("the name {:?} leads out of the zip", entry.name()))?;
            let target = self.path.join(name);
            if entry.is_symlink() {
                return Err(format!(
                    "{:?} is a symbolic link, which cannot be unpacked safely",
                    entry.name()
                ));
            }
            let failed = |error: io::Error| format!("{}: {error}", target.display());
            if entry.is_dir() {
                fs::create_dir_all(&target).map_err(failed)?;
                continue;
            }
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory).map_err(failed)?;
            }
            let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
            let mut file = File::create(&target).map_err(failed)?;
            let written = io::copy(&mut entry.by_ref().take(left + 1), &mut file).map_err(failed)?;
            left = left
                .checked_sub(written)
                .ok_or_else(|| format!("unzipped size must be smaller than {LARGEST} bytes"))?;
            file.set_permissions(Permissions::from_mode(mode | 0o400)).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for CodeDirectory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a code directory stays behind");
        }
    }
}
