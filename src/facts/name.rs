//! Names from users and from the DNS.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest name, without its final dot, in octets ([RFC 1035, Section 2.3.4]).
///
/// [RFC 1035, Section 2.3.4]: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
pub(crate) const MAX_NAME_OCTETS: usize = 253;

/// The longest label, in octets (RFC 1035, Section 2.3.4).
pub(crate) const MAX_LABEL_OCTETS: usize = 63;

/// A name that a user typed or the DNS answered: case folded, no final dot, U-labels turned to A-labels.
///
/// Underscores are allowed, for names such as `_mta-sts.example.com` and for MX hosts that have one. The
/// names inside a policy body are another kind and are never mended: see
/// [`sts::name::PolicyName`](crate::sts::name::PolicyName). The root is not a `DnsName`. Cheap to clone.
#[derive(Clone, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd)]
#[schemars(
    with = "String",
    inline,
    description = "A name in the DNS: lower case, A-labels, no final dot."
)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// Returns the name in lower case, as A-labels, without a final dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the left-most label and what follows its dot; `None` for a single label.
    #[must_use]
    pub fn split_first_label(&self) -> Option<(&str, &str)> {
        self.0.split_once('.')
    }

    /// Puts `label` before the name, as in `_mta-sts` or `mta-sts`.
    ///
    /// # Errors
    ///
    /// When the result would be too long for the DNS.
    pub fn prefixed(&self, label: &str) -> Result<Self, DnsNameError> {
        format!("{label}.{self}").parse()
    }

    /// Returns the address that the name spells, if it is a dotted quad.
    ///
    /// An MX record whose target looks like an address names a host that cannot exist, and TLS would take it
    /// for an address: no SNI, and a match against IP SANs.
    #[must_use]
    pub fn as_address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    /// Returns the name that somebody registered and this one lies in, by the Public Suffix List: who has it can make
    /// as many names below it as they like. A public suffix is its own.
    #[must_use]
    pub fn registrable(&self) -> &str {
        psl::domain_str(self.as_str()).unwrap_or_else(|| self.as_str())
    }

    /// Returns whether the name is, or lies below, `parent`.
    #[must_use]
    pub fn is_within(&self, parent: &str) -> bool {
        self.0
            .strip_suffix(parent)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(DnsNameError::Empty);
        }
        // Bound the work before IDNA sees it: no legal name has more than four octets a character.
        if name.len() > MAX_NAME_OCTETS * 4 {
            return Err(DnsNameError::TooLong { octets: name.len() });
        }
        let ascii: Cow<'_, str> = if !name.is_ascii() {
            let ascii = idna::domain_to_ascii(name).map_err(|_errors| DnsNameError::NotIdna {
                name: name.chars().take(80).collect(),
            })?;
            ascii.into()
        } else if name.bytes().any(|octet| octet.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        };
        if ascii.len() > MAX_NAME_OCTETS {
            return Err(DnsNameError::TooLong {
                octets: ascii.len(),
            });
        }
        for label in ascii.as_bytes().split(|octet| *octet == b'.') {
            check_label(label)?;
        }
        Ok(Self(ascii.into()))
    }
}

impl Serialize for DnsName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Judges a label, which is ASCII.
fn check_label(label: &[u8]) -> Result<(), DnsNameError> {
    if label.is_empty() {
        return Err(DnsNameError::EmptyLabel);
    }
    if label.len() > MAX_LABEL_OCTETS {
        return Err(DnsNameError::LabelTooLong {
            label: String::from_utf8_lossy(label).into(),
        });
    }
    match label
        .iter()
        .find(|octet| !matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    {
        Some(octet) => Err(DnsNameError::Character {
            character: char::from(*octet),
        }),
        None => Ok(()),
    }
}

/// Why a text is not a name that the DNS could hold.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsNameError {
    /// A character other than letters, digits, `-` and `_` (after IDNA).
    #[error("the character {character:?} cannot stand in a host name")]
    Character {
        /// The first such character.
        character: char,
    },
    /// No text at all, or the root.
    #[error("the name is empty")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("the name has an empty label (two dots in a row, or a dot at the start)")]
    EmptyLabel,
    /// A label of more than 63 octets.
    #[error("the label `{label}` is longer than 63 octets")]
    LabelTooLong {
        /// The label.
        label: Box<str>,
    },
    /// Characters that IDNA does not allow.
    #[error("`{name}` is not a valid internationalised name")]
    NotIdna {
        /// The name, its first 80 characters.
        name: Box<str>,
    },
    /// More than 253 octets.
    #[error("the name has {octets} octets, 253 is the limit")]
    TooLong {
        /// How many octets it has.
        octets: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::{DnsName, DnsNameError};

    #[test]
    fn names_are_folded_and_turned_to_a_labels() {
        for (text, expected) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            ("bücher.test", "xn--bcher-kva.test"),
            ("_mta-sts.Example.com", "_mta-sts.example.com"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            let name: DnsName = text.parse().unwrap();
            assert_eq!(name.as_str(), expected, "{text}");
            assert_eq!(name.to_string().parse(), Ok(name), "{text}");
        }
    }

    #[test]
    fn what_somebody_registered_is_told_from_what_they_made_below() {
        for (text, expected) in [
            ("corp.test", "corp.test"),
            ("a.b.corp.test", "corp.test"),
            ("a.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("test", "test"),
        ] {
            let name: DnsName = text.parse().unwrap();
            assert_eq!(name.registrable(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long_label = "a".repeat(64);
        let long_name = ["abcdefg"; 32].join(".");
        for (text, expected) in [
            ("", DnsNameError::Empty),
            (".", DnsNameError::Empty),
            ("a..b", DnsNameError::EmptyLabel),
            (".a", DnsNameError::EmptyLabel),
            ("a..", DnsNameError::EmptyLabel),
            ("a b", DnsNameError::Character { character: ' ' }),
            ("a/b", DnsNameError::Character { character: '/' }),
            (
                &long_label,
                DnsNameError::LabelTooLong {
                    label: long_label.as_str().into(),
                },
            ),
            (&long_name, DnsNameError::TooLong { octets: 255 }),
        ] {
            assert_eq!(text.parse::<DnsName>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_within_itself_and_its_parents() {
        let name: DnsName = "mx.corp.test".parse().unwrap();
        for (parent, expected) in [
            ("test", true),
            ("corp.test", true),
            ("mx.corp.test", true),
            ("orp.test", false),
            ("other.test", false),
        ] {
            assert_eq!(name.is_within(parent), expected, "{parent}");
        }
    }

    #[test]
    fn a_name_may_be_as_long_as_the_dns_allows() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        for (text, expected) in [
            (longest.clone(), Ok(253)),
            (format!("{longest}."), Ok(253)),
            (
                format!("{longest}a"),
                Err(DnsNameError::TooLong { octets: 254 }),
            ),
            (label.clone(), Ok(63)),
            // Refused before IDNA looks at it, and no sooner.
            (
                "ü".repeat(507),
                Err(DnsNameError::TooLong { octets: 1_014 }),
            ),
        ] {
            let found = text.parse::<DnsName>().map(|name| name.as_str().len());
            assert_eq!(found, expected, "{text}");
        }
        let within = "ü".repeat(506).parse::<DnsName>();
        assert!(
            !matches!(within, Err(DnsNameError::TooLong { octets: 1_012 })),
            "{within:?}"
        );
    }

    #[test]
    fn what_idna_refuses_is_told() {
        let error = "a\u{200d}ü.test".parse::<DnsName>().unwrap_err();
        assert_eq!(
            error,
            DnsNameError::NotIdna {
                name: "a\u{200d}ü.test".into()
            }
        );
    }

    #[test]
    fn names_are_taken_apart_and_put_together() {
        let name: DnsName = "mx.corp.test".parse().unwrap();
        assert_eq!(name.split_first_label(), Some(("mx", "corp.test")));
        assert_eq!("test".parse::<DnsName>().unwrap().split_first_label(), None);
        assert_eq!(
            name.prefixed("_mta-sts").map(|name| name.to_string()),
            Ok("_mta-sts.mx.corp.test".to_owned())
        );
        assert_eq!(
            name.prefixed(&"a".repeat(64)),
            Err(DnsNameError::LabelTooLong {
                label: "a".repeat(64).into()
            })
        );
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"mx.corp.test\"");
    }

    #[test]
    fn a_name_that_spells_an_address_is_known() {
        for (text, expected) in [
            ("192.0.2.1", Some([192, 0, 2, 1].into())),
            ("192.0.2.1.", Some([192, 0, 2, 1].into())),
            ("192.0.2", None),
            ("192.0.2.1.test", None),
            ("mx.test", None),
        ] {
            let name: DnsName = text.parse().unwrap();
            assert_eq!(name.as_address(), expected, "{text}");
        }
    }
}
