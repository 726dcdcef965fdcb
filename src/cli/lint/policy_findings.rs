//! What there is to know of a policy besides whether it is one.

use std::time::Duration;

use super::finding::{Finding, Severity};
use super::policy::{BodyError, MxMatch};
use crate::cli::when::Span;
use crate::facts::DnsName;
use crate::sts::policy::{Mode, Policy};

/// Below a day, a policy can be gone before the next daily refresh.
const SHORT: Duration = Duration::from_secs(86_400);

/// "this value [is expected to] typically be in the range of weeks or greater" (RFC 8461, Section 3.2).
const USUAL: Duration = Duration::from_secs(7 * 86_400);

/// The names of fields that mean something; one that is nearly such a name was meant to be it.
const KNOWN_FIELDS: [&str; 4] = ["max_age", "mode", "mx", "version"];

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
        life(policy, &mut findings);
        fields(policy, &mut findings);
    }
    findings
}

fn invalid(error: &BodyError, tolerated: bool) -> Finding {
    let place = error
        .line
        .map_or_else(String::new, |line| format!("line {line}: "));
    let fix = error.hint.clone();
    if tolerated {
        Finding {
            code: "STS-POLICY-TOLERATED",
            severity: Severity::Warning,
            step: 5,
            rfc: "8461 §3.2",
            title: "only tolerant senders read the policy",
            detail: format!("{place}{}", error.message),
            fix,
        }
    } else {
        Finding {
            code: "STS-POLICY-INVALID",
            severity: Severity::Error,
            step: 5,
            rfc: "8461 §3.2",
            title: "no sender can use the policy",
            detail: format!("{place}{}", error.message),
            fix,
        }
    }
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
        findings.push(Finding {
            code: "STS-MX-UNCOVERED",
            severity,
            step: 2,
            rfc: "8461 §4.1",
            title: "an MX host that the policy does not list",
            detail: format!("{}: {consequence}", uncovered.host),
            fix: (severity == Severity::Error).then(|| {
                format!(
                    "add `mx: {}`, if the host is yours; serve the new body everywhere, then change the id",
                    uncovered.host
                )
            }),
        });
    }
    if seen.hosts.is_empty() {
        return;
    }
    for pattern in policy.patterns() {
        if !seen.hosts.iter().any(|host| pattern.matches(host)) {
            findings.push(Finding {
                code: "STS-PATTERN-UNUSED",
                severity: Severity::Note,
                step: 2,
                rfc: "8461 §4.1",
                title: "a pattern that covers none of the hosts",
                detail: format!("`{pattern}`; during a move this is on purpose"),
                fix: None,
            });
        }
    }
}

fn life(policy: &Policy, findings: &mut Vec<Finding>) {
    let life = policy.max_age().as_duration();
    let severity = match policy.mode() {
        Mode::None => return,
        Mode::Enforce | Mode::Testing if life < SHORT => Severity::Warning,
        Mode::Enforce | Mode::Testing if life < USUAL => Severity::Note,
        Mode::Enforce | Mode::Testing => return,
    };
    findings.push(Finding {
        code: "STS-MAX-AGE-SHORT",
        severity,
        step: 5,
        rfc: "8461 §3.2",
        title: "senders forget the policy soon",
        detail: format!(
            "max_age is {} ({}); it is expected to be weeks or more",
            policy.max_age(),
            Span(life)
        ),
        fix: Some("max_age: 1209600".into()),
    });
}

fn fields(policy: &Policy, findings: &mut Vec<Finding>) {
    for pattern in policy.patterns() {
        if pattern
            .name()
            .as_str()
            .parse::<std::net::Ipv4Addr>()
            .is_ok()
        {
            findings.push(Finding {
                code: "STS-PATTERN-ADDRESS",
                severity: Severity::Warning,
                step: 5,
                rfc: "8461 §4.1",
                title: "a pattern that is an address",
                detail: format!("`{pattern}` fits the grammar, and no MX host has such a name"),
                fix: Some("list the name in the MX record".into()),
            });
        }
    }
    for (name, value) in policy.extensions() {
        let meant = KNOWN_FIELDS.into_iter().find(|known| is_near(known, name));
        findings.push(Finding {
            code: "STS-FIELD-UNKNOWN",
            severity: if meant.is_some() {
                Severity::Warning
            } else {
                Severity::Note
            },
            step: 5,
            rfc: "8461 §3.2",
            title: "a field that no sender knows",
            detail: format!("`{name}: {value}` is ignored"),
            fix: meant.map(|meant| format!("did you mean `{meant}: {value}`")),
        });
    }
}

/// Returns whether `name` is `known` in another spelling.
fn is_near(known: &str, name: &str) -> bool {
    let fold = |text: &str| text.to_ascii_lowercase().replace(['-', '.', '_'], "");
    let (known, name) = (fold(known), fold(name));
    name == known || name == format!("{known}s")
}
