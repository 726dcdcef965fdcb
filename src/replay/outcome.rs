//! What a play tells: each attempt, each check, and what did not hold.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::stage::Seen;
use super::written::{optional_text, secs, text, texts};
use crate::diagnose::document::DomainReport;
use crate::facts::{DnsName, UnixTime};
use crate::scenario;
use crate::sender::found::{Discovery, PolicyInUse, PolicySource};
use crate::sender::{Attempt, Reason, Verdict};
use crate::story::{self, NetworkKind};
use crate::sts::fetch::FetchError;
use crate::sts::record::RecordId;
use crate::tlsrpt::result_type::ResultType;

/// What a play on one stage showed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Played {
    /// Each moment, in order.
    pub moments: Vec<MomentOutcome>,
    /// What did not hold.
    pub failures: Vec<Failure>,
}

/// What came of one moment.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct MomentOutcome {
    /// The line of the step.
    pub line: usize,
    /// When, by the virtual clock.
    pub at: UnixTime,
    /// How long after the start of the story.
    #[serde(rename = "after_secs", serialize_with = "secs")]
    #[schemars(with = "u64")]
    pub after: Duration,
    /// What happens; may be empty.
    pub title: Box<str>,
    /// The refreshes that ran since the moment before, and what they made reach a server.
    pub refreshes: Vec<Refresh>,
    /// The messages that were flushed, then the fresh ones.
    pub attempts: Vec<AttemptOutcome>,
    /// The observer's checks.
    pub checks: Vec<CheckOutcome>,
}

/// A refresh between two moments.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Refresh {
    /// When, by the virtual clock.
    pub at: UnixTime,
    /// The sender.
    pub sender: Box<str>,
    /// The policy domain.
    pub domain: DnsName,
    /// What came of it.
    #[serde(flatten)]
    pub result: RefreshResult,
    /// What reached a server, sorted.
    #[serde(rename = "requests", serialize_with = "texts")]
    #[schemars(with = "Vec<String>")]
    pub seen: Vec<Seen>,
}

/// What came of a refresh.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(into = "RefreshFields")]
#[schemars(with = "RefreshFields")]
pub enum RefreshResult {
    /// The policy was fetched.
    Fetched {
        /// The id that it now carries.
        id: RecordId,
    },
    /// It could not be fetched; the one that is held stays.
    Failed(FetchError),
    /// None is held any more.
    RanOut,
}

impl RefreshResult {
    /// Takes from a refresh what a scenario can speak of.
    #[must_use]
    pub fn new(found: Discovery) -> Self {
        match (found.fetch_error, found.policy) {
            (Some(error), _) => Self::Failed(error),
            (None, PolicyInUse::Policy { policy, .. }) => Self::Fetched { id: policy.id },
            (None, PolicyInUse::None(_)) => Self::RanOut,
        }
    }

    /// Returns whether two networks tell the same; they may word a failure differently.
    fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => {
                ResultType::from(one) == ResultType::from(other)
            }
            (Self::Fetched { .. } | Self::Failed(_) | Self::RanOut, _) => self == other,
        }
    }
}

impl fmt::Display for RefreshResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetched { id } => write!(f, "fetched, id {id}"),
            Self::Failed(error) => write!(f, "failed, {error}"),
            Self::RanOut => f.write_str("it has run out"),
        }
    }
}

/// What came of a refresh, as it is written.
#[derive(JsonSchema, Serialize)]
struct RefreshFields {
    /// The id that the fetched policy carries; null if none was fetched.
    id: Option<String>,
    /// Why none was fetched; null if one was.
    error: Option<String>,
}

impl From<RefreshResult> for RefreshFields {
    fn from(result: RefreshResult) -> Self {
        let (id, error) = match &result {
            RefreshResult::Fetched { id } => (Some(id.to_string()), None),
            RefreshResult::Failed(error) => (None, Some(error.to_string())),
            RefreshResult::RanOut => (None, Some(result.to_string())),
        };
        Self { id, error }
    }
}

/// What came of one attempt.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AttemptOutcome {
    /// The sender.
    pub sender: Box<str>,
    /// The recipient's domain.
    pub domain: DnsName,
    /// How long the message has waited; zero for a fresh one.
    #[serde(rename = "queued_secs", serialize_with = "secs")]
    #[schemars(with = "u64")]
    pub queued_for: Duration,
    /// What became of the message.
    pub verdict: Verdict,
    /// Why. The networks may word it differently.
    #[serde(serialize_with = "text")]
    #[schemars(with = "String")]
    pub reason: Reason,
    /// The host that took it; null if none did.
    pub via: Option<DnsName>,
    /// The address that took it; null if none did.
    pub via_address: Option<IpAddr>,
    /// The result types of RFC 8460 that came up, sorted.
    #[serde(serialize_with = "texts")]
    #[schemars(with = "Vec<String>")]
    pub result_types: Vec<ResultType>,
    /// Where the policy came from.
    #[serde(serialize_with = "text")]
    pub policy: story::PolicySource,
    /// Why the policy could not be fetched; null if that was not tried, or went well. The networks may word it
    /// differently.
    #[serde(serialize_with = "optional_text")]
    #[schemars(with = "Option<String>")]
    pub fetch_error: Option<FetchError>,
    /// What reached a server, sorted.
    #[serde(rename = "requests", serialize_with = "texts")]
    #[schemars(with = "Vec<String>")]
    pub seen: Vec<Seen>,
}

/// Which message an attempt was about.
#[derive(Clone, Copy, Debug)]
pub struct AttemptedMail<'a> {
    /// The sender.
    pub sender: &'a str,
    /// The recipient's domain.
    pub domain: &'a DnsName,
    /// How long it has waited.
    pub queued_for: Duration,
}

impl AttemptOutcome {
    /// Takes from an attempt what a scenario can speak of.
    #[must_use]
    pub fn new(mail: AttemptedMail<'_>, attempt: &Attempt, seen: Vec<Seen>) -> Self {
        Self {
            sender: mail.sender.into(),
            domain: mail.domain.clone(),
            queued_for: mail.queued_for,
            verdict: attempt.verdict,
            reason: attempt.reason.clone(),
            via: attempt.delivery.via.as_ref().map(|via| via.host.clone()),
            via_address: attempt.delivery.via.as_ref().map(|via| via.address),
            result_types: attempt.result_types.clone(),
            policy: match &attempt.discovery.policy {
                PolicyInUse::None(_) => story::PolicySource::None,
                PolicyInUse::Policy {
                    source: PolicySource::Live,
                    ..
                } => story::PolicySource::Live,
                PolicyInUse::Policy {
                    source: PolicySource::Cached,
                    ..
                } => story::PolicySource::Stored,
            },
            fetch_error: attempt.discovery.fetch_error.clone(),
            seen,
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CheckOutcome {
    /// The domain.
    pub domain: DnsName,
    /// The worst verdict.
    pub verdict: Verdict,
    /// The codes of its findings, sorted.
    pub findings: Vec<String>,
}

impl CheckOutcome {
    /// Takes from a report what a scenario can speak of.
    #[must_use]
    pub fn new(report: &DomainReport) -> Self {
        let mut findings: Vec<String> = report
            .findings
            .iter()
            .map(|finding| finding.code.clone())
            .collect();
        findings.sort();
        findings.dedup();
        Self {
            domain: report.domain.clone(),
            verdict: report.verdict,
            findings,
        }
    }
}

/// An expectation that did not hold, or what makes the play itself worth nothing.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Failure {
    /// What is to blame.
    pub kind: FailureKind,
    /// The network; null where the two disagree.
    pub network: Option<NetworkKind>,
    /// The line of the file.
    pub line: usize,
    /// What that line is called, as `file:line`.
    #[serde(skip)]
    pub place: Box<str>,
    /// How long after the start of the story.
    #[serde(rename = "after_secs", serialize_with = "secs")]
    #[schemars(with = "u64")]
    pub after: Duration,
    /// What was expected, and what came.
    pub message: String,
}

impl fmt::Display for Failure {
    /// Writes `file:line: on the lab, after 2d: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = match self.network {
            Some(NetworkKind::Lab) => "on the lab, ",
            Some(NetworkKind::Model) => "on the model, ",
            None => "",
        };
        let after = scenario::span::format(self.after);
        write!(
            f,
            "{}: {network}after {after}: {}",
            self.place, self.message
        )
    }
}

/// What a failure is about.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// What the senders do is not what the scenario expects; it may say by `xfail` that this is known.
    Expectation,
    /// The networks disagree, or a request came that the scenario does not announce: whatever the scenario
    /// expects, its world is not the one that it describes, and no `xfail` excuses that.
    Harness,
}

/// Finds where two plays of one scenario differ.
#[must_use]
pub fn disagreements(model: &Played, lab: &Played) -> Vec<Failure> {
    let mut found = Vec::new();
    for (model, lab) in model.moments.iter().zip(&lab.moments) {
        let mut fail = |message| {
            found.push(Failure {
                kind: FailureKind::Harness,
                network: None,
                line: model.line,
                place: Box::default(),
                after: model.after,
                message,
            });
        };
        for (model, lab) in model.attempts.iter().zip(&lab.attempts) {
            for difference in attempt_differences(model, lab) {
                fail(format!(
                    "the networks disagree about {} to {}: {difference}",
                    model.sender, model.domain
                ));
            }
        }
        for (model, lab) in model.checks.iter().zip(&lab.checks) {
            if model != lab {
                fail(format!(
                    "the networks disagree about check {}: model {} [{}], lab {} [{}]",
                    model.domain,
                    model.verdict,
                    model.findings.join(", "),
                    lab.verdict,
                    lab.findings.join(", ")
                ));
            }
        }
        for (model, lab) in model.refreshes.iter().zip(&lab.refreshes) {
            let results = (!model.result.agrees_with(&lab.result))
                .then(|| format!("model {}, lab {}", model.result, lab.result));
            let seen = seen_differently(&model.seen, &lab.seen);
            for difference in results.into_iter().chain(seen) {
                fail(format!(
                    "the networks disagree about the refresh of {} by {}: {difference}",
                    model.domain, model.sender
                ));
            }
        }
        if model.refreshes.len() != lab.refreshes.len() {
            fail(format!(
                "the networks disagree about refreshes: {} on the model, {} on the lab",
                model.refreshes.len(),
                lab.refreshes.len()
            ));
        }
    }
    found
}

fn attempt_differences(model: &AttemptOutcome, lab: &AttemptOutcome) -> Vec<String> {
    let mut found = Vec::new();
    if model.verdict != lab.verdict {
        found.push(format!(
            "model {} ({}), lab {} ({})",
            model.verdict, model.reason, lab.verdict, lab.reason
        ));
    }
    if (&model.via, model.via_address) != (&lab.via, lab.via_address) {
        let via = |attempt: &AttemptOutcome| match (&attempt.via, attempt.via_address) {
            (Some(host), Some(address)) => format!("{host} [{address}]"),
            _ => "no host".to_owned(),
        };
        found.push(format!("model via {}, lab via {}", via(model), via(lab)));
    }
    if model.result_types != lab.result_types {
        found.push(format!(
            "result types: model [{}], lab [{}]",
            list(&model.result_types),
            list(&lab.result_types)
        ));
    }
    if model.policy != lab.policy {
        found.push(format!(
            "policy: model {}, lab {}",
            model.policy, lab.policy
        ));
    }
    // A server may be asked again when a packet is lost: sets, never counts.
    found.extend(seen_differently(&model.seen, &lab.seen));
    found
}

fn seen_differently(model: &[Seen], lab: &[Seen]) -> Option<String> {
    let only = |these: &[Seen], those: &[Seen]| -> BTreeSet<String> {
        these
            .iter()
            .filter(|seen| !those.contains(seen))
            .map(ToString::to_string)
            .collect()
    };
    let (of_model, of_lab) = (only(model, lab), only(lab, model));
    (!of_model.is_empty() || !of_lab.is_empty()).then(|| {
        format!(
            "requests: only the model saw [{}], only the lab saw [{}]",
            list(of_model),
            list(of_lab)
        )
    })
}

/// Returns things as a list of words.
pub(super) fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MomentOutcome, Played, Refresh, RefreshResult, disagreements};
    use crate::facts::UnixTime;
    use crate::sts::fetch::FetchError;

    fn played(result: RefreshResult) -> Played {
        let at = UnixTime::from_secs(1_772_438_400);
        Played {
            moments: vec![MomentOutcome {
                line: 7,
                at,
                after: Duration::ZERO,
                title: "".into(),
                refreshes: vec![Refresh {
                    at,
                    sender: "warm".into(),
                    domain: "corp.test".parse().unwrap(),
                    result,
                    seen: Vec::new(),
                }],
                attempts: Vec::new(),
                checks: Vec::new(),
            }],
            failures: Vec::new(),
        }
    }

    #[test]
    fn what_a_refresh_comes_to_is_held_against_the_other_network() {
        let fetched = |id: &str| RefreshResult::Fetched {
            id: id.parse().unwrap(),
        };
        let failed = |status| {
            RefreshResult::Failed(FetchError::Status {
                status,
                location: None,
                is_web_page: false,
            })
        };
        for (model, lab, expected) in [
            (fetched("1"), fetched("1"), None),
            (failed(503), failed(503), None),
            (
                fetched("1"),
                fetched("2"),
                Some("model fetched, id 1, lab fetched, id 2"),
            ),
            (
                fetched("1"),
                failed(503),
                Some("model fetched, id 1, lab failed, status 503"),
            ),
            (
                failed(404),
                RefreshResult::RanOut,
                Some("model failed, status 404, lab it has run out"),
            ),
        ] {
            let found = disagreements(&played(model.clone()), &played(lab.clone()));
            let found: Vec<&str> = found.iter().map(|failure| &*failure.message).collect();
            let expected: Vec<String> = expected
                .iter()
                .map(|what| {
                    format!("the networks disagree about the refresh of corp.test by warm: {what}")
                })
                .collect();
            assert_eq!(found, expected, "{model:?}, {lab:?}");
        }
    }
}
