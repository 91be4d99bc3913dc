//! A bucket: its objects with their versions, uploads in progress, and configurations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::S3Error;
use super::checksum::Checksum;
use super::object::{Object, ObjectAttributes, ObjectVersion};
use crate::services::blob::Blob;
use crate::wire::epoch_millis;

/// A bucket.
pub struct Bucket {
    pub name: String,
    pub region: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    versioning: Versioning,
    /// The newest version last.
    objects: BTreeMap<String, Vec<ObjectVersion>>,
    uploads: BTreeMap<String, Upload>,
    tags: BTreeMap<String, String>,
    configurations: BTreeMap<&'static str, String>,
}

/// Whether old versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versioning {
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// A multipart upload in progress.
#[derive(Clone)]
pub struct Upload {
    pub id: String,
    pub key: String,
    pub started_at: i64,
    pub attributes: ObjectAttributes,
    pub parts: BTreeMap<u32, Part>,
}

/// A part of an upload.
#[derive(Clone)]
pub struct Part {
    pub blob: Arc<Blob>,
    pub etag: String,
    pub checksum: Option<Checksum>,
    pub modified_at: i64,
}

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version that went, or the marker that came.
    pub version: Option<String>,
    /// Whether that version is a delete marker.
    pub is_marker: bool,
}

/// A condition on what a key holds at the moment of writing.
#[derive(Clone, Debug, Default)]
pub enum WriteCondition {
    #[default]
    Always,
    /// `If-None-Match: *`
    IfAbsent,
    /// `If-Match: "etag"`
    IfEtag(String),
}

impl Bucket {
    pub(super) fn new(name: &str, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            created_at: epoch_millis(),
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn versioning(&self) -> Versioning {
        self.lock().versioning
    }

    /// Turns versioning on or suspends it; once on, it never goes back to [`Versioning::Never`].
    pub fn set_versioning(&self, versioning: Versioning) {
        let mut inner = self.lock();
        if !(inner.versioning != Versioning::Never && versioning == Versioning::Never) {
            inner.versioning = versioning;
        }
    }

    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.lock().tags.clone()
    }

    /// Changes the tags in place.
    pub fn edit_tags(&self, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
        edit(&mut self.lock().tags);
    }

    /// A configuration document as it was put, such as `encryption` or `policy`.
    #[must_use]
    pub fn configuration(&self, name: &str) -> Option<String> {
        self.lock().configurations.get(name).cloned()
    }

    /// Sets a configuration document, or takes it away.
    pub fn set_configuration(&self, name: &'static str, document: Option<String>) {
        let mut inner = self.lock();
        match document {
            Some(document) => inner.configurations.insert(name, document),
            None => inner.configurations.remove(name),
        };
    }

    /// Whether there is neither a version nor a marker. Uploads in progress do not keep a bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().objects.is_empty()
    }

    /// Writes an object and gives its version.
    pub fn put(
        &self,
        key: &str,
        object: Object,
        condition: &WriteCondition,
    ) -> Result<ObjectVersion, S3Error> {
        if key.len() > 1024 {
            return Err(S3Error::KeyTooLong);
        }
        let mut inner = self.lock();
        let current = inner.objects.get(key).and_then(|versions| versions.last()?.object.clone());
        match (condition, current) {
            (WriteCondition::IfAbsent, Some(_)) => {
                return Err(S3Error::PreconditionFailed { condition: "If-None-Match" });
            }
            (WriteCondition::IfEtag(_), None) => return Err(S3Error::NoSuchKey { key: key.to_owned() }),
            (WriteCondition::IfEtag(etag), Some(current)) if *etag != current.etag => {
                return Err(S3Error::PreconditionFailed { condition: "If-Match" });
            }
            _ => {}
        }
        Ok(inner.add(key, Some(Arc::new(object))))
    }

    /// A version of an object; the newest without `version`. A delete marker is no object.
    pub fn get(&self, key: &str, version: Option<&str>) -> Result<(ObjectVersion, Arc<Object>), S3Error> {
        let inner = self.lock();
        let versions = inner.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let Some(wanted) = version else {
            let newest = versions.last().and_then(|newest| Some((newest.clone(), newest.object.clone()?)));
            return newest.ok_or_else(|| S3Error::NoSuchKey { key: key.to_owned() });
        };
        let found = versions.iter().find(|candidate| candidate.id == wanted);
        let missing = || S3Error::NoSuchVersion { key: key.to_owned(), version: wanted.to_owned() };
        let found = found.ok_or_else(missing)?;
        let object = found.object.clone().ok_or(S3Error::IsDeleteMarker)?;
        Ok((found.clone(), object))
    }

    /// Replaces the tags of an object's newest version.
    pub fn set_object_tags(&self, key: &str, tags: BTreeMap<String, String>) -> Result<(), S3Error> {
        let mut inner = self.lock();
        let newest = inner.objects.get_mut(key).and_then(|versions| versions.last_mut());
        let newest = newest.filter(|newest| newest.object.is_some());
        let newest = newest.ok_or_else(|| S3Error::NoSuchKey { key: key.to_owned() })?;
        if let Some(old) = newest.object.take() {
            let mut attributes = old.attributes.clone();
            attributes.tags = tags;
            newest.object = Some(Arc::new(Object {
                blobs: old.blobs.clone(),
                etag: old.etag.clone(),
                checksum: old.checksum.clone(),
                attributes,
            }));
        }
        Ok(())
    }

    /// Deletes a key or one version of it. What does not exist is a success, as with AWS.
    pub fn delete(&self, key: &str, version: Option<&str>) -> Deleted {
        let mut inner = self.lock();
        if let Some(wanted) = version {
            let Some(versions) = inner.objects.get_mut(key) else {
                return Deleted { version: Some(wanted.to_owned()), is_marker: false };
            };
            let is_marker = versions.iter().any(|one| one.id == wanted && one.object.is_none());
            versions.retain(|one| one.id != wanted);
            if versions.is_empty() {
                inner.objects.remove(key);
            }
            return Deleted { version: Some(wanted.to_owned()), is_marker };
        }
        if inner.versioning == Versioning::Never {
            inner.objects.remove(key);
            return Deleted::default();
        }
        let marker = inner.add(key, None);
        Deleted { version: Some(marker.id), is_marker: true }
    }

    /// All keys with a prefix, in order, with their versions, the newest last.
    #[must_use]
    pub fn versions(&self, prefix: &str) -> Vec<(String, Vec<ObjectVersion>)> {
        let inner = self.lock();
        let from = inner.objects.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, versions)| (key.clone(), versions.clone()))
            .collect()
    }

    /// Starts a multipart upload and gives its ID.
    pub fn start_upload(&self, key: &str, attributes: ObjectAttributes) -> Result<String, S3Error> {
        if key.len() > 1024 {
            return Err(S3Error::KeyTooLong);
        }
        let id = uuid::Uuid::new_v4().simple().to_string().repeat(2);
        let upload = Upload {
            id: id.clone(),
            key: key.to_owned(),
            started_at: epoch_millis(),
            attributes,
            parts: BTreeMap::new(),
        };
        self.lock().uploads.insert(id.clone(), upload);
        Ok(id)
    }

    /// An upload in progress of a key.
    pub fn upload(&self, key: &str, id: &str) -> Result<Upload, S3Error> {
        let upload = self.lock().uploads.get(id).filter(|upload| upload.key == key).cloned();
        upload.ok_or_else(|| S3Error::NoSuchUpload { upload: id.to_owned() })
    }

    /// All uploads in progress.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        let mut all: Vec<Upload> = self.lock().uploads.values().cloned().collect();
        all.sort_by(|one, other| (&one.key, one.started_at).cmp(&(&other.key, other.started_at)));
        all
    }

    /// Adds a part to an upload, or replaces it.
    pub fn put_part(&self, key: &str, id: &str, number: u32, part: Part) -> Result<(), S3Error> {
        let mut inner = self.lock();
        let upload = inner.uploads.get_mut(id).filter(|upload| upload.key == key);
        let upload = upload.ok_or_else(|| S3Error::NoSuchUpload { upload: id.to_owned() })?;
        upload.parts.insert(number, part);
        Ok(())
    }

    /// Ends an upload, completed or not.
    pub fn end_upload(&self, key: &str, id: &str) -> Result<Upload, S3Error> {
        let upload = self.upload(key, id)?;
        self.lock().uploads.remove(id);
        Ok(upload)
    }
}

impl Inner {
    /// Adds a version or a marker as the newest, in the way that the bucket's versioning asks for.
    fn add(&mut self, key: &str, object: Option<Arc<Object>>) -> ObjectVersion {
        let enabled = self.versioning == Versioning::Enabled;
        let id = if enabled { uuid::Uuid::new_v4().simple().to_string() } else { "null".to_owned() };
        let version = ObjectVersion { id, modified_at: epoch_millis(), object };
        let versions = self.objects.entry(key.to_owned()).or_default();
        if !enabled {
            versions.retain(|one| one.id != "null");
        }
        versions.push(version.clone());
        version
    }
}
