//! An MX host: a name.

use std::net::IpAddr;

use crate::facts::{DnsName, DnsNameError};

/// Reads the name of an MX host.
///
/// # Errors
///
/// When it is no name, or an address.
pub fn parse_host(text: &str) -> Result<DnsName, HostError> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Err(HostError::Address);
    }
    let name: DnsName = text.parse().map_err(HostError::Name)?;
    match name.as_address() {
        Some(_) => Err(HostError::Address),
        None => Ok(name),
    }
}

/// Why a text is no MX host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HostError {
    /// An address, perhaps in brackets.
    #[error(
        "this is an address, and an MX record holds a name (RFC 1035, Section 3.3.9), as a pattern does: give the \
         host's name"
    )]
    Address,
    /// No name that the DNS could hold.
    #[error("{0}")]
    Name(DnsNameError),
}

#[cfg(test)]
mod tests {
    use super::{HostError, parse_host};
    use crate::facts::DnsNameError;

    #[test]
    fn a_host_is_a_name_and_no_address() {
        for (text, expected) in [
            ("MX.corp.test.", Ok("mx.corp.test")),
            ("192.0.2.1", Err(HostError::Address)),
            ("192.0.2.1.", Err(HostError::Address)),
            ("[192.0.2.1]", Err(HostError::Address)),
            ("2001:db8::1", Err(HostError::Address)),
            ("", Err(HostError::Name(DnsNameError::Empty))),
        ] {
            let host = parse_host(text);
            assert_eq!(
                host.as_ref().map(|name| name.as_str()),
                expected.as_ref().copied(),
                "{text}"
            );
        }
    }
}
