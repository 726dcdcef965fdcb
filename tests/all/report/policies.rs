//! Policies of the samples.

use std::time::Duration;

use stickler::diagnose::document::{MxMatchReport, PolicyReport, PolicySourceReport};
use stickler::facts::dns::Exchange;
use stickler::sts::policy::Mode;
use stickler::sts::reading::Reading;

use super::samples::now;

pub(super) fn policy(pattern: &str, host: &str) -> PolicyReport {
    PolicyReport {
        source: PolicySourceReport::Live,
        reading: Reading::Letter,
        valid: true,
        mode: Some(Mode::Enforce),
        id: Some("20260301T080000".to_owned()),
        max_age_secs: Some(604_800),
        mx: vec![pattern.to_owned()],
        body_sha256: None,
        fetched_at: Some(now()),
        expires_at: Some(now().saturating_add(Duration::from_secs(604_800))),
        first_seen: None,
        last_seen_live: None,
        gone_by: None,
        held_certainly_until: None,
        held_possibly_until: None,
        error: None,
        unused_patterns: Vec::new(),
        mx_matches: vec![MxMatchReport {
            host: Exchange::Host(host.parse().unwrap()),
            pattern: (pattern == host).then(|| pattern.to_owned()),
        }],
    }
}

pub(super) fn both_readings(policy: &PolicyReport) -> Vec<PolicyReport> {
    [Reading::Letter, Reading::Tolerant]
        .map(|reading| PolicyReport {
            reading,
            ..policy.clone()
        })
        .into()
}
