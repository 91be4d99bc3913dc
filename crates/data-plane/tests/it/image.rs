use std::fs;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use data_plane::task::{Image, ImageConfig, RootfsCache};

use crate::support::layer;

fn image(digest: &str, layers: Vec<Bytes>) -> Image {
    Image { digest: digest.to_owned(), layers, config: ImageConfig::default() }
}

#[tokio::test]
async fn layers_are_applied_in_order_with_their_whiteouts() {
    let directory = tempfile::tempdir().unwrap();
    let base = layer(&[
        ("etc/", "", 0o755),
        ("etc/one", "base", 0o644),
        ("etc/two", "base", 0o644),
        ("data/", "", 0o755),
        ("data/old", "base", 0o644),
        ("bin/run", "base", 0o755),
    ]);
    let upper = layer(&[
        ("etc/one", "upper", 0o600),
        ("etc/.wh.two", "", 0o644),
        ("data/.wh..wh..opq", "", 0o644),
        ("data/new", "upper", 0o644),
    ]);
    let cache = RootfsCache::new(directory.path().to_owned());
    let rootfs = cache.unpack(image("sha256:1", vec![base, upper])).await.unwrap();
    assert_eq!(fs::read_to_string(rootfs.path.join("etc/one")).unwrap(), "upper");
    assert!(!rootfs.path.join("etc/two").exists());
    assert!(!rootfs.path.join("data/old").exists());
    assert!(rootfs.path.join("data/new").exists());
    assert_eq!(fs::metadata(rootfs.path.join("bin/run")).unwrap().permissions().mode() & 0o777, 0o755);
    // The second time nothing is unpacked, so that layers are not even looked at.
    let again = cache.unpack(image("sha256:1", vec![Bytes::from_static(b"rubbish")])).await.unwrap();
    assert_eq!(again.path, rootfs.path);
}

#[tokio::test]
async fn what_leads_out_of_the_image_is_refused_and_nothing_stays() {
    let directory = tempfile::tempdir().unwrap();
    let parent = directory.path().join("images");
    let cache = RootfsCache::new(parent.clone());
    let outside = directory.path().to_str().unwrap().to_owned();
    let link = format!("escape -> {outside}");
    for (name, layer) in [
        ("dots", layer(&[("../../evil", "x", 0o644)])),
        ("link", layer(&[(&link, "", 0o777), ("escape/evil", "x", 0o644)])),
        ("whiteout", layer(&[(&link, "", 0o777), ("escape/.wh.images", "", 0o644)])),
        ("rubbish", Bytes::from_static(b"this is not a layer at all, in no way")),
    ] {
        let refused = cache.unpack(image(name, vec![layer])).await.unwrap_err();
        assert!(refused.to_string().starts_with(&format!("image {name} cannot be unpacked")), "{refused}");
    }
    assert!(!directory.path().join("evil").exists());
    assert_eq!(fs::read_dir(&parent).unwrap().count(), 0);
}

#[test]
fn the_configuration_is_read() {
    let document = br#"{"architecture":"amd64","config":{"Entrypoint":["/app"],"Cmd":["serve"],"Env":["A=b=c"],"WorkingDir":"/w"}}"#;
    let config = ImageConfig::from_json(document).unwrap();
    assert_eq!((config.entrypoint, config.cmd), (vec!["/app".to_owned()], vec!["serve".to_owned()]));
    assert_eq!((config.env, config.working_dir), (vec!["A=b=c".to_owned()], Some("/w".to_owned())));
    assert!(ImageConfig::from_json(b"{").is_err());
}
