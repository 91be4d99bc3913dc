//! What the environment asks for.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use workload::{ConfigError, UnknownWorkload, Workload};

use crate::service::ServiceError;

/// How the service is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) workload: Workload,
    pub(crate) address: SocketAddr,
}

impl Settings {
    pub(crate) fn from_env() -> Result<Settings, ServiceError> {
        let workload = workload(variable("WORKLOAD"))?;
        Ok(Settings { workload, address: Settings::address_from_env()? })
    }

    /// Where the service listens.
    pub(crate) fn address_from_env() -> Result<SocketAddr, ConfigError> {
        address(variable("BIND_ADDRESS"), variable("PORT"))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn workload(value: Option<String>) -> Result<Workload, ServiceError> {
    let missing = ConfigError::Missing { name: "WORKLOAD", meaning: "the work to do", example: "publish" };
    let name = value.ok_or(missing)?;
    name.parse().map_err(|error: UnknownWorkload| ServiceError::Workload(error))
}

fn address(bind_address: Option<String>, port: Option<String>) -> Result<SocketAddr, ConfigError> {
    let ip: IpAddr = parse("BIND_ADDRESS", bind_address, "0.0.0.0", "an IP address")?;
    let port: u16 = parse("PORT", port, "8080", "a port from 0 to 65535")?;
    Ok(SocketAddr::new(ip, port))
}

fn parse<T: FromStr>(
    name: &'static str,
    value: Option<String>,
    default: &'static str,
    meaning: &'static str,
) -> Result<T, ConfigError> {
    let value = value.unwrap_or_else(|| default.to_owned());
    value.parse().map_err(|_| ConfigError::Invalid { name, value, meaning, example: default })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(ip: &str, port: &str) -> Result<SocketAddr, ConfigError> {
        address(Some(ip.to_owned()), Some(port.to_owned()))
    }

    #[test]
    fn the_defaults_are_those_of_the_image() {
        assert_eq!(address(None, None).unwrap().to_string(), "0.0.0.0:8080");
        assert_eq!(listening("::1", "0").unwrap().to_string(), "[::1]:0");
    }

    #[test]
    fn bad_values_are_shown_with_what_is_allowed() {
        let port = listening("0.0.0.0", "80800").unwrap_err().to_string();
        assert_eq!(
            port,
            "PORT is \"80800\", which is not a port from 0 to 65535: set it to a value such as 8080"
        );
        let ip = listening("localhost", "80").unwrap_err().to_string();
        assert!(ip.contains("BIND_ADDRESS is \"localhost\", which is not an IP address"), "{ip}");
    }

    #[test]
    fn the_workload_must_be_named_and_known() {
        assert!(workload(None).unwrap_err().to_string().starts_with("WORKLOAD is not set"));
        let unknown = workload(Some("publsh".to_owned())).unwrap_err().to_string();
        let listed = unknown.split_once("the workloads are ").unwrap();
        assert_eq!(listed.0, "WORKLOAD: there is no workload \"publsh\": ");
        assert!(listed.1.starts_with("publish, "), "{unknown}");
        assert_eq!(workload(Some("publish".to_owned())).unwrap(), Workload::Publish);
    }
}
