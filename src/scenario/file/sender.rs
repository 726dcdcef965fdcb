//! What a file says about senders.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::policy::{MaxAge, ModeWord};
use crate::facts::DnsName;
use crate::scenario::located::{Located, Named, OneOrMany, Text};
use crate::scenario::span::TimeSpan;

/// A sender.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SenderTable {
    /// How it behaves: `strict`, `lazy`, `no-refresh` or `no-sts`; `strict` unless said.
    pub(crate) class: Option<Located<String>>,
    /// Whether its policy cache is emptied before each attempt; kept unless said.
    pub(crate) cache: Option<CacheWord>,
    /// The policies that it holds when the scenario begins, by domain.
    pub(crate) cached: Named<Text<DnsName>, CachedTable>,
    /// The resolver that it asks; one of its own unless said.
    pub(crate) resolver: Option<Located<String>>,
    /// How long it keeps trying to deliver a message; five days unless said.
    pub(crate) queue_life: Option<Located<TimeSpan>>,
    /// How long it waits, in real time.
    pub(crate) deadlines: Option<DeadlinesTable>,
    /// The smart host through which all its mail goes, which then is the policy domain.
    pub(crate) next_hop: Option<Located<Text<DnsName>>>,
    /// The server that it names in the TLS handshake with an MX host, or `false` for none; the MX host unless
    /// said.
    pub(crate) sni: Option<Located<SniValue>>,
    /// The one edge of a policy host that it asks, where the host has it; in written order unless said.
    pub(crate) edge: Option<Located<Text<IpAddr>>>,
}

/// The name of a server, or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SniValue {
    /// No server is named.
    Absent,
    /// This one.
    Name(DnsName),
}

impl<'de> Deserialize<'de> for SniValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = SniValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a server, or `false` for none")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<SniValue, E> {
                if value {
                    return Err(E::custom(
                        "found `true`, expected the name of a server, or `false` for none",
                    ));
                }
                Ok(SniValue::Absent)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SniValue, E> {
                let name = text.parse();
                name.map(SniValue::Name)
                    .map_err(|error| E::custom(format_args!("`{text}`: {error}")))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for SniValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SniValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, { "const": false }] })
    }
}

/// What becomes of a policy cache.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CacheWord {
    /// It is emptied before each attempt.
    Empty,
    /// It is kept.
    Kept,
}

/// A policy that a sender holds before the scenario begins.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CachedTable {
    /// The id of the record that it came with.
    pub(crate) id: Located<String>,
    /// When it was fetched, as a span before the start.
    pub(crate) fetched: Located<TimeSpan>,
    /// What it says.
    pub(crate) policy: Located<CachedPolicyTable>,
}

/// What a cached policy says.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CachedPolicyTable {
    /// Its mode.
    pub(crate) mode: Option<Located<ModeWord>>,
    /// Its `mx` fields.
    pub(crate) mx: Option<OneOrMany<Located<String>>>,
    /// Its `max_age`, as a span or in seconds.
    pub(crate) max_age: Option<Located<MaxAge>>,
    /// The whole body, instead of the others.
    pub(crate) body: Option<Located<String>>,
}

/// How long a sender waits, in real time.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeadlinesTable {
    /// For the answer to a DNS question; two seconds unless said.
    pub(crate) dns: Option<Located<TimeSpan>>,
    /// For the whole fetch of a policy; two seconds unless said.
    pub(crate) fetch: Option<Located<TimeSpan>>,
    /// For each step of an SMTP session; two seconds unless said.
    pub(crate) smtp: Option<Located<TimeSpan>>,
}
