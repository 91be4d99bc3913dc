//! An image in a directory, which tools such as skopeo and podman read as `oci:<directory>`.
//! <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Blob, Image, MANIFEST_TYPE};
use crate::Digest;

/// Writes an image into an empty directory.
///
/// # Errors
/// [`io::Error`] of the file system.
pub fn write_layout(image: &Image, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory.join("blobs/sha256"))?;
    for blob in image.layers.iter().chain([&image.config, &image.manifest]) {
        fs::write(blob_path(directory, blob.digest), &blob.bytes)?;
    }
    fs::write(directory.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string())?;
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": MANIFEST_TYPE,
            "digest": image.manifest.digest.to_string(),
            "size": image.manifest.bytes.len(),
        }],
    });
    fs::write(directory.join("index.json"), index.to_string())
}

/// Reads an image that [`write_layout`] wrote, and checks that every blob still has its digest.
///
/// # Errors
/// [`io::Error`] of the file system, or of kind `InvalidData` when the directory does not hold a sound image.
pub fn read_layout(directory: &Path) -> io::Result<Image> {
    let index: Value = read_json(&fs::read(directory.join("index.json"))?)?;
    let manifest = read_blob(directory, &index["manifests"][0])?;
    let content: Value = read_json(&manifest.bytes)?;
    let config = read_blob(directory, &content["config"])?;
    let layers = content["layers"].as_array().ok_or_else(|| invalid("the manifest has no layers"))?;
    let layers = layers.iter().map(|layer| read_blob(directory, layer)).collect::<io::Result<Vec<_>>>()?;
    Ok(Image { manifest, config, layers })
}

fn read_blob(directory: &Path, descriptor: &Value) -> io::Result<Blob> {
    let digest = descriptor["digest"]
        .as_str()
        .and_then(Digest::parse)
        .ok_or_else(|| invalid("a digest is missing"))?;
    let blob = Blob::new(fs::read(blob_path(directory, digest))?);
    if blob.digest == digest {
        Ok(blob)
    } else {
        Err(invalid(&format!("the content of {digest} is damaged")))
    }
}

fn blob_path(directory: &Path, digest: Digest) -> PathBuf {
    directory.join("blobs/sha256").join(digest.hex())
}

fn read_json(bytes: &[u8]) -> io::Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| invalid(&error.to_string()))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::Compression;
    use crate::{Architecture, image};

    #[test]
    fn what_was_written_is_read_and_damage_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let image = image::of_program(b"program", Architecture::Arm64, Compression::Fast).unwrap();
        write_layout(&image, directory.path()).unwrap();
        assert_eq!(read_layout(directory.path()).unwrap(), image);

        fs::write(blob_path(directory.path(), image.layers[1].digest), b"other").unwrap();
        let error = read_layout(directory.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
