//! Findings about a record or a policy that somebody holds in hand, without the network.

use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Finding, Severity};
use super::findings::record::{Fault, judge, what_stands_there};
use super::findings::{codes, properties};
use super::fix::Fix;
use crate::facts::dns::TxtRecord;
use crate::facts::{DnsName, Say, Sentence};
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::{ByReading, Reading};
use crate::sts::record::{self, Record, Selection};

/// The TXT records of one name in hand, and what senders of each reading make of them.
#[derive(Clone, Debug)]
pub struct RecordsInHand {
    texts: Vec<TxtRecord>,
    read: ByReading<Selection>,
}

impl RecordsInHand {
    /// Reads them in both ways.
    #[must_use]
    pub fn read(texts: Vec<TxtRecord>) -> Self {
        Self {
            read: ByReading::of(|reading| record::select(&texts, reading)),
            texts,
        }
    }

    /// Returns the record that senders of a reading find.
    ///
    /// # Errors
    ///
    /// Why they find none.
    pub fn record(&self, reading: Reading) -> Result<&Record, Sentence> {
        match self.read.get(reading) {
            Selection::Record(record) => Ok(record),
            Selection::Unusable(error) => Err(error.sentence()),
            Selection::NoRecord => Err(match what_stands_there(&self.texts()) {
                Some(what) => format!("no record speaks of MTA-STS, this is {what}").into(),
                None => "no record speaks of MTA-STS".into(),
            }),
        }
    }

    fn texts(&self) -> Vec<&TxtRecord> {
        self.texts.iter().collect()
    }

    /// Finds what there is to know of them.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let letter = self.record(Reading::Letter);
        let mut findings = Vec::new();
        match (judge(&self.texts(), &self.read), letter) {
            (Some(Fault::Tolerated(detail)), _) => {
                let usable = Reading::BOTH
                    .into_iter()
                    .find_map(|reading| self.record(reading).ok());
                findings.push(Finding::new(
                    &codes::RECORD_TOLERATED,
                    Severity::Warning,
                    detail,
                    usable.map(|usable| format!("publish: v=STSv1; id={};", usable.id()).into()),
                ));
            }
            (Some(Fault::Unusable(_)) | None, Err(mut detail)) => {
                detail.words("; what a sender has cached stays in force");
                findings.push(Finding::new(
                    &codes::RECORD_INVALID,
                    Severity::Error,
                    detail,
                    Some(
                        "publish exactly one record at _mta-sts.<domain>, as in: v=STSv1; id=20260301T080000;"
                            .into(),
                    ),
                ));
            }
            (Some(Fault::Unusable(_)) | None, Ok(_)) => {}
        }
        let extensions = self.record(Reading::Letter).ok().map(Record::extensions);
        for (name, value) in extensions.into_iter().flatten() {
            findings.push(Finding::new(
                &codes::RECORD_EXTENSION,
                Severity::Note,
                format!("`{name}={value}` is ignored"),
                None,
            ));
        }
        findings
    }
}

/// A policy in hand, and the hosts that it is asked about.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInHand<'a> {
    /// The policy, in the stricter of the readings that have one.
    pub policy: Option<&'a Policy>,
    /// Why it is none to the letter.
    pub error: Option<&'a BodyError>,
    /// Whether only tolerant senders read it.
    pub is_tolerated: bool,
    /// The hosts.
    pub hosts: &'a [DnsName],
}

/// Why a body is no policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct BodyError {
    /// From 1; null if the fault is no line's.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it; null if that is not known.
    pub hint: Option<String>,
}

/// Finds what there is to know of a policy besides whether it is one.
#[must_use]
pub fn policy(seen: &PolicyInHand<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = seen
        .error
        .map(|error| invalid(error, seen.is_tolerated))
        .into_iter()
        .collect();
    if let Some(policy) = seen.policy {
        findings.extend(uncovered(policy, seen.hosts));
        findings.extend(unused(policy, seen.hosts));
        findings.extend(properties::find(policy));
    }
    findings
}

fn invalid(error: &BodyError, is_tolerated: bool) -> Finding {
    let place = error
        .line
        .map_or_else(String::new, |line| format!("line {line}: "));
    let (code, severity) = if is_tolerated {
        (&codes::POLICY_TOLERATED, Severity::Warning)
    } else {
        (&codes::POLICY_INVALID, Severity::Error)
    };
    let detail = format!("{place}{}", error.message);
    Finding::new(code, severity, detail, error.hint.clone().map(Fix::from))
}

fn uncovered<'p>(policy: &'p Policy, hosts: &'p [DnsName]) -> impl Iterator<Item = Finding> + 'p {
    let (severity, consequence) = match policy.mode() {
        Mode::Enforce => (Severity::Error, "senders refuse the host"),
        Mode::Testing => (
            Severity::Error,
            "senders report the host, and refuse it under enforce",
        ),
        Mode::None => (
            Severity::Note,
            "mode none protects no host and refuses none",
        ),
    };
    hosts
        .iter()
        .filter(|host| policy.matching(host).is_none())
        .map(move |host| {
            let add = format!(
                "add `mx: {host}`, if the host is yours; serve the new body everywhere, then change the id"
            );
            Finding::new(
                &codes::MX_UNCOVERED,
                severity,
                format!("{host}: {consequence}"),
                (severity == Severity::Error).then(|| add.into()),
            )
        })
}

/// Patterns that cover none of the hosts; without hosts nothing is known of them.
fn unused<'p>(policy: &'p Policy, hosts: &'p [DnsName]) -> impl Iterator<Item = Finding> + 'p {
    policy
        .patterns()
        .iter()
        .filter(|pattern| !hosts.is_empty() && !hosts.iter().any(|host| pattern.matches(host)))
        .map(|pattern| {
            Finding::new(
                &codes::PATTERN_UNUSED,
                Severity::Note,
                format!("`{pattern}` covers none of the hosts; during a move this is on purpose"),
                None,
            )
        })
}
