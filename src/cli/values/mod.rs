//! The types of single arguments: each parses one text and says what would be right.

mod count;
mod domain;
mod duration;
mod host;
mod next_hop;
mod probe;
mod server;

pub use count::{CountError, parse_count};
pub use domain::{DomainArgument, DomainArgumentError};
pub use duration::{DurationError, parse_duration};
pub use host::{HostError, parse_host};
pub use next_hop::{NextHop, NextHopError};
pub use probe::{Probe, ProbeError};
pub use server::{ServerUrl, ServerUrlError};

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// The port of DNS, taken where `--resolver` names none.
const DNS_PORT: u16 = 53;

/// A resolver's address: `ADDR:PORT`, or `ADDR` alone for port 53.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResolverAddress(pub SocketAddr);

impl FromStr for ResolverAddress {
    type Err = ResolverAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(socket) = text.parse() {
            return Ok(Self(socket));
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        bare.parse::<IpAddr>()
            .map(|address| Self(SocketAddr::new(address, DNS_PORT)))
            .map_err(|_not_an_address| ResolverAddressError)
    }
}

/// A text that is no resolver's address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a resolver is an address with a port, as in 127.0.0.1:5353 or [::1]:5353, not a name")]
pub struct ResolverAddressError;

/// Where `--cache` points.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CacheChoice {
    /// `none`: nothing is read or written.
    None,
    /// A file. One that is named `none` is written `./none`.
    Path(PathBuf),
}

impl FromStr for CacheChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            path => Self::Path(path.into()),
        })
    }
}

/// A file, or `-` for standard input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CacheChoice, ResolverAddress, ResolverAddressError, Source};

    #[test]
    fn a_resolver_is_an_address_and_perhaps_a_port() {
        for (text, expected) in [
            ("127.0.0.1:5353", Ok("127.0.0.1:5353")),
            ("192.0.2.1", Ok("192.0.2.1:53")),
            ("[::1]:5353", Ok("[::1]:5353")),
            ("::1", Ok("[::1]:53")),
            ("[::1]", Ok("[::1]:53")),
            ("dns.example", Err(ResolverAddressError)),
            ("192.0.2.1:", Err(ResolverAddressError)),
            ("192.0.2.1:99999", Err(ResolverAddressError)),
        ] {
            assert_eq!(
                text.parse(),
                expected.map(|socket| ResolverAddress(socket.parse().unwrap())),
                "{text}"
            );
        }
    }

    #[test]
    fn none_and_the_hyphen_are_words_and_all_else_is_a_path() {
        assert_eq!("none".parse(), Ok(CacheChoice::None));
        assert_eq!("./none".parse(), Ok(CacheChoice::Path("./none".into())));
        assert_eq!("-".parse(), Ok(Source::Stdin));
        assert_eq!("./-".parse(), Ok(Source::File("./-".into())));
    }
}
