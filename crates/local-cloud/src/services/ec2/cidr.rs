use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An IPv4 network such as `10.0.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

impl Cidr {
    /// The length of the network's part, 0 to 32.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `other` lies inside.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.network_of(other.address) == self.network_of(self.address)
    }

    /// Whether the two share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// An address of the network, by a number that may be larger than the network. The first four addresses and the last one are
    /// AWS's own. <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html>
    #[must_use]
    pub fn host(self, number: u32) -> Ipv4Addr {
        let size = 1_u32.checked_shl(32 - u32::from(self.prefix)).unwrap_or(u32::MAX);
        let usable = size.saturating_sub(5).max(1);
        Ipv4Addr::from(self.address.to_bits().wrapping_add(4 + number % usable))
    }

    fn network_of(self, address: Ipv4Addr) -> u32 {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
        address.to_bits() & mask
    }
}

/// Text that is no IPv4 network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Value ({0}) for parameter cidrBlock is invalid. This is not a valid CIDR block.")]
pub struct CidrError(String);

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let parsed = text.split_once('/').and_then(|(address, prefix)| {
            let cidr = Self {
                address: address.parse().ok()?,
                prefix: prefix.parse().ok().filter(|prefix| *prefix <= 32)?,
            };
            Some(cidr).filter(|cidr| cidr.network_of(cidr.address) == cidr.address.to_bits())
        });
        parsed.ok_or_else(|| CidrError(text.to_owned()))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_and_overlap() {
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        assert!(cidr("0.0.0.0/0").contains(cidr("10.0.0.0/8")));
        assert!(cidr("10.0.0.0/16").contains(cidr("10.0.255.0/24")));
        assert!(!cidr("10.0.0.0/16").contains(cidr("10.1.0.0/24")));
        assert!(cidr("10.0.0.0/24").overlaps(cidr("10.0.0.0/16")));
        assert_eq!(cidr("10.0.4.0/22").to_string(), "10.0.4.0/22");
        assert_eq!(cidr("10.0.4.0/28").host(0).to_string(), "10.0.4.4");
        assert_eq!(cidr("10.0.4.0/28").host(10).to_string(), "10.0.4.14");
        assert_eq!(cidr("10.0.4.0/28").host(11).to_string(), "10.0.4.4");
        for wrong in ["10.0.0.1/16", "10.0.0.0/33", "10.0.0/16", "x"] {
            assert!(wrong.parse::<Cidr>().is_err(), "{wrong}");
        }
    }
}
