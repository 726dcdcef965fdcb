//! What there is to know of a policy besides whether it is one.

use super::policy::{BodyError, MxMatch};
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::findings::{codes, properties};
use crate::facts::DnsName;
use crate::sts::policy::{Mode, Policy};

/// What was seen of a policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The policy, in the stricter of the readings that have one.
    pub(super) policy: Option<&'a Policy>,
    /// Why it is none to the letter.
    pub(super) error: Option<&'a BodyError>,
    /// Whether only tolerant senders read it.
    pub(super) tolerated: bool,
    /// The hosts that it was asked about.
    pub(super) hosts: &'a [DnsName],
    /// Whether it covers them.
    pub(super) matches: &'a [MxMatch],
}

/// Says what there is to know.
pub(super) fn find(seen: &Seen<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(error) = seen.error {
        findings.push(invalid(error, seen.tolerated));
    }
    if let Some(policy) = seen.policy {
        coverage(policy, seen, &mut findings);
        findings.extend(properties::find(policy));
    }
    findings
}

fn invalid(error: &BodyError, tolerated: bool) -> Finding {
    let place = error
        .line
        .map_or_else(String::new, |line| format!("line {line}: "));
    let (code, severity) = if tolerated {
        (&codes::POLICY_TOLERATED, Severity::Warning)
    } else {
        (&codes::POLICY_INVALID, Severity::Error)
    };
    code.finding(
        severity,
        format!("{place}{}", error.message),
        error.hint.clone(),
    )
}

fn coverage(policy: &Policy, seen: &Seen<'_>, findings: &mut Vec<Finding>) {
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
    for uncovered in seen.matches.iter().filter(|found| found.pattern.is_none()) {
        findings.push(codes::MX_UNCOVERED.finding(
            severity,
            format!("{}: {consequence}", uncovered.host),
            (severity == Severity::Error).then(|| {
                format!(
                    "add `mx: {}`, if the host is yours; serve the new body everywhere, then change the id",
                    uncovered.host
                )
            }),
        ));
    }
    if seen.hosts.is_empty() {
        return;
    }
    for pattern in policy.patterns() {
        if !seen.hosts.iter().any(|host| pattern.matches(host)) {
            findings.push(codes::PATTERN_UNUSED.finding(
                Severity::Note,
                format!("`{pattern}` covers none of the hosts; during a move this is on purpose"),
                None,
            ));
        }
    }
}
