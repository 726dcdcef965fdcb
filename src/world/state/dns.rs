//! What a resolver answers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::world::fault::{DnsFault, named};

/// One resolver's sight of the DNS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct View {
    /// The declared names, without the final dot, in any case; `*.corp.test` stands for every name below
    /// `corp.test` that is not itself declared. A question about any other name is unannounced.
    pub names: BTreeMap<String, NameState>,
    /// What every question to this resolver suffers.
    pub fault: Option<DnsFault>,
    /// Whether the resolver follows CNAMEs, as a recursive one does; otherwise it answers with the first one.
    pub follows_cnames: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            names: BTreeMap::new(),
            fault: None,
            follows_cnames: true,
        }
    }
}

/// A declared name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameState {
    /// The record sets; a type that is not here has no data.
    pub answers: BTreeMap<RecordKind, Answer>,
    /// What every question about this name suffers.
    pub fault: Option<DnsFault>,
    /// How long "no such name" and "no data" may be remembered (RFC 2308); `None`: the answer has no SOA.
    pub negative_ttl_secs: Option<u32>,
}

impl NameState {
    /// The negative TTL of a name unless said otherwise.
    pub const NEGATIVE_TTL_SECS: u32 = 300;

    /// Makes a name with these record sets and no fault.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = (RecordKind, Answer)>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Makes a name of which every question suffers `fault`.
    #[must_use]
    pub fn faulty(fault: DnsFault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }
}

impl Default for NameState {
    fn default() -> Self {
        Self {
            answers: BTreeMap::new(),
            fault: None,
            negative_ttl_secs: Some(Self::NEGATIVE_TTL_SECS),
        }
    }
}

/// The answer to a question about one type of one name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The records, in the order in which they are sent; usually, not necessarily, of the type asked for.
    pub records: Vec<RecordData>,
    /// Their TTL; if `fault` leaves none of them, how long that may be remembered, in a name that has an SOA.
    pub ttl_secs: u32,
    /// What the answer suffers; the records stay declared beside it.
    pub fault: Option<DnsFault>,
}

named! {
    /// A type of record that a scenario can declare.
    pub enum RecordKind {
        /// An IPv4 address.
        A = "A",
        /// An IPv6 address.
        Aaaa = "AAAA",
        /// An alias; it answers every type that the name does not declare.
        Cname = "CNAME",
        /// A mail exchanger.
        Mx = "MX",
        /// A DANE association.
        Tlsa = "TLSA",
        /// A text.
        Txt = "TXT",
    }
}

/// One record's data. Names are sent octet by octet as they stand, split at the dots; an empty one and `.`
/// are the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// An alias.
    Cname(String),
    /// A mail exchanger.
    Mx {
        /// The preference: the lowest is tried first.
        preference: u16,
        /// The exchange, which need not be a host name.
        exchange: String,
    },
    /// A DANE association (RFC 6698).
    Tlsa {
        /// The certificate usage.
        usage: u8,
        /// The selector.
        selector: u8,
        /// The matching type.
        matching: u8,
        /// The association data.
        data: Vec<u8>,
    },
    /// A text: character strings of at most 255 octets each.
    Txt(Vec<Vec<u8>>),
}

impl RecordData {
    /// The longest character string of a TXT record (RFC 1035, Section 3.3).
    pub const MAX_STRING_OCTETS: usize = 255;

    /// Makes a TXT record of `text`, split into as few strings as possible.
    #[must_use]
    pub fn txt(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if text.is_empty() {
            return Self::Txt(vec![Vec::new()]);
        }
        Self::Txt(
            text.chunks(Self::MAX_STRING_OCTETS)
                .map(<[u8]>::to_vec)
                .collect(),
        )
    }

    /// Makes an MX record.
    #[must_use]
    pub fn mx(preference: u16, exchange: impl Into<String>) -> Self {
        Self::Mx {
            preference,
            exchange: exchange.into(),
        }
    }

    /// Returns the address that the record gives, if it gives one.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some(IpAddr::V4(*address)),
            Self::Aaaa(address) => Some(IpAddr::V6(*address)),
            Self::Cname(_) | Self::Mx { .. } | Self::Tlsa { .. } | Self::Txt(_) => None,
        }
    }

    /// Returns the type of the record.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::A(_) => RecordKind::A,
            Self::Aaaa(_) => RecordKind::Aaaa,
            Self::Cname(_) => RecordKind::Cname,
            Self::Mx { .. } => RecordKind::Mx,
            Self::Tlsa { .. } => RecordKind::Tlsa,
            Self::Txt(_) => RecordKind::Txt,
        }
    }
}
