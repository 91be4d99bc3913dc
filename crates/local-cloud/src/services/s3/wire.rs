//! The wire handler of S3: restXml, path style and virtual hosts.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};

use super::S3;
use super::target::Target;
use crate::Inventory;
use crate::services::Service;
use crate::wire::{ApiError, Node, Protocol, WireRequest, WireResponse};

pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// S3 on the wire.
pub struct S3Service {
    pub s3: Arc<S3>,
    /// Twelve digits; shown as the owner of everything.
    pub account: String,
}

#[async_trait]
impl Service for S3Service {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn operation(&self, request: &WireRequest) -> String {
        operation(request, &Target::of(request)).to_owned()
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let target = Target::of(&request);
        let name = operation(&request, &target);
        let result = match (&target.bucket, &target.key) {
            _ if name.is_empty() => Err(unknown(&request, name)),
            (Some(bucket), Some(key)) => self.object_operation(name, bucket, key, &request).await,
            (Some(bucket), None) => self.bucket_operation(name, bucket, &request),
            (None, _) => self.list_buckets(&request),
        };
        let response = result.unwrap_or_else(|error| error.into_response(Protocol::RestXml, &request));
        response
            .with_header("x-amz-request-id", &request.request_id)
            .with_header("x-amz-id-2", &request.request_id)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.buckets.extend(self.s3.buckets().iter().map(|bucket| bucket.name.clone()));
    }
}

/// The answer to an operation that is not offered; a path is named, since the operation may have no name here.
pub(super) fn unknown(request: &WireRequest, name: &str) -> ApiError {
    let message = format!(
        "A header or query you provided implies functionality that is not implemented by this cloud: s3 {name} ({} {}).",
        request.method, request.uri
    );
    ApiError::with_status(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
}

/// An XML answer in S3's namespace.
pub(super) fn document(root: &str, node: &Node) -> WireResponse {
    WireResponse::with_body(StatusCode::OK, "application/xml", node.to_xml(root, Some(NAMESPACE)))
}

/// Subresources of buckets that are kept as documents, with the operations' common part.
const BUCKET_SUBRESOURCES: [(&str, [&str; 3]); 12] = [
    ("acl", ["GetBucketAcl", "", ""]),
    ("cors", ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"]),
    ("encryption", ["GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"]),
    (
        "lifecycle",
        ["GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"],
    ),
    ("location", ["GetBucketLocation", "", ""]),
    (
        "ownershipControls",
        ["GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"],
    ),
    ("policy", ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"]),
    ("publicAccessBlock", ["GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"]),
    ("tagging", ["GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"]),
    ("versioning", ["GetBucketVersioning", "PutBucketVersioning", ""]),
    ("versions", ["ListObjectVersions", "", ""]),
    ("uploads", ["ListMultipartUploads", "", ""]),
];

/// Queries that name further configurations, which this cloud does not keep.
const NOT_OFFERED: [&str; 18] = [
    "abac",
    "accelerate",
    "analytics",
    "intelligent-tiering",
    "inventory",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "policyStatus",
    "replication",
    "requestPayment",
    "session",
    "website",
];

/// The same for objects.
const OBJECT_NOT_OFFERED: [&str; 9] = [
    "acl",
    "attributes",
    "encryption",
    "legal-hold",
    "renameObject",
    "restore",
    "retention",
    "select",
    "torrent",
];

/// Paths of S3 Control, which has the same name in signatures.
const CONTROL: &str = "/v20180820/";

/// The name of the operation; empty for none that is known.
pub(super) fn operation(request: &WireRequest, target: &Target) -> &'static str {
    let has = |name: &str| request.query_param(name).is_some();
    if request.uri.path().starts_with(CONTROL) {
        return "";
    }
    match (&target.bucket, &target.key) {
        (None, _) if request.method == Method::GET => "ListBuckets",
        (None, _) => "",
        (Some(_), None) => bucket_operation_name(request, has),
        (Some(_), Some(_)) => object_operation_name(request, has),
    }
}

fn bucket_operation_name(request: &WireRequest, has: impl Fn(&str) -> bool) -> &'static str {
    let column = match request.method {
        Method::GET => 0,
        Method::PUT => 1,
        Method::DELETE => 2,
        Method::HEAD => return "HeadBucket",
        Method::POST if has("delete") => return "DeleteObjects",
        _ => return "",
    };
    if let Some((_, names)) = BUCKET_SUBRESOURCES.iter().find(|(query, _)| has(query)) {
        return names[column];
    }
    if NOT_OFFERED.iter().any(|query| has(query)) {
        return "";
    }
    match column {
        0 if request.query_param("list-type").as_deref() == Some("2") => "ListObjectsV2",
        0 => "ListObjects",
        1 => "CreateBucket",
        _ => "DeleteBucket",
    }
}

fn object_operation_name(request: &WireRequest, has: impl Fn(&str) -> bool) -> &'static str {
    let is_copy = request.header("x-amz-copy-source").is_some();
    match request.method {
        Method::GET if has("tagging") => "GetObjectTagging",
        Method::PUT if has("tagging") => "PutObjectTagging",
        Method::DELETE if has("tagging") => "DeleteObjectTagging",
        Method::GET if has("acl") => "GetObjectAcl",
        Method::GET if has("uploadId") => "ListParts",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        Method::PUT if has("uploadId") && is_copy => "UploadPartCopy",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        _ if OBJECT_NOT_OFFERED.iter().any(|query| has(query)) => "",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if is_copy => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE => "DeleteObject",
        _ => "",
    }
}
