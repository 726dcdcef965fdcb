//! The live and the stored policy, in each reading.

use crate::diagnose::case::Case;
use crate::diagnose::document::{
    MxMatchReport, PolicyErrorReport, PolicyReport, PolicySourceReport,
};
use crate::sts::fetch::FetchError;
use crate::sts::policy::{Policy, PolicyError};
use crate::sts::reading::Reading;

/// Lays out the policies, each reading once that says something of its own.
pub(super) fn lay_out(case: &Case<'_>) -> Vec<PolicyReport> {
    let mut reports = Vec::new();
    for reading in Reading::BOTH {
        let report = match case.judged.live_in(reading) {
            Some(Ok(fetched)) => PolicyReport {
                id: case.judged.id_in(reading).map(ToString::to_string),
                fetched_at: Some(case.now),
                expires_at: Some(
                    case.now
                        .saturating_add(fetched.policy.max_age().as_duration()),
                ),
                ..policy(case, PolicySourceReport::Live, reading, &fetched.policy)
            },
            Some(Err(FetchError::Policy(error))) => {
                unusable(PolicySourceReport::Live, reading, error)
            }
            Some(Err(_)) | None => continue,
        };
        reports.push(report);
    }
    if let Some(stored) = case.stored {
        for reading in Reading::BOTH {
            reports.push(match stored.read(reading) {
                Ok(cached) => PolicyReport {
                    id: Some(cached.id.to_string()),
                    fetched_at: Some(cached.fetched_at),
                    expires_at: Some(cached.expires_at()),
                    ..policy(case, PolicySourceReport::Stored, reading, &cached.policy)
                },
                Err(error) => unusable(PolicySourceReport::Stored, reading, &error),
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
        fetched_at: None,
        expires_at: None,
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
        fetched_at: None,
        expires_at: None,
        error: Some(PolicyErrorReport {
            line: u64::try_from(error.line).ok(),
            message: error.kind.to_string(),
        }),
        unused_patterns: Vec::new(),
        mx_matches: Vec::new(),
    }
}
