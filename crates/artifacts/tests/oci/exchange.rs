//! What we push, skopeo reads as we built it; what skopeo pushes, we read as it was.

use artifacts::image::{self, Image};
use artifacts::zip::Compression;
use artifacts::{Architecture, Digest, registry};
use serde_json::{Value, json};
use signed_http::Client;

use crate::debian::{DebianRegistry, REPOSITORY};
use crate::embedded::{EmbeddedCloud, ecr};
use crate::skopeo::{Skopeo, layout};

/// An image whose program is not small when it is packed, so that it comes in pieces.
fn an_image() -> Image {
    let program: Vec<u8> =
        (0..300_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    image::of_program(&program, Architecture::host(), Compression::Fast).unwrap()
}

/// Pushes an image with our code and has skopeo say whether it is the same.
async fn agree(skopeo: &Skopeo, client: &Client, uri: &str, image: &Image) {
    let pushed = registry::push(client, uri, image).await.unwrap();
    assert_eq!(
        (pushed.reference.as_str(), pushed.was_there),
        (format!("{uri}@{}", image.digest()).as_str(), false)
    );
    assert!(registry::push(client, uri, image).await.unwrap().was_there, "{uri} forgets what was pushed");

    let by_tag = format!("docker://{uri}:{}", image.digest().short());
    for reference in [by_tag.clone(), format!("docker://{}", pushed.reference)] {
        assert_eq!(skopeo.inspect(&reference, &["--raw"]).await, image.manifest.bytes, "{reference}");
        assert_eq!(
            skopeo.inspect(&reference, &["--config", "--raw"]).await,
            image.config.bytes,
            "{reference}"
        );
    }
    let said: Value = serde_json::from_slice(&skopeo.inspect(&by_tag, &[]).await).unwrap();
    let layers: Vec<String> = image.layers.iter().map(|layer| layer.digest.to_string()).collect();
    assert_eq!(said["Name"], uri);
    assert_eq!(said["Digest"], image.digest().to_string());
    assert_eq!(said["Layers"], json!(layers));
    assert_eq!(said["RepoTags"], json!([image.digest().short()]));
    assert_eq!(
        (&said["Os"], &said["Architecture"]),
        (&json!("linux"), &json!(Architecture::host().oci_name()))
    );
    assert_eq!(said["Env"][0], format!("PORT={}", image::PORT));
    // It understands the configuration, and does not only hand on its bytes.
    let config: Value = serde_json::from_slice(&skopeo.inspect(&by_tag, &["--config"]).await).unwrap();
    assert_eq!(config["config"]["Entrypoint"], json!([image::PROGRAM]));
    assert_eq!(config["config"]["User"], format!("{0}:{0}", image::USER));

    let folder = tempfile::tempdir().unwrap();
    skopeo.copy(&by_tag, &layout(folder.path()), &[]).await.unwrap();
    assert!(image::read_layout(folder.path()).unwrap() == *image, "{uri}: skopeo pulls something else");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_push_is_what_skopeo_pulls() {
    let image = an_image();
    let debian = DebianRegistry::start().await;
    let embedded = EmbeddedCloud::start().await;
    let skopeo =
        Skopeo::with(&[(&debian.uri, DebianRegistry::TOKEN), (&embedded.uri, &embedded.token().await)]);
    agree(&skopeo, &debian.client, &debian.uri, &image).await;
    agree(&skopeo, &embedded.client, &embedded.uri, &image).await;
    embedded.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_skopeo_pushes_is_what_we_read() {
    let image = an_image();
    let embedded = EmbeddedCloud::start().await;
    let skopeo = Skopeo::with(&[(&embedded.uri, &embedded.token().await)]);
    let folder = tempfile::tempdir().unwrap();
    image::write_layout(&image, folder.path()).unwrap();
    let tag = image.digest().short();
    let pushed = format!("docker://{}:{tag}", embedded.uri);
    skopeo.copy(&layout(folder.path()), &pushed, &[]).await.unwrap();

    // Our push finds it, ECR's own API tells of it, and a task would be given its layers.
    assert!(registry::push(&embedded.client, &embedded.uri, &image).await.unwrap().was_there);
    let described = ecr(&embedded.client, "DescribeImages", json!({ "repositoryName": REPOSITORY })).await;
    let described = &described["imageDetails"];
    assert_eq!(described.as_array().unwrap().len(), 1);
    assert_eq!(described[0]["imageDigest"], image.digest().to_string());
    assert_eq!(described[0]["imageTags"], json!([tag]));
    let services = embedded.cloud.services("us-east-1").unwrap();
    let read = services.ecr.image(REPOSITORY, &image.digest().to_string()).await.unwrap();
    assert_eq!(read.digest, image.digest().to_string());
    assert!(read.layers.iter().eq(image.layers.iter().map(|layer| &layer.bytes)));
    embedded.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_in_dockers_format_keeps_its_content() {
    let image = an_image();
    let embedded = EmbeddedCloud::start().await;
    let skopeo = Skopeo::with(&[(&embedded.uri, &embedded.token().await)]);
    let folder = tempfile::tempdir().unwrap();
    image::write_layout(&image, folder.path()).unwrap();
    let (docker, oci) =
        (format!("docker://{}:docker", embedded.uri), format!("docker://{}:oci", embedded.uri));
    skopeo.copy(&layout(folder.path()), &docker, &["--format", "v2s2"]).await.unwrap();
    skopeo.copy(&docker, &oci, &["--format", "oci"]).await.unwrap();

    let manifest = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
    let docker = manifest(skopeo.inspect(&docker, &["--raw"]).await);
    assert_eq!(docker["mediaType"], "application/vnd.docker.distribution.manifest.v2+json");
    let oci = manifest(skopeo.inspect(&oci, &["--raw"]).await);
    let ours: Value = serde_json::from_slice(&image.manifest.bytes).unwrap();
    let layers = |manifest: &Value| -> Vec<(Value, Value)> {
        let layers = manifest["layers"].as_array().unwrap().iter();
        layers.map(|layer| (layer["digest"].clone(), layer["size"].clone())).collect()
    };
    assert_eq!(layers(&docker), layers(&ours));
    assert_eq!(oci["layers"], ours["layers"]);
    let services = embedded.cloud.services("us-east-1").unwrap();
    for tag in ["docker", "oci"] {
        let read = services.ecr.image(REPOSITORY, tag).await.unwrap();
        let digests: Vec<Digest> = read.layers.iter().map(|layer| Digest::of(layer)).collect();
        assert_eq!(digests, image.layers.iter().map(|layer| layer.digest).collect::<Vec<_>>(), "{tag}");
    }
    embedded.cloud.stop().await;
}
