//! Where this program keeps what outlives a command: locks, the background cloud's record, its log and its work.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// `$DEPLOY_STATE_DIR`, else `$XDG_STATE_HOME/deploy`, else `~/.local/state/deploy`.
#[derive(Clone, Debug)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// Finds the directory; nothing is made.
    pub fn find(environment: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let variable = |name| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let path = variable("DEPLOY_STATE_DIR")
            .or_else(|| Some(variable("XDG_STATE_HOME")?.join("deploy")))
            .or_else(|| Some(variable("HOME")?.join(".local/state/deploy")));
        path.map(Self).ok_or_else(|| {
            Failure::new(
                "there is no place for state: neither DEPLOY_STATE_DIR, XDG_STATE_HOME nor HOME is set",
            )
            .hint("set DEPLOY_STATE_DIR to a directory that can be written")
        })
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn record(&self) -> PathBuf {
        self.0.join("cloud.json")
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("cloud.log")
    }

    /// The results of the last measurement that were not to be saved elsewhere.
    pub fn results(&self) -> PathBuf {
        self.0.join("results.json")
    }

    /// Where clouds keep their work, each in a directory of its own.
    pub fn works(&self) -> PathBuf {
        self.0.join("work")
    }

    /// Makes the directory and proves that it can be written.
    pub fn prepare(&self) -> Result<(), Failure> {
        let probe = self.0.join(format!(".probe-{}", std::process::id()));
        std::fs::create_dir_all(&self.0)
            .and_then(|()| std::fs::write(&probe, b"x"))
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| self.unusable(&error))
    }

    /// The failure that an error in the directory means.
    pub fn unusable(&self, error: &std::io::Error) -> Failure {
        let what = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "has no space left",
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                "cannot be written"
            }
            _ => "cannot be used",
        };
        Failure::new(format!("the state directory {} {what}: {error}", self.0.display()))
            .hint("set DEPLOY_STATE_DIR to a directory that can be written and has some space")
    }

    /// Adds a region to those that a deployment has something in.
    pub fn remember(&self, deployment: &str, region: &str) -> Result<(), Failure> {
        let mut regions = self.remembered(deployment)?;
        if regions.insert(region.to_owned()) {
            let text = regions.into_iter().map(|region| region + "\n").collect::<String>();
            let path = self.regions(deployment);
            std::fs::create_dir_all(self.0.join("regions"))
                .and_then(|()| std::fs::write(path, text))
                .map_err(|error| self.unusable(&error))?;
        }
        Ok(())
    }

    /// The regions that a deployment has, or had, something in.
    pub fn remembered(&self, deployment: &str) -> Result<BTreeSet<String>, Failure> {
        match std::fs::read_to_string(self.regions(deployment)) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    /// Forgets the regions of a deployment.
    pub fn forget(&self, deployment: &str) -> Result<(), Failure> {
        match std::fs::remove_file(self.regions(deployment)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.unusable(&error)),
            _ => Ok(()),
        }
    }

    fn regions(&self, deployment: &str) -> PathBuf {
        self.0.join("regions").join(deployment)
    }

    /// Takes the lock of this name, or says who holds it. The lock dies with the process.
    pub fn try_lock(&self, name: &str, purpose: &str) -> Result<Result<HeldLock, String>, Failure> {
        let directory = self.0.join("locks");
        let path = directory.join(format!("{name}.lock"));
        std::fs::create_dir_all(&directory).map_err(|error| self.unusable(&error))?;
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| self.unusable(&error))?;
        match file.try_lock() {
            Ok(()) => {
                let text = format!("deploy {purpose} (pid {})", std::process::id());
                file.set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| file.write_all(text.as_bytes()))
                    .map_err(|error| self.unusable(&error))?;
                Ok(Ok(HeldLock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
                Ok(Err(if read { holder } else { "another deploy".to_owned() }))
            }
            Err(TryLockError::Error(error)) => Err(self.unusable(&error)),
        }
    }

    /// Takes the lock, waiting for its holder at most `patience`. `told` hears once who is waited for.
    pub async fn lock(
        &self,
        name: &str,
        purpose: &str,
        patience: Duration,
        told: impl Fn(&str),
    ) -> Result<HeldLock, Failure> {
        let begin = Instant::now();
        let mut silent = true;
        loop {
            match self.try_lock(name, purpose)? {
                Ok(lock) => return Ok(lock),
                Err(holder) if begin.elapsed() > patience => {
                    return Err(Failure::new(format!(
                        "{holder} has been at work on the same stacks for more than {} s",
                        patience.as_secs()
                    ))
                    .hint(
                        "wait for it or stop it, then try again; another --prefix does not get in its way",
                    ));
                }
                Err(holder) => {
                    if std::mem::take(&mut silent) {
                        told(&holder);
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct HeldLock {
    _file: File,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_the_environment() {
        let find = |variables: &[(&str, &str)]| {
            StateDir::find(|name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
            .map(|state| state.path().display().to_string())
        };
        let all = [("DEPLOY_STATE_DIR", "/a"), ("XDG_STATE_HOME", "/b"), ("HOME", "/c")];
        assert_eq!(find(&all).unwrap(), "/a");
        assert_eq!(find(&all[1..]).unwrap(), "/b/deploy");
        assert_eq!(find(&all[2..]).unwrap(), "/c/.local/state/deploy");
        assert!(find(&[]).unwrap_err().message.contains("no place for state"));
    }

    #[test]
    fn a_lock_keeps_others_out_and_names_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir(directory.path().join("deep/state"));
        let held = state.try_lock("local-bakeoff", "up").unwrap().unwrap();
        let holder = state.try_lock("local-bakeoff", "up").unwrap().unwrap_err();
        assert_eq!(holder, format!("deploy up (pid {})", std::process::id()));
        assert!(state.try_lock("local-other", "up").unwrap().is_ok());
        drop(held);
        assert!(state.try_lock("local-bakeoff", "up").unwrap().is_ok());
    }

    #[test]
    fn a_full_disk_is_named() {
        let failure = StateDir(PathBuf::from("/state")).unusable(&std::io::ErrorKind::StorageFull.into());
        assert!(failure.message.starts_with("the state directory /state has no space left"));
        assert!(failure.hint.unwrap().contains("DEPLOY_STATE_DIR"));
    }

    #[tokio::test]
    async fn patience_ends() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir(directory.path().to_owned());
        let _held = state.try_lock("x", "up").unwrap().unwrap();
        let heard = std::sync::Mutex::new(Vec::new());
        let wait = state.lock("x", "down", Duration::from_millis(300), |holder| {
            heard.lock().unwrap().push(holder.to_owned());
        });
        let failure = wait.await.unwrap_err();
        assert!(failure.message.starts_with("deploy up (pid "), "{}", failure.message);
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
}
