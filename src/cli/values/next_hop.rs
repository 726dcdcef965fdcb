//! A smart host as Postfix writes it: `relay`, `relay:587`, `[relay]`, `[relay]:587`.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use super::domain::{DomainArgumentError, mail_domain};
use crate::facts::DnsName;
use crate::facts::smtp::SmtpPort;
use crate::sender::candidates::MxUse;

/// A smart host: its name is the policy domain (RFC 8461, Section 3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NextHop {
    /// Its name.
    pub name: DnsName,
    /// Whether its MX records are looked up: not in brackets.
    pub mx: MxUse,
    /// The port.
    pub port: SmtpPort,
}

impl NextHop {
    /// Returns whether it is more than a name.
    #[must_use]
    pub fn is_more_than_a_name(&self) -> bool {
        self.mx == MxUse::PassedOver || self.port != SmtpPort::default()
    }
}

impl FromStr for NextHop {
    type Err = NextHopError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port, mx) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None, MxUse::PassedOver),
            Some((host, rest)) => {
                let port = rest.strip_prefix(':').ok_or(NextHopError::Shape)?;
                (host, Some(port), MxUse::PassedOver)
            }
            // More than one colon, and it is an IPv6 address.
            None => match text.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port), MxUse::LookedUp),
                Some(_) | None => (text, None, MxUse::LookedUp),
            },
        };
        if host.starts_with("IPv6:") {
            return Err(NextHopError::Address);
        }
        let name = mail_domain(host).map_err(|error| match error {
            DomainArgumentError::AddressLiteral => NextHopError::Address,
            DomainArgumentError::Hyphen { .. }
            | DomainArgumentError::Name(_)
            | DomainArgumentError::TwoAts
            | DomainArgumentError::Url => NextHopError::Host(error),
        })?;
        let port = match port {
            None => SmtpPort::default(),
            Some(port) => {
                let number: NonZeroU16 = port.parse().map_err(|_not_a_port| NextHopError::Port)?;
                SmtpPort(number.get())
            }
        };
        Ok(Self { name, mx, port })
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mx {
            MxUse::LookedUp => self.name.fmt(f)?,
            MxUse::PassedOver => write!(f, "[{}]", self.name)?,
        }
        if self.port == SmtpPort::default() {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// Why a text is no smart host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NextHopError {
    /// An address, perhaps in brackets.
    #[error(
        "this is an address, and a smart host's policy is that of its name (RFC 8461, Section 3.4): give the name, as \
         in [relay.example.net]:587"
    )]
    Address,
    /// No name of a host.
    #[error("{0}")]
    Host(DomainArgumentError),
    /// No port.
    #[error("a port is a number from 1 to 65535, as in relay.example.net:587")]
    Port,
    /// Something after the brackets.
    #[error("a smart host is written HOST, HOST:PORT, [HOST] or [HOST]:PORT")]
    Shape,
}

#[cfg(test)]
mod tests {
    use super::{NextHop, NextHopError};

    #[test]
    fn a_smart_host_is_read_as_postfix_writes_it() {
        for (text, expected) in [
            ("Relay.test", "relay.test"),
            ("relay.test:25", "relay.test"),
            ("relay.test:587", "relay.test:587"),
            ("[relay.test]", "[relay.test]"),
            ("[relay.test]:587", "[relay.test]:587"),
        ] {
            let hop: NextHop = text.parse().unwrap();
            assert_eq!(hop.to_string(), expected, "{text}");
            assert_eq!(
                hop.is_more_than_a_name(),
                expected != "relay.test",
                "{text}"
            );
        }
    }

    #[test]
    fn an_address_is_no_smart_host() {
        for text in [
            "192.0.2.1",
            "192.0.2.1:587",
            "[192.0.2.1]",
            "[192.0.2.1]:587",
            "2001:db8::1",
            "[2001:db8::1]:587",
            "[IPv6:2001:db8::1]",
        ] {
            assert_eq!(
                text.parse::<NextHop>(),
                Err(NextHopError::Address),
                "{text}"
            );
        }
        for (text, expected) in [
            ("relay.test:", NextHopError::Port),
            ("relay.test:0", NextHopError::Port),
            ("relay.test:smtp", NextHopError::Port),
            ("[relay.test]587", NextHopError::Shape),
        ] {
            assert_eq!(text.parse::<NextHop>(), Err(expected), "{text}");
        }
        assert!("[".parse::<NextHop>().is_err());
    }
}
