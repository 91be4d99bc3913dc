//! S3's errors in its codes and words.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::StatusCode;

use crate::wire::ApiError;

/// Why an operation of S3 was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum S3Error {
    #[error("The specified bucket does not exist")]
    NoSuchBucket { bucket: String },
    #[error("The specified bucket is not valid.")]
    InvalidBucketName { bucket: String },
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketExists { bucket: String },
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty { bucket: String },
    #[error("The specified key does not exist.")]
    NoSuchKey { key: String },
    #[error("The specified version does not exist.")]
    NoSuchVersion { key: String, version: String },
    #[error("The specified method is not allowed against this resource.")]
    IsDeleteMarker,
    #[error("Your key is too long")]
    KeyTooLong,
    #[error(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )]
    NoSuchUpload { upload: String },
    #[error(
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
    )]
    InvalidPart,
    #[error("The list of parts was not in ascending order. Parts must be ordered by part number.")]
    InvalidPartOrder,
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    EntityTooSmall,
    #[error("The requested range is not satisfiable")]
    InvalidRange,
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed { condition: &'static str },
    #[error("{message}")]
    BadDigest { message: String },
    #[error("{message}")]
    Invalid { code: &'static str, message: String },
    #[error("{message}")]
    NoSuchConfiguration { code: &'static str, message: &'static str },
    #[error("an object could not be kept on disk: {reason}")]
    Storage { reason: String },
}

impl S3Error {
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }
}

impl From<std::io::Error> for S3Error {
    fn from(error: std::io::Error) -> Self {
        Self::Storage { reason: error.to_string() }
    }
}

impl From<S3Error> for ApiError {
    fn from(error: S3Error) -> Self {
        let message = error.to_string();
        let of = |status, code: &str| Self::with_status(status, code, message.clone());
        match error {
            S3Error::NoSuchBucket { bucket } => {
                of(StatusCode::NOT_FOUND, "NoSuchBucket").detail("BucketName", bucket)
            }
            S3Error::InvalidBucketName { bucket } => {
                of(StatusCode::BAD_REQUEST, "InvalidBucketName").detail("BucketName", bucket)
            }
            S3Error::BucketExists { bucket } => {
                of(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou").detail("BucketName", bucket)
            }
            S3Error::BucketNotEmpty { bucket } => {
                of(StatusCode::CONFLICT, "BucketNotEmpty").detail("BucketName", bucket)
            }
            S3Error::NoSuchKey { key } => of(StatusCode::NOT_FOUND, "NoSuchKey").detail("Key", key),
            S3Error::NoSuchVersion { key, version } => {
                of(StatusCode::NOT_FOUND, "NoSuchVersion").detail("Key", key).detail("VersionId", version)
            }
            S3Error::IsDeleteMarker => of(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            S3Error::KeyTooLong => of(StatusCode::BAD_REQUEST, "KeyTooLongError"),
            S3Error::NoSuchUpload { upload } => {
                of(StatusCode::NOT_FOUND, "NoSuchUpload").detail("UploadId", upload)
            }
            S3Error::InvalidPart => of(StatusCode::BAD_REQUEST, "InvalidPart"),
            S3Error::InvalidPartOrder => of(StatusCode::BAD_REQUEST, "InvalidPartOrder"),
            S3Error::EntityTooSmall => of(StatusCode::BAD_REQUEST, "EntityTooSmall"),
            S3Error::InvalidRange => of(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
            S3Error::PreconditionFailed { condition } => {
                of(StatusCode::PRECONDITION_FAILED, "PreconditionFailed").detail("Condition", condition)
            }
            S3Error::BadDigest { .. } => of(StatusCode::BAD_REQUEST, "BadDigest"),
            S3Error::Invalid { code, .. } => of(StatusCode::BAD_REQUEST, code),
            S3Error::NoSuchConfiguration { code, .. } => of(StatusCode::NOT_FOUND, code),
            S3Error::Storage { .. } => of(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }
}
