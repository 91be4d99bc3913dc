//! A pulled image as a runtime takes it: a root file system, unpacked by tar, and a configuration.
//! <https://github.com/opencontainers/runtime-spec/blob/main/bundle.md>

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use artifacts::image::Image;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::tool::tool;

/// A container that is gone when this is dropped.
pub struct Container {
    folder: tempfile::TempDir,
    id: String,
}

impl Container {
    /// Unpacks an image for a container with more variables than the image has. The program of a test is linked with this
    /// machine's libraries, which the image does not have, so the container sees them, and nothing else of this machine's files.
    pub fn of(image: &Image, variables: &[(&str, String)]) -> Container {
        let container = Container::empty();
        for (number, layer) in image.layers.iter().enumerate() {
            let file = container.folder.path().join(format!("layer-{number}.tar.gz"));
            fs::write(&file, &layer.bytes).unwrap();
            let root = container.folder.path().join("rootfs");
            let tar = Process::new("tar").arg("-xzf").arg(&file).arg("-C").arg(&root).status().unwrap();
            assert!(tar.success(), "tar does not unpack layer {number}: {tar}");
        }
        let config: Value = serde_json::from_slice(&image.config.bytes).unwrap();
        let config = &config["config"];
        let mut environment = config["Env"].as_array().unwrap().clone();
        environment.extend(variables.iter().map(|(name, value)| json!(format!("{name}={value}"))));
        container.configure(&json!({
            "user": user(config["User"].as_str().unwrap()),
            "args": config["Entrypoint"],
            "env": environment,
            "cwd": config["WorkingDir"],
            "noNewPrivileges": true,
        }));
        container
    }

    /// A container of this machine's `true`: whether this machine can run containers at all.
    pub fn of_true() -> Container {
        let container = Container::empty();
        container.configure(&json!({"user": user("65532:65532"), "args": ["/usr/bin/true"], "cwd": "/"}));
        container
    }

    fn empty() -> Container {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rootfs")).unwrap();
        Container { folder, id: format!("image-{}-{number}", std::process::id()) }
    }

    fn configure(&self, process: &Value) {
        let libraries = ["/lib", "/lib64", "/usr"].map(Path::new);
        let libraries = libraries.iter().filter(|path| path.exists());
        let mut mounts = vec![json!({"destination": "/proc", "type": "proc", "source": "proc"})];
        mounts.extend(libraries.map(
            |path| json!({"destination": path, "type": "bind", "source": path, "options": ["rbind", "ro"]}),
        ));
        let namespaces = ["mount", "pid", "ipc", "uts"].map(|kind| json!({ "type": kind }));
        let bundle = json!({
            "ociVersion": "1.0.2",
            "process": process,
            "root": {"path": "rootfs"},
            "mounts": mounts,
            "linux": {"namespaces": namespaces},
        });
        fs::write(self.folder.path().join("config.json"), bundle.to_string()).unwrap();
    }

    /// Runs the container's program until it ends, as if it were this command; signals are handed on to it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(tool("runc"));
        command.arg("--root").arg(self.folder.path().join("state"));
        command.arg("run").arg("--bundle").arg(self.folder.path()).arg(&self.id);
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let state = self.folder.path().join("state");
        // One that ended is gone already, which runc calls an error.
        let delete = Process::new(tool("runc"))
            .arg("--root")
            .arg(state)
            .args(["delete", "--force", &self.id])
            .stderr(Stdio::null())
            .status();
        drop(delete);
    }
}

/// `65532:65532` as a runtime wants it.
fn user(text: &str) -> Value {
    let (user, group) = text.split_once(':').unwrap();
    json!({"uid": user.parse::<u32>().unwrap(), "gid": group.parse::<u32>().unwrap()})
}
