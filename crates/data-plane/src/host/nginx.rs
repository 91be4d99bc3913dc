//! nginx's configuration of a host, made to run beside others on one machine: its ports become free ones, its paths lie in the
//! host's directory, and it reaches nothing but the host's own ports.
//! <https://nginx.org/en/docs/dirindex.html>

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::ports::Ports;
use super::{HostError, wrong};
use crate::nginx_conf::{Directive, parse};

/// Where the package's configuration is.
pub(super) const PATH: &str = "/etc/nginx/nginx.conf";
/// Where errors go that nothing else is said about.
const ERROR_LOG: &str = "/var/log/nginx/error.log";
/// Of the system that nginx runs on, and without a meaning for one process of an ordinary user.
const DROPPED: [&str; 2] = ["pid", "user"];
/// What is taken over as it is: it names neither files nor addresses.
const TAKEN: [&str; 46] = [
    "absolute_redirect",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_header_timeout",
    "client_max_body_size",
    "default_type",
    "error_page",
    "etag",
    "events",
    "gzip",
    "http",
    "ignore_invalid_headers",
    "internal",
    "keepalive",
    "keepalive_requests",
    "keepalive_timeout",
    "large_client_header_buffers",
    "limit_except",
    "location",
    "merge_slashes",
    "multi_accept",
    "proxy_buffer_size",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_connect_timeout",
    "proxy_http_version",
    "proxy_intercept_errors",
    "proxy_next_upstream",
    "proxy_pass_request_headers",
    "proxy_read_timeout",
    "proxy_request_buffering",
    "proxy_send_timeout",
    "proxy_set_header",
    "reset_timedout_connection",
    "return",
    "send_timeout",
    "sendfile",
    "server_name",
    "server_tokens",
    "tcp_nodelay",
    "tcp_nopush",
    "underscores_in_headers",
    "worker_connections",
    "worker_processes",
    "worker_rlimit_nofile",
];
/// Directories that nginx makes for what does not fit into memory.
const TEMPORARY: [&str; 5] = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"];

/// A configuration that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    directives: Vec<Directive>,
    /// The ports that it listens on.
    pub(super) listens: BTreeSet<u16>,
    /// The file that errors go to.
    pub(super) error_log: String,
}

impl Configuration {
    /// Reads a configuration.
    ///
    /// # Errors
    /// It has something that leads out of the host, or that is not known here.
    pub(super) fn parse(text: &str) -> Result<Self, HostError> {
        let directives = parse(text).map_err(|error| wrong(PATH, error))?;
        let mut configuration =
            Self { directives: Vec::new(), listens: BTreeSet::new(), error_log: ERROR_LOG.to_owned() };
        configuration.check(&directives, "", &upstreams(&directives))?;
        if configuration.listens.is_empty() {
            return Err(wrong(PATH, "it listens nowhere: it has no server with a listen"));
        }
        configuration.directives = directives;
        Ok(configuration)
    }

    fn check(
        &mut self,
        directives: &[Directive],
        within: &str,
        upstreams: &BTreeSet<String>,
    ) -> Result<(), HostError> {
        for directive in directives {
            let arguments: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
            let known = match (directive.name.as_str(), arguments.as_slice()) {
                ("listen", [port, ..]) => {
                    let port = port.strip_prefix("0.0.0.0:").unwrap_or(port).parse::<u16>();
                    port.is_ok_and(|port| self.listens.insert(port))
                }
                ("server", [address]) if within == "upstream" => own_port(address).is_some(),
                ("server", []) | ("upstream", [_]) if within == "http" => true,
                ("proxy_pass", [url]) => url
                    .strip_prefix("http://")
                    .is_some_and(|name| upstreams.contains(name) || own_port(name).is_some()),
                ("error_log", [file, ..]) => {
                    (*file).clone_into(&mut self.error_log);
                    within.is_empty() && file.starts_with('/')
                }
                ("access_log", ["off"]) => true,
                // The types of files, of which a host serves none.
                ("types", []) => directive.block.is_empty(),
                (name, _) => TAKEN.contains(&name) || DROPPED.contains(&name) && within.is_empty(),
            };
            if !known {
                let words =
                    [directive.name.as_str()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ");
                return Err(wrong(
                    PATH,
                    format!(
                        "`{words}` is not known here: nginx on a host listens on ports, answers by itself or passes on to ports of the host"
                    ),
                ));
            }
            self.check(&directive.block, &directive.name, upstreams)?;
        }
        Ok(())
    }

    /// The text for a process in its own directory, which logs errors to standard error.
    pub(super) fn render(&self, ports: &Ports) -> String {
        let mut text = String::from("daemon off;\npid nginx.pid;\nerror_log stderr");
        let level = self.directives.iter().find(|directive| directive.name == "error_log");
        if let Some(level) = level.and_then(|directive| directive.arguments.get(1)) {
            text.push(' ');
            text.push_str(level);
        }
        text.push_str(";\n");
        render(&mut text, &self.directives, ports);
        text
    }
}

/// The names of all upstreams.
fn upstreams(directives: &[Directive]) -> BTreeSet<String> {
    let named = directives.iter().filter(|directive| directive.name == "upstream");
    let own = named.filter_map(|directive| directive.arguments.first().cloned());
    own.chain(directives.iter().flat_map(|directive| upstreams(&directive.block))).collect()
}

/// The port of an address of the host itself.
fn own_port(address: &str) -> Option<u16> {
    let (host, port) = address.split_once(':')?;
    matches!(host, "127.0.0.1" | "localhost").then(|| port.parse().ok()).flatten()
}

fn render(text: &mut String, directives: &[Directive], ports: &Ports) {
    for directive in directives {
        let name = directive.name.as_str();
        if name == "error_log" || DROPPED.contains(&name) {
            continue;
        }
        text.push_str(name);
        for (at, argument) in directive.arguments.iter().enumerate() {
            text.push(' ');
            text.push_str(&quoted(&rewritten(name, at, argument, ports)));
        }
        if has_block(directive) {
            text.push_str(" {\n");
            if name == "http" {
                // Writing to a string cannot fail.
                for kind in TEMPORARY {
                    let _ = writeln!(text, "{kind}_temp_path {kind};");
                }
            }
            render(text, &directive.block, ports);
            text.push_str("}\n");
        } else {
            text.push_str(";\n");
        }
    }
}

/// Whether braces follow, even around nothing.
fn has_block(directive: &Directive) -> bool {
    let blocks = ["events", "http", "limit_except", "location", "types", "upstream"];
    let server = directive.name == "server" && directive.arguments.is_empty();
    blocks.contains(&directive.name.as_str()) || server
}

/// An argument with ports of the host made to those of this machine.
fn rewritten(name: &str, at: usize, argument: &str, ports: &Ports) -> String {
    let address =
        |port: Option<u16>| port.and_then(|port| ports.get(port)).map(|address| address.to_string());
    let own = match (name, at) {
        ("listen", 0) => address(argument.strip_prefix("0.0.0.0:").unwrap_or(argument).parse().ok()),
        ("server", 0) => address(own_port(argument)),
        ("proxy_pass", 0) => argument
            .strip_prefix("http://")
            .and_then(|rest| address(own_port(rest)))
            .map(|address| format!("http://{address}")),
        _ => None,
    };
    own.unwrap_or_else(|| argument.to_owned())
}

/// A word that nginx reads as this one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=$@*^~+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "user nginx; worker_processes auto; error_log /var/log/nginx/error.log warn; pid /run/nginx.pid;
        events { worker_connections 64; } http { access_log off; upstream app { server 127.0.0.1:8080; keepalive 8; }
        server { listen 80 default_server; location / { proxy_pass http://app; proxy_set_header Connection ''; }
        error_page 502 @502; location @502 { types {} return 502 '{\"message\":\"x\"}'; } } }";

    #[test]
    fn ports_and_paths_become_those_of_this_machine() {
        let configuration = Configuration::parse(CONF).unwrap();
        assert_eq!(configuration.listens, BTreeSet::from([80]));
        assert_eq!(configuration.error_log, "/var/log/nginx/error.log");
        let ports = Ports::of([(80, 4001), (8080, 4002)]);
        let text = configuration.render(&ports);
        for part in [
            "error_log stderr warn;",
            "listen 127.0.0.1:4001 default_server;",
            "server 127.0.0.1:4002;",
            "proxy_pass http://app;",
            "proxy_set_header Connection \"\";",
            "client_body_temp_path client_body;",
            r#"return 502 "{\"message\":\"x\"}";"#,
            "types {\n}",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("user nginx") && !text.contains("/run"), "{text}");
    }

    #[test]
    fn what_leads_out_of_the_host_is_refused() {
        for (from, to) in [
            ("proxy_pass http://app", "proxy_pass http://example.com"),
            ("server 127.0.0.1:8080", "server 10.0.0.1:8080"),
            ("access_log off", "access_log /var/log/nginx/access.log"),
            ("access_log off", "include /etc/nginx/mime.types"),
            ("listen 80 ", "listen unix:/run/x "),
            ("proxy_set_header Connection ''", "root /srv"),
            ("error_log /var", "error_log stderr"),
        ] {
            let error = Configuration::parse(&CONF.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains("is not known here"), "{to}: {error}");
        }
        let error = Configuration::parse("events {} http {}").unwrap_err().to_string();
        assert!(error.contains("listens nowhere"), "{error}");
    }
}
