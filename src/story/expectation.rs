//! What a story expects.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::origin::Origin;
use super::state::Deadlines;
use crate::diagnose::findings::codes::Code;
use crate::diagnose::intended::{Intention, WaitFor};
use crate::facts::DnsName;
use crate::facts::dns::{Question, RecordType};
use crate::fakes::names::names;
use crate::sender::memo::MxHosts;
use crate::sender::{MailKind, SenderClass, Verdict};
use crate::tlsrpt::result_type::ResultType;

names! {
    /// Where the policy comes from that is applied.
    PolicySource, "a source of policies" {
        /// It was fetched in this attempt.
        Live = "live",
        /// It was cached.
        Stored = "stored",
        /// There is none.
        None = "none",
    }
}

names! {
    /// A version of TLS.
    TlsVersion, "a version of TLS" {
        /// TLS 1.2.
        Tls12 = "1.2",
        /// TLS 1.3.
        Tls13 = "1.3",
    }
}

/// What must become of one message, or of those that wait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expectation {
    /// Where it is told.
    pub origin: Origin,
    /// The senders, each on its own.
    pub senders: Vec<Box<str>>,
    /// The recipient's domain.
    pub domain: DnsName,
    /// What kind of message it is; of those that wait, each is what it is.
    pub mail: MailKind,
    /// What becomes of the message; `None` says nothing.
    pub verdict: Option<Verdict>,
    /// One of these hosts takes it; empty says nothing.
    pub via: Vec<DnsName>,
    /// This address takes it; `None` says nothing.
    pub via_address: Option<IpAddr>,
    /// Exactly these result types come up, in this order; `None` says nothing.
    pub result_types: Option<Vec<ResultType>>,
    /// These requests reach a server, among others.
    pub asked: Vec<Asked>,
    /// None of these requests does.
    pub not_asked: Vec<Asked>,
    /// What the servers receive.
    pub received: Vec<Received>,
    /// Where the policy comes from; `None` says nothing.
    pub policy: Option<PolicySource>,
    /// The reason contains this text; `None` says nothing.
    pub reason: Option<Box<str>>,
}

impl Expectation {
    /// Makes an expectation about mail for `domain` that says nothing yet.
    #[must_use]
    pub const fn about(domain: DnsName) -> Self {
        Self {
            origin: Origin::new(0),
            senders: Vec::new(),
            domain,
            mail: MailKind::Ordinary,
            verdict: None,
            via: Vec::new(),
            via_address: None,
            result_types: None,
            asked: Vec::new(),
            not_asked: Vec::new(),
            received: Vec::new(),
            policy: None,
            reason: None,
        }
    }
}

/// What a server receives from an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// The MX host.
    pub server: DnsName,
    /// Whether over TLS; `None` says nothing.
    pub tls: Option<bool>,
    /// Over which version; `None` says nothing.
    pub version: Option<TlsVersion>,
    /// How many messages.
    pub count: u32,
}

/// What an observer's `check` must find.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckExpectation {
    /// Where it is told.
    pub origin: Origin,
    /// The domain.
    pub domain: DnsName,
    /// Under which name what was seen is remembered; `None` remembers nothing.
    pub remember: Option<Box<str>>,
    /// Whether the MX hosts are spoken to.
    pub mx_hosts: MxHosts,
    /// How long it waits.
    pub deadlines: Deadlines,
    /// What is intended for the domain; `None` if nothing is.
    pub intention: Option<Intention>,
    /// How far that has to be everywhere at once; `None` demands nothing.
    pub everywhere: Option<WaitFor>,
    /// The class that the verdict is about; `None` means the worst of all.
    pub class: Option<&'static SenderClass>,
    /// The verdict; `None` says nothing.
    pub verdict: Option<Verdict>,
    /// Codes of findings that come up.
    pub findings: Vec<Code>,
    /// Codes of findings that do not.
    pub no_findings: Vec<Code>,
    /// Where the check is to say that the policy is hosted, and how sure that is; `None` says nothing.
    pub place: Option<Box<str>>,
    /// The exit code; `None` says nothing.
    pub exit: Option<u8>,
}

/// A request, as scenarios write it.
///
/// `Display` gives the form that is read: `TXT _mta-sts.corp.test`, `GET mta-sts.corp.test`,
/// `SMTP mx.corp.test`; the last two may name an address after the host.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Asked {
    /// A DNS question that the resolver had to ask on.
    Dns(Question),
    /// A connection to a policy host.
    Get {
        /// The policy host.
        host: DnsName,
        /// At which address; `None` means any.
        address: Option<IpAddr>,
    },
    /// A connection to an MX host.
    Smtp {
        /// The MX host.
        host: DnsName,
        /// At which address; `None` means any.
        address: Option<IpAddr>,
    },
}

impl Asked {
    /// Returns the name that is asked or spoken to.
    #[must_use]
    pub const fn name(&self) -> &DnsName {
        match self {
            Self::Dns(question) => &question.name,
            Self::Get { host, .. } | Self::Smtp { host, .. } => host,
        }
    }

    /// Returns whether a request as it was made is one that this text means.
    #[must_use]
    pub fn covers(&self, made: &Self) -> bool {
        match (self, made) {
            (
                Self::Get {
                    host,
                    address: None,
                },
                Self::Get { host: other, .. },
            )
            | (
                Self::Smtp {
                    host,
                    address: None,
                },
                Self::Smtp { host: other, .. },
            ) => host == other,
            (Self::Dns(_) | Self::Get { .. } | Self::Smtp { .. }, _) => self == made,
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, host, address) = match self {
            Self::Dns(question) => return question.fmt(f),
            Self::Get { host, address } => ("GET", host, address),
            Self::Smtp { host, address } => ("SMTP", host, address),
        };
        write!(f, "{word} {host}")?;
        match address {
            Some(address) => write!(f, " {address}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Asked {
    type Err = AskedError;

    fn from_str(text: &str) -> Result<Self, AskedError> {
        let refuse = |why: &dyn fmt::Display| AskedError {
            text: text.chars().take(80).collect(),
            why: why.to_string().into(),
        };
        let mut words = text.split_ascii_whitespace();
        let word = words.next().unwrap_or_default();
        let Some(name) = words.next() else {
            return Err(refuse(&"it names no host"));
        };
        let name: DnsName = name.parse().map_err(|error| refuse(&error))?;
        let address = words
            .next()
            .map(str::parse::<IpAddr>)
            .transpose()
            .map_err(|error| refuse(&error))?;
        if words.next().is_some() {
            return Err(refuse(&"it has too many words"));
        }
        let record_type = match word {
            "GET" => {
                return Ok(Self::Get {
                    host: name,
                    address,
                });
            }
            "SMTP" => {
                return Ok(Self::Smtp {
                    host: name,
                    address,
                });
            }
            "A" => RecordType::A,
            "AAAA" => RecordType::Aaaa,
            "MX" => RecordType::Mx,
            "TLSA" => RecordType::Tlsa,
            "TXT" => RecordType::Txt,
            _ => return Err(refuse(&"it begins with no kind of request")),
        };
        if address.is_some() {
            return Err(refuse(&"a DNS question names no address"));
        }
        Ok(Self::Dns(Question::new(name, record_type)))
    }
}

/// A text that is no request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no request: {why}")]
pub struct AskedError {
    /// The text, its first 80 characters.
    pub text: Box<str>,
    /// What is wrong with it.
    pub why: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        for text in [
            "TXT _mta-sts.corp.test",
            "MX corp.test",
            "A mx.corp.test",
            "AAAA mx.corp.test",
            "TLSA _25._tcp.mx.corp.test",
            "GET mta-sts.corp.test",
            "GET mta-sts.corp.test 192.0.2.1",
            "SMTP mx.corp.test 2001:db8::1",
        ] {
            assert_eq!(text.parse::<Asked>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_request_is_refused_with_a_reason() {
        for (text, expected) in [
            ("", "`` is no request: it names no host"),
            (
                "PUT a.test",
                "`PUT a.test` is no request: it begins with no kind of request",
            ),
            (
                "MX a.test 192.0.2.1",
                "`MX a.test 192.0.2.1` is no request: a DNS question names no address",
            ),
            (
                "GET a.test 192.0.2.1 x",
                "`GET a.test 192.0.2.1 x` is no request: it has too many words",
            ),
            (
                "GET a.test x",
                "`GET a.test x` is no request: invalid IP address syntax",
            ),
        ] {
            assert_eq!(text.parse::<Asked>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_request_without_an_address_means_every_address() {
        let any: Asked = "GET a.test".parse().unwrap();
        let one: Asked = "GET a.test 192.0.2.1".parse().unwrap();
        assert!(any.covers(&one) && one.covers(&one) && !one.covers(&any));
        assert!(!any.covers(&"SMTP a.test 192.0.2.1".parse().unwrap()));
    }
}
