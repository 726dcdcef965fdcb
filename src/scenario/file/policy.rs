//! What a file says about policies, their hosts and certificates.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::answer::AddressAnswer;
use crate::facts::{DnsName, UnixTime};
use crate::fakes::names::names;
use crate::fakes::{CertificateFault, ChainPart, HttpsFault, KeyKind, TlsVersions, Transfer};
use crate::scenario::located::{Located, Named, OneOrMany, Text};
use crate::scenario::span::TimeSpan;

/// A policy and the host that serves it: of a domain, shared (`hosts`), or one edge, which inherits the rest.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PolicyTable {
    /// The policy's mode: `enforce`, `testing` or `none`.
    pub(crate) mode: Option<Located<ModeWord>>,
    /// The policy's `mx` fields.
    pub(crate) mx: Option<OneOrMany<Located<String>>>,
    /// The policy's `max_age`, as a span or in seconds.
    pub(crate) max_age: Option<Located<MaxAge>>,
    /// The whole body, instead of `mode`, `mx` and `max_age`.
    pub(crate) body: Option<Located<String>>,
    /// The octets of the whole body in base64, instead of `mode`, `mx` and `max_age`.
    pub(crate) body_base64: Option<Located<Text<Octets>>>,
    /// How the body's octets stand for its text; UTF-8 unless said.
    pub(crate) encoding: Option<Encoding>,
    /// Lengthens the body to this many octets, with an extension field at its end.
    pub(crate) pad_to: Option<Located<u32>>,
    /// The status code; 200 unless said.
    pub(crate) status: Option<Located<u16>>,
    /// The reason phrase; the usual one unless said.
    pub(crate) reason: Option<Located<String>>,
    /// The media type, or `false` for none; `text/plain` unless said.
    pub(crate) content_type: Option<Located<ContentType>>,
    /// Where a redirect leads.
    pub(crate) location: Option<Located<String>>,
    /// Further headers.
    pub(crate) headers: Named<String, OneOrMany<Located<String>>>,
    /// How the body travels.
    pub(crate) transfer: Option<Transfer>,
    /// How many requests it answers as before, each time that a step changes what it serves.
    pub(crate) lag: Option<u32>,
    /// What the host suffers on the wire.
    pub(crate) fault: Option<HttpsFault>,
    /// The versions of TLS that the host speaks; both unless said.
    pub(crate) tls: Option<TlsVersions>,
    /// The host's certificate; a good one unless said.
    pub(crate) certificate: Option<CertificateTable>,
    /// The host is an alias of this name: one of `hosts`, or of `names`.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// The host's addresses; one of the documentation addresses unless said.
    pub(crate) addresses: Option<Vec<Located<Text<IpAddr>>>>,
    /// The addresses where the host is different, each with what differs.
    pub(crate) edges: Named<Text<IpAddr>, Self>,
    /// What goes wrong with the host's IPv4 addresses in the DNS.
    pub(crate) a: Option<Located<AddressAnswer>>,
    /// What goes wrong with the host's IPv6 addresses in the DNS.
    pub(crate) aaaa: Option<Located<AddressAnswer>>,
    /// How long the host's addresses and alias may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

names! {
    /// How the octets of a body stand for its text.
    Encoding, "an encoding" {
        /// UTF-8, no mark before it.
        Utf8 = "utf-8",
        /// UTF-16, most significant octet first, after a byte order mark.
        Utf16 = "utf-16",
    }
}

impl PolicyTable {
    /// The keys that belong to the host as a whole and cannot differ by edge.
    pub(crate) const NOT_OF_AN_EDGE: &[&str] = &["cname", "addresses", "edges", "a", "aaaa", "ttl"];

    /// The keys that a domain cannot set where its policy host is an alias; `addresses` and `edges` are
    /// another way to say where the host is, see [`tree`](crate::scenario::tree).
    pub(crate) const OF_A_HOST_ALONE: [&str; 5] = ["fault", "tls", "certificate", "a", "aaaa"];

    /// The keys that a shared host cannot set where it is an alias itself.
    pub(crate) const OF_A_HOST_AND_ITS_POLICY: [&str; 19] = [
        "fault",
        "tls",
        "certificate",
        "a",
        "aaaa",
        "mode",
        "mx",
        "max_age",
        "body",
        "body_base64",
        "encoding",
        "pad_to",
        "status",
        "reason",
        "content_type",
        "location",
        "headers",
        "transfer",
        "lag",
    ];
}

/// Octets, written in base64.
#[derive(Clone, Debug)]
pub(crate) struct Octets(pub(crate) Vec<u8>);

impl FromStr for Octets {
    type Err = base64::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        STANDARD.decode(text).map(Self)
    }
}

/// A policy's mode.
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModeWord {
    /// The sender must not deliver to a host that fails.
    Enforce,
    /// The domain wants no protection.
    None,
    /// Faults are reported only.
    Testing,
}

impl ModeWord {
    /// Returns the word of the RFC.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::None => "none",
            Self::Testing => "testing",
        }
    }
}

/// A certificate.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CertificateTable {
    /// What is wrong with it.
    pub(crate) fault: Option<CertificateFault>,
    /// The names that it is made out to; the host's unless said, a shared host's domains' likewise.
    pub(crate) names: Option<OneOrMany<Located<String>>>,
    /// The addresses that it is made out to besides.
    pub(crate) ip_names: OneOrMany<Located<Text<IpAddr>>>,
    /// The URIs that it is made out to besides.
    pub(crate) uri_names: OneOrMany<Located<String>>,
    /// The mail addresses that it is made out to besides.
    pub(crate) mail_names: OneOrMany<Located<String>>,
    /// The common name of its subject; its first name unless said.
    pub(crate) cn: Option<Located<String>>,
    /// What the server sends, in order; its own certificate and the intermediate unless said.
    pub(crate) chain: Option<Located<Vec<ChainPart>>>,
    /// From when it is valid, as a time or a span from the start.
    pub(crate) not_before: Option<Located<Moment>>,
    /// Until when it is valid, as a time or a span from the start.
    pub(crate) not_after: Option<Located<Moment>>,
    /// The kind of its key; ECDSA unless said.
    pub(crate) key: Option<KeyKind>,
    /// Whether clients that send no server name are shown a certificate for another name.
    pub(crate) sni_only: bool,
}

/// A policy's `max_age`: a number of seconds as it stands in the policy, or a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MaxAge(pub(crate) u64);

impl<'de> Deserialize<'de> for MaxAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = MaxAge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds, or a span such as `7d`")
            }

            fn visit_i64<E: de::Error>(self, secs: i64) -> Result<MaxAge, E> {
                u64::try_from(secs).map(MaxAge).map_err(|_negative| {
                    E::custom(format_args!(
                        "max_age is {secs}; to publish a negative one, write the `body`"
                    ))
                })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaxAge, E> {
                let span = TimeSpan::parse(text).map_err(E::custom)?;
                span.forward()
                    .map(|span| MaxAge(span.as_secs()))
                    .ok_or_else(|| E::custom(format_args!("max_age is {text}, in the past")))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for MaxAge {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MaxAge".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "minimum": 0 })
    }
}

/// A media type, or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ContentType {
    /// No header at all.
    Absent,
    /// The header's value.
    Value(String),
}

impl<'de> Deserialize<'de> for ContentType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = ContentType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a media type, or `false` for none")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ContentType, E> {
                if value {
                    return Err(E::custom("found `true`, expected a media type, or `false`"));
                }
                Ok(ContentType::Absent)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ContentType, E> {
                Ok(ContentType::Value(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for ContentType {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ContentType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, { "const": false }] })
    }
}

/// A time, or a span from the scenario's start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Moment {
    /// A time of its own.
    At(UnixTime),
    /// So long after the start, or before.
    FromStart(TimeSpan),
}

impl Moment {
    /// Returns the time, for a scenario that starts at `start`.
    pub(crate) fn resolve(self, start: UnixTime) -> UnixTime {
        match self {
            Self::At(time) => time,
            Self::FromStart(span) => span.from(start),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(span) = TimeSpan::parse(&text) {
            return Ok(Self::FromStart(span));
        }
        text.parse().map(Self::At).map_err(|_neither| {
            let text: String = text.chars().take(40).collect();
            de::Error::custom(format_args!(
                "`{text}` is neither a span from the start, like `30d`, nor a time, like `2026-03-02T08:00:00Z`"
            ))
        })
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "examples": ["30d", "2026-03-02T08:00:00Z"] })
    }
}
