//! What a replay told, as JSON.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnose::document::VerdictSchema;
use crate::facts::{DnsName, UnixTime};
use crate::replay::outcome::{FailureKind, MomentTold, Played, Refresh, Told};
use crate::replay::shadow::{Course, Span};
use crate::replay::{self, Origin, Replayed};
use crate::scenario::{Problem, Scenario};
use crate::sender::Verdict;

/// The name and version of the documents: the version changes when a field goes or changes its meaning.
pub const SCHEMA: &str = "stickler/replay/1";

/// What came of a run: all of it in JSON, one scenario or the problems of one file in a line of NDJSON.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The version of stickler.
    pub stickler_version: &'static str,
    /// The scenarios that were played.
    pub scenarios: &'a [ScenarioReport],
    /// Why others were not.
    pub problems: &'a [ProblemReport],
}

impl<'a> Document<'a> {
    /// Makes the document.
    #[must_use]
    pub const fn new(scenarios: &'a [ScenarioReport], problems: &'a [ProblemReport]) -> Self {
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
    #[schemars(with = "String")]
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
    #[schemars(with = "String")]
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
    #[schemars(with = "String")]
    pub at: UnixTime,
    /// The sender.
    pub sender: String,
    /// The policy domain.
    #[schemars(with = "String")]
    pub domain: DnsName,
    /// What reached a server.
    pub requests: Vec<String>,
}

/// What one sender did with one message.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AttemptReport {
    /// The sender.
    pub sender: String,
    /// The recipient's domain.
    #[schemars(with = "String")]
    pub domain: DnsName,
    /// How long the message has waited; zero for a fresh one.
    pub queued_secs: u64,
    /// What became of the message.
    #[schemars(with = "VerdictSchema")]
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The host that took it; null if none did.
    #[schemars(with = "Option<String>")]
    pub via: Option<DnsName>,
    /// The address that took it; null if none did.
    #[schemars(with = "Option<String>")]
    pub via_address: Option<std::net::IpAddr>,
    /// The result types of RFC 8460 that came up.
    pub result_types: Vec<String>,
    /// Where the policy came from: `live`, `stored` or `none`.
    pub policy: String,
    /// What reached a server.
    pub requests: Vec<String>,
}

/// What one check found.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct CheckReport {
    /// The domain.
    #[schemars(with = "String")]
    pub domain: DnsName,
    /// The worst verdict.
    #[schemars(with = "VerdictSchema")]
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
    #[schemars(with = "String")]
    pub domain: DnsName,
    /// The spans, in order.
    pub spans: Vec<SpanReport>,
}

/// A span of time in which the verdict stays the same.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct SpanReport {
    /// When it begins.
    #[schemars(with = "String")]
    pub from: UnixTime,
    /// When it ends; null for the last one, which goes on after the story.
    #[schemars(with = "Option<String>")]
    pub until: Option<UnixTime>,
    /// What becomes of mail.
    #[schemars(with = "VerdictSchema")]
    pub verdict: Verdict,
    /// Why, at its beginning.
    pub reason: String,
    /// Why, from when to when, in order; the first is `reason`.
    pub reasons: Vec<ReasonReport>,
    /// From when on mail that waits goes back to its sender; null if none waits so long.
    #[schemars(with = "Option<String>")]
    pub bounces_from: Option<UnixTime>,
}

/// A part of a span in which the reason stays the same as well.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ReasonReport {
    /// When it begins.
    #[schemars(with = "String")]
    pub from: UnixTime,
    /// When it ends; null at the end of the last span.
    #[schemars(with = "Option<String>")]
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

impl ScenarioReport {
    /// Tells what came of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, replayed: &Replayed, elapsed: Duration) -> Self {
        let networks = [
            (NetworkReport::Model, &replayed.model),
            (NetworkReport::Lab, &replayed.lab),
        ];
        let told: Option<&Played> = replayed.model.as_ref().or(replayed.lab.as_ref());
        Self {
            id: scenario.id.to_string(),
            file: scenario.file.display().to_string(),
            title: scenario.title.to_string(),
            rfc: scenario.rfc.iter().map(ToString::to_string).collect(),
            start: scenario.start,
            outcome: replayed.outcome(scenario).into(),
            xfail: scenario.xfail.as_ref().map(ToString::to_string),
            networks: networks
                .into_iter()
                .filter(|(_, played)| played.is_some())
                .map(|(network, _)| network)
                .collect(),
            only_because: scenario
                .only_on
                .as_ref()
                .map(|only| only.reason.to_string()),
            elapsed_secs: elapsed.as_secs_f64(),
            failures: replayed
                .failures
                .iter()
                .map(|(origin, failure)| FailureReport {
                    kind: match failure.kind {
                        FailureKind::Expectation => FailureKindReport::Expectation,
                        FailureKind::Harness => FailureKindReport::Harness,
                    },
                    network: match origin {
                        Origin::Disagreement => None,
                        Origin::Lab => Some(NetworkReport::Lab),
                        Origin::Model => Some(NetworkReport::Model),
                    },
                    line: failure.line,
                    after_secs: failure.after.as_secs(),
                    message: failure.message.clone(),
                })
                .collect(),
            steps: told
                .iter()
                .flat_map(|played| &played.moments)
                .map(StepReport::from)
                .collect(),
            courses: replayed.courses.iter().map(CourseReport::from).collect(),
        }
    }
}

impl From<replay::Outcome> for OutcomeReport {
    fn from(outcome: replay::Outcome) -> Self {
        match outcome {
            replay::Outcome::Fails => Self::Fails,
            replay::Outcome::FailsAsKnown => Self::FailsAsKnown,
            replay::Outcome::Holds => Self::Holds,
            replay::Outcome::HoldsUnexpectedly => Self::HoldsUnexpectedly,
            replay::Outcome::Skipped => Self::Skipped,
        }
    }
}

impl OutcomeReport {
    /// Returns whether a run with this in it fails.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Fails | Self::HoldsUnexpectedly => true,
            Self::FailsAsKnown | Self::Holds | Self::Skipped => false,
        }
    }
}

impl From<&MomentTold> for StepReport {
    fn from(told: &MomentTold) -> Self {
        Self {
            line: told.line,
            at: told.at,
            after_secs: told.after.as_secs(),
            title: told.title.to_string(),
            refreshes: told.refreshes.iter().map(RefreshReport::from).collect(),
            attempts: told.attempts.iter().map(AttemptReport::from).collect(),
            checks: told
                .checks
                .iter()
                .map(|check| CheckReport {
                    domain: check.domain.clone(),
                    verdict: check.verdict,
                    findings: check.findings.clone(),
                })
                .collect(),
        }
    }
}

impl From<&Refresh> for RefreshReport {
    fn from(refresh: &Refresh) -> Self {
        Self {
            at: refresh.at,
            sender: refresh.sender.to_string(),
            domain: refresh.domain.clone(),
            requests: refresh.seen.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Told> for AttemptReport {
    fn from(told: &Told) -> Self {
        Self {
            sender: told.sender.to_string(),
            domain: told.domain.clone(),
            queued_secs: told.queued_for.as_secs(),
            verdict: told.verdict,
            reason: told.reason.to_string(),
            via: told.via.clone(),
            via_address: told.via_address,
            result_types: told.result_types.clone(),
            policy: told.policy.to_owned(),
            requests: told.seen.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Course> for CourseReport {
    fn from(course: &Course) -> Self {
        Self {
            sender: course.sender.to_string(),
            domain: course.domain.clone(),
            spans: course
                .spans
                .iter()
                .map(|span| SpanReport::new(course, span))
                .collect(),
        }
    }
}

impl SpanReport {
    fn new(course: &Course, span: &Span) -> Self {
        let reasons: Vec<ReasonReport> = span
            .reasons
            .iter()
            .map(|reason| ReasonReport {
                from: reason.from,
                until: reason.until,
                reason: reason.text.to_string(),
            })
            .collect();
        Self {
            from: span.from,
            until: span.until,
            verdict: span.verdict,
            reason: reasons
                .first()
                .map_or_else(String::new, |first| first.reason.clone()),
            reasons,
            bounces_from: course.bounces_from(span),
        }
    }
}

impl From<&Problem> for ProblemReport {
    fn from(problem: &Problem) -> Self {
        Self {
            file: problem.file.display().to_string(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

impl ProblemReport {
    /// Says of a whole file what is wrong.
    #[must_use]
    pub fn of_file(file: &Path, message: String) -> Self {
        Self {
            file: file.display().to_string(),
            line: 1,
            column: 1,
            message,
            help: None,
        }
    }
}
