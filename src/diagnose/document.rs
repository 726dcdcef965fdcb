//! What `check` knows of one domain, in the shape that reports print.
//!
//! Times are RFC 3339 in UTC, durations end in `_secs`, enum values are the RFC's words or kebab-case, and a
//! fact that is absent is null.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

pub use super::action::{Action, FirstAction};
pub use super::certificate::{CertificateReport, ChainedCertificateReport};
pub use super::finding::{Finding, Severity};
use super::findings::codes::MX_NULL;
pub use super::grounds::Why;
pub use super::hosting::document::{HostingReport, SignReport};
pub use super::intended::IntendedReport;
pub use super::mx_report::{AddressReport, MxReport, MxVerdict};
pub use super::port::{CutShortReport, PortReport, PortState};
pub use super::stored::{StoredReport, sha256};
pub use super::wait::{Missing, MissingKind, WaitReport};
pub use super::zone::{NameServerReport, ZoneReport};
use crate::facts::dns::Exchange;
use crate::facts::{DnsName, Sentence, UnixTime};
use crate::sender::{Families, Verdict};
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

/// All that is known of one domain, and what follows from it.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct DomainReport {
    /// The policy domain.
    pub domain: DnsName,
    /// The domains whose mail goes by way of this one, the smart host of `--next-hop`; empty without it.
    pub for_domains: Vec<DnsName>,
    /// When the check of this domain ended.
    pub checked_at: UnixTime,
    /// Why not all was asked that was to be; null if it was.
    pub cut_short: Option<CutShortReport>,
    /// The worst verdict of the conforming senders.
    pub verdict: Verdict,
    /// Whether the verdict hangs on something that only we failed to see.
    pub certainty: Certainty,
    /// The reason for the verdict, in one sentence.
    pub reason: Why,
    /// What to do first; null if nothing need be done.
    pub first_action: Option<FirstAction>,
    /// What each conforming sender does, by class, cache and reading.
    pub senders: Vec<SenderReport>,
    /// The TXT record.
    pub record: RecordReport,
    /// The live fetch, made whatever id, cache or back-off say.
    pub fetch: FetchReport,
    /// What the name servers of the domain's zone say themselves; null if it is not known which they are.
    pub zone: Option<ZoneReport>,
    /// The live policy, and each stored one that may be held, in each reading.
    pub policies: Vec<PolicyReport>,
    /// The MX hosts, judged by their transport alone.
    pub mx: Vec<MxReport>,
    /// How many more MX hosts there are, none of them tried: `policies[].mx_matches` has them all.
    pub mx_left_out: usize,
    /// What is wrong with the MX records themselves; null if nothing is.
    pub mx_error: Option<Sentence>,
    /// Whether the port of the MX hosts can be had from here.
    pub smtp: PortReport,
    /// The TLSRPT record.
    pub tlsrpt: TlsRptReport,
    /// What to know and what to do, the worst first.
    pub findings: Vec<Finding>,
    /// What is intended, beside what is; null if nobody says (`--intended-mx`, `--intended`).
    pub intended: Option<IntendedReport>,
    /// How long was waited for that; null without `--wait`.
    pub waited: Option<WaitReport>,
    /// The nine steps out of the outage, in order.
    pub steps: Vec<Step>,
    /// The message that `--send` sent; null without it.
    pub sent: Option<SentReport>,
    /// Every step of the senders, in order.
    pub trace: Vec<TraceReport>,
}

/// What one kind of sender does.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct SenderReport {
    /// The sender's class: `strict` or `lazy`.
    pub class: String,
    /// What it had cached.
    pub cache: CacheReport,
    /// Over which families of address it is judged: one alone where it fares worse by that.
    pub address_families: Families,
    /// How it reads records and policies.
    pub reading: Reading,
    /// What it does.
    pub verdict: Verdict,
    /// Whether that hangs on something that only we failed to see.
    pub certainty: Certainty,
    /// The policy that it had cached; null with an empty cache.
    pub stored: Option<StoredReport>,
    /// Which policy it applied.
    pub policy: PolicySourceReport,
    /// The SHA-256 of that policy's body, in hexadecimal; null if it applied none.
    pub policy_sha256: Option<String>,
    /// The MX host that takes the mail; null if none does.
    pub delivered_via: Option<DnsName>,
    /// Until when the verdict holds if nothing is changed: when this sender next fetches the policy, or when
    /// its cached policy ends; null if nothing that is known ends it.
    pub until: Option<UnixTime>,
    /// What ends it at `until`; null with it.
    pub until_event: Option<UntilEvent>,
    /// Why, in one sentence.
    pub reason: Why,
}

/// What a sender had cached.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheReport {
    /// Nothing.
    Empty,
    /// A policy that our store has seen.
    Stored,
}

/// Which policy a sender applied.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySourceReport {
    /// The one that the policy host serves now.
    Live,
    /// None.
    None,
    /// The stored one.
    Stored,
}

/// What ends a verdict.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UntilEvent {
    /// The sender's next daily refresh fetches the live policy.
    DailyRefresh,
    /// The cached policy's `max_age` is over.
    MaxAge,
}

/// The TXT record at `_mta-sts`.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct RecordReport {
    /// The texts of the records, their strings joined; octets beyond ASCII escaped.
    pub texts: Vec<String>,
    /// The id, if there is one usable record in any reading.
    pub id: Option<String>,
    /// How long a resolver may keep the answer.
    pub ttl_secs: Option<u64>,
    /// The names that CNAMEs led to, in order.
    pub cname: Vec<DnsName>,
    /// Why there is no usable record, to the letter; null if there is one.
    pub error: Option<Sentence>,
    /// Whether tolerant senders read what the letter refuses.
    pub tolerant_only: bool,
}

/// The live fetch.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FetchReport {
    /// The policy's address.
    pub url: String,
    /// The names that CNAMEs of the policy host led to, in order.
    pub cname: Vec<DnsName>,
    /// At which place that is, and who takes the mail.
    pub hosting: HostingReport,
    /// Each address of the policy host that was asked.
    pub edges: Vec<EdgeReport>,
    /// How many more addresses it has.
    pub edges_not_tried: usize,
    /// The earliest moment at which the id can be changed: now where every address serves the intended policy, or
    /// the same one; later where caches keep copies of another; null where nobody can tell.
    pub id_safe_from: Option<UnixTime>,
    /// Why there is no edge to ask; null if there is one.
    pub error: Option<Sentence>,
}

/// One address of the policy host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct EdgeReport {
    /// The address.
    pub address: IpAddr,
    /// The HTTP status; null without a response.
    pub status: Option<u16>,
    /// The media type as it came; null without one.
    pub content_type: Option<String>,
    /// The body, at most its first 4 KiB, what is not UTF-8 replaced; null without a response.
    pub body: Option<String>,
    /// How old the copy is that a cache before the policy host answers with; null where no cache shows itself (`Age`).
    pub age_secs: Option<u64>,
    /// The values of `Cache-Control`, joined; null without any.
    pub cache_control: Option<String>,
    /// Until when a cache may serve that copy; null without one, or where nothing says.
    pub kept_until: Option<UnixTime>,
    /// The SHA-256 of the body, in hexadecimal; null without a response, or where its body is empty.
    pub body_sha256: Option<String>,
    /// The certificate presented; null without a handshake that got there.
    pub certificate: Option<CertificateReport>,
    /// Why a sender that reads to the letter gets no policy here; null if it does.
    pub error: Option<Sentence>,
}

/// A policy in one reading.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PolicyReport {
    /// Live, or from our store.
    pub source: PolicySourceReport,
    /// The reading.
    pub reading: Reading,
    /// Whether it can be used in this reading.
    pub valid: bool,
    /// Its mode.
    pub mode: Option<Mode>,
    /// The id of the record that it came with.
    pub id: Option<String>,
    /// Its life, counted from the fetch.
    pub max_age_secs: Option<u32>,
    /// Its mx patterns, in order.
    pub mx: Vec<String>,
    /// The SHA-256 of its body, in hexadecimal; null for a live one that cannot be used.
    pub body_sha256: Option<String>,
    /// When it was fetched last: the stored one, by a check that the store remembers.
    pub fetched_at: Option<UnixTime>,
    /// When the life of that fetch ends.
    pub expires_at: Option<UnixTime>,
    /// The first check that saw it; null without a store.
    pub first_seen: Option<UnixTime>,
    /// The last check that saw it; null without a store.
    pub last_seen_live: Option<UnixTime>,
    /// The first check after that one that no longer saw it; null while it is live, and without a store.
    pub gone_by: Option<UnixTime>,
    /// Until when a sender that fetched it when it was last seen holds it; null without a store.
    pub held_certainly_until: Option<UnixTime>,
    /// Until when a sender holds it that fetched it just before it was found gone, or now if it is live; null
    /// without a store.
    pub held_possibly_until: Option<UnixTime>,
    /// Why it cannot be used; null if it can.
    pub error: Option<PolicyErrorReport>,
    /// Patterns that match no live MX host.
    pub unused_patterns: Vec<String>,
    /// Each live MX host and the pattern that matches it.
    pub mx_matches: Vec<MxMatchReport>,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PolicyErrorReport {
    /// The line of the body, from 1; null if the fault lies elsewhere.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

/// Whether a policy lists an MX host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct MxMatchReport {
    /// The MX host.
    pub host: Exchange,
    /// The first pattern that matches it; null if none does.
    pub pattern: Option<String>,
}

/// The TLSRPT record (RFC 8460).
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct TlsRptReport {
    /// The texts of the records, their strings joined; octets beyond ASCII escaped.
    pub texts: Vec<String>,
    /// The record as it is published; null if there is none, or none that can be used.
    pub record: Option<String>,
    /// The names that CNAMEs led to, in order.
    pub cname: Vec<DnsName>,
    /// What is wrong; null if nothing is, or there is no record.
    pub error: Option<Sentence>,
    /// Who gets the reports, as far as was looked: at most eight.
    pub destinations: Vec<DestinationReport>,
}

/// An address for reports.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct DestinationReport {
    /// The address.
    pub uri: String,
    /// Why no report can get there; null if one can, or if that could not be seen from here.
    pub error: Option<Sentence>,
}

/// One of the nine steps.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Step {
    /// Which, from 1.
    pub step: u8,
    /// What it is.
    pub title: &'static str,
    /// How it stands.
    pub state: StepState,
    /// The codes of the findings that have to be mended first.
    pub findings: Vec<String>,
    /// What is known of it already; null if nothing is.
    pub seen: Option<Sentence>,
    /// What to do beside the commands; null if they are all.
    pub todo: Option<Sentence>,
    /// Lines to paste.
    pub commands: Vec<String>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It is well.
    Ok,
    /// It needs somebody.
    Todo,
    /// Only the reader can know.
    #[default]
    Unknown,
    /// Its turn comes after the steps before it.
    NotAsked,
}

/// What became of the message that `--send` sent.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct SentReport {
    /// Whether a receiver took it.
    pub delivered: bool,
    /// The MX host; null if none took it.
    pub host: Option<DnsName>,
    /// Its address; null if none took it.
    pub address: Option<IpAddr>,
    /// The receiver's last reply, or what happened instead.
    pub reply: String,
    /// The Message-ID, to find it by.
    pub message_id: String,
}

/// One step of a sender.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct TraceReport {
    /// Which sender: `strict, empty cache`.
    pub sender: String,
    /// When.
    pub at: UnixTime,
    /// What was asked.
    pub asked: String,
    /// What came back.
    pub answered: String,
    /// What was concluded.
    pub concluded: String,
    /// Under which section.
    pub rfc: String,
}

/// The step in which the mail path is tested again.
const RETEST: u8 = 7;

impl DomainReport {
    /// Returns the worst severity among the findings; `None` without any.
    #[must_use]
    pub fn worst_severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }

    /// Returns the command that checks the domain again; `None` if its name cannot stand in one.
    #[must_use]
    pub fn retest(&self) -> Option<&str> {
        let step = self.steps.iter().find(|step| step.step == RETEST)?;
        step.commands.first().map(String::as_str)
    }

    /// Returns whether the verdict is one that the domain itself declared, with a null MX that nothing speaks
    /// against.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.code == MX_NULL.code && finding.severity == Severity::Note)
    }
}
