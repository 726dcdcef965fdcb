//! The name servers of a zone, as a resolver names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::DnsName;

/// An NS record, with the addresses that came along in the additional section of the reply
/// ([RFC 1035, Section 3.3.11]).
///
/// BIND and Unbound send them, the large public resolvers do not. Nobody vouches for them: they "should not be
/// cached in such a way that they would ever be returned as answers" ([RFC 2181, Section 5.4.1]).
///
/// [RFC 1035, Section 3.3.11]: https://www.rfc-editor.org/rfc/rfc1035#section-3.3.11
/// [RFC 2181, Section 5.4.1]: https://www.rfc-editor.org/rfc/rfc2181#section-5.4.1
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NsRecord {
    /// The server.
    pub host: DnsName,
    /// Its first IPv4 address that came along.
    pub ipv4: Option<Ipv4Addr>,
    /// Its first IPv6 address that came along.
    pub ipv6: Option<Ipv6Addr>,
}

impl NsRecord {
    /// Makes a record with which no address came along.
    #[must_use]
    pub const fn new(host: DnsName) -> Self {
        Self {
            host,
            ipv4: None,
            ipv6: None,
        }
    }

    /// Returns the addresses that came along: at most one of each family, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let ipv4 = self.ipv4.map(IpAddr::V4);
        ipv4.into_iter().chain(self.ipv6.map(IpAddr::V6))
    }
}
