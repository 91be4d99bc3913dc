use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::StatusCode;

use crate::nginx_conf::{Directive, parse};

/// Directives that change nothing in the bytes of an answer here, by the values that they may have; no values means any.
/// <https://nginx.org/en/docs/dirindex.html>
pub(super) const WITHOUT_EFFECT: &[(&str, &[&str])] = &[
    ("absolute_redirect", &[]),
    ("access_log", &["off"]),
    ("client_body_temp_path", &[]),
    ("daemon", &["off"]),
    ("error_log", &[]),
    ("etag", &["on"]),
    ("fastcgi_temp_path", &[]),
    ("gzip", &["off"]),
    ("keepalive_requests", &[]),
    ("keepalive_timeout", &[]),
    ("max_ranges", &["1"]),
    ("open_file_cache", &[]),
    ("pid", &[]),
    ("proxy_temp_path", &[]),
    ("scgi_temp_path", &[]),
    ("sendfile", &[]),
    ("server_tokens", &["off"]),
    ("tcp_nopush", &[]),
    ("uwsgi_temp_path", &[]),
    ("worker_connections", &[]),
    ("worker_processes", &[]),
];
/// What `try_files` may try: the file, and the index page of the directory.
const TRIES: [&str; 3] = ["$uri", "$uri/index.html", "=404"];

/// A configuration that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// It is not an nginx configuration.
    #[error("{0}")]
    Syntax(String),
    /// It has something that this server does not do.
    #[error(
        "the built-in server does not know `{directive}`: it serves files with listen, root, types, try_files, error_page and return, or passes on with proxy_pass to one upstream; install nginx for more"
    )]
    Unknown { directive: String },
    /// It lacks a directive.
    #[error("the configuration has no `{directive}`")]
    Missing { directive: &'static str },
}

/// What an error is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorPage {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// Files below a directory, as one `server` block of an nginx configuration describes them.
#[derive(Debug)]
pub struct Site {
    listen: SocketAddr,
    pub(super) root: PathBuf,
    /// File extension to content type.
    pub(super) types: BTreeMap<String, String>,
    /// By the status that nginx would have answered.
    pub(super) errors: BTreeMap<u16, ErrorPage>,
}

#[derive(Default)]
struct Draft {
    listen: Option<SocketAddr>,
    root: Option<PathBuf>,
    types: BTreeMap<String, String>,
    /// Statuses and the name of the location that answers for them.
    pages: Vec<(u16, String)>,
    locations: BTreeMap<String, ErrorPage>,
}

impl Site {
    /// Reads a configuration whose relative paths start at `prefix`.
    ///
    /// # Errors
    /// It says something that this server does not do.
    pub fn parse(text: &str, prefix: &Path) -> Result<Self, SiteError> {
        let mut draft = Draft::default();
        draft.read(&parse(text).map_err(SiteError::Syntax)?, prefix)?;
        let mut errors = BTreeMap::new();
        for (status, location) in draft.pages {
            let page = draft.locations.get(&location);
            let page = page
                .ok_or_else(|| SiteError::Unknown { directive: format!("error_page {status} {location}") })?;
            errors.insert(status, page.clone());
        }
        Ok(Self {
            listen: draft.listen.ok_or(SiteError::Missing { directive: "listen" })?,
            root: draft.root.ok_or(SiteError::Missing { directive: "root" })?,
            types: draft.types,
            errors,
        })
    }

    /// Where it is to be served.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }
}

impl Draft {
    fn read(&mut self, directives: &[Directive], prefix: &Path) -> Result<(), SiteError> {
        for directive in directives {
            let arguments: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
            match (directive.name.as_str(), arguments.as_slice()) {
                ("http" | "server" | "events", []) => self.read(&directive.block, prefix)?,
                ("listen", [address]) => {
                    self.listen = Some(address.parse().map_err(|_| unknown(directive))?);
                }
                ("root", [path]) => self.root = Some(prefix.join(path)),
                ("types", []) => {
                    for line in &directive.block {
                        let extensions = line.arguments.iter().cloned();
                        self.types.extend(extensions.map(|extension| (extension, line.name.clone())));
                    }
                }
                ("location", ["/"]) => match directive.block.as_slice() {
                    [only] if only.name == "try_files" && only.arguments == TRIES => {}
                    _ => return Err(unknown(directive)),
                },
                ("location", ["=", name] | [name]) => {
                    self.locations.insert((*name).to_owned(), answer(directive)?);
                }
                ("error_page", [statuses @ .., location]) => {
                    for status in statuses {
                        let status = status.parse().map_err(|_| unknown(directive))?;
                        self.pages.push((status, (*location).to_owned()));
                    }
                }
                (name, arguments) => {
                    let known = WITHOUT_EFFECT.iter().find(|(known, _)| *known == name);
                    if !known.is_some_and(|(_, values)| values.is_empty() || *values == arguments) {
                        return Err(unknown(directive));
                    }
                }
            }
        }
        Ok(())
    }
}

/// `location … { types {} default_type T; return STATUS BODY; }`, perhaps `internal`.
pub(super) fn answer(location: &Directive) -> Result<ErrorPage, SiteError> {
    let mut content_type = "text/plain".to_owned();
    let mut answer = None;
    for directive in &location.block {
        let arguments: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
        match (directive.name.as_str(), arguments.as_slice()) {
            ("internal", []) => {}
            ("types", []) if directive.block.is_empty() => {}
            ("default_type", [name]) => (*name).clone_into(&mut content_type),
            ("return", [status, body]) => {
                let status = status.parse().map_err(|_| unknown(directive))?;
                answer = Some((status, Bytes::from((*body).to_owned())));
            }
            _ => return Err(unknown(directive)),
        }
    }
    let (status, body) = answer.ok_or_else(|| unknown(location))?;
    Ok(ErrorPage { status, content_type, body })
}

pub(super) fn unknown(directive: &Directive) -> SiteError {
    let words = std::iter::once(&directive.name).chain(&directive.arguments).cloned();
    SiteError::Unknown { directive: words.collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str =
        "daemon off; events { worker_connections 9; } http { types { text/html html htm; } server {
        listen 127.0.0.1:8080; root html; location / { try_files $uri $uri/index.html =404; }
        error_page 403 404 @404; location @404 { types {} default_type a/b; return 404 'no {}'; } } }";

    #[test]
    fn a_site_is_read_from_its_configuration() {
        let site = Site::parse(SITE, Path::new("/srv")).unwrap();
        assert_eq!(site.listen().port(), 8080);
        assert_eq!(site.root, Path::new("/srv/html"));
        assert_eq!(site.types["htm"], "text/html");
        assert_eq!(site.errors[&403], site.errors[&404]);
        assert_eq!(
            (site.errors[&404].status.as_u16(), site.errors[&404].content_type.as_str()),
            (404, "a/b")
        );
    }

    #[test]
    fn what_would_change_an_answer_is_refused() {
        for (from, to) in [
            ("daemon off", "gzip on"),
            ("root html", "root html; proxy_pass http://127.0.0.1:1"),
            ("=404;", "@other;"),
            ("return 404 'no {}'", "add_header a b"),
            ("@404;", "@missing;"),
            ("127.0.0.1:8080", "unix:/socket"),
        ] {
            let error = Site::parse(&SITE.replacen(from, to, 1), Path::new("/srv")).unwrap_err();
            assert!(error.to_string().contains("built-in server does not know"), "{error}");
        }
        assert_eq!(Site::parse("", Path::new("/")).unwrap_err(), SiteError::Missing { directive: "listen" });
    }
}
