//! ECR and its registry: authorisation, push, pull, immutable tags, and reading an image inside the cloud.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use support::TestCloud;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The value of the `Authorization` header.
async fn login(cloud: &TestCloud) -> String {
    let answer =
        cloud.call("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", json!({})).await.json();
    let data = &answer["authorizationData"][0];
    assert_eq!(data["proxyEndpoint"], cloud.cloud.endpoint());
    let token = data["authorizationToken"].as_str().unwrap();
    assert!(STANDARD.decode(token).unwrap().starts_with(b"AWS:"));
    format!("Basic {token}")
}

/// Pushes configuration and layer, and gives the manifest.
async fn push_blobs(cloud: &TestCloud, authorization: &str) -> String {
    let auth = ("authorization", authorization);
    let config =
        r#"{"config":{"Entrypoint":["/app"],"Env":["A=b"]},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let mut descriptors = Vec::new();
    for bytes in [config.as_bytes(), b"layer"] {
        let started = cloud.send("POST", "/v2/app/blobs/uploads/", &[auth], "").await;
        assert_eq!(started.status, 202);
        let path = format!("{}?digest={}", started.header("location"), digest(bytes));
        let done = cloud.send("PUT", &path, &[auth], bytes.to_vec()).await;
        assert_eq!(
            (done.status.as_u16(), done.header("docker-content-digest")),
            (201, digest(bytes).as_str())
        );
        descriptors.push(
            json!({"mediaType": "application/octet-stream", "digest": digest(bytes), "size": bytes.len()}),
        );
    }
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptors[0], "layers": [descriptors[1]]})
        .to_string()
}

#[tokio::test]
async fn images_are_pushed_and_pulled() {
    let cloud = TestCloud::start().await;
    let input = json!({"repositoryName": "app", "imageTagMutability": "IMMUTABLE"});
    let created = cloud.call("AmazonEC2ContainerRegistry_V20150921.CreateRepository", input).await.json();
    let registry = cloud.cloud.endpoint().trim_start_matches("http://");
    assert_eq!(created["repository"]["repositoryUri"], format!("{registry}/app"));

    let refused = cloud.send("GET", "/v2/", &[], "").await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").starts_with("Basic realm="));
    let authorization = login(&cloud).await;
    let auth = ("authorization", authorization.as_str());
    assert_eq!(cloud.send("GET", "/v2/", &[auth], "").await.status, 200);

    let manifest = push_blobs(&cloud, &authorization).await;
    let kind = ("content-type", MANIFEST);
    let put = cloud.send("PUT", "/v2/app/manifests/v1", &[auth, kind], manifest.clone()).await;
    assert_eq!(
        (put.status.as_u16(), put.header("docker-content-digest")),
        (201, digest(manifest.as_bytes()).as_str())
    );
    let got = cloud.send("GET", "/v2/app/manifests/v1", &[auth], "").await;
    assert_eq!((got.text(), got.header("content-type")), (manifest.clone(), MANIFEST));
    assert_eq!(cloud.send("HEAD", "/v2/app/manifests/none", &[auth], "").await.status, 404);
    let layer = cloud.send("GET", &format!("/v2/app/blobs/{}", digest(b"layer")), &[auth], "").await;
    assert_eq!(layer.text(), "layer");
    let moved = manifest.replacen("{\"schemaVersion\"", "{ \"schemaVersion\"", 1);
    let immutable = cloud.send("PUT", "/v2/app/manifests/v1", &[auth, kind], moved).await;
    assert_eq!(
        (immutable.status.as_u16(), immutable.json()["errors"][0]["code"].as_str()),
        (400, Some("TAG_INVALID"))
    );

    let image = cloud.cloud.services("us-east-1").unwrap().ecr.image("app", "v1").await.unwrap();
    assert_eq!((image.digest, image.layers), (digest(manifest.as_bytes()), vec!["layer".into()]));
    assert_eq!(image.config.entrypoint, ["/app"]);
    let not_empty = cloud
        .call("AmazonEC2ContainerRegistry_V20150921.DeleteRepository", json!({"repositoryName": "app"}))
        .await;
    assert_eq!(not_empty.json()["__type"], "RepositoryNotEmptyException");
    let input = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}, {"imageTag": "v2"}]});
    let deleted = cloud.call("AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage", input).await.json();
    assert_eq!(deleted["imageIds"][0]["imageTag"], "v1");
    assert_eq!(deleted["failures"][0]["failureCode"], "ImageNotFound");
    assert_eq!(
        cloud.send("GET", &format!("/v2/app/blobs/{}", digest(b"layer")), &[auth], "").await.status,
        404
    );
    cloud.stop().await;
}

#[tokio::test]
async fn refuses_broken_pushes() {
    let cloud = TestCloud::start().await;
    cloud
        .call("AmazonEC2ContainerRegistry_V20150921.CreateRepository", json!({"repositoryName": "app"}))
        .await;
    let authorization = login(&cloud).await;
    let auth = ("authorization", authorization.as_str());
    let path = format!("/v2/app/blobs/uploads/?digest={}", digest(b"other"));
    let wrong = cloud.send("POST", &path, &[auth], "layer").await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.json()["errors"][0]["code"].as_str()),
        (400, Some("DIGEST_INVALID"))
    );
    let started = cloud.send("POST", "/v2/app/blobs/uploads/", &[auth], "").await;
    let finish = |bytes: &[u8]| format!("{}?digest={}", started.header("location"), digest(bytes));
    let broken = cloud.send("PUT", &finish(b"other"), &[auth], "layer").await;
    assert_eq!(broken.status, 400);
    let retried = cloud.send("PUT", &finish(b"layer"), &[auth], "layer").await;
    assert_eq!(retried.status, 201, "an upload that failed can be tried again");
    let again = cloud.send("PUT", &finish(b"layer"), &[auth], "layer").await;
    assert_eq!(again.json()["errors"][0]["code"], "BLOB_UPLOAD_UNKNOWN");
    let manifest = json!({"mediaType": MANIFEST, "config": {"digest": digest(b"missing")}, "layers": []});
    let missing = cloud.send("PUT", "/v2/app/manifests/v1", &[auth], manifest.to_string()).await;
    assert_eq!(missing.json()["errors"][0]["code"], "MANIFEST_BLOB_UNKNOWN");
    let unknown = cloud.send("POST", "/v2/none/blobs/uploads/", &[auth], "").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.json()["errors"][0]["code"].as_str()),
        (404, Some("NAME_UNKNOWN"))
    );
    cloud.stop().await;
}
