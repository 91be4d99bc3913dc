//! `Fn::Cidr`: subnets of an address block.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::function::error;
use crate::template::TemplateError;

/// The largest number of blocks that one call may give.
const MAX_COUNT: u32 = 256;

/// The first `count` (1 to 256) blocks of `2^bits` addresses in `block`. `bits` is 8 (IPv4) or 64 (IPv6) where it is not given.
pub(super) fn blocks(block: &str, count: u32, bits: Option<u32>) -> Result<Vec<String>, TemplateError> {
    let wrong = || error(format!("Fn::Cidr: {block} is not a CIDR block such as 10.0.0.0/16"));
    let (address, prefix) = block.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let (width, default_bits) = if address.is_ipv4() { (32, 8) } else { (128, 64) };
    if prefix > width {
        return Err(wrong());
    }
    if !(1..=MAX_COUNT).contains(&count) {
        return Err(error(format!("Fn::Cidr: the count must be 1 to {MAX_COUNT}, not {count}")));
    }
    let bits = bits.unwrap_or(default_bits);
    let free = width - prefix;
    if bits > free || (free - bits < 32 && u64::from(count) > 1_u64 << (free - bits)) {
        return Err(error(format!("Fn::Cidr: {block} does not hold {count} blocks of {bits} bits")));
    }
    let first = network(address, free);
    Ok((0..count)
        .map(|index| {
            let start = first | shifted(u128::from(index), bits);
            format!("{}/{}", show(start, address), width - bits)
        })
        .collect())
}

/// The address as a number, with the host's `free` bits cleared.
fn network(address: IpAddr, free: u32) -> u128 {
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    number.checked_shr(free).map_or(0, |number| shifted(number, free))
}

fn shifted(number: u128, bits: u32) -> u128 {
    number.checked_shl(bits).unwrap_or(0)
}

fn show(number: u128, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_documented_example() {
        let expected = ["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"];
        assert_eq!(blocks("192.168.0.0/24", 3, Some(5)).unwrap(), expected);
        assert_eq!(blocks("10.0.7.9/16", 2, None).unwrap(), ["10.0.0.0/24", "10.0.1.0/24"]);
        assert_eq!(blocks("2001:db8::/56", 2, None).unwrap(), ["2001:db8::/64", "2001:db8:0:1::/64"]);
    }

    #[test]
    fn impossible_requests_are_refused() {
        for (block, count, bits) in [
            ("10.0.0.0", 1, 8),
            ("10.0.0.0/33", 1, 8),
            ("10.0.0.0/24", 2, 8),
            ("10.0.0.0/24", 0, 4),
            ("x/8", 1, 1),
        ] {
            assert!(blocks(block, count, Some(bits)).is_err(), "{block} {count} {bits}");
        }
    }

    proptest! {
        #[test]
        fn blocks_never_overlap_or_leave_the_network(a: u32, prefix in 0_u32..=32, count in 1_u32..300, bits in 0_u32..40) {
            let block = format!("{}/{prefix}", Ipv4Addr::from(a));
            if let Ok(found) = blocks(&block, count, Some(bits)) {
                prop_assert_eq!(found.len(), count as usize);
                let starts: Vec<u64> = found.iter().map(|one| {
                    let (address, length) = one.split_once('/').unwrap();
                    assert_eq!(length.parse::<u32>().unwrap(), 32 - bits);
                    u64::from(u32::from(address.parse::<Ipv4Addr>().unwrap()))
                }).collect();
                for pair in starts.windows(2) {
                    prop_assert_eq!(pair[1] - pair[0], 1_u64 << bits);
                }
                let free = 32 - prefix;
                let end = starts[starts.len() - 1] + (1_u64 << bits);
                prop_assert!(end - starts[0] <= 1_u64 << free);
            }
        }
    }
}
