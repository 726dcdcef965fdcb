//! A policy body in hand.

use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::findings::codes::{self, Code};
use crate::diagnose::findings::patterns::{self, Unlikely};
use crate::diagnose::findings::properties;
use crate::diagnose::findings::served::Served;
use crate::diagnose::fix::Fix;
use crate::facts::{DnsName, Say, Sentence};
use crate::sts::mx::MxPattern;
use crate::sts::policy::{self, Collected, Fault, Mode, Policy, PolicyError};
use crate::sts::reading::{ByReading, Reading};

/// The most octets that a body may have: what RFC 8461, Section 3.3 suggests to senders as their limit.
pub const MAX_BODY_OCTETS: usize = 64 * 1024;

/// A policy body in hand, what senders of each reading make of it, and the hosts that it is asked about.
#[derive(Clone, Debug)]
pub struct PolicyInHand {
    read: ByReading<Result<Policy, PolicyError>>,
    faults: Vec<BodyFault>,
    collected: Collected,
    hosts: Vec<(DnsName, Option<MxPattern>)>,
}

/// Why a body is no policy to the letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BodyFault {
    /// A line has a fault, or several lines have the same.
    Line(Fault),
    /// There are more faults than are reported one by one.
    More(usize),
    /// It is something else altogether.
    Other(Served),
    /// It is longer than a policy may be.
    TooLong(MostlyOf),
}

/// What most of a body is that is longer than a policy may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MostlyOf {
    /// `mx` fields.
    Hosts,
    /// No part of a policy.
    Other,
}

impl PolicyInHand {
    /// Reads a body in both ways.
    #[must_use]
    pub fn read(body: &[u8], hosts: Vec<DnsName>) -> Self {
        let read = ByReading::of(|reading| policy::parse(body, reading));
        let (faults, collected) = if body.len() > MAX_BODY_OCTETS {
            (vec![why_long(body)], Collected::default())
        } else {
            look_at(body)
        };
        let mut seen = Self {
            read,
            faults,
            collected,
            hosts: Vec::new(),
        };
        seen.hosts = hosts
            .into_iter()
            .map(|host| {
                let policy = seen.usable();
                let pattern = policy.and_then(|policy| policy.matching(&host)).cloned();
                (host, pattern)
            })
            .collect();
        seen
    }

    /// Returns the policy in a reading.
    ///
    /// # Errors
    ///
    /// Why it is none; the first reason.
    pub fn policy(&self, reading: Reading) -> Result<&Policy, BodyFault> {
        match (self.faults.first(), self.read.get(reading)) {
            (Some(too_long @ BodyFault::TooLong(_)), _) => Err(too_long.clone()),
            (_, Ok(policy)) => Ok(policy),
            (Some(other @ BodyFault::Other(_)), Err(_)) => Err(other.clone()),
            (_, Err(error)) => Err(BodyFault::Line(Fault {
                error: error.clone(),
                last_line: error.line,
            })),
        }
    }

    /// Returns the policy in the stricter of the readings that have one; both take the same patterns where both
    /// take the body.
    #[must_use]
    pub fn usable(&self) -> Option<&Policy> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| self.policy(reading).ok())
    }

    /// Returns all that the letter forbids, by line.
    #[must_use]
    pub fn faults(&self) -> &[BodyFault] {
        &self.faults
    }

    /// Returns the hosts, each with the first pattern that covers it.
    #[must_use]
    pub fn hosts(&self) -> &[(DnsName, Option<MxPattern>)] {
        &self.hosts
    }

    /// Finds what there is to know of it.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let (code, severity) = if self.usable().is_some() {
            (&codes::POLICY_TOLERATED, Severity::Warning)
        } else {
            (&codes::POLICY_INVALID, Severity::Error)
        };
        let mut findings: Vec<Finding> = self
            .faults
            .iter()
            .map(|fault| fault.finding(code, severity))
            .collect();
        findings.extend(
            self.collected.unknown.iter().map(|field| {
                properties::unknown_field(Some(field.line), &field.name, &field.value)
            }),
        );
        if let Some(policy) = self.usable() {
            findings.extend(self.uncovered(policy.mode()));
            let hosts: Vec<&DnsName> = self.hosts.iter().map(|(host, _)| host).collect();
            let unlikely = patterns::unlikely(policy, &hosts);
            findings.extend(patterns::findings(&unlikely));
            findings.extend(self.unused(policy, &unlikely));
            findings.extend(properties::find(policy));
        }
        findings
    }

    fn uncovered(&self, mode: Mode) -> impl Iterator<Item = Finding> {
        let (severity, consequence) = match mode {
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
        self.hosts
            .iter()
            .filter(|(_, pattern)| pattern.is_none())
            .map(move |(host, _)| {
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
    fn unused(&self, policy: &Policy, unlikely: &[Unlikely<'_>]) -> Vec<Finding> {
        policy
            .patterns()
            .iter()
            .filter(|pattern| !unlikely.iter().any(|one| one.pattern == *pattern))
            .filter(|pattern| {
                !self.hosts.is_empty() && !self.hosts.iter().any(|(host, _)| pattern.matches(host))
            })
            .map(|pattern| {
                Finding::new(
                    &codes::PATTERN_UNUSED,
                    Severity::Note,
                    format!(
                        "`{pattern}` covers none of the hosts; during a move this is on purpose"
                    ),
                    None,
                )
            })
            .collect()
    }
}

/// Returns what is wrong with a body, and what is to be said of its lines.
fn look_at(body: &[u8]) -> (Vec<BodyFault>, Collected) {
    if let Some(other) = Served::recognise(body) {
        return (vec![BodyFault::Other(other)], Collected::default());
    }
    let collected = policy::collect(body);
    let faults = collected
        .faults
        .iter()
        .cloned()
        .map(BodyFault::Line)
        .chain((collected.more > 0).then_some(BodyFault::More(collected.more)))
        .collect();
    (faults, collected)
}

/// Returns why a body is longer than a policy may be. Of what was read of it, the last line may be a part of one, and
/// the last character too.
fn why_long(body: &[u8]) -> BodyFault {
    let lines_end = body.iter().rposition(|octet| *octet == b'\n');
    let end = lines_end.unwrap_or_else(|| match str::from_utf8(body) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Ok(_) | Err(_) => body.len(),
    });
    let whole_lines = body.get(..end).unwrap_or(body);
    match Served::recognise(whole_lines) {
        Some(
            other @ (Served::Compressed
            | Served::Joined
            | Served::Json
            | Served::Record
            | Served::WebPage),
        ) => return BodyFault::Other(other),
        // Of so much, saving it as UTF-8 makes no policy.
        Some(Served::NotUtf8 | Served::Utf16) | None => {}
    }
    let hosts = policy::collect(whole_lines).patterns;
    let octets_of_hosts: usize = hosts
        .iter()
        .map(|pattern| format!("mx:{pattern}\n").len())
        .sum();
    BodyFault::TooLong(if octets_of_hosts > body.len() / 2 {
        MostlyOf::Hosts
    } else {
        MostlyOf::Other
    })
}

impl BodyFault {
    /// Returns the first of the lines that have it, from 1; `None` if it is no line's.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Line(fault) => Some(fault.error.line),
            Self::More(_) | Self::Other(_) | Self::TooLong(_) => None,
        }
    }

    /// Says what is wrong, without the line.
    #[must_use]
    pub fn message(&self) -> Sentence {
        match self {
            Self::Line(fault) => fault.error.kind.sentence(),
            Self::More(count) => format!("{count} more faults").into(),
            Self::Other(served) => served.to_string().into(),
            Self::TooLong(_) => format!(
                "the body has more than {MAX_BODY_OCTETS} octets, where senders may stop reading"
            )
            .into(),
        }
    }

    /// Says what would probably be right.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Line(fault) => fault.error.kind.hint(),
            Self::More(_) => None,
            Self::Other(served) => Some(served.advice().to_owned()),
            Self::TooLong(MostlyOf::Hosts) => {
                Some("list only the hosts that take mail, or use wildcards".into())
            }
            Self::TooLong(MostlyOf::Other) => Some(
                "serve nothing but the policy, as plain text: a handful of lines of `name: value`, as in \
                 `mode: enforce`"
                    .into(),
            ),
        }
    }

    fn finding(&self, code: &Code, severity: Severity) -> Finding {
        Finding::new(code, severity, self.sentence(), self.hint().map(Fix::from))
    }
}

impl Say for BodyFault {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Line(fault) => sentence.add(fault),
            Self::More(_) | Self::Other(_) | Self::TooLong(_) => sentence.add(&self.message()),
        };
    }
}
