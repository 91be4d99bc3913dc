//! The instance types that this cloud offers.
//!
//! <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html>

/// What an instance type has. All are x86.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceType {
    pub name: &'static str,
    pub vcpus: u32,
    pub memory_mib: u32,
}

const TYPES: [InstanceType; 13] = [
    InstanceType { name: "c7i.large", vcpus: 2, memory_mib: 4096 },
    InstanceType { name: "c7i.xlarge", vcpus: 4, memory_mib: 8192 },
    InstanceType { name: "c7i.2xlarge", vcpus: 8, memory_mib: 16_384 },
    InstanceType { name: "m7i.large", vcpus: 2, memory_mib: 8192 },
    InstanceType { name: "m7i.xlarge", vcpus: 4, memory_mib: 16_384 },
    InstanceType { name: "m7i.2xlarge", vcpus: 8, memory_mib: 32_768 },
    InstanceType { name: "t3.nano", vcpus: 2, memory_mib: 512 },
    InstanceType { name: "t3.micro", vcpus: 2, memory_mib: 1024 },
    InstanceType { name: "t3.small", vcpus: 2, memory_mib: 2048 },
    InstanceType { name: "t3.medium", vcpus: 2, memory_mib: 4096 },
    InstanceType { name: "t3.large", vcpus: 2, memory_mib: 8192 },
    InstanceType { name: "t3.xlarge", vcpus: 4, memory_mib: 16_384 },
    InstanceType { name: "t3.2xlarge", vcpus: 8, memory_mib: 32_768 },
];

impl InstanceType {
    /// The type of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        TYPES.into_iter().find(|known| known.name == name)
    }

    /// The names of all.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        TYPES.iter().map(|known| known.name).collect()
    }
}
