use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};
use uuid::Uuid;

use super::{Image, ImageConfig, RootfsError};

/// The most that an image may take unpacked: the storage that a Fargate task has.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html>
const LARGEST: u64 = 20 * 1024 * 1024 * 1024;
/// How many symbolic links are followed before they count as a loop, as in Linux.
const MOST_LINKS: usize = 40;

/// Image file systems, unpacked once per digest under one directory.
#[derive(Debug, Clone)]
pub struct RootfsCache {
    directory: PathBuf,
    /// One image is unpacked at a time, so that two tasks of the same image do not unpack it twice.
    unpacking: Arc<tokio::sync::Mutex<()>>,
}

impl RootfsCache {
    /// The directory is made when the first image is unpacked.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, unpacking: Arc::default() }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Unpacks the layers of `image` in order, or finds them unpacked.
    ///
    /// # Errors
    /// A layer is not a tar archive, leads out of the image, or the disk is full.
    pub async fn unpack(&self, image: Image) -> Result<Arc<ImageRootfs>, RootfsError> {
        let _one_at_a_time = self.unpacking.lock().await;
        let name: String =
            image.digest.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = self.directory.join(name);
        let rootfs = ImageRootfs { path, digest: image.digest, config: image.config, played_by: None };
        if !rootfs.path.is_dir() {
            let (target, layers) = (rootfs.path.clone(), image.layers);
            let unpacked = tokio::task::spawn_blocking(move || unpack_to(&target, &layers)).await;
            unpacked
                .map_err(io::Error::other)
                .and_then(|result| result)
                .map_err(|error| RootfsError { digest: rootfs.digest.clone(), reason: error.to_string() })?;
        }
        Ok(Arc::new(rootfs))
    }
}

/// An unpacked image.
#[derive(Debug)]
pub struct ImageRootfs {
    /// Where the image's `/` is.
    pub path: PathBuf,
    pub digest: String,
    pub config: ImageConfig,
    /// What plays the image, where programs of this machine do instead of its own: see [`super::Substitute`].
    pub played_by: Option<String>,
}

/// Images are what their digest says.
impl PartialEq for ImageRootfs {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ImageRootfs {}

impl ImageRootfs {
    /// Where `path` of the image is on this machine. Symbolic links are followed as a process with the image as its
    /// root would; the result never leaves the image.
    pub(super) fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let mut pending: Vec<PathBuf> = vec![path.to_owned()];
        let mut inside = PathBuf::new();
        let mut links = 0;
        while let Some(next) = pending.pop() {
            let mut parts = next.components();
            let Some(part) = parts.next() else { continue };
            let rest = parts.as_path().to_owned();
            pending.push(rest);
            match part {
                Component::RootDir => inside = PathBuf::new(),
                Component::ParentDir => {
                    inside.pop();
                }
                Component::Normal(name) => {
                    let candidate = inside.join(name);
                    match fs::read_link(self.path.join(&candidate)) {
                        Ok(target) => {
                            links += 1;
                            if links > MOST_LINKS {
                                return None;
                            }
                            pending.push(target);
                        }
                        Err(_) => inside = candidate,
                    }
                }
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        let resolved = self.path.join(inside);
        resolved.exists().then_some(resolved)
    }
}

/// A half unpacked image is never found under its digest: it is made next to it and renamed.
fn unpack_to(target: &Path, layers: &[Bytes]) -> io::Result<()> {
    let partial = target.with_extension(Uuid::new_v4().simple().to_string());
    let unpacked = fs::create_dir_all(&partial)
        .and_then(|()| {
            let mut left = LARGEST;
            layers.iter().try_for_each(|layer| unpack_layer(&partial, layer, &mut left))
        })
        .and_then(|()| fs::rename(&partial, target));
    if unpacked.is_err() {
        // What matters is the error that is returned.
        let _ = fs::remove_dir_all(&partial);
    }
    unpacked
}

fn unpack_layer(root: &Path, layer: &Bytes, left: &mut u64) -> io::Result<()> {
    let gzipped = layer.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn Read + '_> =
        if gzipped { Box::new(MultiGzDecoder::new(&layer[..])) } else { Box::new(&layer[..]) };
    let mut archive = Archive::new(reader.take(left.saturating_add(1)));
    archive.set_preserve_permissions(true);
    archive.set_preserve_mtime(false);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        *left = left
            .checked_sub(entry.size())
            .ok_or_else(|| io::Error::other(format!("the image is larger than {LARGEST} bytes unpacked")))?;
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && let Some(hidden) = name.strip_prefix(".wh.")
        {
            white_out(root, path.parent().unwrap_or(Path::new("")), hidden)?;
            continue;
        }
        match entry.header().entry_type() {
            // A process of an ordinary user cannot make devices, and the programs run here need none of the image's.
            EntryType::Block | EntryType::Char | EntryType::Fifo => {}
            _ if !entry.unpack_in(root)? => {
                return Err(io::Error::other(format!("{} leads out of the image", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes what a layer hides of the layers below it.
/// <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>
fn white_out(root: &Path, directory: &Path, hidden: &str) -> io::Result<()> {
    let safe = directory.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let directory = root.join(directory);
    // There is nothing to hide in a directory that no layer below has.
    let Ok(canonical) = directory.canonicalize() else { return Ok(()) };
    if !safe || !canonical.starts_with(root.canonicalize()?) || matches!(hidden, "" | "." | "..") {
        return Err(io::Error::other(format!(
            "a whiteout in {} leads out of the image",
            directory.display()
        )));
    }
    if hidden == ".wh..opq" {
        for child in fs::read_dir(&canonical)? {
            remove(&child?.path())?;
        }
        return Ok(());
    }
    remove(&canonical.join(hidden))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}
