//! Where a built program shall run.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where programs shall run, which decides how they are compiled and packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// On this machine, under the embedded cloud: as quick to build as the running program, linked to this machine's
    /// libraries, packed with little compression.
    Local,
    /// On AWS: optimised, static, packed small.
    Aws(Architecture),
}

impl Flavor {
    /// The processor that the programs run on.
    #[must_use]
    pub fn architecture(self) -> Architecture {
        match self {
            Flavor::Local => Architecture::host(),
            Flavor::Aws(architecture) => architecture,
        }
    }

    /// A short name, for directories and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Flavor::Local => "local",
            Flavor::Aws(Architecture::X86_64) => "aws-x86_64",
            Flavor::Aws(Architecture::Arm64) => "aws-arm64",
        }
    }
}

/// A processor architecture, named as Lambda and Fargate name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// `x86_64`
    X86_64,
    /// `arm64`
    Arm64,
}

impl Architecture {
    /// That of this machine.
    #[must_use]
    pub fn host() -> Architecture {
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
    }

    /// The name in an image's configuration.
    /// <https://github.com/opencontainers/image-spec/blob/main/config.md>
    #[must_use]
    pub fn oci_name(self) -> &'static str {
        match self {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// The Rust target.
    #[must_use]
    pub fn target(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64-unknown-linux-gnu",
            Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        })
    }
}

/// A name that is not an architecture's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no architecture \"{name}\": x86_64 or arm64")]
pub struct UnknownArchitecture {
    /// The name that was asked for.
    pub name: String,
}

impl FromStr for Architecture {
    type Err = UnknownArchitecture;

    /// Takes Lambda's names in any case, and thus Fargate's `X86_64` and `ARM64`.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "x86_64" => Ok(Architecture::X86_64),
            "arm64" => Ok(Architecture::Arm64),
            _ => Err(UnknownArchitecture { name: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_lambda_and_fargate_are_known() {
        assert_eq!("arm64".parse(), Ok(Architecture::Arm64));
        assert_eq!("X86_64".parse(), Ok(Architecture::X86_64));
        let error = "riscv".parse::<Architecture>().unwrap_err();
        assert_eq!(error.to_string(), "there is no architecture \"riscv\": x86_64 or arm64");
    }
}
