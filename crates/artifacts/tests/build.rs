//! Builds of a small workspace of the same shape, with the real Cargo.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use artifacts::{Architecture, Artifact, BuildError, BuildEvent, Built, Flavor, Package, Workspace, build};

/// A workspace whose programs need nothing but the standard library.
fn workspace(root: &Path) -> Workspace {
    let write = |path: &str, content: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
    for package in ["lambda", "container"] {
        let manifest = format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(&format!("crates/{package}/Cargo.toml"), &manifest);
    }
    write("crates/lambda/src/bin/publish.rs", "fn main() {}\n");
    write("crates/container/src/main.rs", "fn main() {}\n");
    Workspace::at(root).unwrap().with_target_directory(root.join("target"))
}

/// Macros are libraries that the compiler loads, which nothing static can be.
fn depend_on_a_macro(root: &Path) {
    let package =
        "[package]\nname = \"macros\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n";
    fs::create_dir_all(root.join("crates/macros/src")).unwrap();
    fs::write(root.join("crates/macros/Cargo.toml"), package).unwrap();
    fs::write(root.join("crates/macros/src/lib.rs"), "").unwrap();
    let lambda = root.join("crates/lambda/Cargo.toml");
    let manifest = fs::read_to_string(&lambda).unwrap();
    fs::write(lambda, manifest + "[dependencies]\nmacros.path = \"../macros\"\n").unwrap();
}

fn both() -> [Artifact; 2] {
    [Artifact::Lambda("publish".to_owned()), Artifact::Container]
}

async fn built(workspace: &Workspace, flavor: Flavor) -> Vec<Built> {
    build(workspace, &both(), flavor, &|_| {}).await.unwrap()
}

fn program(built: &Built) -> Vec<u8> {
    let Package::Zip { bytes, .. } = &built.package else { panic!("{} is no zip", built.artifact) };
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut program = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("bootstrap").unwrap(), &mut program).unwrap();
    program
}

/// Whether a 64-bit little-endian ELF file has a program header of the type `PT_INTERP`.
fn asks_for_a_loader(elf: &[u8]) -> bool {
    let number = |at: usize, bytes: usize| {
        elf[at..at + bytes].iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
    };
    assert_eq!(&elf[..6], b"\x7fELF\x02\x01");
    let (offset, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).any(|index| number(offset + index * size, 4) == 3)
}

#[tokio::test]
async fn artifacts_are_built_together_and_kept_until_their_sources_change() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path());
    let events = Mutex::new(Vec::new());
    let first =
        build(&workspace, &both(), Flavor::Local, &|event| events.lock().unwrap().push(event)).await.unwrap();
    assert_eq!(first.iter().map(|built| built.artifact.clone()).collect::<Vec<_>>(), both());
    assert!(first.iter().all(|built| !built.cached && built.path.exists() && built.size() > 0));
    assert!(matches!(&first[1].package, Package::Image(image) if image.layers.len() == 2));
    let events = events.into_inner().unwrap();
    assert_eq!(events[0], BuildEvent::Started { artifacts: both().to_vec() });
    let compiling =
        |event: &&BuildEvent| matches!(event, BuildEvent::Compiler { line } if line.contains("Compiling"));
    assert_eq!(events.iter().filter(compiling).count(), 2, "{events:?}");
    assert_eq!(
        events.iter().filter(|event| matches!(event, BuildEvent::Packed { cached: false, .. })).count(),
        2
    );

    let second = built(&workspace, Flavor::Local).await;
    assert!(second.iter().all(|built| built.cached));
    assert_eq!(
        first.iter().map(Built::digest).collect::<Vec<_>>(),
        second.iter().map(Built::digest).collect::<Vec<_>>()
    );

    fs::write(
        directory.path().join("crates/lambda/src/bin/publish.rs"),
        "fn main() { std::process::exit(7) }\n",
    )
    .unwrap();
    let third = built(&workspace, Flavor::Local).await;
    assert!(!third[0].cached && third[1].cached);
    assert_ne!(third[0].digest(), first[0].digest());
}

#[tokio::test]
async fn programs_for_aws_run_without_libraries() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path());
    depend_on_a_macro(directory.path());
    let linked = |built: &Built| asks_for_a_loader(&program(built));
    assert!(
        linked(&built(&workspace, Flavor::Local).await[0]),
        "the local program asks for the dynamic loader"
    );
    let for_aws = built(&workspace, Flavor::Aws(Architecture::host())).await;
    assert!(!linked(&for_aws[0]), "the program for AWS does not");
}

#[tokio::test]
async fn a_program_that_does_not_compile_is_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path());
    fs::write(directory.path().join("crates/container/src/main.rs"), "fn main() { missing() }\n").unwrap();
    let error = build(&workspace, &[Artifact::Container], Flavor::Local, &|_| {}).await.unwrap_err();
    let words = error.to_string();
    assert!(words.starts_with("container did not compile"), "{words}");
    assert!(words.contains("cannot find function `missing`"), "{words}");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path());
    let error =
        build(&workspace, &[Artifact::Lambda("query".to_owned())], Flavor::Local, &|_| {}).await.unwrap_err();
    assert!(matches!(error, BuildError::Compile { .. }), "{error:?}");
    assert!(error.to_string().contains("no bin target named `query`"), "{error}");
}

#[tokio::test]
async fn a_foreign_architecture_is_built_or_refused_with_what_to_install() {
    let foreign = match Architecture::host() {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    };
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path());
    match build(&workspace, &[Artifact::Container], Flavor::Aws(foreign), &|_| {}).await {
        Ok(built) => assert_eq!(built.len(), 1),
        Err(error) => {
            let words = error.to_string();
            assert!(matches!(error, BuildError::TargetMissing { .. }), "{words}");
            assert!(words.contains("install it"), "{words}");
        }
    }
}
