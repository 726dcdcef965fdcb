//! Which names and addresses a story may use.
//!
//! A story's servers run on real sockets, so its names and addresses must be nobody's: the names of
//! [RFC 2606], the addresses of RFC 5737, RFC 3849 and RFC 2544.
//!
//! [RFC 2606]: https://www.rfc-editor.org/rfc/rfc2606

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::DnsName;

/// The names below which a story's names lie.
const RESERVED_NAMES: &[&str] = &[
    "test",
    "example",
    "example.com",
    "example.net",
    "example.org",
];

/// The IPv4 networks for documentation and benchmarks, in the order in which addresses are given out.
const NETWORKS: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
];

/// Returns whether a name can belong to nobody.
#[must_use]
pub fn is_reserved_name(name: &DnsName) -> bool {
    is_reserved(name.as_str())
}

/// Returns whether a name, in lower case, can belong to nobody.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.iter().any(|parent| {
        let rest = name.strip_suffix(parent);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Returns whether an address can belong to nobody.
#[must_use]
pub fn is_documentation_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => NETWORKS.iter().any(|(network, bits)| {
            let shift = u32::from(32 - *bits);
            address.to_bits() >> shift == network.to_bits() >> shift
        }),
        IpAddr::V6(address) => address.segments().starts_with(&[0x2001, 0xdb8]),
    }
}

/// Returns the IPv4 addresses that a story may use, apart from each network's own and its broadcast address.
pub fn addresses() -> impl Iterator<Item = IpAddr> {
    NETWORKS.iter().flat_map(|(network, bits)| {
        let first = network.to_bits();
        let last = first + (u32::MAX >> u32::from(*bits));
        (first + 1..last).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{addresses, is_documentation_address, is_reserved_name};

    #[test]
    fn only_names_that_belong_to_nobody_are_reserved() {
        for (name, expected) in [
            ("test", true),
            ("mx.corp.test", true),
            ("mx.corp.example", true),
            ("www.example.com", true),
            ("example.org", true),
            ("corp.o-v1.mx.microsoft.test", true),
            ("outlook.com", false),
            ("myexample.com", false),
            ("example.de", false),
            ("contest", false),
        ] {
            assert_eq!(is_reserved_name(&name.parse().unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn only_addresses_for_documentation_are_served() {
        for (address, expected) in [
            ("192.0.2.0", true),
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("198.19.255.255", true),
            ("198.20.0.0", false),
            ("203.0.113.9", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("::ffff:192.0.2.1", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(
                is_documentation_address(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
    /// Each network's own address and its broadcast address are nobody's to give.
    #[test]
    fn every_address_that_is_given_out_is_for_documentation() {
        let all: Vec<IpAddr> = addresses().collect();
        let at = |place: usize| all[place].to_string();
        let borders = [0, 253, 254, 507, 508, 761, 762, all.len() - 1].map(at);
        assert_eq!(
            borders,
            [
                "192.0.2.1",
                "192.0.2.254",
                "198.51.100.1",
                "198.51.100.254",
                "203.0.113.1",
                "203.0.113.254",
                "198.18.0.1",
                "198.19.255.254",
            ]
        );
        assert_eq!(all.len(), 3 * 254 + (1 << 17) - 2);
        assert!(all.into_iter().all(is_documentation_address));
    }
}
