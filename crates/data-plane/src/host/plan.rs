use std::collections::{BTreeMap, BTreeSet};

use super::agent::{self, Collected};
use super::command::Act;
use super::journal::CLOUD_INIT;
use super::nginx::{self, Configuration};
use super::unit::Unit;
use super::{CloudConfig, HostError, wrong};

/// User data that a host here can follow, with everything read that its commands will need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPlan {
    pub(super) config: CloudConfig,
    pub(super) units: BTreeMap<String, Unit>,
    pub(super) nginx: Option<Configuration>,
    /// By the path of the agent's configuration.
    pub(super) collected: BTreeMap<String, Vec<Collected>>,
}

impl HostPlan {
    /// Reads user data, as text.
    ///
    /// # Errors
    /// Something in it cannot be done here; the text says what.
    pub fn parse(user_data: &str) -> Result<Self, HostError> {
        let config = CloudConfig::parse(user_data)?;
        let mut plan = Self { config, units: BTreeMap::new(), nginx: None, collected: BTreeMap::new() };
        let has = |package: &str| plan.config.packages.iter().any(|one| one == package);
        let (has_nginx, has_agent) = (has("nginx"), has("amazon-cloudwatch-agent"));
        for file in &plan.config.files {
            if let Some(name) = Unit::name_of(&file.path) {
                plan.units.insert(name.to_owned(), Unit::parse(name, &file.content)?);
            }
        }
        if has_nginx {
            let text = plan.config.file(nginx::PATH).ok_or_else(|| {
                wrong("write_files", format!("nginx is installed, so {} must be written", nginx::PATH))
            })?;
            plan.nginx = Some(Configuration::parse(text)?);
        }
        let acts: Vec<Act> = plan
            .config
            .commands
            .iter()
            .flat_map(|command| &command.steps)
            .map(|step| step.act.clone())
            .collect();
        for act in &acts {
            plan.check(act, has_nginx, has_agent)?;
        }
        Ok(plan)
    }

    /// Refuses a command that would fail for what the user data lacks.
    fn check(&mut self, act: &Act, has_nginx: bool, has_agent: bool) -> Result<(), HostError> {
        match act {
            Act::Start { units } => {
                let known = |unit: &&String| self.units.contains_key(*unit) || has_nginx && *unit == "nginx";
                match units.iter().find(|unit| !known(unit)) {
                    Some(unit) => Err(wrong("runcmd", format!("there is no unit {unit} to start"))),
                    None => Ok(()),
                }
            }
            Act::Ask { port, .. } if !self.ports().contains(port) => {
                Err(wrong("runcmd", format!("nothing listens on port {port}")))
            }
            Act::Collect { path } => {
                let text = self.config.file(path).filter(|_| has_agent).ok_or_else(|| {
                    let needs = "the agent needs the package amazon-cloudwatch-agent and a file";
                    wrong("runcmd", format!("{needs} {path}"))
                })?;
                let (collected, logs) = (agent::parse(path, text)?, self.logs());
                if let Some(other) = collected.iter().find(|one| !logs.contains(&one.file)) {
                    let known: Vec<String> = logs.into_iter().collect();
                    let reason = format!("{} is no log here; there are {}", other.file, known.join(", "));
                    return Err(wrong(path, reason));
                }
                self.collected.insert(path.clone(), collected);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The log files that there will be.
    fn logs(&self) -> BTreeSet<String> {
        let units = self.units.values().filter_map(|unit| unit.output.clone());
        let nginx = self.nginx.iter().map(|configuration| configuration.error_log.clone());
        units.chain(nginx).chain([CLOUD_INIT.to_owned()]).collect()
    }

    /// The ports that its programs listen on: those of nginx, and `PORT` of each unit.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        let units = self.units.values().filter_map(|unit| unit.environment.get("PORT")?.parse().ok());
        units.chain(self.public_ports()).collect()
    }

    /// The ports that are open to others: all but those on which a unit listens for the host itself.
    pub(super) fn public_ports(&self) -> BTreeSet<u16> {
        let open =
            |unit: &&Unit| unit.environment.get("BIND_ADDRESS").is_none_or(|address| address != "127.0.0.1");
        let units = self.units.values().filter(open);
        let units = units.filter_map(|unit| unit.environment.get("PORT")?.parse().ok());
        let nginx = self.nginx.iter().flat_map(|configuration| configuration.listens.iter().copied());
        units.chain(nginx).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"#cloud-config
packages: [nginx, amazon-cloudwatch-agent]
write_files:
  - path: /etc/nginx/nginx.conf
    content: 'events {} http { server { listen 80; location / { proxy_pass http://127.0.0.1:8080; } } }'
  - path: /etc/systemd/system/app.service
    content: |
      [Service]
      ExecStart=/opt/app
      Environment=PORT=8080 BIND_ADDRESS=127.0.0.1
  - path: /agent.json
    content: |
      {"logs": {"logs_collected": {"files": {"collect_list":
        [{"file_path": "/var/log/nginx/error.log", "log_group_name": "g", "log_stream_name": "s"}]}}}}
runcmd:
  - amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/agent.json
  - systemctl enable --now app nginx
  - curl --fail http://127.0.0.1/
"#;

    #[test]
    fn everything_is_read_before_anything_runs() {
        let plan = HostPlan::parse(DATA).unwrap();
        assert_eq!(plan.ports(), BTreeSet::from([80, 8080]));
        assert_eq!(plan.public_ports(), BTreeSet::from([80]));
        assert_eq!(plan.collected["/agent.json"].len(), 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (from, to, words) in [
            ("now app nginx", "now app other", "there is no unit other to start"),
            ("127.0.0.1/", "127.0.0.1:81/", "nothing listens on port 81"),
            ("/var/log/nginx/error.log", "/var/log/messages", "/var/log/messages is no log here"),
            ("file:/agent.json", "file:/other.json", "a file /other.json"),
            ("path: /etc/nginx/nginx.conf", "path: /nginx.conf", "/etc/nginx/nginx.conf must be written"),
            ("[nginx, amazon-cloudwatch-agent]", "[nginx]", "the package amazon-cloudwatch-agent"),
        ] {
            let error = HostPlan::parse(&DATA.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
