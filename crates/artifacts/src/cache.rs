//! Packages that were made before, under the digest of their program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::image;
use crate::zip::{self, Compression};
use crate::{Artifact, BuildError, Digest, Flavor, Package};

/// A directory of packages.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
}

/// A package in the cache.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) package: Package,
    pub(crate) path: PathBuf,
    pub(crate) was_there: bool,
}

impl Cache {
    /// The cache below Cargo's target directory.
    pub(crate) fn in_directory(target_directory: &Path) -> Cache {
        Cache { directory: target_directory.join("artifacts") }
    }

    /// The package of a program: the kept one when there is a sound one, else a new one, which is kept.
    pub(crate) fn package(
        &self,
        artifact: &Artifact,
        program: &Path,
        flavor: Flavor,
    ) -> Result<Kept, BuildError> {
        let bytes = fs::read(program).map_err(in_file(program))?;
        let name = format!("{}-{}-{}", artifact.binary(), flavor.name(), Digest::of(&bytes).short());
        let path = match artifact {
            Artifact::Lambda(_) => self.directory.join(format!("{name}.zip")),
            Artifact::Program => self.directory.join(format!("{name}.program")),
            Artifact::Container => self.directory.join(name),
        };
        if let Some(package) = read(artifact, &path) {
            return Ok(Kept { package, path, was_there: true });
        }
        let package = make(artifact, &bytes, flavor)?;
        fs::create_dir_all(&self.directory).map_err(in_file(&self.directory))?;
        write(&self.directory, &path, &package).map_err(in_file(&path))?;
        Ok(Kept { package, path, was_there: false })
    }
}

fn in_file(path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_path_buf();
    move |source| BuildError::File { path, source }
}

fn make(artifact: &Artifact, program: &[u8], flavor: Flavor) -> Result<Package, BuildError> {
    let compression = match flavor {
        Flavor::Local => Compression::Fast,
        Flavor::Aws(_) => Compression::Small,
    };
    let failed = |reason: String| BuildError::Pack { artifact: artifact.clone(), reason };
    match artifact {
        Artifact::Lambda(_) => {
            zip::function(program, compression).map(zip_package).map_err(|error| failed(error.to_string()))
        }
        Artifact::Program => Ok(program_package(program.to_vec())),
        Artifact::Container => image::of_program(program, flavor.architecture(), compression)
            .map(Package::Image)
            .map_err(|error| failed(error.to_string())),
    }
}

fn zip_package(bytes: Vec<u8>) -> Package {
    Package::Zip { digest: Digest::of(&bytes), bytes: bytes.into() }
}

fn program_package(bytes: Vec<u8>) -> Package {
    Package::Program { digest: Digest::of(&bytes), bytes: bytes.into() }
}

/// A kept package, unless there is none or it is damaged. A file is written whole or not at all and lies under the digest
/// of its program, so only a zip's end is looked at.
fn read(artifact: &Artifact, path: &Path) -> Option<Package> {
    match artifact {
        Artifact::Lambda(_) => {
            let bytes = fs::read(path).ok()?;
            ::zip::ZipArchive::new(io::Cursor::new(&bytes)).ok().filter(|archive| archive.len() == 1)?;
            Some(zip_package(bytes))
        }
        Artifact::Program => fs::read(path).ok().map(program_package),
        Artifact::Container => image::read_layout(path).ok().map(Package::Image),
    }
}

/// Writes beside the place and then renames, so that neither a crash nor another build leaves half a package.
fn write(directory: &Path, path: &Path, package: &Package) -> io::Result<()> {
    match package {
        Package::Zip { bytes, .. } | Package::Program { bytes, .. } => {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            io::Write::write_all(&mut file, bytes)?;
            file.persist(path).map_err(|error| error.error)?;
        }
        Package::Image(image) => {
            let beside = tempfile::tempdir_in(directory)?;
            image::write_layout(image, beside.path())?;
            if path.exists() {
                fs::remove_dir_all(path)?;
            }
            fs::rename(beside.keep(), path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(directory: &Path, content: &[u8]) -> PathBuf {
        let path = directory.join("program");
        fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_package_is_made_once_for_a_program() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_directory(directory.path());
        for artifact in [Artifact::Lambda("publish".to_owned()), Artifact::Container, Artifact::Program] {
            let first = program(directory.path(), b"one");
            let made = cache.package(&artifact, &first, Flavor::Local).unwrap();
            let again = cache.package(&artifact, &first, Flavor::Local).unwrap();
            assert!(!made.was_there && again.was_there, "{artifact}");
            assert_eq!((&made.package, &made.path), (&again.package, &again.path));

            let changed =
                cache.package(&artifact, &program(directory.path(), b"two"), Flavor::Local).unwrap();
            assert!(!changed.was_there && changed.path != made.path, "{artifact}");
        }
    }

    #[test]
    fn a_damaged_package_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_directory(directory.path());
        let program = program(directory.path(), b"one");
        let zip = cache.package(&Artifact::Lambda("publish".to_owned()), &program, Flavor::Local).unwrap();
        fs::write(&zip.path, b"PK half a zip").unwrap();
        let image = cache.package(&Artifact::Container, &program, Flavor::Local).unwrap();
        fs::remove_file(image.path.join("index.json")).unwrap();

        for (artifact, before) in
            [(Artifact::Lambda("publish".to_owned()), zip), (Artifact::Container, image)]
        {
            let after = cache.package(&artifact, &program, Flavor::Local).unwrap();
            assert!(!after.was_there);
            assert_eq!(after.package, before.package);
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::in_directory(directory.path());
        let error =
            cache.package(&Artifact::Container, Path::new("/no/such/program"), Flavor::Local).unwrap_err();
        assert!(error.to_string().starts_with("/no/such/program: "), "{error}");
    }
}
