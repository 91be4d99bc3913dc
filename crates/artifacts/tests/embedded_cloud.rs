//! Uploads to the embedded cloud, which checks every signature.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use artifacts::zip::{self, Compression};
use artifacts::{
    Architecture, Artifact, Built, Destination, Digest, Package, Uploaded, bucket, image, upload,
};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use data_plane::launcher::Launcher;
use http::Method;
use local_cloud::{Cloud, CloudOptions};
use serde_json::json;
use signed_http::{Client, JsonVersion, Request};

struct Account {
    cloud: Cloud,
    client: Client,
    repository_uri: String,
    _work_dir: tempfile::TempDir,
}

const BUCKET: &str = "code";

/// A cloud with a versioned bucket and a repository.
async fn account() -> Account {
    let work_dir = tempfile::tempdir().unwrap();
    let listener = CloudOptions::bind(0).await.unwrap();
    // No process is started here, so the launcher may be anything.
    let launcher = Launcher::new("/bin/false".into(), Vec::new());
    let options = CloudOptions {
        verify_signatures: true,
        ..CloudOptions::new(listener, work_dir.path().to_path_buf(), launcher)
    };
    let credentials = Credentials::new(
        options.access_key_id.clone(),
        options.secret_access_key.clone(),
        None,
        None,
        "test",
    );
    let cloud = Cloud::start(options).await.unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(cloud.endpoint())
        .build();
    let client = Client::new(&config);
    client.call(Request::new("s3", Method::PUT, format!("/{BUCKET}"))).await.unwrap();
    let versioning = Request::new("s3", Method::PUT, format!("/{BUCKET}")).query("versioning", "").body(
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>\
         </VersioningConfiguration>",
    );
    client.call(versioning).await.unwrap();
    let created = client
        .json(
            "ecr",
            "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
            JsonVersion::V1_1,
            json!({"repositoryName": "team/container", "imageTagMutability": "IMMUTABLE"}),
        )
        .await
        .unwrap();
    let repository_uri = created["repository"]["repositoryUri"].as_str().unwrap().to_owned();
    Account { cloud, client, repository_uri, _work_dir: work_dir }
}

fn built(artifact: Artifact, package: Package) -> Built {
    Built { artifact, package, path: "unused".into(), cached: false, elapsed: std::time::Duration::ZERO }
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_arrive_whole_and_once() {
    let account = account().await;
    let destination = Destination { bucket: BUCKET, repository_uri: &account.repository_uri };
    let zip = zip::function(&b"program".repeat(100_000), Compression::Fast).unwrap();
    let digest = Digest::of(&zip);
    let function =
        built(Artifact::Lambda("publish".to_owned()), Package::Zip { digest, bytes: zip.clone().into() });
    let image = image::of_program(b"program", Architecture::X86_64, Compression::Fast).unwrap();
    let container = built(Artifact::Container, Package::Image(image.clone()));

    let bytes = bytes::Bytes::from_static(b"program");
    let digest_of_program = Digest::of(&bytes);
    let program =
        built(Artifact::Program, Package::Program { digest: digest_of_program, bytes: bytes.clone() });

    for was_there in [false, true] {
        let code = upload(&account.client, &function, destination).await.unwrap();
        let reference = format!("lambda/publish-{}.zip", digest.short());
        assert_eq!(code, Uploaded { artifact: function.artifact.clone(), reference, was_there });
        let stored =
            account.client.call(Request::new("s3", Method::GET, format!("/{BUCKET}/{}", code.reference)));
        assert!(stored.await.unwrap().body == zip);

        let binary = upload(&account.client, &program, destination).await.unwrap();
        let reference = format!("container/program-{}", digest_of_program.short());
        assert_eq!(binary, Uploaded { artifact: Artifact::Program, reference, was_there });
        let stored =
            account.client.call(Request::new("s3", Method::GET, format!("/{BUCKET}/{}", binary.reference)));
        assert_eq!(stored.await.unwrap().body, bytes);

        let pushed = upload(&account.client, &container, destination).await.unwrap();
        let reference = format!("{}@{}", account.repository_uri, image.digest());
        assert_eq!(pushed, Uploaded { artifact: Artifact::Container, reference, was_there });
    }
    let described = account
        .client
        .json(
            "ecr",
            "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
            JsonVersion::V1_1,
            json!({"repositoryName": "team/container"}),
        )
        .await
        .unwrap();
    assert_eq!(described["imageDetails"][0]["imageDigest"], image.digest().to_string());
    account.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_versioned_bucket_is_emptied_and_can_then_be_deleted() {
    let account = account().await;
    let call = |method: Method, path: &str| {
        account.client.call(Request::new("s3", method, format!("/{BUCKET}{path}")))
    };
    for key in ["/a", "/a", "/folder/b & c+d%20", "/ü €"] {
        call(Method::PUT, key).await.unwrap();
    }
    call(Method::DELETE, "/a").await.unwrap();
    let refused = call(Method::DELETE, "").await.unwrap_err();
    assert_eq!(refused.service_error().unwrap().code, "BucketNotEmpty");

    assert_eq!(bucket::empty(&account.client, BUCKET).await.unwrap(), 5);
    call(Method::DELETE, "").await.unwrap();
    assert_eq!(bucket::empty(&account.client, BUCKET).await.unwrap(), 0);
    account.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused() {
    let account = account().await;
    let wrong = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "wrong", None, None, "test",
        )))
        .endpoint_url(account.cloud.endpoint())
        .build();
    let error =
        Client::new(&wrong).call(Request::new("s3", Method::GET, format!("/{BUCKET}"))).await.unwrap_err();
    assert_eq!(error.service_error().unwrap().code, "SignatureDoesNotMatch");
    account.cloud.stop().await;
}
