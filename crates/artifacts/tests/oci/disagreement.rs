//! That skopeo agrees says something, because it refuses what is wrong.

use std::fs;
use std::path::Path;

use artifacts::image::{self, Image};
use artifacts::zip::Compression;
use artifacts::{Architecture, Digest, registry};

use crate::debian::DebianRegistry;
use crate::embedded::EmbeddedCloud;
use crate::skopeo::{Skopeo, layout};

fn an_image() -> Image {
    image::of_program(&b"program".repeat(1000), Architecture::host(), Compression::Fast).unwrap()
}

fn blob(folder: &Path, digest: Digest) -> std::path::PathBuf {
    folder.join("blobs/sha256").join(digest.hex())
}

/// The digest of bytes that are nowhere.
fn absent() -> Digest {
    Digest::of(b"absent")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_layer_is_refused_on_its_way_in_and_out() {
    let image = an_image();
    let layer = image.layers[1].digest;
    let debian = DebianRegistry::start().await;
    let embedded = EmbeddedCloud::start().await;
    let skopeo =
        Skopeo::with(&[(&debian.uri, DebianRegistry::TOKEN), (&embedded.uri, &embedded.token().await)]);

    let folder = tempfile::tempdir().unwrap();
    image::write_layout(&image, folder.path()).unwrap();
    let whole = fs::read(blob(folder.path(), layer)).unwrap();
    fs::write(blob(folder.path(), layer), &whole[..whole.len() - 1]).unwrap();
    for uri in [&debian.uri, &embedded.uri] {
        let refused =
            skopeo.copy(&layout(folder.path()), &format!("docker://{uri}:bad"), &[]).await.unwrap_err();
        assert!(refused.contains("igest"), "{uri}: {refused}");
    }

    // The same in the store of a registry that sends what it has.
    registry::push(&debian.client, &debian.uri, &image).await.unwrap();
    let hex = layer.hex();
    let stored = debian.folder.path().join("storage/docker/registry/v2/blobs/sha256").join(&hex[..2]);
    let stored = stored.join(&hex).join("data");
    assert_eq!(fs::read(&stored).unwrap(), whole);
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&stored, changed).unwrap();
    let out = tempfile::tempdir().unwrap();
    let source = format!("docker://{}:{}", debian.uri, image.digest().short());
    let refused = skopeo.copy(&source, &layout(out.path()), &[]).await.unwrap_err();
    assert!(refused.contains("igest"), "{refused}");
    embedded.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_names_another_layer_is_refused() {
    let image = an_image();
    let layer = image.layers[1].digest;
    let embedded = EmbeddedCloud::start().await;
    let skopeo = Skopeo::with(&[(&embedded.uri, &embedded.token().await)]);
    let manifest = String::from_utf8(image.manifest.bytes.clone()).unwrap();
    let manifest = manifest.replace(&layer.to_string(), &absent().to_string()).into_bytes();
    let mut wrong = image.clone();
    wrong.manifest.digest = Digest::of(&manifest);
    wrong.manifest.bytes = manifest;

    // The registries refuse it of us.
    let debian = DebianRegistry::start().await;
    for (client, uri) in [(&embedded.client, &embedded.uri), (&debian.client, &debian.uri)] {
        let refused = registry::push(client, uri, &wrong).await.unwrap_err().to_string();
        assert!(refused.contains("MANIFEST_BLOB_UNKNOWN"), "{uri}: {refused}");
    }
    // Even with a blob under that name, skopeo looks at what is in it.
    let folder = tempfile::tempdir().unwrap();
    image::write_layout(&wrong, folder.path()).unwrap();
    fs::copy(blob(folder.path(), layer), blob(folder.path(), absent())).unwrap();
    let destination = format!("docker://{}:bad", embedded.uri);
    let refused = skopeo.copy(&layout(folder.path()), &destination, &[]).await.unwrap_err();
    assert!(refused.contains("igest"), "{refused}");
    embedded.cloud.stop().await;
}
