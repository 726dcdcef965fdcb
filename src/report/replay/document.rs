//! What a replay told, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{DnsName, UnixTime};
use crate::sender::Verdict;

/// The name and version of the documents: the version changes when a field goes or changes its meaning.
pub const SCHEMA: &str = "stickler/replay/1";

/// What came of a file.
#[derive(Clone, Debug)]
pub enum Told {
    /// It was played.
    Played(Box<ScenarioReport>),
    /// It cannot be, or several cannot beside each other.
    Refused(Vec<ProblemReport>),
}

/// What came of a run: all of it in JSON, one scenario or the problems of one file in a line of NDJSON.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The version of stickler.
    pub stickler_version: &'static str,
    /// The scenarios that were played.
    pub scenarios: Vec<&'a ScenarioReport>,
    /// Why others were not.
    pub problems: Vec<&'a ProblemReport>,
}

impl<'a> Document<'a> {
    /// Makes the document, in the order of ids and of places.
    #[must_use]
    pub fn new(told: &'a [Told]) -> Self {
        let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
        for told in told {
            match told {
                Told::Played(scenario) => scenarios.push(&**scenario),
                Told::Refused(found) => problems.extend(found),
            }
        }
        scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Self {
            schema: SCHEMA,
            stickler_version: env!("CARGO_PKG_VERSION"),
            scenarios,
            problems,
        }
    }
}

/// What came of one scenario.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ScenarioReport {
    /// Its id.
    pub id: String,
    /// Its file.
    pub file: String,
    /// What happens in it.
    pub title: String,
    /// The sections that it is about.
    pub rfc: Vec<String>,
    /// When it starts, by the virtual clock.
    pub start: UnixTime,
    /// Whether it holds.
    pub outcome: OutcomeReport,
    /// Why it is known to fail; null if it is not.
    pub xfail: Option<String>,
    /// The networks on which it was played.
    pub networks: Vec<NetworkReport>,
    /// Why it cannot be told on the other network; null if it can.
    pub only_because: Option<String>,
    /// How long the play took, in real time.
    pub elapsed_secs: f64,
    /// What was expected in vain, and where the networks disagree.
    pub failures: Vec<FailureReport>,
    /// Its steps, as the model told them, or else the lab.
    pub steps: Vec<StepReport>,
    /// What would have become of mail over time; empty without the model.
    pub courses: Vec<CourseReport>,
}

/// How a scenario ended.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeReport {
    /// Something was expected in vain.
    Fails,
    /// Something was expected in vain, as is known.
    FailsAsKnown,
    /// All that was expected came.
    Holds,
    /// All that was expected came, though the scenario says otherwise.
    HoldsUnexpectedly,
    /// Nothing was played: it cannot be told on the network that was asked for.
    Skipped,
}

/// A network on which scenarios are played.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkReport {
    /// Real sockets on loopback.
    Lab,
    /// Memory.
    Model,
}

/// Something that was expected in vain.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct FailureReport {
    /// What it is about.
    pub kind: FailureKindReport,
    /// The network; null where the two disagree.
    pub network: Option<NetworkReport>,
    /// The line of the file.
    pub line: usize,
    /// How long after the start of the story.
    pub after_secs: u64,
    /// What was expected, and what came.
    pub message: String,
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKindReport {
    /// What the senders do.
    Expectation,
    /// The play: the networks disagree, or a request came that is not announced. No `xfail` excuses it.
    Harness,
}

/// One step.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct StepReport {
    /// The line of the file.
    pub line: usize,
    /// When, by the virtual clock.
    pub at: UnixTime,
    /// How long after the start of the story.
    pub after_secs: u64,
    /// What happens; may be empty.
    pub title: String,
    /// The refreshes of policies since the step before.
    pub refreshes: Vec<RefreshReport>,
    /// The messages that were flushed, then the fresh ones.
    pub attempts: Vec<AttemptReport>,
    /// The observer's checks.
    pub checks: Vec<CheckReport>,
}

/// A refresh of a policy.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct RefreshReport {
    /// When, by the virtual clock.
    pub at: UnixTime,
    /// The sender.
    pub sender: String,
    /// The policy domain.
    pub domain: DnsName,
    /// The id that the fetched policy carries; null if none was fetched.
    pub id: Option<String>,
    /// Why none was fetched; null if one was.
    pub error: Option<String>,
    /// What reached a server.
    pub requests: Vec<String>,
}

/// What one sender did with one message.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AttemptReport {
    /// The sender.
    pub sender: String,
    /// The recipient's domain.
    pub domain: DnsName,
    /// How long the message has waited; zero for a fresh one.
    pub queued_secs: u64,
    /// What became of the message.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The host that took it; null if none did.
    pub via: Option<DnsName>,
    /// The address that took it; null if none did.
    pub via_address: Option<std::net::IpAddr>,
    /// The result types of RFC 8460 that came up.
    pub result_types: Vec<String>,
    /// Where the policy came from: `live`, `stored` or `none`.
    pub policy: String,
    /// Why the policy could not be fetched; null if that was not tried, or went well.
    pub fetch_error: Option<String>,
    /// What reached a server.
    pub requests: Vec<String>,
}

/// What one check found.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct CheckReport {
    /// The domain.
    pub domain: DnsName,
    /// The worst verdict.
    pub verdict: Verdict,
    /// The codes of its findings.
    pub findings: Vec<String>,
}

/// What would have become of mail from one sender to one domain, over time.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct CourseReport {
    /// The sender.
    pub sender: String,
    /// The recipient's domain.
    pub domain: DnsName,
    /// The spans, in order.
    pub spans: Vec<SpanReport>,
}

/// A span of time in which the verdict stays the same.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct SpanReport {
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; null for the last one, which goes on after the story.
    pub until: Option<UnixTime>,
    /// What becomes of mail.
    pub verdict: Verdict,
    /// Why, at its beginning.
    pub reason: String,
    /// Why, from when to when, in order; the first is `reason`.
    pub reasons: Vec<ReasonReport>,
    /// From when on mail that waits goes back to its sender; null if none waits so long.
    pub bounces_from: Option<UnixTime>,
}

/// A part of a span in which the reason stays the same as well.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ReasonReport {
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; null at the end of the last span.
    pub until: Option<UnixTime>,
    /// Why.
    pub reason: String,
}

/// Why a file cannot be played.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ProblemReport {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// What was found.
    pub message: String,
    /// What would be right; null if that cannot be said.
    pub help: Option<String>,
}
