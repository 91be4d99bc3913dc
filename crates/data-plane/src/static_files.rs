//! A static web server for machines that have no nginx: it reads an nginx configuration and serves the same bytes.
//!
//! It knows the few directives that a site of plain files needs ([`Site`]), or one that passes all requests on, and refuses all
//! others, so that it never serves something else than nginx would.

mod answer;
mod passage;
mod site;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use passage::Passage;
pub use site::{Site, SiteError};

use crate::server::HttpServer;

/// nginx's `keepalive_timeout`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves a site on `socket` until the server that is returned is stopped or dropped.
///
/// # Errors
/// The address of the socket cannot be read.
pub fn serve(socket: TcpListener, site: Site) -> io::Result<HttpServer> {
    HttpServer::start(socket, Arc::new(site), IDLE_TIMEOUT)
}

/// Serves what nginx's arguments `-p PREFIX -c FILE` say until the process is killed. Returns only if that fails.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> io::Error {
    let forever = || -> io::Result<()> {
        let served = read(args)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let address = match &served {
                Served::Files(site) => site.listen(),
                Served::Passage(passage) => passage.listen(),
            };
            let socket = TcpListener::bind(address).await?;
            let _server = match served {
                Served::Files(site) => serve(socket, site)?,
                Served::Passage(passage) => HttpServer::start(socket, Arc::new(passage), IDLE_TIMEOUT)?,
            };
            std::future::pending::<()>().await;
            Ok(())
        })
    };
    forever().err().unwrap_or_else(|| io::Error::other("the server ended"))
}

/// What a configuration asks for.
enum Served {
    Files(Site),
    Passage(Passage),
}

fn read(args: impl IntoIterator<Item = OsString>) -> io::Result<Served> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
    let (mut prefix, mut file) = (PathBuf::from("."), None);
    let mut args = args.into_iter();
    while let Some(option) = args.next() {
        let value = args.next().map(PathBuf::from);
        match (option.to_str(), value) {
            (Some("-p"), Some(value)) => prefix = value,
            (Some("-c"), Some(value)) => file = Some(value),
            _ => {
                return Err(invalid(format!(
                    "{}: the built-in server takes -p PREFIX and -c FILE",
                    option.display()
                )));
            }
        }
    }
    let file = prefix.join(file.unwrap_or_else(|| Path::new("nginx.conf").to_owned()));
    let text = std::fs::read_to_string(&file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    let served = if Passage::is_meant(&text) {
        Passage::parse(&text).map(Served::Passage)
    } else {
        Site::parse(&text, &prefix).map(Served::Files)
    };
    served.map_err(|error| invalid(format!("{}: {error}", file.display())))
}
