//! Findings about a policy by itself, wherever it is served: `lint` and `check` have the same.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::codes;
use super::found::listed;
use crate::diagnose::document::{Finding, Severity};
use crate::sts::policy::{Field, Mode, Policy};

/// Below a day, a policy can be gone before the next daily refresh.
const SHORT: Duration = Duration::from_secs(86_400);

/// "this value [is expected to] typically be in the range of weeks or greater" (RFC 8461, Section 3.2).
const USUAL: Duration = Duration::from_secs(7 * 86_400);

/// Finds what is odd about a valid policy.
#[must_use]
pub fn find(policy: &Policy) -> Vec<Finding> {
    let mut findings: Vec<Finding> = life(policy).into_iter().collect();
    findings.extend(addresses(policy));
    findings.extend(repeated(policy));
    findings
}

/// Patterns that are there again: harmless, and a sign of a list that nobody looks through.
fn repeated(policy: &Policy) -> Option<Finding> {
    let mut seen = BTreeSet::new();
    let again: Vec<String> = policy
        .patterns()
        .iter()
        .filter(|pattern| !seen.insert(pattern.to_string().to_ascii_lowercase()))
        .map(|pattern| format!("`{pattern}`"))
        .collect();
    (!again.is_empty()).then(|| {
        Finding::new(
            &codes::PATTERN_REPEATED,
            Severity::Note,
            format!(
                "{} {} listed more than once",
                listed(&again, 8),
                if again.len() == 1 { "is" } else { "are" }
            ),
            Some("One `mx` line is enough for each; upper and lower case are the same.".into()),
        )
    })
}

fn life(policy: &Policy) -> Option<Finding> {
    let life = policy.max_age().as_duration();
    let severity = match policy.mode() {
        Mode::None => return None,
        Mode::Enforce | Mode::Testing if life < SHORT => Severity::Warning,
        Mode::Enforce | Mode::Testing if life < USUAL => Severity::Note,
        Mode::Enforce | Mode::Testing => return None,
    };
    Some(Finding::new(
        &codes::MAX_AGE_SHORT,
        severity,
        format!(
            "max_age is {} seconds; it is expected to be weeks or more",
            policy.max_age()
        ),
        Some("max_age: 1209600".into()),
    ))
}

fn addresses(policy: &Policy) -> impl Iterator<Item = Finding> {
    policy
        .patterns()
        .iter()
        .filter(|pattern| pattern.name().as_str().parse::<Ipv4Addr>().is_ok())
        .map(|pattern| {
            Finding::new(
                &codes::PATTERN_ADDRESS,
                Severity::Warning,
                format!("`{pattern}` fits the grammar, and no MX host has such a name"),
                Some("List the host name that stands in the MX record.".into()),
            )
        })
}

/// Finds the fields of a valid policy that no sender knows.
#[must_use]
pub fn unknown_fields(policy: &Policy) -> Vec<Finding> {
    policy
        .extensions()
        .iter()
        .map(|(name, value)| unknown_field(None, name, value))
        .collect()
}

const ID_IN_POLICY: &str = "The id stands in the TXT record at _mta-sts.<domain>, and senders look for it there alone: \
     change it there when the policy changes, and take it out here.";

/// Says of a field, at a line if that is known, that no sender knows it.
#[must_use]
pub fn unknown_field(line: Option<usize>, name: &str, value: &str) -> Finding {
    let is_id = name.eq_ignore_ascii_case("id");
    let meant = Field::meant_by(name).filter(|_| !is_id);
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    Finding::new(
        &codes::FIELD_UNKNOWN,
        if is_id || meant.is_some() {
            Severity::Warning
        } else {
            Severity::Note
        },
        format!("{place}`{name}: {value}` is ignored"),
        meant
            .map(|meant| format!("did you mean `{meant}: {value}`").into())
            .or_else(|| is_id.then(|| ID_IN_POLICY.into())),
    )
}
