//! The records that can be declared.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::names::names;

names! {
    /// A type of record that can be declared.
    RecordKind, "a type of record" {
        /// An IPv4 address.
        A = "A",
        /// An IPv6 address.
        Aaaa = "AAAA",
        /// An alias; it answers every type that the name does not declare.
        Cname = "CNAME",
        /// A mail exchanger.
        Mx = "MX",
        /// A name server of a zone.
        Ns = "NS",
        /// The start of a zone.
        Soa = "SOA",
        /// A DANE association.
        Tlsa = "TLSA",
        /// A text.
        Txt = "TXT",
    }
}

/// One record's data. Names are sent octet by octet as they stand, split at the dots; an empty one and `.`
/// are the root.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// A name server of a zone.
    Ns(String),
    /// The start of a zone: its serial.
    Soa(u32),
    /// A DANE association (RFC 6698).
    Tlsa {
        /// The certificate usage.
        usage: u8,
        /// The selector.
        selector: u8,
        /// The matching type.
        matching: u8,
        /// The association data.
        data: Box<[u8]>,
    },
    /// A text: character strings of at most 255 octets each.
    Txt(Vec<Box<[u8]>>),
}

impl RecordData {
    /// The longest character string of a TXT record (RFC 1035, Section 3.3).
    pub const MAX_STRING_OCTETS: usize = 255;

    /// Makes a TXT record of `text`, split into as few strings as possible.
    #[must_use]
    pub fn txt(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if text.is_empty() {
            return Self::Txt(vec![Box::default()]);
        }
        let strings = text.chunks(Self::MAX_STRING_OCTETS);
        Self::Txt(strings.map(Into::into).collect())
    }

    /// Makes an MX record.
    #[must_use]
    pub fn mx(preference: u16, exchange: impl Into<String>) -> Self {
        Self::Mx {
            preference,
            exchange: exchange.into(),
        }
    }

    /// Makes an address record.
    #[must_use]
    pub const fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::A(address),
            IpAddr::V6(address) => Self::Aaaa(address),
        }
    }

    /// Reads a TLSA record in the presentation format (RFC 6698, Section 2.2), as in `3 1 1 8cb0fc6c`.
    #[must_use]
    pub fn tlsa(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut number = || words.next()?.parse().ok();
        let (usage, selector, matching) = (number()?, number()?, number()?);
        let digits: Vec<u8> = words.flat_map(str::bytes).collect();
        let octet = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
            _ => None,
        };
        let data: Box<[u8]> = digits.chunks(2).map(octet).collect::<Option<_>>()?;
        (!data.is_empty()).then_some(Self::Tlsa {
            usage,
            selector,
            matching,
            data,
        })
    }

    /// Returns the address that the record gives, if it gives one.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some(IpAddr::V4(*address)),
            Self::Aaaa(address) => Some(IpAddr::V6(*address)),
            Self::Cname(_)
            | Self::Mx { .. }
            | Self::Ns(_)
            | Self::Soa(_)
            | Self::Tlsa { .. }
            | Self::Txt(_) => None,
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
            Self::Ns(_) => RecordKind::Ns,
            Self::Soa(_) => RecordKind::Soa,
            Self::Tlsa { .. } => RecordKind::Tlsa,
            Self::Txt(_) => RecordKind::Txt,
        }
    }
}

/// Returns what a hexadecimal digit stands for.
fn digit(octet: u8) -> Option<u8> {
    let value = char::from(octet).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::RecordData;

    #[test]
    fn only_address_records_give_an_address() {
        let (v4, v6) = (
            [192, 0, 2, 1].into(),
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
        );
        for (record, address) in [
            (RecordData::of_address(v4), Some(v4)),
            (RecordData::of_address(v6), Some(v6)),
            (RecordData::Cname("192.0.2.1".into()), None),
            (RecordData::mx(10, "192.0.2.1"), None),
            (RecordData::txt("192.0.2.1"), None),
        ] {
            assert_eq!(record.address(), address, "{record:?}");
        }
    }

    #[test]
    fn a_tlsa_record_is_three_numbers_and_digits() {
        let tlsa = |usage, data: &[u8]| RecordData::Tlsa {
            usage,
            selector: 1,
            matching: 2,
            data: data.into(),
        };
        for (text, expected) in [
            ("3 1 2 8cB0", Some(tlsa(3, &[0x8c, 0xb0]))),
            ("255 1 2 8c b0", Some(tlsa(255, &[0x8c, 0xb0]))),
            ("3 1 2 8 cb 0", Some(tlsa(3, &[0x8c, 0xb0]))),
            ("3 1 2", None),
            ("3 1 8cb0", None),
            ("256 1 2 8cb0", None),
            ("3 1 2 8cb", None),
            ("3 1 2 8cbx", None),
        ] {
            assert_eq!(RecordData::tlsa(text), expected, "{text}");
        }
    }
}
