//! Where the sidecar listens.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where something listens: `ADDR:PORT`, or `unix:PATH`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// A port of an address of this host.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Returns whether other hosts can reach it.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        match self {
            Self::Tcp(address) => match address.ip() {
                IpAddr::V4(address) => !address.is_loopback(),
                IpAddr::V6(address) => !address.is_loopback(),
            },
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err(AddressError),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_not_an_address| AddressError),
        }
    }
}

/// A text that says nowhere to listen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("listen at an address with a port, as in 127.0.0.1:8461 or [::1]:8461, or at unix:/PATH")]
pub struct AddressError;

#[cfg(test)]
mod tests {
    use super::{Address, AddressError};

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for (text, is_remote) in [
            ("127.0.0.1:8461", false),
            ("[::1]:8461", false),
            ("0.0.0.0:8461", true),
            ("192.0.2.1:1", true),
            ("[::]:1", true),
            ("unix:/run/stickler/exim.sock", false),
            ("unix:s", false),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.is_remote(), is_remote, "{text}");
        }
        for text in ["", "8461", "localhost:8461", "unix:", "127.0.0.1"] {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }
}
