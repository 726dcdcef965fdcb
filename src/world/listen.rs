//! Where the servers of a world listen.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::error::WorldError;

/// The port of the resolvers.
const DNS: u16 = 53;

/// Where the servers of a world listen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Listen {
    /// All on loopback, at ports that are free; routes lead there. Any number of worlds run side by side.
    #[default]
    FreePorts,
    /// Each at the address that the DNS gives and at its own port, and the resolver that everybody has at
    /// 127.0.0.1, port 53: for programs that can be told neither other ports nor routes. There is one such world
    /// in a machine or a network namespace, which has all the addresses.
    RealPorts,
    /// What the state has at this one address, at its own port, and the resolver that everybody has at port 53
    /// of it; the rest is served elsewhere, by worlds that have those addresses.
    Only(IpAddr),
}

impl Listen {
    /// Returns where the server of `address` and `port` listens.
    pub(super) const fn server(self, address: IpAddr, port: u16) -> SocketAddr {
        match self {
            Self::FreePorts => Self::FREE,
            Self::RealPorts | Self::Only(_) => SocketAddr::new(address, port),
        }
    }

    /// Returns whether a server of this address is served.
    pub(super) fn serves(self, address: IpAddr) -> bool {
        match self {
            Self::FreePorts | Self::RealPorts => true,
            Self::Only(here) => address == here,
        }
    }

    /// Returns where a resolver listens; `view` is its name.
    pub(super) const fn resolver(self, view: Option<&str>) -> SocketAddr {
        match (self, view) {
            (Self::RealPorts, None) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS),
            (Self::Only(here), None) => SocketAddr::new(here, DNS),
            (Self::RealPorts | Self::Only(_), Some(_)) | (Self::FreePorts, _) => Self::FREE,
        }
    }

    /// A port that is free.
    pub(super) const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// Checks that this machine has the addresses, before anything listens at one.
    pub(super) fn check(self, addresses: impl Iterator<Item = IpAddr>) -> Result<(), WorldError> {
        let mut missing: Vec<IpAddr> = match self {
            Self::FreePorts => return Ok(()),
            // Any port will do: what matters is whether the address is this machine's.
            Self::RealPorts | Self::Only(_) => addresses
                .filter(|address| {
                    UdpSocket::bind((*address, 0))
                        .is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
                })
                .collect(),
        };
        missing.sort();
        missing.dedup();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(WorldError::NotHere(missing))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::Listen;

    #[test]
    fn what_is_not_this_machines_is_found_before_anything_listens() {
        let addresses = ["203.0.113.7", "127.0.0.77", "203.0.113.8", "203.0.113.7"];
        let addresses = || addresses.iter().map(|address| address.parse().unwrap());
        assert_eq!(
            Listen::RealPorts
                .check(addresses())
                .unwrap_err()
                .to_string(),
            "203.0.113.7, 203.0.113.8 are no addresses of this machine, on which the story is to be served: add \
             each, as in `ip address add 203.0.113.7/32 dev lo`"
        );
        let many = (1..=10).map(|last| IpAddr::from([203, 0, 113, last]));
        let error = Listen::RealPorts.check(many).unwrap_err().to_string();
        assert!(error.contains("203.0.113.8 and 2 more are no"), "{error}");
        assert!(Listen::FreePorts.check(addresses()).is_ok());
        assert!(Listen::RealPorts.check(addresses().skip(1).take(1)).is_ok());
    }

    #[test]
    fn with_real_ports_everything_is_where_the_dns_says() {
        let server = |listen: Listen, address: &str, port| {
            listen.server(address.parse().unwrap(), port).to_string()
        };
        assert_eq!(server(Listen::RealPorts, "192.0.2.1", 25), "192.0.2.1:25");
        assert_eq!(
            server(Listen::RealPorts, "2001:db8::1", 443),
            "[2001:db8::1]:443"
        );
        assert_eq!(server(Listen::FreePorts, "2001:db8::1", 443), "127.0.0.1:0");
        let here = IpAddr::from([192, 0, 2, 1]);
        let elsewhere = IpAddr::from([192, 0, 2, 2]);
        assert!(Listen::Only(here).serves(here) && !Listen::Only(here).serves(elsewhere));
        for (listen, view, expected) in [
            (Listen::RealPorts, None, "127.0.0.1:53"),
            (Listen::RealPorts, Some("other"), "127.0.0.1:0"),
            (Listen::FreePorts, None, "127.0.0.1:0"),
            (Listen::Only(here), None, "192.0.2.1:53"),
            (Listen::Only(here), Some("other"), "127.0.0.1:0"),
        ] {
            assert_eq!(
                listen.resolver(view).to_string(),
                expected,
                "{listen:?} {view:?}"
            );
        }
    }
}
