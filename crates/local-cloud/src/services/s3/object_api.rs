//! The operations on single objects.

use http::{Method, StatusCode};

use super::bucket::{Bucket, WriteCondition};
use super::bucket_api::{acl_node, read_tags, tags_node};
use super::object::{Object, ObjectAttributes, ObjectVersion};
use super::upload::UploadBody;
use super::wire::{S3Service, document, unknown};
use super::{S3Error, Versioning};
use crate::wire::{ApiError, Node, WireRequest, WireResponse, http_date, iso_millis, percent_decode};

impl S3Service {
    pub(super) async fn object_operation(
        &self,
        name: &str,
        bucket_name: &str,
        key: &str,
        request: &WireRequest,
    ) -> Result<WireResponse, ApiError> {
        let bucket = self.s3.bucket(bucket_name)?;
        let version = request.query_param("versionId");
        match name {
            "GetObject" | "HeadObject" => get(&bucket, key, version.as_deref(), request).await,
            "PutObject" => self.put(&bucket, key, request).await,
            "CopyObject" => self.copy(&bucket, key, request),
            "DeleteObject" => {
                let deleted = bucket.delete(key, version.as_deref());
                let mut response = WireResponse::empty(StatusCode::NO_CONTENT);
                if deleted.is_marker {
                    response = response.with_header("x-amz-delete-marker", "true");
                }
                Ok(match deleted.version {
                    Some(version) => response.with_header("x-amz-version-id", &version),
                    None => response,
                })
            }
            "GetObjectTagging" => {
                let (_, object) = bucket.get(key, version.as_deref())?;
                Ok(document("Tagging", &tags_node(&object.attributes.tags)))
            }
            "PutObjectTagging" => {
                bucket.set_object_tags(key, read_tags(&request.body)?)?;
                Ok(WireResponse::empty(StatusCode::OK))
            }
            "DeleteObjectTagging" => {
                bucket.set_object_tags(key, std::collections::BTreeMap::new())?;
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
            "GetObjectAcl" => {
                bucket.get(key, version.as_deref())?;
                Ok(document("AccessControlPolicy", &acl_node(&self.account)))
            }
            "CreateMultipartUpload"
            | "UploadPart"
            | "UploadPartCopy"
            | "CompleteMultipartUpload"
            | "AbortMultipartUpload"
            | "ListParts" => self.multipart_operation(name, &bucket, key, request).await,
            _ => Err(unknown(request, name)),
        }
    }

    async fn put(&self, bucket: &Bucket, key: &str, request: &WireRequest) -> Result<WireResponse, ApiError> {
        let upload = UploadBody::of(request)?;
        let attributes = ObjectAttributes::of(request)?;
        let checksum = upload.checksum.clone();
        let object = self.s3.new_object(upload.bytes, upload.checksum, attributes).await?;
        let etag = format!("\"{}\"", object.etag);
        let version = bucket.put(key, object, &write_condition(request))?;
        let mut response = WireResponse::empty(StatusCode::OK)
            .with_header("etag", &etag)
            .with_header("x-amz-server-side-encryption", "AES256");
        if let Some(checksum) = checksum {
            response = response
                .with_header(checksum.algorithm.header(), &checksum.value)
                .with_header("x-amz-checksum-type", "FULL_OBJECT");
        }
        Ok(with_version(response, bucket, &version))
    }

    /// The source of a copy: `/bucket/key?versionId=…`, percent-encoded.
    pub(super) fn copy_source(
        &self,
        request: &WireRequest,
    ) -> Result<(ObjectVersion, std::sync::Arc<Object>), ApiError> {
        let source = request.header("x-amz-copy-source").unwrap_or_default();
        let (path, version) = match source.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version)),
            None => (source, None),
        };
        let path = percent_decode(path.trim_start_matches('/'));
        let Some((bucket, key)) = path.split_once('/') else {
            let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            return Err(S3Error::invalid("InvalidArgument", message).into());
        };
        let (found, object) = self.s3.bucket(bucket)?.get(key, version)?;
        let etag = format!("\"{}\"", object.etag);
        if request.header("x-amz-copy-source-if-match").is_some_and(|wanted| !etag_is(wanted, &etag)) {
            return Err(S3Error::PreconditionFailed { condition: "x-amz-copy-source-If-Match" }.into());
        }
        if request.header("x-amz-copy-source-if-none-match").is_some_and(|other| etag_is(other, &etag)) {
            return Err(S3Error::PreconditionFailed { condition: "x-amz-copy-source-If-None-Match" }.into());
        }
        Ok((found, object))
    }

    fn copy(&self, bucket: &Bucket, key: &str, request: &WireRequest) -> Result<WireResponse, ApiError> {
        let (_, source) = self.copy_source(request)?;
        let given = ObjectAttributes::of(request)?;
        let mut attributes = source.attributes.clone();
        if request.header("x-amz-metadata-directive") == Some("REPLACE") {
            attributes.headers = given.headers;
        }
        if request.header("x-amz-tagging-directive") == Some("REPLACE") {
            attributes.tags = given.tags;
        }
        let object = Object {
            blobs: source.blobs.clone(),
            etag: source.etag.clone(),
            checksum: source.checksum.clone(),
            attributes,
        };
        let version = bucket.put(key, object, &write_condition(request))?;
        let node = Node::Struct(vec![
            ("LastModified", iso_millis(version.modified_at).into()),
            ("ETag", format!("\"{}\"", source.etag).into()),
        ]);
        Ok(with_version(document("CopyObjectResult", &node), bucket, &version))
    }
}

/// What the caller demands of the key that is written.
pub(super) fn write_condition(request: &WireRequest) -> WriteCondition {
    if request.header("if-none-match") == Some("*") {
        return WriteCondition::IfAbsent;
    }
    match request.header("if-match") {
        Some(etag) => WriteCondition::IfEtag(etag.trim_matches('"').to_owned()),
        None => WriteCondition::Always,
    }
}

pub(super) fn with_version(response: WireResponse, bucket: &Bucket, version: &ObjectVersion) -> WireResponse {
    if bucket.versioning() == Versioning::Never {
        return response;
    }
    response.with_header("x-amz-version-id", &version.id)
}

fn etag_is(wanted: &str, etag: &str) -> bool {
    wanted.split(',').map(str::trim).any(|one| one == "*" || one.trim_matches('"') == etag.trim_matches('"'))
}

async fn get(
    bucket: &Bucket,
    key: &str,
    version: Option<&str>,
    request: &WireRequest,
) -> Result<WireResponse, ApiError> {
    let (version, object) = bucket.get(key, version)?;
    let etag = format!("\"{}\"", object.etag);
    if request.header("if-match").is_some_and(|wanted| !etag_is(wanted, &etag)) {
        return Err(S3Error::PreconditionFailed { condition: "If-Match" }.into());
    }
    let modified = http_date(version.modified_at);
    if request.header("if-none-match").is_some_and(|other| etag_is(other, &etag)) {
        return Ok(WireResponse::empty(StatusCode::NOT_MODIFIED)
            .with_header("etag", &etag)
            .with_header("last-modified", &modified));
    }
    let size = object.size();
    let range = match request.header("range") {
        Some(text) => parse_range(text, size)?,
        None => None,
    };
    let (status, start, end) = match range {
        Some((start, end)) => (StatusCode::PARTIAL_CONTENT, start, end),
        None => (StatusCode::OK, 0, size),
    };
    let mut response = WireResponse::empty(status);
    for (name, value) in &object.attributes.headers {
        response = response.with_header(name, value);
    }
    for (query, name) in [
        ("response-content-type", "content-type"),
        ("response-content-disposition", "content-disposition"),
        ("response-cache-control", "cache-control"),
    ] {
        if let Some(value) = request.query_param(query) {
            response = response.with_header(name, &value);
        }
    }
    response = response
        .with_header("etag", &etag)
        .with_header("last-modified", &modified)
        .with_header("accept-ranges", "bytes")
        .with_header("x-amz-server-side-encryption", "AES256");
    if range.is_some() {
        response = response.with_header("content-range", &format!("bytes {start}-{}/{size}", end - 1));
    }
    if !object.attributes.tags.is_empty() {
        let count = object.attributes.tags.len().to_string();
        response = response.with_header("x-amz-tagging-count", &count);
    }
    let wants_checksum = request.header("x-amz-checksum-mode") == Some("ENABLED") && range.is_none();
    if let Some(checksum) = object.checksum.as_ref().filter(|_| wants_checksum) {
        let kind = if checksum.value.contains('-') { "COMPOSITE" } else { "FULL_OBJECT" };
        response = response
            .with_header(checksum.algorithm.header(), &checksum.value)
            .with_header("x-amz-checksum-type", kind);
    }
    if request.method == Method::HEAD {
        response = response.with_header("content-length", &(end - start).to_string());
    } else {
        response.body = object.range(start, end).await?;
    }
    Ok(with_version(response, bucket, &version))
}

/// The first and the last byte (exclusive) of a range; a header that is no byte range counts for nothing, as RFC 9110 says.
fn parse_range(text: &str, size: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (start, end) = match (number(first), number(last)) {
        (Ok(start), Ok(last)) if start <= last => (start, last.saturating_add(1).min(size)),
        (Ok(start), Err(_)) if last.is_empty() => (start, size),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => (size.saturating_sub(suffix), size),
        (Err(_), Ok(_)) if first.is_empty() => return Err(S3Error::InvalidRange),
        _ => return Ok(None),
    };
    if start >= size { Err(S3Error::InvalidRange) } else { Ok(Some((start, end))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges() {
        for (text, range) in [
            ("bytes=0-0", Some((0, 1))),
            ("bytes=2-99", Some((2, 10))),
            ("bytes=5-", Some((5, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-99", Some((0, 10))),
            ("items=0-1", None),
            ("bytes=5-2", None),
        ] {
            assert_eq!(parse_range(text, 10), Ok(range), "{text}");
        }
        for text in ["bytes=10-", "bytes=-0"] {
            assert_eq!(parse_range(text, 10), Err(S3Error::InvalidRange), "{text}");
        }
    }
}
