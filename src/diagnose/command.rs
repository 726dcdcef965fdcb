//! Commands and records to paste, each written in one place.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::dns::TxtRecord;
use crate::facts::smtp::SmtpPort;
use crate::facts::{DnsName, UnixTime};
use crate::sts::presentation::Quoted;
use crate::sts::record::RecordId;
use crate::tlsrpt;

/// Returns where the policy of a domain is served (RFC 8461, Section 3.3).
#[must_use]
pub fn policy_url(domain: &DnsName) -> String {
    format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")
}

/// The port of a policy host.
pub(super) const HTTPS_PORT: u16 = 443;

/// A line for a shell.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub enum Command {
    /// Looks names up.
    Dig {
        /// What `dig` is asked.
        arguments: String,
        /// The resolver; `None` for the system's.
        at: Option<SocketAddr>,
    },
    /// Asks one server of a zone.
    AskServer {
        /// What `dig` is asked.
        arguments: String,
        /// The server's name.
        host: DnsName,
        /// The server.
        at: SocketAddr,
    },
    /// Looks a name up from the root on.
    Trace(String),
    /// Fetches the policy.
    Fetch {
        /// The policy domain.
        domain: DnsName,
        /// The options of `curl`.
        options: String,
        /// Where from.
        from: Source,
        /// The MX hosts that the policy is held to; none if it is only shown.
        covers: Vec<String>,
    },
    /// Shakes hands with a host.
    Handshake {
        /// The name that is asked for.
        name: String,
        /// The port.
        port: u16,
        /// Where the host is; `None` for wherever its name leads.
        to: Option<SocketAddr>,
        /// Whether STARTTLS comes first.
        is_smtp: bool,
        /// More options of `openssl s_client`, each after a blank.
        options: String,
    },
    /// Checks again: the arguments.
    Check(String),
}

/// Where a policy is fetched from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Wherever the policy host's name leads.
    Anywhere,
    /// One address of the policy host.
    Address(IpAddr),
    /// A socket in the place of the policy host's.
    Socket(SocketAddr),
}

impl Command {
    /// Looks names up: `arguments` are those of `dig`.
    pub(super) fn dig(arguments: impl fmt::Display) -> Self {
        Self::Dig {
            arguments: arguments.to_string(),
            at: None,
        }
    }

    /// Asks one server of a zone what it says itself: `arguments` are those of `dig`.
    pub(super) fn ask_server(
        host: &DnsName,
        address: IpAddr,
        arguments: impl fmt::Display,
    ) -> Self {
        Self::AskServer {
            arguments: format!("+norecurse {arguments}"),
            host: host.clone(),
            at: SocketAddr::new(address, DNS_PORT),
        }
    }

    /// Looks a name up from the root on.
    pub(super) fn trace(name: impl fmt::Display) -> Self {
        Self::Trace(name.to_string())
    }

    /// Fetches the policy; `options` are those of `curl`.
    pub(super) fn fetch(options: &str, domain: &DnsName) -> Self {
        Self::Fetch {
            domain: domain.clone(),
            options: options.to_owned(),
            from: Source::Anywhere,
            covers: Vec::new(),
        }
    }

    /// Fetches the policy from one address of the policy host.
    pub(super) fn fetch_from(domain: &DnsName, address: IpAddr) -> Self {
        Self::Fetch {
            domain: domain.clone(),
            options: "-sS".to_owned(),
            from: Source::Address(address),
            covers: Vec::new(),
        }
    }

    /// Asks whether the served policy covers MX hosts.
    pub(super) fn lint_served(domain: &DnsName, hosts: &[String]) -> Self {
        Self::Fetch {
            domain: domain.clone(),
            options: "-sS".to_owned(),
            from: Source::Anywhere,
            covers: hosts.to_vec(),
        }
    }

    /// Shakes hands with the policy host.
    pub(super) fn https_handshake(domain: &DnsName, options: &str) -> Self {
        Self::Handshake {
            name: format!("mta-sts.{domain}"),
            port: HTTPS_PORT,
            to: None,
            is_smtp: false,
            options: options.to_owned(),
        }
    }

    /// Shakes hands with an MX host, after STARTTLS.
    pub(super) fn smtp_handshake(host: &DnsName, port: SmtpPort, options: &str) -> Self {
        Self::Handshake {
            name: host.to_string(),
            port: port.0,
            to: None,
            is_smtp: true,
            options: options.to_owned(),
        }
    }

    /// Shakes hands with an MX host at one of its addresses, after STARTTLS.
    pub(super) fn smtp_handshake_at(
        host: &DnsName,
        address: IpAddr,
        port: SmtpPort,
        options: &str,
    ) -> Self {
        Self::Handshake {
            name: host.to_string(),
            port: port.0,
            to: Some(SocketAddr::new(address, port.0)),
            is_smtp: true,
            options: options.to_owned(),
        }
    }

    /// Checks again, with the options that this check had.
    pub(super) fn check(options: &str, arguments: impl fmt::Display) -> Self {
        let blank = if options.is_empty() { "" } else { " " };
        Self::Check(format!("{options}{blank}{arguments}"))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dig { arguments, at } => dig(f, *at, arguments),
            Self::AskServer { arguments, at, .. } => dig(f, Some(*at), arguments),
            Self::Trace(name) => write!(f, "dig +trace {name}"),
            Self::Fetch {
                domain,
                options,
                from,
                covers,
            } => {
                write!(f, "curl {options} {from}", from = Led { domain, from })?;
                f.write_str(&policy_url(domain))?;
                if !covers.is_empty() {
                    write!(f, " | stickler lint policy - --mx {}", covers.join(" "))?;
                }
                Ok(())
            }
            Self::Handshake {
                name,
                port,
                to,
                is_smtp,
                options,
            } => {
                let at = match to {
                    Some(socket) => socket.to_string(),
                    None => format!("{name}:{port}"),
                };
                if *is_smtp {
                    write!(
                        f,
                        "openssl s_client -connect {at} -starttls smtp -servername {name} </dev/null{options}"
                    )
                } else {
                    write!(
                        f,
                        "openssl s_client </dev/null -connect {at} -servername {name}{options}"
                    )
                }
            }
            Self::Check(arguments) => write!(f, "stickler check {arguments}"),
        }
    }
}

fn dig(f: &mut fmt::Formatter<'_>, at: Option<SocketAddr>, arguments: &str) -> fmt::Result {
    f.write_str("dig ")?;
    if let Some(at) = at {
        write!(f, "@{} ", at.ip())?;
    }
    if let Some(at) = at.filter(|at| at.port() != DNS_PORT) {
        write!(f, "-p {} ", at.port())?;
    }
    f.write_str(arguments)
}

impl From<Command> for String {
    fn from(command: Command) -> Self {
        command.to_string()
    }
}

/// The port of resolvers and name servers, which `dig` takes by itself.
const DNS_PORT: u16 = 53;

/// The option that leads `curl` elsewhere, with a blank behind it.
struct Led<'c> {
    domain: &'c DnsName,
    from: &'c Source,
}

impl fmt::Display for Led<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, from } = self;
        match from {
            Source::Anywhere => Ok(()),
            Source::Address(address) => {
                write!(
                    f,
                    "--resolve 'mta-sts.{domain}:{HTTPS_PORT}:{}' ",
                    Literal(*address)
                )
            }
            Source::Socket(to) => write!(f, "--connect-to 'mta-sts.{domain}:{HTTPS_PORT}:{to}' "),
        }
    }
}

/// An address as it stands in a URL.
struct Literal(IpAddr);

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
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
    /// The TXT record at `_mta-sts` (RFC 8461, Section 3.1).
    Sts {
        /// The policy domain.
        domain: DnsName,
        /// The id, one that nobody has seen before.
        id: RecordId,
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
    /// Makes the TXT record at `_mta-sts` with an id that nobody has seen before: the moment, to the second.
    #[must_use]
    pub fn sts(domain: &DnsName, now: UnixTime) -> Self {
        let id = now.to_timestamp().strftime("%Y%m%dT%H%M%S").to_string();
        Self::Sts {
            domain: domain.clone(),
            id: id
                .parse()
                .expect("it is made of letters and digits, fewer than 32"),
        }
    }

    /// Returns the domain that it is published for.
    #[must_use]
    pub const fn domain(&self) -> &DnsName {
        match self {
            Self::Mx { domain, .. }
            | Self::NullMx { domain }
            | Self::Sts { domain, .. }
            | Self::TlsRpt { domain, .. } => domain,
        }
    }

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
            Self::Sts { id, .. } => format!("TXT \"v=STSv1; id={id};\""),
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
