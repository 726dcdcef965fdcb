//! Where connections really go: curl's `--connect-to`, so that a lab needs neither DNS names nor port 25.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::facts::{DnsName, DnsNameError};

/// Rules that send a connection meant for one address and port to another.
///
/// Only where the octets go changes: names, SNI, Host and what the facts call the address stay.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Routes {
    /// The most specific first; of equals, the one given first.
    routes: Vec<Route>,
}

impl Routes {
    /// Makes the rules that `routes` list; of two equally specific ones, the first counts.
    #[must_use]
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        let mut routes: Vec<Route> = routes.into_iter().collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.specificity()));
        Self { routes }
    }

    /// Returns where to connect to reach `host` at `target`, if a rule says so.
    #[must_use]
    pub fn find(&self, host: &DnsName, target: SocketAddr) -> Option<SocketAddr> {
        self.routes
            .iter()
            .find(|route| route.applies(host, target))
            .map(|route| route.to)
    }

    /// Returns where to connect to reach `host` at `target`.
    #[must_use]
    pub fn resolve(&self, host: &DnsName, target: SocketAddr) -> SocketAddr {
        self.find(host, target).unwrap_or(target)
    }

    /// Returns whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// One rule, written `HOST-OR-ADDR:PORT:ADDR:PORT`; the first two may be empty, for any. IPv6 addresses
/// stand in brackets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// What it is for.
    pub from: RouteFrom,
    /// The port it is for; `None` for any.
    pub port: Option<u16>,
    /// Where to connect instead.
    pub to: SocketAddr,
}

/// What a rule is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RouteFrom {
    /// Every connection.
    Any,
    /// Connections to this host, whatever its address.
    Host(DnsName),
    /// Connections to this address, as the DNS gave it: tells a host's edges apart.
    Address(IpAddr),
}

impl Route {
    /// Makes the rule for one address and port.
    #[must_use]
    pub const fn for_address(from: SocketAddr, to: SocketAddr) -> Self {
        Self {
            from: RouteFrom::Address(from.ip()),
            port: Some(from.port()),
            to,
        }
    }

    fn applies(&self, host: &DnsName, target: SocketAddr) -> bool {
        self.port.is_none_or(|port| port == target.port())
            && match &self.from {
                RouteFrom::Any => true,
                RouteFrom::Host(name) => name == host,
                RouteFrom::Address(address) => *address == target.ip(),
            }
    }

    /// An address is one of a host's, so it says more than the host.
    const fn specificity(&self) -> (u8, bool) {
        let from = match self.from {
            RouteFrom::Any => 0,
            RouteFrom::Host(_) => 1,
            RouteFrom::Address(_) => 2,
        };
        (from, self.port.is_some())
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            RouteFrom::Any => {}
            RouteFrom::Host(name) => name.fmt(f)?,
            RouteFrom::Address(IpAddr::V4(address)) => address.fmt(f)?,
            RouteFrom::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
        }
        f.write_str(":")?;
        if let Some(port) = self.port {
            port.fmt(f)?;
        }
        write!(f, ":{}", self.to)
    }
}

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, rest) = split_host(text)?;
        let (port, rest) = rest.split_once(':').ok_or(RouteError::TooFewParts)?;
        let (to, to_port) = split_host(rest)?;
        let from = if from.is_empty() {
            RouteFrom::Any
        } else if let Some(address) = bracketed(from)? {
            RouteFrom::Address(address)
        } else {
            let name: DnsName = from.parse().map_err(|error| RouteError::Host {
                text: shorten(from),
                error,
            })?;
            // `192.0.2.1.` is no host either.
            match name.as_address() {
                Some(address) => RouteFrom::Address(address),
                None => RouteFrom::Host(name),
            }
        };
        let port = match port {
            "" => None,
            port => Some(parse_port(port)?),
        };
        let to = match bracketed(to)? {
            Some(address) => address,
            None => to
                .parse()
                .map(IpAddr::V4)
                .map_err(|_no_address| RouteError::Address { text: shorten(to) })?,
        };
        Ok(Self {
            from,
            port,
            to: SocketAddr::new(to, parse_port(to_port)?),
        })
    }
}

/// Splits at the colon that ends a host: the first one outside brackets.
fn split_host(text: &str) -> Result<(&str, &str), RouteError> {
    if !text.starts_with('[') {
        return text.split_once(':').ok_or(RouteError::TooFewParts);
    }
    let (_, rest) = text.split_once(']').ok_or(RouteError::OpenBracket)?;
    let host_octets = text.len().saturating_sub(rest.len());
    let (host, rest) = text.split_at(host_octets);
    match rest.strip_prefix(':') {
        Some(rest) => Ok((host, rest)),
        None => Err(RouteError::TooFewParts),
    }
}

fn bracketed(text: &str) -> Result<Option<IpAddr>, RouteError> {
    let Some(inner) = text.strip_prefix('[') else {
        return Ok(None);
    };
    inner
        .strip_suffix(']')
        .and_then(|inner| inner.parse().ok())
        .map(|address| Some(IpAddr::V6(address)))
        .ok_or_else(|| RouteError::Address {
            text: shorten(text),
        })
}

fn parse_port(text: &str) -> Result<u16, RouteError> {
    text.parse()
        .ok()
        .filter(|port| *port > 0 && text.starts_with(|c: char| c.is_ascii_digit()))
        .ok_or_else(|| RouteError::Port {
            text: shorten(text),
        })
}

/// Keeps messages short, whatever was typed.
fn shorten(text: &str) -> Box<str> {
    text.chars().take(80).collect()
}

/// Why a text is no route.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// What should be an address is none.
    #[error("`{text}` is not an address (IPv6 addresses stand in brackets)")]
    Address {
        /// The text.
        text: Box<str>,
    },
    /// What should be a host name is none.
    #[error("`{text}` is neither a host name nor an address: {error}")]
    Host {
        /// The text.
        text: Box<str>,
        /// Why.
        error: DnsNameError,
    },
    /// A bracket that nothing closes.
    #[error("a `[` has no `]`")]
    OpenBracket,
    /// What should be a port is none.
    #[error("`{text}` is not a port from 1 to 65535")]
    Port {
        /// The text.
        text: Box<str>,
    },
    /// Not four parts.
    #[error("four parts with `:` between them are needed, HOST-OR-ADDR:PORT:ADDR:PORT")]
    TooFewParts,
}

#[cfg(test)]
mod tests {
    use super::{Route, RouteError, Routes};

    #[test]
    fn routes_are_read_and_written() {
        for text in [
            "::127.0.0.1:4000",
            "mx.test:25:127.0.0.1:4000",
            "mx.test::127.0.0.1:4000",
            ":25:127.0.0.1:4000",
            "192.0.2.1:25:127.0.0.1:4000",
            "[2001:db8::1]:443:[::1]:4000",
            "_mx.test:25:[::1]:1",
        ] {
            let route: Route = text.parse().unwrap();
            assert_eq!(route.to_string(), text);
        }
        let folded: Route = "MX.Test.:25:127.0.0.1:1".parse().unwrap();
        assert_eq!(folded.to_string(), "mx.test:25:127.0.0.1:1");
    }

    #[test]
    fn what_is_no_route_is_refused_with_the_part_that_is_wrong() {
        let port = |text: &str| RouteError::Port { text: text.into() };
        let address = |text: &str| RouteError::Address { text: text.into() };
        for (text, expected) in [
            ("", RouteError::TooFewParts),
            ("mx.test", RouteError::TooFewParts),
            ("mx.test:25", RouteError::TooFewParts),
            ("mx.test:25:127.0.0.1", RouteError::TooFewParts),
            ("mx.test:25:127.0.0.1:", port("")),
            ("mx.test:25:127.0.0.1:0", port("0")),
            ("mx.test:25:127.0.0.1:+1", port("+1")),
            ("mx.test:25:127.0.0.1:65536", port("65536")),
            ("mx.test:25:127.0.0.1:1:2", port("1:2")),
            ("mx.test:smtp:127.0.0.1:1", port("smtp")),
            ("mx.test:25:other.test:1", address("other.test")),
            ("mx.test:25::1", address("")),
            ("2001:db8::1:25:127.0.0.1:1", port("db8")),
            ("[192.0.2.1]:25:127.0.0.1:1", address("[192.0.2.1]")),
            ("[2001:db8::1:25:127.0.0.1:1", RouteError::OpenBracket),
            ("[2001:db8::1]25:127.0.0.1:1", RouteError::TooFewParts),
        ] {
            assert_eq!(text.parse::<Route>(), Err(expected), "{text:?}");
        }
        assert!(matches!(
            "m x:25:127.0.0.1:1".parse::<Route>(),
            Err(RouteError::Host { .. })
        ));
    }

    #[test]
    fn the_most_specific_route_counts() {
        let routes = Routes::new(
            [
                "::127.0.0.1:1",
                ":25:127.0.0.1:2",
                "mx.test::127.0.0.1:3",
                "mx.test:25:127.0.0.1:4",
                "192.0.2.1::127.0.0.1:5",
                "192.0.2.1:25:127.0.0.1:6",
                "192.0.2.1:25:127.0.0.1:7",
                "[2001:db8::1]:25:[::1]:8",
            ]
            .map(|text| text.parse().unwrap()),
        );
        for (host, target, expected) in [
            ("a.test", "192.0.2.9:443", "127.0.0.1:1"),
            ("a.test", "192.0.2.9:25", "127.0.0.1:2"),
            ("mx.test", "192.0.2.9:443", "127.0.0.1:3"),
            ("mx.test", "192.0.2.9:25", "127.0.0.1:4"),
            ("mx.test", "192.0.2.1:443", "127.0.0.1:5"),
            ("mx.test", "192.0.2.1:25", "127.0.0.1:6"),
            ("a.test", "[2001:db8::1]:25", "[::1]:8"),
        ] {
            let found = routes.resolve(&host.parse().unwrap(), target.parse().unwrap());
            assert_eq!(found, expected.parse().unwrap(), "{host} {target}");
        }
    }

    #[test]
    fn without_a_route_a_connection_goes_where_it_is_meant_to() {
        let target = "192.0.2.1:25".parse().unwrap();
        let routes = Routes::new(["mx.test:25:127.0.0.1:1".parse().unwrap()]);
        assert_eq!(
            routes.resolve(&"other.test".parse().unwrap(), target),
            target
        );
    }
}
