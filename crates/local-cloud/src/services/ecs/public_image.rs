//! Public images that programs of this machine play.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_plane::launcher::Launcher;
use data_plane::task::Substitute;
use tokio::process::Command;

use super::{ContainerDefinition, ImageReference};

/// Where nginx's images are: <https://gallery.ecr.aws/nginx/nginx> and Docker's copy of them.
const NGINX: [(&str, &str); 3] =
    [("public.ecr.aws", "nginx/nginx"), ("public.ecr.aws", "docker/library/nginx"), ("", "nginx")];
/// Where administrators' programs are, which an ordinary user's `PATH` may lack.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/// How long a program may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// What plays an image, if it is one that can be played.
///
/// # Errors
/// The container asks for something that needs the image's own files; the text says what.
pub(super) async fn substitute(
    reference: &ImageReference,
    container: &ContainerDefinition,
    launcher: &Launcher,
) -> Option<Result<Substitute, String>> {
    let known =
        NGINX.iter().any(|(registry, name)| reference.registry == *registry && reference.repository == *name);
    if !known {
        return None;
    }
    if let Err(reason) = check_words(container) {
        return Some(Err(reason));
    }
    let (played_by, nginx) = nginx(launcher).await;
    let programs: Vec<(String, Vec<OsString>)> =
        vec![("nginx".to_owned(), nginx), ("sh".to_owned(), vec!["/bin/sh".into()])];
    Some(Ok(Substitute { image: reference.to_string(), played_by, programs }))
}

/// What plays nginx, in words and as the words that run it.
pub(in crate::services) async fn nginx(launcher: &Launcher) -> (String, Vec<OsString>) {
    let found = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&found).chain(SYSTEM_DIRECTORIES.map(PathBuf::from));
    match find("nginx", directories) {
        Some(program) => {
            let version = version(&program).await.unwrap_or_else(|| "nginx".to_owned());
            let by = format!("{version} of this machine ({})", program.display());
            // Without a process of its own for each worker, it ends with the cloud even when that is killed.
            (by, vec![program.into_os_string(), "-g".into(), "master_process off;".into()])
        }
        None => {
            ("the built-in static server, as this machine has no nginx".to_owned(), launcher.static_files())
        }
    }
}

/// Without its own files an image can do only what its command says, and that must not touch this machine's files.
fn check_words(container: &ContainerDefinition) -> Result<(), String> {
    let words: Vec<&String> = container.entry_point.iter().chain(&container.command).flatten().collect();
    if words.is_empty() {
        return Err(
            "this cloud plays the image with this machine's programs and has not its files, so the container must say what to run: set Command to a shell script that writes nginx.conf and starts nginx -p . -c nginx.conf"
                .to_owned(),
        );
    }
    match words.iter().flat_map(|word| whole_paths(word)).find(|path| *path != "/dev/null") {
        Some(path) => Err(format!(
            "its command names {path}: this cloud plays the image with this machine's programs, in an empty directory for each task, so paths must be relative to the working directory"
        )),
        None => Ok(()),
    }
}

/// The parts of a command that name a file by its whole path. `</p>` is none: it closes an element of a page.
fn whole_paths(text: &str) -> impl Iterator<Item = &str> {
    let delimits = |c: char| c.is_whitespace() || "\"'=:<>(;".contains(c);
    let mut before = None;
    text.split_inclusive(delimits).filter_map(move |piece| {
        let last = piece.chars().next_back();
        let in_angles = std::mem::replace(&mut before, last) == Some('<') && last == Some('>');
        let word = piece.strip_suffix(delimits).unwrap_or(piece);
        let rest = word.strip_prefix('/')?;
        let is_tag = in_angles && !rest.contains('/');
        (!is_tag && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.')).then_some(word)
    })
}

fn find(name: &str, directories: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    directories.map(|directory| directory.join(name)).find(|file| {
        file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}

/// `nginx 1.22.1` from `nginx version: nginx/1.22.1`, which it prints on stderr.
async fn version(program: &Path) -> Option<String> {
    let asked = Command::new(program).arg("-v").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(VERSION_TIMEOUT, asked).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.lines().next()?.rsplit(' ').next()?.trim();
    Some(version.replace('/', " ")).filter(|version| version.starts_with("nginx "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(command: &str) -> ContainerDefinition {
        let command = Some(vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()]);
        ContainerDefinition { command, ..ContainerDefinition::default() }
    }

    #[test]
    fn a_command_keeps_to_its_own_directory() {
        for fine in [
            "mkdir -p html/child && nginx -p . -c nginx.conf",
            "a=A/b; echo \"location = /400 {\" | cat > x 2>/dev/null",
            "location / { } $(($1 / 256))",
            "printf '<title>Origin</title>\\n<p>%s</p>\\n' x",
        ] {
            check_words(&container(fine)).unwrap();
        }
        for (wrong, path) in [
            ("echo x > /etc/nginx/conf.d/default.conf", "/etc/nginx/conf.d/default.conf"),
            ("cat \"/usr/share/nginx/html/x\"", "/usr/share/nginx/html/x"),
            ("A=/tmp", "/tmp"),
            ("echo >/tmp/x", "/tmp/x"),
            ("cat </etc/passwd", "/etc/passwd"),
            ("cat </etc/passwd> x", "/etc/passwd"),
        ] {
            let refused = check_words(&container(wrong)).unwrap_err();
            assert!(refused.starts_with(&format!("its command names {path}: ")), "{refused}");
        }
        let none = check_words(&ContainerDefinition::default()).unwrap_err();
        assert!(none.contains("set Command"), "{none}");
    }

    #[tokio::test]
    async fn only_known_images_are_played() {
        let launcher = Launcher::new("/bin/false".into(), vec!["launch".into()]);
        let container = container("nginx -p .");
        let play = async |image: &str| substitute(&ImageReference::parse(image), &container, &launcher).await;
        assert!(play("public.ecr.aws/nginx/other:1").await.is_none());
        assert!(play("127.0.0.1:1/nginx/nginx:1").await.is_none());
        let played = play("public.ecr.aws/nginx/nginx:1.29").await.unwrap().unwrap();
        let names: Vec<&str> = played.programs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["nginx", "sh"]);
        assert!(
            played.played_by.contains("of this machine") || played.played_by.contains("built-in"),
            "{}",
            played.played_by
        );
    }
}
