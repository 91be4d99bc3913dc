//! User data in cloud-init's own format, as far as a host here can do what it says.
//! <https://cloudinit.readthedocs.io/en/latest/explanation/format.html#cloud-config-data>

use serde::Deserialize;

use super::command::Command;
use super::{HostError, wrong};

/// What makes user data cloud-config.
const HEADER: &str = "#cloud-config";
/// The packages whose programs have a stand-in here.
const PACKAGES: [&str; 2] = ["amazon-cloudwatch-agent", "nginx"];

/// What a host does at its first boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudConfig {
    pub packages: Vec<String>,
    pub files: Vec<WrittenFile>,
    pub commands: Vec<Command>,
}

/// A file of `write_files`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenFile {
    /// Absolute.
    pub path: String,
    #[serde(default)]
    pub content: String,
    /// Octal digits. Files here belong to the user of the cloud, who may read them all.
    #[serde(default)]
    pub permissions: Option<String>,
    /// Whether it is written after the packages are installed.
    #[serde(default)]
    pub defer: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    write_files: Vec<WrittenFile>,
    #[serde(default)]
    runcmd: Vec<Line>,
}

/// A command for the shell, or its words.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Shell(String),
    Words(Vec<String>),
}

impl CloudConfig {
    /// Reads user data. No user data at all is a host that does nothing.
    ///
    /// # Errors
    /// It is a script, or has something that is not done here.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if text.lines().next().map(str::trim_end) != Some(HEADER) {
            return Err(wrong(
                "the user data",
                format!(
                    "it does not begin with {HEADER}: this cloud runs no shell scripts on your machine; say it with packages, write_files and runcmd"
                ),
            ));
        }
        let document: Document =
            serde_yaml_ng::from_str(text).map_err(|error| wrong("the user data", error))?;
        if let Some(package) = document.packages.iter().find(|package| !PACKAGES.contains(&package.as_str()))
        {
            return Err(wrong(
                "packages",
                format!("there is no stand-in for {package} here, only for {}", PACKAGES.join(" and ")),
            ));
        }
        for file in &document.write_files {
            let permissions = file.permissions.as_deref().unwrap_or("0644");
            if !file.path.starts_with('/') || u32::from_str_radix(permissions, 8).is_err() {
                let what = format!("{} with the permissions {permissions}", file.path);
                return Err(wrong(
                    "write_files",
                    format!("{what}: it takes an absolute path and octal digits"),
                ));
            }
        }
        let commands = document.runcmd.into_iter().map(|line| match line {
            Line::Shell(text) => Command::parse(&text),
            Line::Words(words) => Command::of_words(&words),
        });
        Ok(Self {
            packages: document.packages,
            files: document.write_files,
            commands: commands.collect::<Result<_, _>>()?,
        })
    }

    /// The content of a file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().rev().find(|file| file.path == path).map(|file| file.content.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_files_and_commands_are_read() {
        let config = CloudConfig::parse(
            "#cloud-config\npackages: [nginx]\nwrite_files:\n  - {path: /a, content: x, permissions: '0600'}\nruncmd:\n  - mkdir -p /b\n  - [chmod, '755', /b]\n",
        )
        .unwrap();
        assert_eq!((config.packages.as_slice(), config.commands.len()), (["nginx".to_owned()].as_slice(), 2));
        assert_eq!((config.file("/a"), config.file("/b")), (Some("x"), None));
        assert_eq!(CloudConfig::parse("\n").unwrap(), CloudConfig::default());
    }

    #[test]
    fn what_is_not_done_here_is_refused() {
        for (text, words) in [
            ("#!/bin/sh\nrm -rf /\n", "runs no shell scripts"),
            ("#cloud-config\nbootcmd: [ls]\n", "unknown field `bootcmd`"),
            ("#cloud-config\npackages: [httpd]\n", "no stand-in for httpd"),
            ("#cloud-config\nwrite_files: [{path: /a, owner: me}]\n", "unknown field `owner`"),
            ("#cloud-config\nwrite_files: [{path: a}]\n", "an absolute path"),
            ("#cloud-config\nruncmd: [reboot]\n", "reboot"),
        ] {
            let error = CloudConfig::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
