//! Objects in S3. <https://docs.aws.amazon.com/AmazonS3/latest/API/>

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;
use signed_http::xml::{self, Element};
use signed_http::{Client, Request, SignedHttpError};

use crate::{Digest, UploadError};

/// One version of an object, or a marker of its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    key: String,
    id: String,
}

/// What is put under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// Names the content.
    pub key: &'a str,
    /// A media type.
    pub content_type: &'a str,
    /// The bytes.
    pub content: Bytes,
}

/// Puts an object unless there is one under the key. Says whether it was sent.
///
/// # Errors
/// [`UploadError::Call`].
pub async fn put_if_absent(client: &Client, bucket: &str, object: Object<'_>) -> Result<bool, UploadError> {
    let Object { key, content_type, content } = object;
    let action = || format!("putting {key} into the bucket {bucket}");
    let path = format!("/{bucket}/{key}");
    match client.call(Request::new("s3", Method::HEAD, &path)).await {
        Ok(_) => return Ok(false),
        // Who may not list a bucket is answered 403 for an object that is not there.
        Err(error) if error.is_not_found() || status(&error) == Some(403) => {}
        Err(source) => return Err(UploadError::Call { action: action(), source }),
    }
    let put = Request::new("s3", Method::PUT, &path).header("content-type", content_type).body(content);
    client.call(put).await.map_err(|source| UploadError::Call { action: action(), source })?;
    Ok(true)
}

/// Deletes every version of every object, and every marker of a deletion, so that the bucket itself can be deleted. Says
/// how many; a bucket that does not exist has none.
///
/// # Errors
/// [`UploadError::Call`]; [`UploadError::Undeletable`] when S3 keeps some.
pub async fn empty(client: &Client, bucket: &str) -> Result<usize, UploadError> {
    let mut deleted = 0;
    loop {
        let versions = match list(client, bucket).await {
            Ok(versions) => versions,
            Err(UploadError::Call { source, .. }) if source.is_not_found() => return Ok(deleted),
            Err(error) => return Err(error),
        };
        if versions.is_empty() {
            return Ok(deleted);
        }
        delete(client, bucket, &versions).await?;
        deleted += versions.len();
    }
}

fn status(error: &SignedHttpError) -> Option<u16> {
    error.service_error().map(|error| error.status)
}

/// The first page, of up to 1,000 versions. As each page is deleted before the next is asked for, there is always just a
/// first one.
async fn list(client: &Client, bucket: &str) -> Result<Vec<Version>, UploadError> {
    let action = || format!("listing the bucket {bucket}");
    // Keys may hold characters that XML cannot, so they are asked for percent-encoded.
    let request = Request::new("s3", Method::GET, format!("/{bucket}"))
        .query("versions", "")
        .query("encoding-type", "url")
        .query("max-keys", "1000");
    let answer =
        client.call(request).await.map_err(|source| UploadError::Call { action: action(), source })?;
    let root = std::str::from_utf8(&answer.body)
        .ok()
        .and_then(xml::parse)
        .filter(|root| root.name == "ListVersionsResult")
        .ok_or_else(|| UploadError::Unexpected {
            action: action(),
            reason: "the answer is no list".to_owned(),
        })?;
    let encoded = root.child_text("EncodingType") == Some("url");
    let entries =
        root.children.iter().filter(|child| matches!(child.name.as_str(), "Version" | "DeleteMarker"));
    entries
        .map(|entry| version(entry, encoded))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| UploadError::Unexpected { action: action(), reason: "an entry has no key".to_owned() })
}

fn version(entry: &Element, encoded: bool) -> Option<Version> {
    let key = entry.child_text("Key")?;
    let key = if encoded {
        percent_decode_str(&key.replace('+', " ")).decode_utf8().ok()?.into_owned()
    } else {
        key.to_owned()
    };
    Some(Version { key, id: entry.child_text("VersionId").unwrap_or("null").to_owned() })
}

async fn delete(client: &Client, bucket: &str, versions: &[Version]) -> Result<(), UploadError> {
    let mut body =
        String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
    for version in versions {
        let key = escape(&version.key);
        // Writing to a string cannot fail.
        let _ =
            write!(body, "<Object><Key>{key}</Key><VersionId>{}</VersionId></Object>", escape(&version.id));
    }
    body.push_str("</Delete>");
    let checksum = STANDARD.encode(Digest::of(body.as_bytes()).bytes());
    let request = Request::new("s3", Method::POST, format!("/{bucket}"))
        .query("delete", "")
        .header("content-type", "application/xml")
        .header("x-amz-sdk-checksum-algorithm", "SHA256")
        .header("x-amz-checksum-sha256", checksum)
        .body(body);
    let action = format!("deleting {} objects of the bucket {bucket}", versions.len());
    let answer = client.call(request).await.map_err(|source| UploadError::Call { action, source })?;
    let root = std::str::from_utf8(&answer.body).ok().and_then(xml::parse).unwrap_or_default();
    let errors: Vec<&Element> = root.children_named("Error").collect();
    match errors.first() {
        None => Ok(()),
        Some(first) => Err(UploadError::Undeletable {
            bucket: bucket.to_owned(),
            count: errors.len(),
            key: first.child_text("Key").unwrap_or_default().to_owned(),
            reason: first.child_text("Message").unwrap_or_default().to_owned(),
        }),
    }
}

/// Text for XML. Characters that XML 1.0 cannot hold at all are written as references, which S3 reads.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in quick_xml::escape::escape(text).chars() {
        if character.is_ascii_control() {
            let _ = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_for_xml() {
        assert_eq!(escape("a<b>&\"\u{1}\n"), "a&lt;b&gt;&amp;&quot;&#1;&#10;");
    }

    #[test]
    fn encoded_keys_are_decoded() {
        let entry =
            xml::parse("<Version><Key>a%2Fb+c%C3%A9</Key><VersionId>v1</VersionId></Version>").unwrap();
        assert_eq!(version(&entry, true), Some(Version { key: "a/b cé".to_owned(), id: "v1".to_owned() }));
        assert_eq!(version(&entry, false).unwrap().key, "a%2Fb+c%C3%A9");
    }
}
