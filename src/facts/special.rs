//! Addresses that are not meant for everybody: IANA's special-purpose registries ([RFC 6890]).
//!
//! [RFC 6890]: https://www.rfc-editor.org/rfc/rfc6890

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses, written `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Prefix {
    first: IpAddr,
    length: u8,
}

impl Prefix {
    const fn v4(octets: [u8; 4], length: u8) -> Self {
        let [a, b, c, d] = octets;
        Self {
            first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            length,
        }
    }

    const fn v6(groups: [u16; 4], length: u8) -> Self {
        let [a, b, c, d] = groups;
        Self {
            first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
            length,
        }
    }

    /// One address by itself.
    const fn one(address: IpAddr) -> Self {
        Self {
            length: octets_of(address) * 8,
            first: address,
        }
    }

    /// Returns whether `address` lies in it; an IPv4 address inside an IPv6 one counts as that IPv4 address too.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.has(address) || self.has(meant(address))
    }

    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4()
            && self.cut(number(address)) == self.cut(number(self.first))
    }

    /// Returns the bits that all its addresses share, with the rest cut off.
    fn cut(self, address: u128) -> u128 {
        let rest = u32::from(octets_of(self.first) * 8 - self.length);
        address.checked_shr(rest).unwrap_or(0)
    }
}

const fn octets_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 16,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((first, length)) = text.split_once('/') else {
            return match text.parse() {
                Ok(address) => Ok(Self::one(address)),
                Err(_no_address) => Err(PrefixError::Address),
            };
        };
        let first: IpAddr = first.parse().map_err(|_no_address| PrefixError::Address)?;
        let most = octets_of(first) * 8;
        let length = length
            .parse()
            .ok()
            .filter(|found| *found <= most && length.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or(PrefixError::Length { most })?;
        let prefix = Self { first, length };
        let rest = u32::from(most - length);
        let lowest = prefix.cut(number(first)).checked_shl(rest).unwrap_or(0);
        if lowest == number(first) {
            Ok(prefix)
        } else {
            Err(PrefixError::BitsBeyond { length })
        }
    }
}

/// Why a text is no block of addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PrefixError {
    /// What stands before the slash is no address.
    #[error("a block of addresses is written 10.0.0.0/8 or fd00::/8")]
    Address,
    /// The address has bits beyond the length.
    #[error("the address has bits beyond the first {length}: give the first address of the block")]
    BitsBeyond {
        /// The length.
        length: u8,
    },
    /// What stands after the slash is no length.
    #[error("the length of a block is a number up to {most}")]
    Length {
        /// How many bits such an address has.
        most: u8,
    },
}

/// A block of a special-purpose registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpecialPurpose {
    /// The block.
    pub prefix: Prefix,
    /// What it is for, in the registry's words.
    pub name: &'static str,
    /// Whether the column "Globally Reachable" is True.
    is_globally_reachable: bool,
}

impl fmt::Display for SpecialPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.prefix, self.name)
    }
}

/// Returns the special-purpose block that `address` lies in, if the registries do not call it globally
/// reachable; the smallest block counts.
#[must_use]
pub fn special_purpose(address: IpAddr) -> Option<&'static SpecialPurpose> {
    let address = meant(address);
    SPECIAL_PURPOSE
        .iter()
        .filter(|block| block.prefix.has(address))
        .max_by_key(|block| block.prefix.length)
        .filter(|block| !block.is_globally_reachable)
}

/// Returns the IPv4 address that an IPv6 one stands for: mapped (RFC 4291, Section 2.5.5.2), or that of a NAT64
/// (RFC 6052, Section 2.1).
fn meant(address: IpAddr) -> IpAddr {
    const NAT64: Prefix = Prefix::v6([0x64, 0xff9b, 0, 0], 96);
    match address.to_canonical() {
        IpAddr::V6(inner) if NAT64.has(address) => {
            let [.., a, b, c, d] = inner.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        address => address,
    }
}

const fn special(prefix: Prefix, name: &'static str) -> SpecialPurpose {
    SpecialPurpose {
        prefix,
        name,
        is_globally_reachable: false,
    }
}

const fn global(prefix: Prefix, name: &'static str) -> SpecialPurpose {
    SpecialPurpose {
        prefix,
        name,
        is_globally_reachable: true,
    }
}

/// The IANA [IPv4] and [IPv6] Special-Purpose Address Registries as they stood on 2025-10-09, without the blocks
/// that [`meant`] takes the IPv4 address out of. `N/A` in the column is not True.
///
/// [IPv4]: https://www.iana.org/assignments/iana-ipv4-special-registry
/// [IPv6]: https://www.iana.org/assignments/iana-ipv6-special-registry
const SPECIAL_PURPOSE: &[SpecialPurpose] = &[
    special(Prefix::v4([0, 0, 0, 0], 8), "This network"),
    special(Prefix::v4([0, 0, 0, 0], 32), "This host on this network"),
    special(Prefix::v4([10, 0, 0, 0], 8), "Private-Use"),
    special(Prefix::v4([100, 64, 0, 0], 10), "Shared Address Space"),
    special(Prefix::v4([127, 0, 0, 0], 8), "Loopback"),
    special(Prefix::v4([169, 254, 0, 0], 16), "Link Local"),
    special(Prefix::v4([172, 16, 0, 0], 12), "Private-Use"),
    special(Prefix::v4([192, 0, 0, 0], 24), "IETF Protocol Assignments"),
    special(
        Prefix::v4([192, 0, 0, 0], 29),
        "IPv4 Service Continuity Prefix",
    ),
    special(Prefix::v4([192, 0, 0, 8], 32), "IPv4 dummy address"),
    global(
        Prefix::v4([192, 0, 0, 9], 32),
        "Port Control Protocol Anycast",
    ),
    global(
        Prefix::v4([192, 0, 0, 10], 32),
        "Traversal Using Relays around NAT Anycast",
    ),
    special(Prefix::v4([192, 0, 0, 170], 32), "NAT64/DNS64 Discovery"),
    special(Prefix::v4([192, 0, 0, 171], 32), "NAT64/DNS64 Discovery"),
    special(Prefix::v4([192, 0, 2, 0], 24), "Documentation (TEST-NET-1)"),
    global(Prefix::v4([192, 31, 196, 0], 24), "AS112-v4"),
    global(Prefix::v4([192, 52, 193, 0], 24), "AMT"),
    special(
        Prefix::v4([192, 88, 99, 0], 24),
        "Deprecated (6to4 Relay Anycast)",
    ),
    special(
        Prefix::v4([192, 88, 99, 2], 32),
        "6a44-relay anycast address",
    ),
    special(Prefix::v4([192, 168, 0, 0], 16), "Private-Use"),
    global(
        Prefix::v4([192, 175, 48, 0], 24),
        "Direct Delegation AS112 Service",
    ),
    special(Prefix::v4([198, 18, 0, 0], 15), "Benchmarking"),
    special(
        Prefix::v4([198, 51, 100, 0], 24),
        "Documentation (TEST-NET-2)",
    ),
    special(
        Prefix::v4([203, 0, 113, 0], 24),
        "Documentation (TEST-NET-3)",
    ),
    special(Prefix::v4([240, 0, 0, 0], 4), "Reserved"),
    special(Prefix::v4([255, 255, 255, 255], 32), "Limited Broadcast"),
    special(
        Prefix::one(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        "Loopback Address",
    ),
    special(
        Prefix::one(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        "Unspecified Address",
    ),
    special(
        Prefix::v6([0x64, 0xff9b, 1, 0], 48),
        "IPv4-IPv6 Translation",
    ),
    special(
        Prefix::v6([0x100, 0, 0, 0], 64),
        "Discard-Only Address Block",
    ),
    special(Prefix::v6([0x100, 0, 0, 1], 64), "Dummy IPv6 Prefix"),
    special(
        Prefix::v6([0x2001, 0, 0, 0], 23),
        "IETF Protocol Assignments",
    ),
    special(Prefix::v6([0x2001, 0, 0, 0], 32), "TEREDO"),
    global(
        Prefix::one(IpAddr::V6(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1))),
        "Port Control Protocol Anycast",
    ),
    global(
        Prefix::one(IpAddr::V6(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2))),
        "Traversal Using Relays around NAT Anycast",
    ),
    global(
        Prefix::one(IpAddr::V6(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 3))),
        "DNS-SD Service Registration Protocol Anycast",
    ),
    special(Prefix::v6([0x2001, 2, 0, 0], 48), "Benchmarking"),
    global(Prefix::v6([0x2001, 3, 0, 0], 32), "AMT"),
    global(Prefix::v6([0x2001, 4, 0x112, 0], 48), "AS112-v6"),
    special(
        Prefix::v6([0x2001, 0x10, 0, 0], 28),
        "Deprecated (previously ORCHID)",
    ),
    global(Prefix::v6([0x2001, 0x20, 0, 0], 28), "ORCHIDv2"),
    global(
        Prefix::v6([0x2001, 0x30, 0, 0], 28),
        "Drone Remote ID Protocol Entity Tags (DETs) Prefix",
    ),
    special(Prefix::v6([0x2001, 0xdb8, 0, 0], 32), "Documentation"),
    special(Prefix::v6([0x2002, 0, 0, 0], 16), "6to4"),
    global(
        Prefix::v6([0x2620, 0x4f, 0x8000, 0], 48),
        "Direct Delegation AS112 Service",
    ),
    special(Prefix::v6([0x3fff, 0, 0, 0], 20), "Documentation"),
    special(
        Prefix::v6([0x5f00, 0, 0, 0], 16),
        "Segment Routing (SRv6) SIDs",
    ),
    special(Prefix::v6([0xfc00, 0, 0, 0], 7), "Unique-Local"),
    special(Prefix::v6([0xfe80, 0, 0, 0], 10), "Link-Local Unicast"),
];

#[cfg(test)]
mod tests {
    use super::{Prefix, PrefixError, SPECIAL_PURPOSE, special_purpose};

    #[test]
    fn what_is_not_globally_reachable_is_special() {
        for (address, expected) in [
            ("0.0.0.0", Some("0.0.0.0/32")),
            ("0.1.2.3", Some("0.0.0.0/8")),
            ("9.255.255.255", None),
            ("10.0.0.0", Some("10.0.0.0/8")),
            ("10.255.255.255", Some("10.0.0.0/8")),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.1", Some("100.64.0.0/10")),
            ("100.127.255.255", Some("100.64.0.0/10")),
            ("100.128.0.0", None),
            ("127.0.0.1", Some("127.0.0.0/8")),
            ("169.254.169.254", Some("169.254.0.0/16")),
            ("172.15.255.255", None),
            ("172.31.255.255", Some("172.16.0.0/12")),
            ("172.32.0.0", None),
            ("192.0.0.7", Some("192.0.0.0/29")),
            ("192.0.0.9", None),
            ("192.0.0.10", None),
            ("192.0.0.11", Some("192.0.0.0/24")),
            ("192.0.2.1", Some("192.0.2.0/24")),
            ("192.31.196.1", None),
            ("192.88.99.1", Some("192.88.99.0/24")),
            ("192.168.1.1", Some("192.168.0.0/16")),
            ("192.169.0.0", None),
            ("198.19.255.255", Some("198.18.0.0/15")),
            ("198.51.100.1", Some("198.51.100.0/24")),
            ("203.0.113.1", Some("203.0.113.0/24")),
            ("223.255.255.255", None),
            ("240.0.0.1", Some("240.0.0.0/4")),
            ("255.255.255.255", Some("255.255.255.255/32")),
            ("::", Some("::/128")),
            ("::1", Some("::1/128")),
            ("::ffff:10.0.0.1", Some("10.0.0.0/8")),
            ("::ffff:9.9.9.9", None),
            ("64:ff9b::a00:1", Some("10.0.0.0/8")),
            ("64:ff9b::909:909", None),
            ("64:ff9b:1::a00:1", Some("64:ff9b:1::/48")),
            ("100::1", Some("100::/64")),
            ("100:0:0:1::1", Some("100:0:0:1::/64")),
            ("2001::1", Some("2001::/32")),
            ("2001:1::1", None),
            ("2001:1::4", Some("2001::/23")),
            ("2001:2::1", Some("2001:2::/48")),
            ("2001:4:112::1", None),
            ("2001:10::1", Some("2001:10::/28")),
            ("2001:20::1", None),
            ("2001:200::1", None),
            ("2001:db8::1", Some("2001:db8::/32")),
            ("2002:909:909::1", Some("2002::/16")),
            ("2606:50c0:8000::153", None),
            ("2620:4f:8000::1", None),
            ("3fff::1", Some("3fff::/20")),
            ("5f00::1", Some("5f00::/16")),
            ("fc00::1", Some("fc00::/7")),
            ("fdff::1", Some("fc00::/7")),
            ("fe80::1", Some("fe80::/10")),
            ("fec0::1", None),
        ] {
            let found = special_purpose(address.parse().unwrap());
            assert_eq!(
                found.map(|block| block.prefix.to_string()).as_deref(),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn a_block_is_said_with_what_it_is_for() {
        let block = special_purpose([10, 1, 2, 3].into()).unwrap();
        assert_eq!(block.to_string(), "10.0.0.0/8, Private-Use");
    }

    #[test]
    fn each_block_is_one_and_stands_once() {
        for (place, block) in SPECIAL_PURPOSE.iter().enumerate() {
            let text = block.prefix.to_string();
            assert_eq!(text.parse(), Ok(block.prefix), "{text}");
            let twice = SPECIAL_PURPOSE.iter().skip(place + 1);
            assert!(
                !twice.clone().any(|other| other.prefix == block.prefix),
                "{text}"
            );
        }
    }

    #[test]
    fn a_block_is_an_address_and_a_length() {
        for (text, expected) in [
            ("10.0.0.0/8", Ok("10.0.0.0/8")),
            ("0.0.0.0/0", Ok("0.0.0.0/0")),
            ("::/0", Ok("::/0")),
            ("192.0.2.1", Ok("192.0.2.1/32")),
            ("2001:db8::1", Ok("2001:db8::1/128")),
            ("10.0.0.1/8", Err(PrefixError::BitsBeyond { length: 8 })),
            ("10.0.0.0/33", Err(PrefixError::Length { most: 32 })),
            ("10.0.0.0/+8", Err(PrefixError::Length { most: 32 })),
            ("fd00::/129", Err(PrefixError::Length { most: 128 })),
            ("fd00::/", Err(PrefixError::Length { most: 128 })),
            ("corp.test/8", Err(PrefixError::Address)),
            ("", Err(PrefixError::Address)),
        ] {
            let parsed: Result<Prefix, _> = text.parse();
            let shown = parsed.map(|prefix| prefix.to_string());
            assert_eq!(shown.as_deref(), expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn a_block_has_the_ipv4_addresses_inside_ipv6_ones() {
        for (prefix, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "64:ff9b::a01:203", true),
            ("64:ff9b::/96", "64:ff9b::a01:203", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.1.2.3", false),
        ] {
            let block: Prefix = prefix.parse().unwrap();
            assert_eq!(
                block.contains(address.parse().unwrap()),
                expected,
                "{prefix} {address}"
            );
        }
    }
}
