//! systemd's service units, as far as a process here can be held to them.
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html>

use std::collections::BTreeMap;
use std::time::Duration;

use super::{HostError, wrong};

/// Where units of the administrator are.
const DIRECTORY: &str = "/etc/systemd/system/";

/// A service unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Without `.service`.
    pub name: String,
    /// The program's absolute path, then its arguments.
    pub exec: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub restart: Restart,
    pub restart_pause: Duration,
    pub stop_timeout: Duration,
    pub open_files: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// The file that standard output and standard error are appended to.
    pub output: Option<String>,
}

/// When a program that has ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    Never,
    OnFailure,
    Always,
}

/// Settings that say when a unit starts; here commands start it.
const OF_ORDER: [&str; 5] = ["After", "Before", "Description", "Documentation", "Wants"];
/// Settings that shut a program in. Processes here are shut in by what the launcher does, as an ordinary user can: they are
/// taken so that a template can ask for them on AWS.
const OF_HARDENING: [&str; 27] = [
    "AmbientCapabilities",
    "CapabilityBoundingSet",
    "DynamicUser",
    "Group",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateTmp",
    "PrivateUsers",
    "ProcSubset",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "UMask",
];

impl Unit {
    /// The name of the unit that a file holds, if it holds one.
    #[must_use]
    pub fn name_of(path: &str) -> Option<&str> {
        let name = path.strip_prefix(DIRECTORY)?.strip_suffix(".service")?;
        (!name.is_empty() && !name.contains('/')).then_some(name)
    }

    /// Reads a unit.
    ///
    /// # Errors
    /// A setting that is not kept here.
    pub fn parse(name: &str, text: &str) -> Result<Self, HostError> {
        let mut unit = Self {
            name: name.to_owned(),
            exec: Vec::new(),
            environment: BTreeMap::new(),
            restart: Restart::Never,
            restart_pause: Duration::from_millis(100),
            stop_timeout: Duration::from_secs(90),
            open_files: None,
            memory: None,
            output: None,
        };
        let mut section = "";
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
        {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let known = line.split_once('=').and_then(|(key, value)| {
                let (key, value) = (key.trim(), value.trim());
                match section {
                    "Unit" => OF_ORDER.contains(&key).then_some(()),
                    "Install" => (key == "WantedBy" && value == "multi-user.target").then_some(()),
                    "Service" => unit.set(key, value),
                    _ => None,
                }
            });
            if known.is_none() {
                return Err(wrong(
                    &format!("the unit {name}"),
                    format!("\"{line}\" in [{section}]: no process here is held to that; leave it out"),
                ));
            }
        }
        if unit.exec.is_empty() {
            return Err(wrong(&format!("the unit {name}"), "it has no ExecStart"));
        }
        Ok(unit)
    }

    /// Takes over a setting of the section `Service`, if it and its value are known.
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        // Specifiers and variables are not replaced.
        if value.contains(['%', '$', '\\']) {
            return None;
        }
        match key {
            "Type" => return ["simple", "exec"].contains(&value).then_some(()),
            "ExecStart" => {
                let exec = words(value)?;
                self.exec =
                    Some(exec).filter(|exec| exec.first().is_some_and(|path| path.starts_with('/')))?;
            }
            "Environment" => {
                for pair in words(value)? {
                    let (name, value) = pair.split_once('=')?;
                    self.environment.insert(name.to_owned(), value.to_owned());
                }
            }
            "Restart" => {
                self.restart = match value {
                    "no" => Restart::Never,
                    "on-failure" => Restart::OnFailure,
                    "always" => Restart::Always,
                    _ => return None,
                }
            }
            "RestartSec" => self.restart_pause = span(value)?,
            "TimeoutStopSec" => self.stop_timeout = span(value)?,
            "LimitNOFILE" => self.open_files = Some(value.parse().ok()?),
            "MemoryMax" => self.memory = Some(bytes(value)?),
            "StandardOutput" => {
                let file = value.strip_prefix("append:").filter(|path| path.starts_with('/'))?;
                self.output = Some(file.to_owned());
            }
            // It goes where standard output goes.
            "StandardError" => return (value == "inherit").then_some(()),
            key => return OF_HARDENING.contains(&key).then_some(()),
        }
        Some(())
    }
}

/// Words, of which some may be quoted.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'') {
            rest[1..].split_once(first)?
        } else {
            let word = rest.split_whitespace().next()?;
            if word.contains(['"', '\'']) {
                return None;
            }
            (word, &rest[word.len()..])
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Some(words)
}

/// `5`, `5s`, `100ms`, `1min`
fn span(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "min" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

/// `512M`, to the base 1024.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "" => 1,
        "K" => 1024,
        "M" => 1024 * 1024,
        "G" => 1024 * 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "[Unit]\nDescription=x\nAfter=network.target\n\n[Service]\nExecStart=/opt/app --flag 'a b'\n\
        Environment=PORT=8080 \"NAME=a b\"\nEnvironment=WORKLOAD=publish\nRestart=always\nRestartSec=500ms\n\
        TimeoutStopSec=30\nLimitNOFILE=65535\nMemoryMax=512M\nStandardOutput=append:/var/log/app.log\n\
        StandardError=inherit\nDynamicUser=yes\nNoNewPrivileges=yes\n[Install]\nWantedBy=multi-user.target\n";

    #[test]
    fn a_unit_is_read() {
        let unit = Unit::parse("app", UNIT).unwrap();
        assert_eq!(unit.exec, ["/opt/app", "--flag", "a b"]);
        assert_eq!(unit.environment["NAME"], "a b");
        assert_eq!(unit.environment.len(), 3);
        assert_eq!((unit.restart, unit.restart_pause), (Restart::Always, Duration::from_millis(500)));
        assert_eq!((unit.open_files, unit.memory), (Some(65_535), Some(512 * 1024 * 1024)));
        assert_eq!(unit.output.as_deref(), Some("/var/log/app.log"));
        assert_eq!(Unit::name_of("/etc/systemd/system/app.service"), Some("app"));
        assert_eq!(Unit::name_of("/etc/systemd/system/app.timer"), None);
    }

    #[test]
    fn what_would_not_be_kept_is_refused() {
        for (from, to) in [
            ("DynamicUser=yes", "CPUQuota=5%"),
            ("Restart=always", "Restart=sometimes"),
            ("RestartSec=500ms", "RestartSec=1 day"),
            ("/opt/app --flag", "opt/app --flag"),
            ("append:/var/log/app.log", "journal"),
            ("=publish", "=${NAME}"),
            ("[Install]", "[Socket]"),
            ("Description=x", "Requires=x"),
        ] {
            let error = Unit::parse("app", &UNIT.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains("no process here is held to that"), "{to}: {error}");
        }
        let error = Unit::parse("app", "[Service]\n").unwrap_err().to_string();
        assert!(error.contains("no ExecStart"), "{error}");
    }
}
