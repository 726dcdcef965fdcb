//! Which names and addresses a scenario may use, and which address a host gets that names none.
//!
//! A scenario's servers run on real sockets, so its names and addresses must be nobody's: the names of
//! [RFC 2606], the addresses of RFC 5737, RFC 3849 and RFC 2544.
//!
//! [RFC 2606]: https://www.rfc-editor.org/rfc/rfc2606

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use crate::facts::DnsName;

/// The names below which a scenario's names lie.
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

/// What to do about a name that belongs to somebody.
pub(super) const NAME_HELP: &str = "use a name below `.test` or `.example`; to tell of a real provider, append `.test` to its names";

/// What to do about an address that belongs to somebody.
pub(super) const ADDRESS_HELP: &str =
    "use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 198.18.0.0/15 or 2001:db8::/32";

/// Returns whether a name can belong to nobody.
pub(super) fn is_reserved_name(name: &DnsName) -> bool {
    RESERVED_NAMES.iter().any(|parent| name.is_within(parent))
}

/// Returns whether an address can belong to nobody.
pub(super) fn is_documentation_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => NETWORKS.iter().any(|(network, bits)| {
            let shift = u32::from(32 - *bits);
            address.to_bits() >> shift == network.to_bits() >> shift
        }),
        IpAddr::V6(address) => address.segments().starts_with(&[0x2001, 0xdb8]),
    }
}

/// What an address is for: two hosts of one name, one for policies and one for mail, have one each.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Use {
    /// Mail.
    Mail,
    /// Policies.
    Policy,
}

/// The addresses of the hosts that name none: the same for a whole scenario, whatever its steps change.
#[derive(Debug, Default)]
pub(super) struct Allocation {
    given: BTreeMap<(Use, DnsName), IpAddr>,
}

impl Allocation {
    /// Gives each host an address, in order, apart from those that the scenario names itself.
    pub(super) fn new(
        hosts: impl IntoIterator<Item = (Use, DnsName)>,
        named: &BTreeSet<IpAddr>,
    ) -> Self {
        let mut free = NETWORKS
            .iter()
            .flat_map(|(network, bits)| {
                let first = network.to_bits();
                let last = first | (u32::MAX >> u32::from(*bits));
                // Neither the network's own address nor its broadcast address.
                (first + 1..last).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
            })
            .filter(|address| !named.contains(address));
        let mut given = BTreeMap::new();
        for host in hosts {
            if given.contains_key(&host) {
                continue;
            }
            let Some(address) = free.next() else {
                break;
            };
            given.insert(host, address);
        }
        Self { given }
    }

    /// Returns the host's address; `None` only when there were more hosts than addresses.
    pub(super) fn address(&self, purpose: Use, host: &DnsName) -> Option<IpAddr> {
        self.given.get(&(purpose, host.clone())).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Allocation, Use, is_documentation_address, is_reserved_name};

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

    #[test]
    fn each_host_gets_an_address_that_nobody_else_has() {
        let named = BTreeSet::from(["192.0.2.1".parse().unwrap(), "192.0.2.3".parse().unwrap()]);
        let a = "a.test".parse().unwrap();
        let b = "b.test".parse().unwrap();
        let hosts = [
            (Use::Mail, a),
            (Use::Mail, b),
            (Use::Mail, "a.test".parse().unwrap()),
            (Use::Policy, "a.test".parse().unwrap()),
        ];
        let allocation = Allocation::new(hosts, &named);
        for (purpose, name, expected) in [
            (Use::Mail, "a.test", Some("192.0.2.2")),
            (Use::Mail, "b.test", Some("192.0.2.4")),
            (Use::Policy, "a.test", Some("192.0.2.5")),
            (Use::Policy, "b.test", None),
        ] {
            assert_eq!(
                allocation.address(purpose, &name.parse().unwrap()),
                expected.map(|address| address.parse().unwrap()),
                "{name}"
            );
        }
    }
}
