//! Amazon S3: buckets and objects.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>

mod bucket;
mod bucket_api;
mod checksum;
mod error;
mod listing;
mod multipart_api;
mod object;
mod object_api;
mod target;
mod upload;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use md5::{Digest, Md5};

pub use bucket::{Bucket, Deleted, Part, Upload, Versioning, WriteCondition};
pub use checksum::{Algorithm, Checksum};
pub use error::S3Error;
pub use object::{Object, ObjectAttributes, ObjectVersion};
pub use wire::S3Service;

use super::blob::Blob;

/// All buckets of the account.
pub struct S3 {
    /// For large objects.
    directory: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
}

impl S3 {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, buckets: RwLock::default() }
    }

    /// Makes a bucket in a region.
    ///
    /// # Errors
    /// An invalid name; a bucket that exists.
    pub fn create_bucket(&self, name: &str, region: &str) -> Result<Arc<Bucket>, S3Error> {
        if !is_bucket_name(name) {
            return Err(S3Error::InvalidBucketName { bucket: name.to_owned() });
        }
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(name) {
            return Err(S3Error::BucketExists { bucket: name.to_owned() });
        }
        let bucket = Arc::new(Bucket::new(name, region));
        buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Deletes a bucket, which must be empty.
    pub fn delete_bucket(&self, name: &str) -> Result<(), S3Error> {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.get(name).ok_or_else(|| no_bucket(name))?;
        if !bucket.is_empty() {
            return Err(S3Error::BucketNotEmpty { bucket: name.to_owned() });
        }
        buckets.remove(name);
        Ok(())
    }

    /// A bucket by its name.
    pub fn bucket(&self, name: &str) -> Result<Arc<Bucket>, S3Error> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or_else(|| no_bucket(name))
    }

    /// All buckets in order of their names.
    #[must_use]
    pub fn buckets(&self) -> Vec<Arc<Bucket>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Writes an object.
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: Bytes,
        attributes: ObjectAttributes,
    ) -> Result<ObjectVersion, S3Error> {
        let object = self.new_object(bytes, None, attributes).await?;
        self.bucket(bucket)?.put(key, object, &WriteCondition::Always)
    }

    /// Reads an object whole; its newest version without `version`.
    pub async fn get_object(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Bytes, S3Error> {
        let (_, object) = self.bucket(bucket)?.get(key, version)?;
        object.bytes().await
    }

    async fn new_object(
        &self,
        bytes: Bytes,
        checksum: Option<Checksum>,
        attributes: ObjectAttributes,
    ) -> Result<Object, S3Error> {
        let etag = hex::encode(Md5::digest(&bytes));
        let blob = self.store(bytes).await?;
        Ok(Object { blobs: vec![blob], etag, checksum, attributes })
    }

    async fn store(&self, bytes: Bytes) -> Result<Arc<Blob>, S3Error> {
        Ok(Arc::new(Blob::store(bytes, &self.directory).await?))
    }
}

fn no_bucket(name: &str) -> S3Error {
    S3Error::NoSuchBucket { bucket: name.to_owned() }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| legal(*byte))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !name.starts_with("xn--")
        && !name.ends_with("-s3alias")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_bucket_names() {
        for name in ["abc", "a-b.c1", "123"] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["ab", "Abc", "-abc", "abc-", "a..b", "192.168.1.1", "a_b", "xn--abc", &"a".repeat(64)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }

    #[tokio::test]
    async fn keeps_versions_and_markers() {
        let directory = tempfile::tempdir().unwrap();
        let s3 = S3::new(directory.path().join("objects"));
        let bucket = s3.create_bucket("bucket", "us-east-1").unwrap();
        let put =
            |text: &'static str| s3.put_object("bucket", "k", Bytes::from(text), ObjectAttributes::default());
        assert_eq!(put("one").await.unwrap().id, "null");
        bucket.set_versioning(Versioning::Enabled);
        let second = put("two").await.unwrap();
        let deleted = bucket.delete("k", None);
        assert!(deleted.is_marker);
        assert_eq!(s3.get_object("bucket", "k", None).await, Err(S3Error::NoSuchKey { key: "k".into() }));
        assert_eq!(s3.get_object("bucket", "k", Some(&second.id)).await.unwrap(), "two");
        assert_eq!(s3.get_object("bucket", "k", Some("null")).await.unwrap(), "one");
        assert!(matches!(s3.delete_bucket("bucket"), Err(S3Error::BucketNotEmpty { .. })));
        for version in [deleted.version.unwrap(), second.id, "null".to_owned()] {
            bucket.delete("k", Some(&version));
        }
        s3.delete_bucket("bucket").unwrap();
    }

    #[tokio::test]
    async fn large_objects_live_in_files_and_go_with_them() {
        let directory = tempfile::tempdir().unwrap();
        let objects = directory.path().join("objects");
        let s3 = S3::new(objects.clone());
        let bucket = s3.create_bucket("bucket", "us-east-1").unwrap();
        let bytes = Bytes::from(vec![7_u8; 1_000_000]);
        s3.put_object("bucket", "k", bytes.clone(), ObjectAttributes::default()).await.unwrap();
        assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 1);
        let (_, object) = bucket.get("k", None).unwrap();
        assert_eq!(object.range(999_990, 1_000_000).await.unwrap(), bytes.slice(999_990..));
        drop(object);
        bucket.delete("k", None);
        assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 0);
    }
}
