//! Multipart uploads.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use md5::{Digest, Md5};

use super::S3Error;
use super::bucket::{Bucket, Part, Upload};
use super::checksum::Checksum;
use super::listing;
use super::object::{Object, ObjectAttributes};
use super::object_api::{with_version, write_condition};
use super::upload::UploadBody;
use super::wire::{S3Service, document};
use crate::wire::{ApiError, Element, Node, WireRequest, WireResponse, epoch_millis, iso_millis};

/// The least size of every part but the last, in bytes.
const MIN_PART: u64 = 5 * 1024 * 1024;

impl S3Service {
    pub(super) async fn multipart_operation(
        &self,
        name: &str,
        bucket: &Bucket,
        key: &str,
        request: &WireRequest,
    ) -> Result<WireResponse, ApiError> {
        let id = request.query_param("uploadId").unwrap_or_default();
        match name {
            "CreateMultipartUpload" => {
                let id = bucket.start_upload(key, ObjectAttributes::of(request)?)?;
                let node = Node::Struct(vec![
                    ("Bucket", bucket.name.as_str().into()),
                    ("Key", key.into()),
                    ("UploadId", id.into()),
                ]);
                Ok(document("InitiateMultipartUploadResult", &node))
            }
            "UploadPart" => {
                let upload = UploadBody::of(request)?;
                let checksum = upload.checksum.clone();
                let etag = self.put_part((bucket, key, &id), request, upload).await?;
                let mut response =
                    WireResponse::empty(StatusCode::OK).with_header("etag", &format!("\"{etag}\""));
                if let Some(checksum) = checksum {
                    response = response.with_header(checksum.algorithm.header(), &checksum.value);
                }
                Ok(response)
            }
            "UploadPartCopy" => {
                let (_, source) = self.copy_source(request)?;
                let bytes = match copy_range(request, source.size())? {
                    Some((start, end)) => source.range(start, end).await?,
                    None => source.bytes().await?,
                };
                let upload = UploadBody { bytes, checksum: None };
                let etag = self.put_part((bucket, key, &id), request, upload).await?;
                let node = Node::Struct(vec![
                    ("LastModified", iso_millis(epoch_millis()).into()),
                    ("ETag", format!("\"{etag}\"").into()),
                ]);
                Ok(document("CopyPartResult", &node))
            }
            "CompleteMultipartUpload" => complete(bucket, key, &id, request),
            "ListParts" => {
                let parts = parts_node(&bucket.upload(key, &id)?, bucket, request)?;
                Ok(document("ListPartsResult", &parts))
            }
            _ => {
                bucket.end_upload(key, &id)?;
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
        }
    }

    async fn put_part(
        &self,
        (bucket, key, id): (&Bucket, &str, &str),
        request: &WireRequest,
        upload: UploadBody,
    ) -> Result<String, S3Error> {
        bucket.upload(key, id)?;
        let number = request.query_param("partNumber").and_then(|text| text.parse::<u32>().ok());
        let number = number.filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
            S3Error::invalid(
                "InvalidArgument",
                "Part number must be an integer between 1 and 10000, inclusive",
            )
        })?;
        let etag = hex::encode(Md5::digest(&upload.bytes));
        let blob = self.s3.store(upload.bytes).await?;
        let part = Part { blob, etag: etag.clone(), checksum: upload.checksum, modified_at: epoch_millis() };
        bucket.put_part(key, id, number, part)?;
        Ok(etag)
    }
}

fn copy_range(request: &WireRequest, size: u64) -> Result<Option<(u64, u64)>, S3Error> {
    let Some(text) = request.header("x-amz-copy-source-range") else { return Ok(None) };
    let range = text.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    match range {
        Some((first, last)) if first <= last && last < size => Ok(Some((first, last + 1))),
        _ => Err(S3Error::invalid(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
        )),
    }
}

fn complete(bucket: &Bucket, key: &str, id: &str, request: &WireRequest) -> Result<WireResponse, ApiError> {
    let upload = bucket.upload(key, id)?;
    let wanted = Element::parse(&request.body)?;
    let object = assemble(&upload, &wanted)?;
    let etag = format!("\"{}\"", object.etag);
    let checksum = object.checksum.clone();
    let version = bucket.put(key, object, &write_condition(request))?;
    bucket.end_upload(key, id)?;
    let mut members = vec![
        (
            "Location",
            Node::from(format!(
                "http://{}/{}/{key}",
                request.header("host").unwrap_or_default(),
                bucket.name
            )),
        ),
        ("Bucket", bucket.name.as_str().into()),
        ("Key", key.into()),
        ("ETag", etag.into()),
    ];
    if let Some(checksum) = checksum {
        members.push((checksum.algorithm.element(), checksum.value.into()));
        members.push(("ChecksumType", "COMPOSITE".into()));
    }
    let response = document("CompleteMultipartUploadResult", &Node::Struct(members));
    Ok(with_version(response, bucket, &version))
}

/// Puts the parts that the caller lists together. The `ETag` is the MD5 of the parts' MD5s, as AWS makes it.
fn assemble(upload: &Upload, wanted: &Element) -> Result<Object, ApiError> {
    let listed: Vec<&Element> = wanted.all("Part").collect();
    if listed.is_empty() {
        let message = "The XML you provided was not well-formed or did not validate against our published schema: it lists no parts";
        return Err(S3Error::invalid("MalformedXML", message).into());
    }
    let mut parts: Vec<&Part> = Vec::new();
    let mut last = 0;
    for element in listed {
        let number: u32 = element
            .child_text("PartNumber")
            .and_then(|text| text.trim().parse().ok())
            .ok_or(S3Error::InvalidPart)?;
        if number <= last {
            return Err(S3Error::InvalidPartOrder.into());
        }
        last = number;
        let part = upload.parts.get(&number).ok_or(S3Error::InvalidPart)?;
        let etag = element.child_text("ETag").unwrap_or_default().trim().trim_matches('"');
        if part.etag != etag {
            return Err(S3Error::InvalidPart.into());
        }
        parts.push(part);
    }
    let before_last = &parts[..parts.len() - 1];
    if before_last.iter().any(|part| part.blob.len() < MIN_PART) {
        return Err(S3Error::EntityTooSmall.into());
    }
    let mut digest = Md5::new();
    for part in &parts {
        digest.update(hex::decode(&part.etag).unwrap_or_default());
    }
    Ok(Object {
        blobs: parts.iter().map(|part| std::sync::Arc::clone(&part.blob)).collect(),
        etag: format!("{}-{}", hex::encode(digest.finalize()), parts.len()),
        checksum: composite(&parts),
        attributes: upload.attributes.clone(),
    })
}

/// The checksum of the parts' checksums, where all parts came with one of the same algorithm.
fn composite(parts: &[&Part]) -> Option<Checksum> {
    let algorithm = parts.first()?.checksum.as_ref()?.algorithm;
    let mut joined = Vec::new();
    for part in parts {
        let checksum = part.checksum.as_ref().filter(|checksum| checksum.algorithm == algorithm)?;
        joined.extend(STANDARD.decode(&checksum.value).ok()?);
    }
    Some(Checksum { algorithm, value: format!("{}-{}", algorithm.of(&joined), parts.len()) })
}

/// A page of parts, from behind the number that the caller gives on.
fn parts_node(upload: &Upload, bucket: &Bucket, request: &WireRequest) -> Result<Node, ApiError> {
    let most = listing::most(request, "max-parts")?;
    let marker = match request.query_param("part-number-marker") {
        None => 0,
        Some(text) => text.parse::<u32>().map_err(|_| {
            S3Error::invalid("InvalidArgument", "Provided part-number-marker is not an integer")
        })?,
    };
    let rest: Vec<_> = upload.parts.range(marker.saturating_add(1)..).collect();
    let (truncated, page) = (rest.len() > most, &rest[..most.min(rest.len())]);
    let next = page.last().map_or(marker, |(number, _)| **number);
    let mut members = vec![
        ("Bucket", bucket.name.as_str().into()),
        ("Key", upload.key.as_str().into()),
        ("UploadId", upload.id.as_str().into()),
        ("StorageClass", "STANDARD".into()),
        ("PartNumberMarker", Node::Number(i64::from(marker))),
        ("NextPartNumberMarker", Node::Number(i64::from(next))),
        ("MaxParts", most.into()),
        ("IsTruncated", Node::from(truncated)),
    ];
    members.extend(page.iter().map(|(number, part)| {
        let node = Node::Struct(vec![
            ("PartNumber", Node::Number(i64::from(**number))),
            ("LastModified", iso_millis(part.modified_at).into()),
            ("ETag", format!("\"{}\"", part.etag).into()),
            ("Size", Node::Number(i64::try_from(part.blob.len()).unwrap_or(i64::MAX))),
        ]);
        ("Part", node)
    }));
    Ok(Node::Struct(members))
}
