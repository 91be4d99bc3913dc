//! Uploads to a server that plays the account.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod account;

use account::{Account, REPOSITORY};
use artifacts::bucket::Object;
use artifacts::zip::Compression;
use artifacts::{Architecture, Digest, UploadError, bucket, image, registry};
use bytes::Bytes;

#[tokio::test]
async fn an_object_is_put_once() {
    let account = Account::start().await;
    let client = account.client();
    let put = || {
        let content = Bytes::from_static(b"PK");
        let object = Object { key: "lambda/publish-1.zip", content_type: "application/zip", content };
        bucket::put_if_absent(&client, "bucket", object)
    };
    assert!(put().await.unwrap());
    assert!(!put().await.unwrap());
    let stored = account.state.lock().unwrap();
    let key = ("lambda/publish-1.zip".to_owned(), "null".to_owned());
    assert_eq!(stored.versions[&key].as_deref(), Some(b"PK".as_slice()));
    assert_eq!(stored.requests.iter().filter(|request| request.starts_with("PUT")).count(), 1);
}

#[tokio::test]
async fn a_bucket_is_emptied_of_versions_and_markers() {
    let account = Account::start().await;
    for (index, key) in ["a", "b & c", "100%", "d\u{1}", "e", "e", "f"].into_iter().enumerate() {
        let content = (index % 2 == 0).then(|| Bytes::from_static(b"x"));
        account.state.lock().unwrap().versions.insert((key.to_owned(), format!("v{index}")), content);
    }
    assert_eq!(bucket::empty(&account.client(), "bucket").await.unwrap(), 7);
    assert!(account.state.lock().unwrap().versions.is_empty());
    assert_eq!(bucket::empty(&account.client(), "bucket").await.unwrap(), 0);
    assert_eq!(
        bucket::empty(&account.client(), "elsewhere").await.unwrap(),
        0,
        "a bucket that is gone is empty"
    );
}

#[tokio::test]
async fn an_object_that_stays_is_named() {
    let account = Account::start().await;
    {
        let mut stored = account.state.lock().unwrap();
        stored.versions.insert(("held".to_owned(), "v1".to_owned()), None);
        stored.locked.push("held".to_owned());
    }
    let error = bucket::empty(&account.client(), "bucket").await.unwrap_err();
    assert!(matches!(error, UploadError::Undeletable { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "1 objects of the bucket bucket could not be deleted, the first is held: Access Denied"
    );
}

#[tokio::test]
async fn an_image_is_pushed_once_and_another_shares_its_lower_layer() {
    let account = Account::start().await;
    let client = account.client();
    let image = |program: &[u8]| image::of_program(program, Architecture::X86_64, Compression::Fast).unwrap();
    let first = image(b"first");

    let pushed = registry::push(&client, REPOSITORY, &first).await.unwrap();
    assert_eq!(pushed.reference, format!("{REPOSITORY}@{}", first.digest()));
    assert!(!pushed.was_there);
    {
        let stored = account.state.lock().unwrap();
        assert_eq!(stored.blobs.len(), 3);
        assert_eq!(Digest::of(&stored.manifests[&first.digest().short()]), first.digest());
    }
    account.take_requests();

    let again = registry::push(&client, REPOSITORY, &first).await.unwrap();
    assert_eq!((again.was_there, &again.reference), (true, &pushed.reference));
    assert!(!account.take_requests().iter().any(|request| request.starts_with("PUT")));

    let other = registry::push(&client, REPOSITORY, &image(b"other")).await.unwrap();
    assert!(!other.was_there && other.reference != pushed.reference);
    let blobs = account
        .take_requests()
        .into_iter()
        .filter(|request| request.starts_with("PUT") && request.contains("uploads"));
    assert_eq!(blobs.count(), 2, "the layer of the program and the configuration");
}

#[tokio::test]
async fn a_registry_that_refuses_is_quoted() {
    let account = Account::start().await;
    let mut image = image::of_program(b"program", Architecture::X86_64, Compression::Fast).unwrap();
    image.config.bytes.push(b' ');
    let error = registry::push(&account.client(), REPOSITORY, &image).await.unwrap_err().to_string();
    assert!(error.ends_with("the registry answered 400: DIGEST_INVALID: digests differ"), "{error}");
    let error = registry::push(&account.client(), "no-slash", &image).await.unwrap_err().to_string();
    assert!(error.ends_with("a repository URI is <host>/<name>"), "{error}");
}
