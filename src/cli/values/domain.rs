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
        let (user, domain) = text.rsplit_once('@').unwrap_or(("", text));
        // A quoted local part may hold "@" itself, no other and no domain does (RFC 5321, Section 4.1.2).
        if user.contains('@') && !(user.starts_with('"') && user.ends_with('"')) {
            return Err(DomainArgumentError::TwoAts);
        }
        mail_domain(domain).map(Self)
    }
}

/// Reads the name of a domain that mail goes to, or of a smart host.
///
/// # Errors
///
/// When it is an address, a URL, or no name that a host could have.
pub(super) fn mail_domain(domain: &str) -> Result<DnsName, DomainArgumentError> {
    let bare = domain.trim_start_matches('[').trim_end_matches(']');
    // [RFC 8461, Section 3.4] has a policy domain only for names; an address has no `_mta-sts` below it.
    if domain.starts_with('[') || bare.parse::<IpAddr>().is_ok() {
        return Err(DomainArgumentError::AddressLiteral);
    }
    if domain.contains("://") {
        return Err(DomainArgumentError::Url);
    }
    let name: DnsName = domain.parse().map_err(DomainArgumentError::Name)?;
    if name.as_address().is_some() {
        return Err(DomainArgumentError::AddressLiteral);
    }
    // RFC 1123, Section 2.1: a label begins and ends with a letter or a digit.
    match name
        .as_str()
        .split('.')
        .find(|label| label.starts_with('-') || label.ends_with('-'))
    {
        Some(label) => Err(DomainArgumentError::Hyphen {
            label: label.into(),
        }),
        None => Ok(name),
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
    /// A label that begins or ends with a hyphen.
    #[error(
        "no label of a domain begins or ends with a hyphen, as `{label}` does (RFC 1123, Section 2.1)"
    )]
    Hyphen {
        /// The label.
        label: Box<str>,
    },
    /// No name that the DNS could hold.
    #[error("{0}")]
    Name(DnsNameError),
    /// `a@b@example.com`.
    #[error("a mail address has one @ outside quotes: give user@domain, or the domain alone")]
    TwoAts,
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
            ("a@b@c.test", DomainArgumentError::TwoAts),
            ("\"a@b@c.test", DomainArgumentError::TwoAts),
            (
                "-bad-.test",
                DomainArgumentError::Hyphen {
                    label: "-bad-".into(),
                },
            ),
            (
                "jo@a.bad-.test",
                DomainArgumentError::Hyphen {
                    label: "bad-".into(),
                },
            ),
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
