//! Which address a host gets that names none.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::facts::DnsName;
use crate::story::reserved::addresses;

/// What to do about a name that belongs to somebody.
pub(super) const NAME_HELP: &str = "use a name below `.test` or `.example`; to tell of a real provider, append `.test` to its names";

/// What to do about an address that belongs to somebody.
pub(super) const ADDRESS_HELP: &str =
    "use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 198.18.0.0/15 or 2001:db8::/32";

/// What an address is for: hosts of one name, one for policies and one for mail, have one each.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Use {
    /// Mail.
    Mail,
    /// Zones.
    NameServer,
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
        let mut free = addresses().filter(|address| !named.contains(address));
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

    use super::{Allocation, Use};

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
