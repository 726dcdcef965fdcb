//! `--connect-to`: curl's habit of sending a connection elsewhere.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::facts::{DnsName, DnsNameError};

/// One `--connect-to HOST-OR-ADDR:PORT:ADDR:PORT`: connections to the first pair go to the second.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectTo {
    /// Which host, or which of its addresses; `None` stands for any.
    pub target: Option<ConnectTarget>,
    /// Which port; `None` stands for any.
    pub port: Option<u16>,
    /// Where the connection goes instead.
    pub to: SocketAddr,
}

/// The left side of a [`ConnectTo`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ConnectTarget {
    /// One address, whatever host it belongs to: it tells the edges of a host apart.
    Address(IpAddr),
    /// A host, whatever its address.
    Host(DnsName),
}

impl FromStr for ConnectTo {
    type Err = ConnectToError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, rest) = split_host(text)?;
        let (port, to) = rest.split_once(':').ok_or(ConnectToError::Shape)?;
        let target = match host {
            "" => None,
            host => Some(match host.parse() {
                Ok(address) => ConnectTarget::Address(address),
                Err(_not_an_address) => {
                    ConnectTarget::Host(host.parse().map_err(ConnectToError::Host)?)
                }
            }),
        };
        let port = match port {
            "" => None,
            digits => Some(digits.parse().map_err(|_not_a_port| ConnectToError::Port {
                found: digits.chars().take(32).collect(),
            })?),
        };
        let to = to
            .parse()
            .map_err(|_not_a_socket| ConnectToError::Destination {
                found: to.chars().take(64).collect(),
            })?;
        Ok(Self { target, port, to })
    }
}

/// Splits the host, in brackets or not, from what follows its colon.
fn split_host(text: &str) -> Result<(&str, &str), ConnectToError> {
    match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => text.split_once(':'),
    }
    .ok_or(ConnectToError::Shape)
}

impl fmt::Display for ConnectTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            None => {}
            Some(ConnectTarget::Address(IpAddr::V6(address))) => write!(f, "[{address}]")?,
            Some(ConnectTarget::Address(IpAddr::V4(address))) => write!(f, "{address}")?,
            Some(ConnectTarget::Host(host)) => write!(f, "{host}")?,
        }
        f.write_str(":")?;
        if let Some(port) = self.port {
            write!(f, "{port}")?;
        }
        write!(f, ":{}", self.to)
    }
}

/// Why a text is no [`ConnectTo`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConnectToError {
    /// The right side is no address with a port.
    #[error(
        "`{found}` is no address with a port: the right side is as in 127.0.0.1:8443 or [::1]:8443"
    )]
    Destination {
        /// The right side, its first 64 characters.
        found: Box<str>,
    },
    /// The left side is no host.
    #[error("the left side is neither a host nor an address: {0}")]
    Host(DnsNameError),
    /// The left port is none.
    #[error("`{found}` is no port")]
    Port {
        /// The port, its first 32 characters.
        found: Box<str>,
    },
    /// Too few parts.
    #[error(
        "it has four parts, HOST-OR-ADDR:PORT:ADDR:PORT, of which the first two may be empty; an IPv6 address stands in brackets"
    )]
    Shape,
}

#[cfg(test)]
mod tests {
    use super::{ConnectTarget, ConnectTo, ConnectToError};

    #[test]
    fn the_first_two_parts_may_be_empty() {
        let host = || Some(ConnectTarget::Host("mx.corp.test".parse().unwrap()));
        let address = |text: &str| Some(ConnectTarget::Address(text.parse().unwrap()));
        for (text, target, port) in [
            ("MX.corp.test:25:127.0.0.1:2525", host(), Some(25)),
            ("mx.corp.test::127.0.0.1:2525", host(), None),
            (":25:127.0.0.1:2525", None, Some(25)),
            ("::127.0.0.1:2525", None, None),
            (
                "192.0.2.7:443:127.0.0.1:2525",
                address("192.0.2.7"),
                Some(443),
            ),
            (
                "[2001:db8::7]:443:127.0.0.1:2525",
                address("2001:db8::7"),
                Some(443),
            ),
        ] {
            let parsed: ConnectTo = text.parse().unwrap();
            let expected = ConnectTo {
                target,
                port,
                to: "127.0.0.1:2525".parse().unwrap(),
            };
            assert_eq!(parsed, expected, "{text}");
            assert_eq!(parsed.to_string().parse(), Ok(expected), "{parsed}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_the_part_that_is_wrong() {
        for (text, expected) in [
            ("", ConnectToError::Shape),
            ("mx.corp.test", ConnectToError::Shape),
            ("mx.corp.test:25", ConnectToError::Shape),
            ("[2001:db8::7", ConnectToError::Shape),
            (
                "mx.corp.test:smtp:127.0.0.1:25",
                ConnectToError::Port {
                    found: "smtp".into(),
                },
            ),
            (
                "mx.corp.test:25:localhost:25",
                ConnectToError::Destination {
                    found: "localhost:25".into(),
                },
            ),
        ] {
            assert_eq!(text.parse::<ConnectTo>(), Err(expected), "{text:?}");
        }
    }
}
