//! What the DNS answered.

mod ns;
mod servfail;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::{DnsName, Say, Sentence};

pub use ns::NsRecord;
pub use servfail::{ExtendedErrors, ServFail};

/// A question: a name and a type, in the class IN.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Question {
    /// The name asked about.
    pub name: DnsName,
    /// The type asked for.
    pub record_type: RecordType,
}

impl Question {
    /// Asks for the records of one type at `name`.
    #[must_use]
    pub const fn new(name: DnsName, record_type: RecordType) -> Self {
        Self { name, record_type }
    }
}

impl fmt::Display for Question {
    /// Writes the type, then the name: `TXT _mta-sts.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.record_type, self.name)
    }
}

/// The types that are asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// The name servers of a zone.
    Ns,
    /// The start of a zone, with its serial.
    Soa,
    /// DANE certificate associations.
    Tlsa,
    /// Text.
    Txt,
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        })
    }
}

/// What came back for one question, its CNAMEs followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DnsAnswer {
    /// The CNAMEs that led from the name asked about to the one that holds the outcome, in order.
    pub aliases: Vec<Alias>,
    /// What stands, or fails, at the end of the chain.
    pub outcome: DnsOutcome,
    /// Whether the resolver set AD in every reply used: it says that it validated them.
    pub authenticated: bool,
}

impl DnsAnswer {
    /// Makes an answer that neither followed a CNAME nor was validated.
    #[must_use]
    pub const fn plain(outcome: DnsOutcome) -> Self {
        Self {
            aliases: Vec::new(),
            outcome,
            authenticated: false,
        }
    }

    /// Returns the records, none if there was any other outcome.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        match &self.outcome {
            DnsOutcome::Records { records, .. } => records,
            DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } | DnsOutcome::Failed(_) => &[],
        }
    }

    /// Returns the TXT records.
    pub fn texts(&self) -> impl Iterator<Item = &TxtRecord> {
        self.records().iter().filter_map(|record| {
            if let Record::Txt(data) = record {
                Some(data)
            } else {
                None
            }
        })
    }

    /// Returns the MX records.
    pub fn exchangers(&self) -> impl Iterator<Item = &MxRecord> {
        self.records().iter().filter_map(|record| {
            if let Record::Mx(data) = record {
                Some(data)
            } else {
                None
            }
        })
    }

    /// Returns the NS records.
    pub fn name_servers(&self) -> impl Iterator<Item = &NsRecord> {
        self.records().iter().filter_map(|record| {
            if let Record::Ns(data) = record {
                Some(data)
            } else {
                None
            }
        })
    }

    /// Returns the serial of the SOA record ([RFC 1035, Section 3.3.13]).
    ///
    /// [RFC 1035, Section 3.3.13]: https://www.rfc-editor.org/rfc/rfc1035#section-3.3.13
    #[must_use]
    pub fn serial(&self) -> Option<u32> {
        self.records().iter().find_map(|record| {
            if let Record::Soa(serial) = record {
                Some(*serial)
            } else {
                None
            }
        })
    }

    /// Returns the addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records().iter().filter_map(Record::address)
    }

    /// Returns the name at which the CNAMEs end; `None` if none was followed, or if they end nowhere.
    #[must_use]
    pub fn end_of_aliases(&self) -> Option<&DnsName> {
        match &self.outcome {
            DnsOutcome::Failed(failure) if failure.kind.is_published() => None,
            DnsOutcome::Records { .. }
            | DnsOutcome::NxDomain { .. }
            | DnsOutcome::NoData { .. }
            | DnsOutcome::Failed(_) => self.aliases.last().map(|alias| &alias.target),
        }
    }

    /// Returns how long the whole answer may be kept: the least TTL along the chain; `None` for a failure
    /// and for a negative answer without an SOA record.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        let end = match &self.outcome {
            DnsOutcome::Records { ttl, .. } => Some(*ttl),
            DnsOutcome::NxDomain { ttl } | DnsOutcome::NoData { ttl } => *ttl,
            DnsOutcome::Failed(_) => None,
        }?;
        self.aliases
            .iter()
            .map(|alias| alias.ttl)
            .chain([end])
            .min()
    }
}

/// One CNAME record that was followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alias {
    /// The name that has the record.
    pub owner: DnsName,
    /// The name that it points to.
    pub target: DnsName,
    /// How long the record may be kept.
    pub ttl: Duration,
}

/// The outcome of a question: these four are told apart because a sender treats them apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DnsOutcome {
    /// There are records.
    Records {
        /// At least one, in the order of the reply.
        records: Vec<Record>,
        /// How long they may be kept, and the addresses that came along with them.
        ttl: Duration,
    },
    /// The name does not exist.
    NxDomain {
        /// How long this may be believed ([RFC 2308]); `None` without an SOA record.
        ///
        /// [RFC 2308]: https://www.rfc-editor.org/rfc/rfc2308
        ttl: Option<Duration>,
    },
    /// The name exists, with no record of this type.
    NoData {
        /// How long this may be believed; `None` without an SOA record.
        ttl: Option<Duration>,
    },
    /// No usable answer.
    Failed(DnsFailure),
}

/// Why there was no usable answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DnsFailure {
    /// What kind of failure.
    pub kind: DnsFailureKind,
    /// The evidence: which server, what it said, the cause chain.
    pub detail: Box<str>,
}

impl Say for DnsFailure {
    fn say(&self, sentence: &mut Sentence) {
        sentence.failure(self.kind, &self.detail);
    }
}

impl fmt::Display for DnsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DnsFailureKind {
    /// More than 16 CNAMEs in a row.
    ChainTooLong,
    /// A CNAME points back into its own chain.
    CnameLoop,
    /// A name in the answer cannot be read.
    Malformed,
    /// A server that was asked as one of a zone's own does not answer for the zone: it is lame.
    NotAuthoritative,
    /// No socket is left to ask with: the limit on open files is reached, or the run's own on connections.
    NoSocket,
    /// An RCODE other than NOERROR, NXDOMAIN and SERVFAIL (REFUSED is 5).
    Rcode(u16),
    /// The resolver points to other servers instead of answering: it does not recurse for us.
    Referral,
    /// SERVFAIL.
    ServFail(ServFail),
    /// No reply in time.
    TimedOut,
    /// A truncated reply, over TCP too.
    Truncated,
    /// The resolver cannot be reached: refused, no route, or broken off over TCP.
    Unreachable,
    /// What came is no DNS message, or not one that can be read.
    Unreadable,
}

impl DnsFailureKind {
    /// SERVFAIL, and no word more.
    pub const SERVFAIL: Self = Self::ServFail(ServFail::PLAIN);

    /// Returns whether it is validation that fails: resolvers that do not validate have an answer.
    #[must_use]
    pub fn is_bogus(self) -> bool {
        match self {
            Self::ServFail(servfail) => servfail.is_bogus(),
            Self::ChainTooLong
            | Self::CnameLoop
            | Self::Malformed
            | Self::NoSocket
            | Self::NotAuthoritative
            | Self::Rcode(_)
            | Self::Referral
            | Self::TimedOut
            | Self::Truncated
            | Self::Unreachable
            | Self::Unreadable => false,
        }
    }

    /// Returns whether the failure may lie on our side: another vantage might have got an answer.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match self {
            Self::NoSocket
            | Self::Referral
            | Self::TimedOut
            | Self::Unreachable
            | Self::Unreadable => true,
            // FORMERR, NOTIMP and REFUSED come from our own resolver and are about it, or about us.
            Self::Rcode(code) => matches!(code, 1 | 4 | 5),
            Self::ServFail(servfail) => servfail.is_ours(),
            Self::ChainTooLong
            | Self::CnameLoop
            | Self::Malformed
            | Self::NotAuthoritative
            | Self::Truncated => false,
        }
    }

    /// Returns whether the CNAMEs that a domain publishes lead nowhere: that is no outage, every resolver
    /// finds the same until somebody corrects them.
    #[must_use]
    pub const fn is_published(self) -> bool {
        match self {
            Self::ChainTooLong | Self::CnameLoop => true,
            Self::Malformed
            | Self::NoSocket
            | Self::NotAuthoritative
            | Self::Rcode(_)
            | Self::Referral
            | Self::ServFail(_)
            | Self::TimedOut
            | Self::Truncated
            | Self::Unreachable
            | Self::Unreadable => false,
        }
    }
}

impl fmt::Display for DnsFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChainTooLong => f.write_str("more than 16 CNAMEs in a row"),
            Self::CnameLoop => f.write_str("CNAME loop"),
            Self::Malformed => f.write_str("malformed reply"),
            Self::NotAuthoritative => f.write_str("the server does not answer for the zone"),
            Self::NoSocket => f.write_str("no socket left to ask the resolver with"),
            Self::Rcode(1) => f.write_str("FORMERR"),
            Self::Rcode(4) => f.write_str("NOTIMP"),
            Self::Rcode(5) => f.write_str("REFUSED"),
            Self::Rcode(code) => write!(f, "RCODE {code}"),
            Self::Referral => f.write_str("resolver does not recurse: referral, no answer"),
            Self::ServFail(servfail) => servfail.fmt(f),
            Self::TimedOut => f.write_str("no reply in time"),
            Self::Truncated => f.write_str("truncated reply, over TCP too"),
            Self::Unreachable => f.write_str("resolver unreachable"),
            Self::Unreadable => f.write_str("unreadable reply"),
        }
    }
}

/// A record's data.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A mail exchanger.
    Mx(MxRecord),
    /// A name server of the zone.
    Ns(NsRecord),
    /// The start of a zone: its serial.
    Soa(u32),
    /// A DANE certificate association.
    Tlsa(TlsaRecord),
    /// Text.
    Txt(TxtRecord),
}

impl Record {
    /// Returns the address of an A or AAAA record.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some(IpAddr::V4(*address)),
            Self::Aaaa(address) => Some(IpAddr::V6(*address)),
            Self::Mx(_) | Self::Ns(_) | Self::Soa(_) | Self::Tlsa(_) | Self::Txt(_) => None,
        }
    }
}

/// The strings of one TXT record; each has 0 to 255 octets of any value.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TxtRecord {
    /// The strings, in order.
    pub strings: Vec<Box<[u8]>>,
}

impl TxtRecord {
    /// Makes a record of one string; strings over 255 octets are split, as in the DNS.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Self {
        let mut strings: Vec<Box<[u8]>> = text.chunks(255).map(Into::into).collect();
        if strings.is_empty() {
            strings.push(Box::default());
        }
        Self { strings }
    }

    /// Returns the strings joined, with nothing between them ([RFC 8461, Section 3.1]).
    ///
    /// [RFC 8461, Section 3.1]: https://www.rfc-editor.org/rfc/rfc8461#section-3.1
    #[must_use]
    pub fn joined(&self) -> Vec<u8> {
        self.strings.concat()
    }
}

/// An MX record.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MxRecord {
    /// The preference: the least is tried first.
    pub preference: u16,
    /// Where it points.
    pub exchange: Exchange,
}

/// The target of an MX record.
#[derive(Clone, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd)]
#[schemars(with = "String", inline)]
pub enum Exchange {
    /// A host name.
    Host(DnsName),
    /// Octets that are no host name, as the DNS presents them.
    NotAHostName(Box<str>),
    /// The root, ".": alone it says that the domain takes no mail (RFC 7505).
    Root,
}

impl Exchange {
    /// Returns the host name, if it is one.
    #[must_use]
    pub const fn name(&self) -> Option<&DnsName> {
        match self {
            Self::Host(name) => Some(name),
            Self::NotAHostName(_) | Self::Root => None,
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => name.fmt(f),
            Self::NotAHostName(text) => f.write_str(text),
            Self::Root => f.write_str("."),
        }
    }
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A TLSA record (RFC 6698), its numbers as they stand.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TlsaRecord {
    /// Certificate usage.
    pub usage: u8,
    /// Selector.
    pub selector: u8,
    /// Matching type.
    pub matching: u8,
    /// Certificate association data.
    pub data: Box<[u8]>,
}
