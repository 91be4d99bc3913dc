//! The image of the container, in the format of the Open Container Initiative, made without Docker.

mod layer;
mod layout;

use serde_json::{Value, json};

use crate::zip::Compression;
use crate::{Architecture, Digest};

pub use layout::{read_layout, write_layout};

/// The user that the program runs as: the one that distroless images call `nonroot`.
pub const USER: u32 = 65532;
/// The program's path in the image.
pub const PROGRAM: &str = "/app/container";
/// The port that the program listens on unless told otherwise.
pub const PORT: u16 = 8080;
/// Where the certificate authorities are.
pub const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The media type of a manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Content with its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The SHA-256 of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Blob {
        Blob { digest: Digest::of(&bytes), bytes }
    }
}

/// An image: what a registry stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The manifest, of media type [`MANIFEST_TYPE`]; its digest is the image's.
    pub manifest: Blob,
    /// The configuration.
    pub config: Blob,
    /// The layers, the lowest first, as gzipped tars.
    pub layers: Vec<Blob>,
}

impl Image {
    /// The digest by which the image can be pulled.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.manifest.digest
    }

    /// The bytes that a registry stores for the image.
    #[must_use]
    pub fn size(&self) -> u64 {
        let layers: usize = self.layers.iter().map(|layer| layer.bytes.len()).sum();
        (self.manifest.bytes.len() + self.config.bytes.len() + layers) as u64
    }
}

/// The image of a program: a layer with certificates, users and `/tmp`, which seldom changes, and one with the program.
/// The same program always gives the same bytes.
/// <https://github.com/opencontainers/image-spec/blob/main/spec.md>
///
/// # Errors
/// [`std::io::Error`] when a layer cannot be written, which in memory means that it is too large for its format.
pub fn of_program(
    program: &[u8],
    architecture: Architecture,
    compression: Compression,
) -> std::io::Result<Image> {
    let tars = [layer::base()?, layer::program(program)?];
    let diff_ids: Vec<String> = tars.iter().map(|tar| Digest::of(tar).to_string()).collect();
    let layers = tars
        .iter()
        .map(|tar| layer::compress(tar, compression).map(Blob::new))
        .collect::<std::io::Result<Vec<Blob>>>()?;
    let config = Blob::new(config(architecture, &diff_ids).to_string().into_bytes());
    let manifest = Blob::new(manifest(&config, &layers).to_string().into_bytes());
    Ok(Image { manifest, config, layers })
}

fn config(architecture: Architecture, diff_ids: &[String]) -> Value {
    json!({
        "architecture": architecture.oci_name(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": format!("{USER}:{USER}"),
            "ExposedPorts": { format!("{PORT}/tcp"): {} },
            "Env": [format!("PORT={PORT}"), format!("SSL_CERT_FILE={CERTIFICATES}")],
            "Entrypoint": [PROGRAM],
            "WorkingDir": "/",
            "StopSignal": "SIGTERM",
        },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": [
            { "created": "1970-01-01T00:00:00Z", "created_by": "certificates, users, /tmp" },
            { "created": "1970-01-01T00:00:00Z", "created_by": PROGRAM },
        ],
    })
}

fn manifest(config: &Blob, layers: &[Blob]) -> Value {
    let descriptor = |media_type: &str, blob: &Blob| json!({ "mediaType": media_type, "digest": blob.digest.to_string(), "size": blob.bytes.len() });
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(CONFIG_TYPE, config),
        "layers": layers.iter().map(|layer| descriptor(LAYER_TYPE, layer)).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn image(program: &[u8]) -> Image {
        of_program(program, Architecture::X86_64, Compression::Small).unwrap()
    }

    fn untar(layer: &Blob) -> Vec<(String, u32, u64, String)> {
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(layer.bytes.as_slice()).read_to_end(&mut tar).unwrap();
        let mut archive = tar::Archive::new(tar.as_slice());
        archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                assert_eq!(entry.header().mtime().unwrap(), 0);
                assert_eq!((entry.header().uid().unwrap(), entry.header().gid().unwrap()), (0, 0));
                let path = entry.path().unwrap().display().to_string();
                let (mode, size) = (entry.header().mode().unwrap(), entry.size());
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                (path, mode, size, text)
            })
            .collect()
    }

    #[test]
    fn the_same_program_gives_the_same_image_and_another_shares_the_lower_layer() {
        let first = image(b"program");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(first, image(b"program"));
        let other = image(b"another");
        assert_ne!(first.digest(), other.digest());
        assert_eq!(first.layers[0], other.layers[0]);
    }

    #[test]
    fn the_manifest_names_what_is_there() {
        let image = image(b"program");
        let manifest: Value = serde_json::from_slice(&image.manifest.bytes).unwrap();
        assert_eq!(manifest["mediaType"], MANIFEST_TYPE);
        let described: Vec<_> =
            std::iter::once(&manifest["config"]).chain(manifest["layers"].as_array().unwrap()).collect();
        let blobs: Vec<_> = std::iter::once(&image.config).chain(&image.layers).collect();
        assert_eq!(described.len(), blobs.len());
        for (described, blob) in described.iter().zip(blobs) {
            assert_eq!(described["digest"], Digest::of(&blob.bytes).to_string());
            assert_eq!(described["size"], blob.bytes.len());
        }
    }

    #[test]
    fn the_configuration_starts_the_program_as_an_ordinary_user() {
        let image = image(b"program");
        let config: Value = serde_json::from_slice(&image.config.bytes).unwrap();
        assert_eq!(config["architecture"], "amd64");
        assert_eq!(config["config"]["Entrypoint"], json!(["/app/container"]));
        assert_eq!(config["config"]["User"], "65532:65532");
        assert_eq!(config["config"]["ExposedPorts"], json!({"8080/tcp": {}}));
        assert_eq!(config["config"]["Env"][0], "PORT=8080");
        for (diff_id, layer) in config["rootfs"]["diff_ids"].as_array().unwrap().iter().zip(&image.layers) {
            let mut tar = Vec::new();
            flate2::read::GzDecoder::new(layer.bytes.as_slice()).read_to_end(&mut tar).unwrap();
            assert_eq!(*diff_id, Digest::of(&tar).to_string());
        }
    }

    #[test]
    fn the_layers_hold_certificates_users_and_the_program() {
        let image = image(b"program");
        let base = untar(&image.layers[0]);
        let paths: Vec<_> = base.iter().map(|(path, mode, ..)| (path.as_str(), *mode)).collect();
        assert_eq!(
            paths,
            [
                ("etc/", 0o755),
                ("etc/group", 0o644),
                ("etc/passwd", 0o644),
                ("etc/ssl/", 0o755),
                ("etc/ssl/certs/", 0o755),
                ("etc/ssl/certs/ca-certificates.crt", 0o644),
                ("tmp/", 0o1777),
            ]
        );
        assert!(base[2].3.contains("nonroot:x:65532:65532:"));
        let certificates = base[5].3.matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!(certificates, webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(base[5].3.lines().all(|line| line.len() <= 64));
        let program = untar(&image.layers[1]);
        assert_eq!(program[0].0, "app/");
        assert_eq!(program[1], ("app/container".to_owned(), 0o755, 7, "program".to_owned()));
    }
}
