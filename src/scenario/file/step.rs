//! What a file says happens, and what it expects.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::sender::DeadlinesTable;
use super::world::WorldTables;
use crate::diagnose::intended::{Phase, WaitFor};
use crate::facts::DnsName;
use crate::scenario::located::{Located, OneOrMany, Origin, Text};
use crate::scenario::span::TimeSpan;
use crate::sender::Verdict;
use crate::story::{PolicySource, TlsVersion};
use crate::sts::record::RecordId;
use crate::tlsrpt::result_type::ResultType;

/// A step. At its moment the order is: due refreshes, `unset`, `set`, `flush`, `expect`, `check`.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepTable {
    /// When, as a span from the start.
    pub(crate) at: Located<TimeSpan>,
    /// What happens, in a few words.
    pub(crate) title: Option<Located<String>>,
    /// What changes: laid over the world, tables merged, all else replaced.
    #[expect(
        dead_code,
        reason = "laid over the world as a tree; here for the schema"
    )]
    pub(crate) set: Option<WorldTables>,
    /// What goes away, as dotted keys.
    #[serde(default)]
    pub(crate) unset: OneOrMany<Located<String>>,
    /// What a fresh message meets.
    #[serde(default)]
    #[schemars(with = "OneOrMany<Located<ExpectTable>>")]
    pub(crate) expect: Vec<Located<ExpectTable>>,
    /// What an observer's `check` finds.
    #[serde(default)]
    #[schemars(with = "OneOrMany<Located<CheckTable>>")]
    pub(crate) check: Vec<Located<CheckTable>>,
    /// What becomes of the messages that wait in a queue.
    #[serde(default)]
    #[schemars(with = "OneOrMany<Located<ExpectTable>>")]
    pub(crate) flush: Vec<Located<ExpectTable>>,
}

impl StepTable {
    /// Makes a step that only passes time.
    pub(crate) fn at(at: TimeSpan, origin: Origin) -> Self {
        Self {
            at: Located { value: at, origin },
            title: None,
            set: None,
            unset: OneOrMany::default(),
            expect: Vec::new(),
            check: Vec::new(),
            flush: Vec::new(),
        }
    }
}

/// What becomes of a message, fresh (`expect`) or waiting (`flush`).
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExpectTable {
    /// The senders: one, a list, or `*` for all; all unless said.
    pub(crate) sender: Option<OneOrMany<Located<String>>>,
    /// The recipient's domain; may be left out where there is one.
    pub(crate) domain: Option<Located<Text<DnsName>>>,
    /// What kind of message it is; an ordinary one unless said.
    pub(crate) mail: Option<Located<MailWord>>,
    /// What becomes of the message.
    pub(crate) verdict: Option<Located<SenderVerdict>>,
    /// The MX host that takes it, or several of which one does.
    pub(crate) via: Option<OneOrMany<Located<Text<DnsName>>>>,
    /// The address that takes it.
    pub(crate) via_address: Option<Located<Text<IpAddr>>>,
    /// Exactly these TLSRPT result types come up, in this order.
    pub(crate) result_type: Option<OneOrMany<Located<ResultType>>>,
    /// The attempt makes these requests reach a server, among others.
    pub(crate) asked: OneOrMany<Located<String>>,
    /// The attempt makes none of these requests.
    pub(crate) not_asked: OneOrMany<Located<String>>,
    /// What the servers receive from this attempt.
    pub(crate) received: OneOrMany<Located<ReceivedTable>>,
    /// Where the policy comes from that is applied.
    pub(crate) policy: Option<PolicySource>,
    /// A text that the sender's reason contains.
    pub(crate) reason: Option<Located<String>>,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MailWord {
    /// One to which policies apply.
    Ordinary,
    /// A report on TLS, which goes out whatever a policy says.
    TlsReport,
}

/// What becomes of a sender's message: any verdict but the observer's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SenderVerdict(pub(crate) Verdict);

impl SenderVerdict {
    /// The verdicts of senders.
    const WORDS: &[&str] = &[
        Verdict::Deliver.as_str(),
        Verdict::DeliverUnprotected.as_str(),
        Verdict::Defer.as_str(),
        Verdict::Bounce.as_str(),
    ];
}

impl<'de> Deserialize<'de> for SenderVerdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = SenderVerdict;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a verdict, as in `\"defer\"`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SenderVerdict, E> {
                match text.parse() {
                    Ok(Verdict::Undetermined) => Err(E::custom(
                        "a sender is never undetermined, it defers: `undetermined` is for a `check`",
                    )),
                    Ok(verdict) => Ok(SenderVerdict(verdict)),
                    Err(_unknown) => Err(E::unknown_variant(text, SenderVerdict::WORDS)),
                }
            }
        }

        deserializer.deserialize_str(Visit)
    }
}

impl JsonSchema for SenderVerdict {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SenderVerdict".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "enum": Self::WORDS })
    }
}

/// What one server receives from an attempt.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceivedTable {
    /// The MX host.
    pub(crate) server: Located<Text<DnsName>>,
    /// Whether over TLS, or over which version.
    pub(crate) tls: Option<ReceivedTls>,
    /// How many messages; one unless said.
    pub(crate) count: Option<u32>,
}

/// Whether a message came over TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ReceivedTls {
    /// Over any version, or in clear text.
    Any(bool),
    /// Over this version.
    Version(TlsVersion),
}

impl<'de> Deserialize<'de> for ReceivedTls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = ReceivedTls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false`, `\"1.2\"` or `\"1.3\"`")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ReceivedTls, E> {
                Ok(ReceivedTls::Any(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ReceivedTls, E> {
                text.parse().map(ReceivedTls::Version).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for ReceivedTls {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ReceivedTls".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "anyOf": [{ "type": "boolean" }, { "enum": ["1.2", "1.3"] }] })
    }
}

/// What an observer's `check` finds; it has a resolver of its own, its requests are not counted, and it remembers
/// nothing unless `remember` names it.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CheckTable {
    /// The domain; may be left out where there is one.
    pub(crate) domain: Option<Located<Text<DnsName>>>,
    /// Under which name what was seen is remembered: checks of one name know what earlier ones saw.
    pub(crate) remember: Option<Located<String>>,
    /// Whether MX hosts are left alone and taken as sound, as by `check --no-smtp`.
    pub(crate) no_smtp: bool,
    /// How long it waits, in real time.
    pub(crate) deadlines: Option<DeadlinesTable>,
    /// The intended MX hosts, as in `check --intended-mx`.
    pub(crate) intended_mx: OneOrMany<Located<Text<DnsName>>>,
    /// The body of the policy that is to be published with them.
    pub(crate) intended_policy: Option<Located<String>>,
    /// The id that is to be published with them.
    pub(crate) intended_id: Option<Located<Text<RecordId>>>,
    /// On which side of the cutover the domain is; the MX records tell unless said.
    pub(crate) phase: Option<Located<Phase>>,
    /// What is intended has to be everywhere at once, as with `check --wait 0s --wait-for`: `body` or `id`.
    pub(crate) everywhere: Option<Located<WaitFor>>,
    /// The sender class that `verdict` is about; the worst of all unless said.
    pub(crate) class: Option<Located<String>>,
    /// The verdict.
    pub(crate) verdict: Option<Located<Verdict>>,
    /// Findings that must come up.
    pub(crate) finding: OneOrMany<Located<String>>,
    /// Findings that must not.
    pub(crate) no_finding: OneOrMany<Located<String>>,
    /// Where the check says that the policy is hosted: `EasyDMARC`, `looks like nginx`, `cannot tell`.
    pub(crate) place: Option<Located<String>>,
    /// The exit code.
    pub(crate) exit: Option<Located<u8>>,
}
