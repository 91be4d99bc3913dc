//! One version of an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::S3Error;
use super::checksum::Checksum;
use crate::services::blob::Blob;

/// A version of an object, or the marker that it was deleted.
#[derive(Clone, Debug)]
pub struct ObjectVersion {
    /// `null` for what was written without versioning.
    pub id: String,
    /// Milliseconds since the epoch.
    pub modified_at: i64,
    /// `None` for a delete marker.
    pub object: Option<Arc<Object>>,
}

/// An object's bytes and what is known about them.
#[derive(Debug)]
pub struct Object {
    pub blobs: Vec<Arc<Blob>>,
    /// Without quotation marks.
    pub etag: String,
    pub checksum: Option<Checksum>,
    pub attributes: ObjectAttributes,
}

/// What the uploader says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectAttributes {
    /// `content-type`, `cache-control`, `x-amz-meta-…` and their like, in lower case.
    pub headers: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

impl Object {
    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.len()).sum()
    }

    /// All bytes.
    pub async fn bytes(&self) -> Result<Bytes, S3Error> {
        self.range(0, self.size()).await
    }

    /// The bytes from `start` up to but not including `end`, both within the object.
    pub async fn range(&self, start: u64, end: u64) -> Result<Bytes, S3Error> {
        let length = end.saturating_sub(start);
        let mut out = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        let mut at = 0;
        for blob in &self.blobs {
            let (from, to) = (start.max(at), end.min(at + blob.len()));
            if from < to {
                blob.read(from - at, to - from, &mut out).await?;
            }
            at += blob.len();
        }
        Ok(Bytes::from(out))
    }
}
