//! Commands and records to paste, each written in one place.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::dns::TxtRecord;
use crate::facts::smtp::SmtpPort;
use crate::facts::{DnsName, UnixTime};
use crate::sts::presentation::Quoted;
use crate::tlsrpt;

/// Returns where the policy of a domain is served (RFC 8461, Section 3.3).
#[must_use]
pub fn policy_url(domain: &DnsName) -> String {
    format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")
}

/// A line for a shell.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Command(String);

impl Command {
    /// Looks names up: `arguments` are those of `dig`.
    pub(super) fn dig(arguments: impl fmt::Display) -> Self {
        Self(format!("dig {arguments}"))
    }

    /// Fetches the policy; `options` are those of `curl`.
    pub(super) fn fetch(options: &str, domain: &DnsName) -> Self {
        Self(format!("curl {options} {}", policy_url(domain)))
    }

    /// Fetches the policy from one address of the policy host.
    pub(super) fn fetch_from(domain: &DnsName, address: IpAddr) -> Self {
        let literal = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Self::fetch(
            &format!("-sS --resolve 'mta-sts.{domain}:443:{literal}'"),
            domain,
        )
    }

    /// Asks whether the served policy covers MX hosts.
    pub(super) fn lint_served(domain: &DnsName, hosts: &[String]) -> Self {
        Self(format!(
            "{} | stickler lint policy - --mx {}",
            Self::fetch("-sS", domain),
            hosts.join(" ")
        ))
    }

    /// Shakes hands with the policy host.
    pub(super) fn https_handshake(domain: &DnsName, options: &str) -> Self {
        Self(format!(
            "openssl s_client </dev/null -connect mta-sts.{domain}:443 -servername mta-sts.{domain}{options}"
        ))
    }

    /// Shakes hands with an MX host, after STARTTLS.
    pub(super) fn smtp_handshake(host: &DnsName, port: SmtpPort, options: &str) -> Self {
        Self(format!(
            "openssl s_client -connect {host}:{port} -starttls smtp -servername {host} </dev/null{options}"
        ))
    }

    /// Shakes hands with an MX host at one of its addresses, after STARTTLS.
    pub(super) fn smtp_handshake_at(
        host: &DnsName,
        address: IpAddr,
        port: SmtpPort,
        options: &str,
    ) -> Self {
        Self(format!(
            "openssl s_client -connect {} -starttls smtp -servername {host} </dev/null{options}",
            SocketAddr::new(address, port.0)
        ))
    }

    /// Checks again, with the options that this check had.
    pub(super) fn check(options: &str, arguments: impl fmt::Display) -> Self {
        let blank = if options.is_empty() { "" } else { " " };
        Self(format!("stickler check {options}{blank}{arguments}"))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record to publish, in the form of a zone file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ZoneRecord {
    /// A null MX (RFC 7505).
    NullMx {
        /// The domain.
        domain: DnsName,
    },
    /// An MX record.
    Mx {
        /// The domain.
        domain: DnsName,
        /// The preference.
        preference: u16,
        /// The host.
        host: DnsName,
    },
    /// The TXT record at `_mta-sts` (RFC 8461, Section 3.1), with an id that nobody has seen before: the
    /// moment, to the second.
    Sts {
        /// The policy domain.
        domain: DnsName,
        /// When it was made.
        now: UnixTime,
    },
    /// The TXT record at `_smtp._tls` (RFC 8460, Section 3).
    TlsRpt {
        /// The policy domain.
        domain: DnsName,
        /// The record.
        record: tlsrpt::record::Record,
    },
}

/// What a suggested record's TTL is, in seconds: long enough for resolvers, short enough for a cutover.
const TTL_SECS: u32 = 3_600;

impl ZoneRecord {
    /// Returns the name at which it is looked for.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Mx { domain, .. } | Self::NullMx { domain } => domain.to_string(),
            Self::Sts { domain, .. } => format!("_mta-sts.{domain}"),
            Self::TlsRpt { domain, .. } => format!("_smtp._tls.{domain}"),
        }
    }

    /// Returns it as it is published at `owner`: its own name, or the one that a CNAME there leads to.
    #[must_use]
    pub fn at(&self, owner: &str) -> String {
        let data = match self {
            Self::Mx {
                preference, host, ..
            } => format!("MX {preference} {host}."),
            Self::NullMx { .. } => "MX 0 .".to_owned(),
            Self::Sts { now, .. } => format!(
                "TXT \"v=STSv1; id={};\"",
                now.to_timestamp().strftime("%Y%m%dT%H%M%S")
            ),
            Self::TlsRpt { record, .. } => {
                let text = TxtRecord::from_text(record.to_string().as_bytes());
                format!("TXT {}", Quoted(&text))
            }
        };
        format!("{owner}. {TTL_SECS} IN {data}")
    }
}

impl fmt::Display for ZoneRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at(&self.name()))
    }
}

/// Returns whether a host name can stand in a shell command as it is.
///
/// Names in MX records are anything that the DNS can hold: `$(…)` among it. One that begins with `-` would be
/// taken for an option.
#[must_use]
pub fn is_shell_safe(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::is_shell_safe;

    #[test]
    fn only_plain_names_go_into_commands() {
        for (name, expected) in [
            ("mx_1.corp-x.test", true),
            ("", false),
            ("-rf.test", false),
            ("$(id).test", false),
            ("a b", false),
            ("ü.test", false),
        ] {
            assert_eq!(is_shell_safe(name), expected, "{name:?}");
        }
    }
}
