//! The file systems that an image is layered from.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression as Level, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::{CERTIFICATES, PROGRAM, USER};
use crate::zip::Compression;

/// Certificates, users and a directory for temporary files.
pub(super) fn base() -> io::Result<Vec<u8>> {
    let passwd =
        format!("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n");
    let group = format!("root:x:0:\nnonroot:x:{USER}:\n");
    let mut tar = Builder::new(Vec::new());
    directory(&mut tar, "/etc", 0o755)?;
    file(&mut tar, "/etc/group", 0o644, group.as_bytes())?;
    file(&mut tar, "/etc/passwd", 0o644, passwd.as_bytes())?;
    directory(&mut tar, "/etc/ssl", 0o755)?;
    directory(&mut tar, "/etc/ssl/certs", 0o755)?;
    file(&mut tar, CERTIFICATES, 0o644, certificates().as_bytes())?;
    directory(&mut tar, "/tmp", 0o1777)?;
    tar.into_inner()
}

/// The program.
pub(super) fn program(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::with_capacity(bytes.len() + 4096));
    directory(&mut tar, "/app", 0o755)?;
    file(&mut tar, PROGRAM, 0o755, bytes)?;
    tar.into_inner()
}

/// A tar as it is stored: gzipped, without name and time.
pub(super) fn compress(tar: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Level::new(compression.level()));
    gzip.write_all(tar)?;
    gzip.finish()
}

/// Mozilla's root certificates as PEM. They come from a crate and not from the building machine, so that every machine
/// builds the same image.
fn certificates() -> String {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut encoded = STANDARD.encode(certificate.as_ref());
        while encoded.len() > 64 {
            let rest = encoded.split_off(64);
            pem.push_str(&encoded);
            pem.push('\n');
            encoded = rest;
        }
        pem.push_str(&encoded);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
}

fn directory(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32) -> io::Result<()> {
    append(tar, EntryType::Directory, &format!("{path}/"), mode, &[])
}

fn file(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
    append(tar, EntryType::Regular, path, mode, content)
}

fn append(
    tar: &mut Builder<Vec<u8>>,
    kind: EntryType,
    path: &str,
    mode: u32,
    content: &[u8],
) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path.trim_start_matches('/'), content)
}
