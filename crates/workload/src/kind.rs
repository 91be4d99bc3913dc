//! The workloads there are.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A kind of work that variants can be built for and compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// `POST /publish`: the body of the request reaches a topic exactly.
    Publish,
    /// `GET /turkeys/{breed}`: one page of an index of a table.
    Query,
    /// `/items`: create, read, update and delete behind bearer tokens.
    Crud,
    /// `GET /{path}`: the answer is that of the nginx behind, byte for byte.
    Proxy,
}

impl Workload {
    /// All workloads, in the order in which they are shown.
    pub const ALL: &'static [Workload] =
        &[Workload::Publish, Workload::Query, Workload::Proxy, Workload::Crud];

    /// The name, as a template's `Metadata.Variant.Workload` and the container's `WORKLOAD` give it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Workload::Publish => "publish",
            Workload::Query => "query",
            Workload::Crud => "crud",
            Workload::Proxy => "proxy",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no workload has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no workload \"{name}\": the workloads are {}", names())]
pub struct UnknownWorkload {
    /// The name that was asked for.
    pub name: String,
}

fn names() -> String {
    Workload::ALL.iter().map(|workload| workload.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Workload {
    type Err = UnknownWorkload;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Workload::ALL
            .iter()
            .copied()
            .find(|workload| workload.name() == name)
            .ok_or_else(|| UnknownWorkload { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_found_by_its_name() {
        for workload in Workload::ALL {
            assert_eq!(workload.to_string().parse(), Ok(*workload));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "publsh".parse::<Workload>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no workload \"publsh\": the workloads are publish, query, proxy, crud"
        );
    }
}
