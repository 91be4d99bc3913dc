//! The operations on buckets.

use http::StatusCode;

use super::bucket::{Bucket, Upload, Versioning};
use super::listing::{self, owner_node};
use super::wire::{S3Service, document, unknown};
use super::{S3Error, is_bucket_name};
use crate::services::page::PageRequest;
use crate::wire::{ApiError, Element, Node, WireRequest, WireResponse, iso_millis};

/// A configuration that is kept as its document: query, name in the store, and the answer where there is none.
struct Stored {
    suffix: &'static str,
    name: &'static str,
    code: &'static str,
    message: &'static str,
}

/// A page of buckets has no more.
const MOST_BUCKETS: usize = 10_000;

const STORED: [Stored; 6] = [
    Stored {
        suffix: "BucketEncryption",
        name: "encryption",
        code: "ServerSideEncryptionConfigurationNotFoundError",
        message: "The server side encryption configuration was not found",
    },
    Stored {
        suffix: "PublicAccessBlock",
        name: "publicAccessBlock",
        code: "NoSuchPublicAccessBlockConfiguration",
        message: "The public access block configuration was not found",
    },
    Stored {
        suffix: "BucketLifecycle",
        name: "lifecycle",
        code: "NoSuchLifecycleConfiguration",
        message: "The lifecycle configuration does not exist",
    },
    Stored {
        suffix: "BucketPolicy",
        name: "policy",
        code: "NoSuchBucketPolicy",
        message: "The bucket policy does not exist",
    },
    Stored {
        suffix: "BucketOwnershipControls",
        name: "ownershipControls",
        code: "OwnershipControlsNotFoundError",
        message: "The bucket ownership controls were not found",
    },
    Stored {
        suffix: "BucketCors",
        name: "cors",
        code: "NoSuchCORSConfiguration",
        message: "The CORS configuration does not exist",
    },
];

impl S3Service {
    pub(super) fn list_buckets(&self, request: &WireRequest) -> Result<WireResponse, ApiError> {
        let (prefix, region) = (request.query_param("prefix"), request.query_param("bucket-region"));
        let mut buckets = self.s3.buckets();
        buckets.retain(|bucket| {
            prefix.as_ref().is_none_or(|prefix| bucket.name.starts_with(prefix))
                && region.as_ref().is_none_or(|region| bucket.region == *region)
        });
        let page = PageRequest::of_query(request, "continuation-token", "max-buckets")
            .of(buckets, |bucket| &bucket.name, MOST_BUCKETS, MOST_BUCKETS)
            .map_err(|error| error.coded("InvalidArgument", "InvalidArgument"))?;
        let nodes = page.items.iter().map(|bucket| {
            Node::Struct(vec![
                ("Name", bucket.name.as_str().into()),
                ("CreationDate", iso_millis(bucket.created_at).into()),
                ("BucketRegion", bucket.region.as_str().into()),
            ])
        });
        let node = Node::members([
            ("Owner", Some(owner_node(&self.account))),
            ("Buckets", Some(Node::Named("Bucket", nodes.collect()))),
            ("Prefix", prefix.as_deref().map(Node::from)),
            ("ContinuationToken", page.next.map(Node::from)),
        ]);
        Ok(document("ListAllMyBucketsResult", &node))
    }

    pub(super) fn bucket_operation(
        &self,
        name: &str,
        bucket_name: &str,
        request: &WireRequest,
    ) -> Result<WireResponse, ApiError> {
        if name == "CreateBucket" {
            return self.create_bucket(bucket_name, request);
        }
        if !is_bucket_name(bucket_name) {
            return Err(S3Error::InvalidBucketName { bucket: bucket_name.to_owned() }.into());
        }
        let bucket = self.s3.bucket(bucket_name)?;
        if let Some(answer) = stored_operation(name, &bucket, request) {
            return answer;
        }
        match name {
            "DeleteBucket" => {
                self.s3.delete_bucket(bucket_name)?;
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
            "HeadBucket" => Ok(WireResponse::empty(StatusCode::OK)
                .with_header("x-amz-bucket-region", &bucket.region)
                .with_header("content-type", "application/xml")),
            "GetBucketLocation" => {
                // The oldest region has no name here.
                let region = if bucket.region == "us-east-1" { "" } else { bucket.region.as_str() };
                Ok(document("LocationConstraint", &Node::from(region)))
            }
            "ListObjects" | "ListObjectsV2" => {
                Ok(document("ListBucketResult", &listing::objects(&bucket, request, &self.account)?))
            }
            "ListObjectVersions" => {
                Ok(document("ListVersionsResult", &listing::versions(&bucket, request, &self.account)?))
            }
            "ListMultipartUploads" => {
                Ok(document("ListMultipartUploadsResult", &uploads_node(&bucket, request)?))
            }
            "GetBucketVersioning" => {
                let status = match bucket.versioning() {
                    Versioning::Never => Node::Null,
                    Versioning::Enabled => "Enabled".into(),
                    Versioning::Suspended => "Suspended".into(),
                };
                Ok(document("VersioningConfiguration", &Node::Struct(vec![("Status", status)])))
            }
            "PutBucketVersioning" => put_versioning(&bucket, request),
            "GetBucketTagging" => {
                let tags = bucket.tags();
                if tags.is_empty() {
                    let message = "The TagSet does not exist";
                    return Err(S3Error::NoSuchConfiguration { code: "NoSuchTagSet", message }.into());
                }
                Ok(document("Tagging", &tags_node(&tags)))
            }
            "PutBucketTagging" => {
                let tags = read_tags(&request.body)?;
                bucket.edit_tags(|all| *all = tags);
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
            "DeleteBucketTagging" => {
                bucket.edit_tags(std::collections::BTreeMap::clear);
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
            "GetBucketAcl" => Ok(document("AccessControlPolicy", &acl_node(&self.account))),
            "DeleteObjects" => delete_objects(&bucket, request),
            _ => Err(unknown(request, name)),
        }
    }

    fn create_bucket(&self, name: &str, request: &WireRequest) -> Result<WireResponse, ApiError> {
        let mut region = request.region.clone();
        if !request.body.is_empty() {
            let document = Element::parse(&request.body)?;
            if let Some(constraint) =
                document.child_text("LocationConstraint").filter(|text| !text.is_empty())
            {
                constraint.clone_into(&mut region);
            }
        }
        match self.s3.create_bucket(name, &region) {
            // In the oldest region, creating a bucket again is a success.
            Err(S3Error::BucketExists { .. })
                if region == "us-east-1" && self.s3.bucket(name).is_ok_and(|old| old.region == region) => {}
            other => drop(other?),
        }
        Ok(WireResponse::empty(StatusCode::OK).with_header("location", &format!("/{name}")))
    }
}

fn stored_operation(
    name: &str,
    bucket: &Bucket,
    request: &WireRequest,
) -> Option<Result<WireResponse, ApiError>> {
    let stored =
        STORED.iter().find(|stored| name.trim_end_matches("Configuration").ends_with(stored.suffix))?;
    Some(match &name[..3] {
        "Get" => match bucket.configuration(stored.name) {
            Some(text) => {
                let media = if stored.name == "policy" { "application/json" } else { "application/xml" };
                Ok(WireResponse::with_body(StatusCode::OK, media, text))
            }
            None => Err(S3Error::NoSuchConfiguration { code: stored.code, message: stored.message }.into()),
        },
        "Put" => put_stored(stored, bucket, request),
        _ => {
            bucket.set_configuration(stored.name, None);
            Ok(WireResponse::empty(StatusCode::NO_CONTENT))
        }
    })
}

fn put_stored(stored: &Stored, bucket: &Bucket, request: &WireRequest) -> Result<WireResponse, ApiError> {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let status = if stored.name == "policy" {
        if !matches!(serde_json::from_str(&text), Ok(serde_json::Value::Object(_))) {
            let message = "Policies must be valid JSON and the first byte must be '{'";
            return Err(S3Error::invalid("MalformedPolicy", message).into());
        }
        StatusCode::NO_CONTENT
    } else {
        Element::parse(&request.body)?;
        StatusCode::OK
    };
    bucket.set_configuration(stored.name, Some(text));
    Ok(WireResponse::empty(status))
}

fn put_versioning(bucket: &Bucket, request: &WireRequest) -> Result<WireResponse, ApiError> {
    let document = Element::parse(&request.body)?;
    let versioning = match document.child_text("Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => {
            let message = "The Versioning element must be specified: Enabled or Suspended";
            return Err(S3Error::invalid("IllegalVersioningConfigurationException", message).into());
        }
    };
    bucket.set_versioning(versioning);
    Ok(WireResponse::empty(StatusCode::OK))
}

pub(super) fn tags_node(tags: &std::collections::BTreeMap<String, String>) -> Node {
    let nodes = tags.iter().map(|(key, value)| {
        Node::Struct(vec![("Key", key.as_str().into()), ("Value", value.as_str().into())])
    });
    Node::Struct(vec![("TagSet", Node::Named("Tag", nodes.collect()))])
}

pub(super) fn read_tags(body: &[u8]) -> Result<std::collections::BTreeMap<String, String>, ApiError> {
    let document = Element::parse(body)?;
    let set = document.child("TagSet").cloned().unwrap_or_default();
    let pair = |tag: &Element| {
        let text = |name| tag.child_text(name).unwrap_or_default().to_owned();
        (text("Key"), text("Value"))
    };
    Ok(set.all("Tag").map(pair).collect())
}

pub(super) fn acl_node(account: &str) -> Node {
    let grantee = Node::Typed("CanonicalUser", Box::new(owner_node(account)));
    let grant = Node::Struct(vec![("Grantee", grantee), ("Permission", "FULL_CONTROL".into())]);
    Node::Struct(vec![
        ("Owner", owner_node(account)),
        ("AccessControlList", Node::Named("Grant", vec![grant])),
    ])
}

/// A page of uploads, from behind the key and the ID that the caller gives on.
fn uploads_node(bucket: &Bucket, request: &WireRequest) -> Result<Node, ApiError> {
    let most = listing::most(request, "max-uploads")?;
    let (key, id) = (request.query_param("key-marker"), request.query_param("upload-id-marker"));
    let prefix = request.query_param("prefix").unwrap_or_default();
    let mut uploads = bucket.uploads();
    uploads.retain(|upload| upload.key.starts_with(&prefix));
    let last = |upload: &Upload| Some(&upload.key) == key.as_ref() && Some(&upload.id) == id.as_ref();
    let start = match &key {
        None => 0,
        Some(key) => uploads
            .iter()
            .position(last)
            .map_or_else(|| uploads.partition_point(|upload| upload.key <= *key), |at| at + 1),
    };
    let rest = uploads.split_off(start);
    let truncated = rest.len() > most;
    let page: Vec<Upload> = rest.into_iter().take(most).collect();
    let mut members = vec![
        ("Bucket", bucket.name.as_str().into()),
        ("KeyMarker", key.unwrap_or_default().into()),
        ("UploadIdMarker", id.unwrap_or_default().into()),
        ("MaxUploads", most.into()),
        ("IsTruncated", Node::from(truncated)),
    ];
    if let Some(last) = page.last().filter(|_| truncated) {
        members.push(("NextKeyMarker", last.key.as_str().into()));
        members.push(("NextUploadIdMarker", last.id.as_str().into()));
    }
    members.extend(page.into_iter().map(|upload| {
        let node = Node::Struct(vec![
            ("Key", upload.key.into()),
            ("UploadId", upload.id.into()),
            ("StorageClass", "STANDARD".into()),
            ("Initiated", iso_millis(upload.started_at).into()),
        ]);
        ("Upload", node)
    }));
    Ok(Node::Struct(members))
}

fn delete_objects(bucket: &Bucket, request: &WireRequest) -> Result<WireResponse, ApiError> {
    let upload = super::upload::UploadBody::of(request)?;
    let wanted = Element::parse(&upload.bytes)?;
    let quiet = wanted.child_text("Quiet") == Some("true");
    let objects: Vec<&Element> = wanted.all("Object").collect();
    if objects.is_empty() || objects.len() > 1000 {
        let message = "The XML you provided was not well-formed or did not validate against our published schema: it must name 1 to 1000 objects";
        return Err(S3Error::invalid("MalformedXML", message).into());
    }
    let mut members = Vec::new();
    for object in objects {
        let key = object.child_text("Key").unwrap_or_default();
        let version = object.child_text("VersionId").filter(|version| !version.is_empty());
        let deleted = bucket.delete(key, version);
        if quiet {
            continue;
        }
        let mut fields = vec![("Key", Node::from(key))];
        fields.extend(version.map(|version| ("VersionId", version.into())));
        if deleted.is_marker {
            fields.push(("DeleteMarker", true.into()));
            fields.extend(deleted.version.map(|marker| ("DeleteMarkerVersionId", marker.into())));
        }
        members.push(("Deleted", Node::Struct(fields)));
    }
    Ok(document("DeleteResult", &Node::Struct(members)))
}
