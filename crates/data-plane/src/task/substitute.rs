//! Images of which only the programs matter, played by programs of this machine.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use super::{ImageConfig, ImageRootfs, RootfsCache, RootfsError};

/// A public image by what plays it. Its tasks have no image's files: each runs in an empty directory of its own, finds
/// these programs first on its `PATH`, and sees this machine's other programs after them.
#[derive(Debug, Clone)]
pub struct Substitute {
    /// The image, such as `public.ecr.aws/nginx/nginx`.
    pub image: String,
    /// What it is played by, for people.
    pub played_by: String,
    /// Names of programs, and the words that each stands for; the arguments of a call follow them.
    pub programs: Vec<(String, Vec<OsString>)>,
}

impl RootfsCache {
    /// Makes what tasks of the image need, or finds it made.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn substitute(&self, substitute: &Substitute) -> Result<Arc<ImageRootfs>, RootfsError> {
        let digest = format!("{} played by {}", substitute.image, substitute.played_by);
        let name: String = digest.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = self.directory().join(name);
        let programs = path.join("bin");
        let write = || {
            fs::create_dir_all(&programs)?;
            let mut scripts = substitute.programs.iter();
            scripts.try_for_each(|(name, words)| write_script(&programs.join(name), words))
        };
        write().map_err(|error| RootfsError { digest: digest.clone(), reason: error.to_string() })?;
        let path_variable = format!("PATH={}:/usr/local/bin:/usr/bin:/bin", programs.display());
        let config = ImageConfig { env: vec![path_variable], ..ImageConfig::default() };
        let played_by = Some(substitute.played_by.clone());
        Ok(Arc::new(ImageRootfs { path, digest, config, played_by }))
    }
}

/// A shell script rather than a symbolic link, because it can pass arguments of its own.
fn write_script(path: &Path, words: &[OsString]) -> io::Result<()> {
    use std::io::Write;

    if path.exists() {
        return Ok(());
    }
    let quoted: Vec<String> =
        words.iter().map(|word| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))).collect();
    let partial = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&partial)?;
    write!(file, "#!/bin/sh\nexec {} \"$@\"\n", quoted.join(" "))?;
    drop(file);
    fs::rename(partial, path)
}
