//! The body of an upload: chunk framing taken off, checksums checked.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::S3Error;
use super::checksum::{self, Checksum};
use super::object::ObjectAttributes;
use crate::wire::{ApiError, Params, WireRequest, decode_chunked};

/// Bytes as they are to be kept, and the checksum that they were found to have.
pub struct UploadBody {
    pub bytes: Bytes,
    pub checksum: Option<Checksum>,
}

/// Headers that are kept with an object.
const KEPT: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
];

impl UploadBody {
    /// Reads the body of `PutObject` or `UploadPart`.
    pub fn of(request: &WireRequest) -> Result<Self, ApiError> {
        let hash = request.header("x-amz-content-sha256").unwrap_or_default();
        let encoding = request.header("content-encoding").unwrap_or_default();
        let chunked =
            hash.starts_with("STREAMING-") || encoding.split(',').any(|part| part.trim() == "aws-chunked");
        let (bytes, trailers) = if chunked {
            let decoded = decode_chunked(&request.body)?;
            check_length(request, decoded.data.len())?;
            (decoded.data, decoded.trailers)
        } else {
            (request.body.clone(), Vec::new())
        };
        let find = |name: &str| {
            let trailer = trailers.iter().find(|(trailer, _)| trailer == name);
            trailer.map(|(_, value)| value.as_str()).or_else(|| request.header(name))
        };
        let checksum = checksum::verify(&bytes, find)?;
        Ok(Self { bytes, checksum })
    }
}

fn check_length(request: &WireRequest, actual: usize) -> Result<(), S3Error> {
    let stated = request.header("x-amz-decoded-content-length").and_then(|text| text.parse::<usize>().ok());
    match stated {
        Some(stated) if stated != actual => Err(S3Error::invalid(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        )),
        _ => Ok(()),
    }
}

impl ObjectAttributes {
    /// Reads what the headers of an upload say about the object.
    pub(super) fn of(request: &WireRequest) -> Result<Self, S3Error> {
        let mut headers = BTreeMap::new();
        for (name, value) in &request.headers {
            let name = name.as_str();
            if !(KEPT.contains(&name) || name.starts_with("x-amz-meta-")) {
                continue;
            }
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = match name {
                // The framing is gone from the stored bytes, and so is its name.
                "content-encoding" => {
                    let rest = value.split(',').map(str::trim).filter(|part| *part != "aws-chunked");
                    rest.collect::<Vec<_>>().join(",")
                }
                _ => value,
            };
            if !value.is_empty() {
                headers.insert(name.to_owned(), value);
            }
        }
        headers.entry("content-type".into()).or_insert_with(|| "binary/octet-stream".into());
        let tags = match request.header("x-amz-tagging") {
            Some(text) => {
                Params::parse(text.as_bytes()).iter().map(|(key, value)| (key.into(), value.into())).collect()
            }
            None => BTreeMap::new(),
        };
        if tags.len() > 10 {
            return Err(S3Error::invalid("BadRequest", "Object tags cannot be greater than 10"));
        }
        Ok(Self { headers, tags })
    }
}
