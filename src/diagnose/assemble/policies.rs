//! The live policy, and each stored one that may be held, in each reading.

use crate::diagnose::case::Case;
use crate::diagnose::document::{
    MxMatchReport, PolicyErrorReport, PolicyReport, PolicySourceReport, sha256,
};
use crate::sts::fetch::{FetchError, Fetched};
use crate::sts::ledger::Held;
use crate::sts::policy::{self as sts_policy, Policy, PolicyError};
use crate::sts::reading::Reading;

/// Lays out the policies, each reading once that says something of its own.
pub(super) fn lay_out(case: &Case<'_>) -> Vec<PolicyReport> {
    let mut reports = Vec::new();
    for reading in Reading::BOTH {
        let report = match case.judged.live_in(reading) {
            Some(Ok(fetched)) => live(case, reading, fetched),
            Some(Err(FetchError::Policy(error))) => {
                unusable(PolicySourceReport::Live, reading, error)
            }
            Some(Err(_)) | None => continue,
        };
        reports.push(report);
    }
    for held in case.held {
        for reading in Reading::BOTH {
            let report = match sts_policy::parse(&held.seen.body, reading) {
                Ok(found) => PolicyReport {
                    expires_at: Some(
                        held.seen
                            .last_seen_live
                            .saturating_add(found.max_age().as_duration()),
                    ),
                    ..policy(case, PolicySourceReport::Stored, reading, &found)
                },
                Err(error) => unusable(PolicySourceReport::Stored, reading, &error),
            };
            reports.push(PolicyReport {
                id: Some(held.seen.id.to_string()),
                body_sha256: Some(sha256(&held.seen.body)),
                fetched_at: Some(held.seen.last_seen_live),
                ..seen(report, held)
            });
        }
    }
    // A tolerant reading that says what the letter says is no news.
    let mut told: Vec<PolicyReport> = Vec::new();
    for report in reports {
        let is_repetition = told.iter().any(|earlier| {
            *earlier
                == PolicyReport {
                    reading: earlier.reading,
                    ..report.clone()
                }
        });
        if !is_repetition {
            told.push(report);
        }
    }
    told
}

/// Lays out the live policy, and since when it is there.
fn live(case: &Case<'_>, reading: Reading, fetched: &Fetched) -> PolicyReport {
    let id = case.judged.id_in(reading);
    let report = PolicyReport {
        id: id.map(ToString::to_string),
        body_sha256: Some(sha256(&fetched.body)),
        fetched_at: Some(case.now),
        expires_at: Some(
            case.now
                .saturating_add(fetched.policy.max_age().as_duration()),
        ),
        ..policy(case, PolicySourceReport::Live, reading, &fetched.policy)
    };
    let held = case
        .ledger
        .zip(id)
        .and_then(|(ledger, id)| ledger.find(id, &fetched.body)?.held(case.now));
    match held {
        Some(held) => seen(report, &held),
        None => report,
    }
}

/// Adds when the policy was seen, and until when it is held.
fn seen(report: PolicyReport, held: &Held<'_>) -> PolicyReport {
    PolicyReport {
        first_seen: Some(held.seen.first_seen),
        last_seen_live: Some(held.seen.last_seen_live),
        gone_by: held.seen.gone_by,
        held_certainly_until: Some(held.certainly_until),
        held_possibly_until: Some(held.possibly_until),
        ..report
    }
}

fn policy(
    case: &Case<'_>,
    source: PolicySourceReport,
    reading: Reading,
    policy: &Policy,
) -> PolicyReport {
    let patterns = policy.patterns();
    PolicyReport {
        source,
        reading,
        valid: true,
        mode: Some(policy.mode()),
        id: None,
        max_age_secs: Some(policy.max_age().as_secs()),
        mx: patterns.iter().map(ToString::to_string).collect(),
        body_sha256: None,
        fetched_at: None,
        expires_at: None,
        first_seen: None,
        last_seen_live: None,
        gone_by: None,
        held_certainly_until: None,
        held_possibly_until: None,
        error: None,
        unused_patterns: case
            .judged
            .unused_patterns(patterns)
            .map(ToString::to_string)
            .collect(),
        mx_matches: case
            .judged
            .survey
            .hosts
            .iter()
            .map(|host| MxMatchReport {
                host: host.candidate.exchange.clone(),
                pattern: host
                    .candidate
                    .host()
                    .and_then(|name| policy.matching(name))
                    .map(ToString::to_string),
            })
            .collect(),
    }
}

fn unusable(source: PolicySourceReport, reading: Reading, error: &PolicyError) -> PolicyReport {
    PolicyReport {
        source,
        reading,
        valid: false,
        mode: None,
        id: None,
        max_age_secs: None,
        mx: Vec::new(),
        body_sha256: None,
        fetched_at: None,
        expires_at: None,
        first_seen: None,
        last_seen_live: None,
        gone_by: None,
        held_certainly_until: None,
        held_possibly_until: None,
        error: Some(PolicyErrorReport {
            line: u64::try_from(error.line).ok(),
            message: error.kind.to_string(),
        }),
        unused_patterns: Vec::new(),
        mx_matches: Vec::new(),
    }
}
