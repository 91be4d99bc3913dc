//! Names of what can be built.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Something to build from the workspace, as a template's `Metadata.Variant.Artifacts` names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Artifact {
    /// `lambda/<binary>`: the zip of a program of the package `lambda`.
    Lambda(String),
    /// `container`: the image of the package `container`.
    Container,
    /// `container/program`: the program of the package `container` as it is, for machines that are no containers.
    Program,
}

impl Artifact {
    /// The package in the workspace.
    #[must_use]
    pub fn package(&self) -> &'static str {
        match self {
            Artifact::Lambda(_) => "lambda",
            Artifact::Container | Artifact::Program => "container",
        }
    }

    /// The program in the package.
    #[must_use]
    pub fn binary(&self) -> &str {
        match self {
            Artifact::Lambda(binary) => binary,
            Artifact::Container | Artifact::Program => "container",
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Artifact::Lambda(binary) => f.pad(&format!("lambda/{binary}")),
            Artifact::Container => f.pad("container"),
            Artifact::Program => f.pad("container/program"),
        }
    }
}

/// A name that is not an artifact's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no artifact \"{name}\": {allowed}")]
pub struct UnknownArtifact {
    /// The name that was asked for.
    pub name: String,
    /// The names that would do.
    pub allowed: String,
}

impl FromStr for Artifact {
    type Err = UnknownArtifact;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_name = |binary: &str| {
            !binary.is_empty() && binary.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        match name.split_once('/') {
            None if name == "container" => Ok(Artifact::Container),
            Some(("container", "program")) => Ok(Artifact::Program),
            Some(("lambda", binary)) if is_name(binary) => Ok(Artifact::Lambda(binary.to_owned())),
            _ => Err(UnknownArtifact {
                name: name.to_owned(),
                allowed: "an artifact is \"container\", \"container/program\" or \"lambda/<program>\""
                    .to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_artifacts_stand_for_each_other() {
        for name in ["container", "container/program", "lambda/publish"] {
            assert_eq!(name.parse::<Artifact>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused_with_the_legal_ones() {
        for name in ["", "lambda", "lambda/", "lambda/../x", "image", "container/x", "lambda/-- x"] {
            let error = name.parse::<Artifact>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{name}\"")) && error.contains("lambda/<program>"), "{error}");
        }
    }
}
