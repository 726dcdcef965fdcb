//! What a file says about senders.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

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
    /// The one edge of a policy host that it asks, where the host has it; in written order unless said.
    pub(crate) edge: Option<Located<Text<IpAddr>>>,
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

/// How long a sender or an observer waits, in real time.
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
