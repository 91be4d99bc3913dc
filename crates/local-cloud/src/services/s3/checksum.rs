//! Checksums of uploads: `Content-MD5` and the `x-amz-checksum-…` headers.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha2::Sha256;

use super::S3Error;

/// A checksum that came with an upload and was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    pub algorithm: Algorithm,
    /// Base64, with `-<parts>` at the end for an object of several parts.
    pub value: String,
}

/// The algorithms that can be checked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
}

const CRC32C: u64 = 0x82F6_3B78;
const CRC64_NVME: u64 = 0x9A6C_9329_AC4B_C9B5;

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha256];

    /// The header's name, in lower case.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element's name in answers.
    #[must_use]
    pub fn element(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64Nvme => "ChecksumCRC64NVME",
            Self::Sha256 => "ChecksumSHA256",
        }
    }

    /// The checksum of bytes, in base64.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> String {
        match self {
            Self::Crc32 => STANDARD.encode(crc32fast::hash(bytes).to_be_bytes()),
            Self::Crc32c => {
                let crc = reflected_crc(bytes, CRC32C, 0xFFFF_FFFF);
                STANDARD.encode(&crc.to_be_bytes()[4..])
            }
            Self::Crc64Nvme => STANDARD.encode(reflected_crc(bytes, CRC64_NVME, u64::MAX).to_be_bytes()),
            Self::Sha256 => STANDARD.encode(Sha256::digest(bytes)),
        }
    }
}

/// A reflected CRC whose initial value and final mask are all ones.
fn reflected_crc(bytes: &[u8], polynomial: u64, mask: u64) -> u64 {
    let mut table = [0_u64; 256];
    for (entry, index) in table.iter_mut().zip(0_u64..) {
        *entry = (0..8).fold(index, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ polynomial } else { crc >> 1 });
    }
    let crc = bytes.iter().fold(mask, |crc, byte| {
        let index = usize::from(crc.to_le_bytes()[0] ^ byte);
        (crc >> 8) ^ table[index]
    });
    crc ^ mask
}

/// Checks an upload against every checksum that came with it, and gives the one to remember.
///
/// `header` gives a header or a trailing header by its name in lower case.
pub fn verify<'a>(
    body: &[u8],
    header: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<Checksum>, S3Error> {
    if let Some(given) = header("content-md5")
        && given != STANDARD.encode(Md5::digest(body))
    {
        let message = "The Content-MD5 you specified did not match what we received.".to_owned();
        return Err(S3Error::BadDigest { message });
    }
    if header("x-amz-checksum-sha1").is_some() {
        return Err(S3Error::invalid(
            "InvalidRequest",
            "SHA-1 checksums are not offered by this cloud; use CRC32, CRC32C, CRC64NVME or SHA256.",
        ));
    }
    let mut found = None;
    for algorithm in Algorithm::ALL {
        let Some(given) = header(algorithm.header()) else { continue };
        let value = algorithm.of(body);
        if value != given {
            let name = &algorithm.element()["Checksum".len()..];
            let message = format!("The {name} you specified did not match the calculated checksum.");
            return Err(S3Error::BadDigest { message });
        }
        found = Some(Checksum { algorithm, value });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue, for "123456789".
    #[test]
    fn agrees_with_the_catalogue() {
        let check = b"123456789";
        assert_eq!(Algorithm::Crc32.of(check), STANDARD.encode(0xCBF4_3926_u32.to_be_bytes()));
        assert_eq!(Algorithm::Crc32c.of(check), STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
        assert_eq!(Algorithm::Crc64Nvme.of(check), STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes()));
    }

    #[test]
    fn refuses_wrong_checksums() {
        let right = Algorithm::Crc32.of(b"a");
        let checked =
            verify(b"a", |name| (name == "x-amz-checksum-crc32").then_some(right.as_str())).unwrap();
        assert_eq!(checked, Some(Checksum { algorithm: Algorithm::Crc32, value: right.clone() }));
        let wrong = verify(b"b", |name| (name == "x-amz-checksum-crc32").then_some(right.as_str()));
        assert!(matches!(wrong, Err(S3Error::BadDigest { .. })));
        let wrong = verify(b"b", |name| (name == "content-md5").then_some("AAAA"));
        assert!(matches!(wrong, Err(S3Error::BadDigest { .. })));
    }
}
