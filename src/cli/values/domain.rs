//! A domain as people type it: a name, `user@name`, in any script.

use std::net::IpAddr;
use std::str::FromStr;

use crate::facts::{DnsName, DnsNameError};

/// The domain of a `DOMAIN` argument. Of `user@domain` the domain counts.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DomainArgument(DnsName);

impl DomainArgument {
    /// Returns the domain.
    #[must_use]
    pub const fn name(&self) -> &DnsName {
        &self.0
    }

    /// Returns the domain.
    #[must_use]
    pub fn into_name(self) -> DnsName {
        self.0
    }
}

impl FromStr for DomainArgument {
    type Err = DomainArgumentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A quoted local part may hold "@" itself, a domain never does.
        let domain = text.rsplit_once('@').map_or(text, |(_user, domain)| domain);
        let bare = domain.trim_start_matches('[').trim_end_matches(']');
        // [RFC 8461, Section 3.4] has a policy domain only for names; an address has no `_mta-sts` below it.
        if domain.starts_with('[') || bare.parse::<IpAddr>().is_ok() {
            return Err(DomainArgumentError::AddressLiteral);
        }
        if domain.contains("://") {
            return Err(DomainArgumentError::Url);
        }
        let name: DnsName = domain.parse().map_err(DomainArgumentError::Name)?;
        match name.as_address() {
            Some(_) => Err(DomainArgumentError::AddressLiteral),
            None => Ok(Self(name)),
        }
    }
}

/// Why a text is no domain that mail goes to by MTA-STS.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DomainArgumentError {
    /// `[192.0.2.1]`, or an address without the brackets.
    #[error(
        "this is an address, and there is no MTA-STS policy for address literals (RFC 8461, Section 3.4): give a domain"
    )]
    AddressLiteral,
    /// No name that the DNS could hold.
    #[error("{0}")]
    Name(DnsNameError),
    /// `https://…`.
    #[error("this is a URL: give the domain of the mail address alone, as in example.com")]
    Url,
}

#[cfg(test)]
mod tests {
    use super::{DomainArgument, DomainArgumentError};
    use crate::facts::DnsNameError;

    #[test]
    fn users_are_dropped_and_scripts_turned_to_a_labels() {
        for (text, expected) in [
            ("Example.com", "example.com"),
            ("example.com.", "example.com"),
            ("jo@example.com", "example.com"),
            ("\"a@b\"@example.com", "example.com"),
            ("jo@bücher.test", "xn--bcher-kva.test"),
        ] {
            let domain: DomainArgument = text.parse().unwrap();
            assert_eq!(domain.name().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn addresses_urls_and_empty_names_are_refused() {
        for (text, expected) in [
            ("192.0.2.1", DomainArgumentError::AddressLiteral),
            ("192.0.2.1.", DomainArgumentError::AddressLiteral),
            ("jo@[192.0.2.1]", DomainArgumentError::AddressLiteral),
            ("jo@[IPv6:2001:db8::1]", DomainArgumentError::AddressLiteral),
            ("2001:db8::1", DomainArgumentError::AddressLiteral),
            ("https://example.com/", DomainArgumentError::Url),
            ("jo@", DomainArgumentError::Name(DnsNameError::Empty)),
            (
                "a..test",
                DomainArgumentError::Name(DnsNameError::EmptyLabel),
            ),
        ] {
            assert_eq!(text.parse::<DomainArgument>(), Err(expected), "{text}");
        }
    }
}
