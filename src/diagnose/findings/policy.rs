//! Findings about the policy host and the policy it serves.

use std::collections::BTreeSet;

use super::codes::{self, Code};
use super::hosts;
use super::record::severity_of_split;
use super::{Case, Findings, listed, properties};
use crate::diagnose::document::Severity;
use crate::diagnose::fix;
use crate::facts::http::{HttpExchange, HttpFailureKind};
use crate::sender::Verdict;
use crate::sts::fetch::{self, FetchError};
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    // Without a record nobody fetches: what the policy host does is no finding then.
    if case.live_id().is_some() {
        find_unusable(case, found);
        find_split(case, found);
    }
    if let Some(policy) = case.live_policy() {
        found.0.extend(properties::find(policy));
    }
    find_mode(case, found);
    find_unused(case, found);
}

fn find_unusable(case: &Case<'_>, found: &mut Findings) {
    let letter = case.live_in(Reading::Letter);
    let tolerant = case.live_in(Reading::Tolerant);
    let (Some(Err(error)), Some(tolerant)) = (letter, tolerant) else {
        return;
    };
    let domain = case.domain;
    if tolerant.is_ok() {
        found.add(
            &codes::POLICY_TOLERATED,
            severity_of_split(case),
            format!(
                "strict senders get no policy: {error}; tolerant senders use it, so each sees another domain"
            ),
            // One corrected policy, not two that differ: this one alone would bring the outage to strict
            // senders too.
            if hosts::uncovered(case).is_some() {
                Some(format!(
                    "Publish the corrected policy that stands at {}: it is one that all senders can read.",
                    codes::MX_UNCOVERED.code
                ))
            } else {
                case.live_policy()
                    .map(|policy| fix::rewrite(domain, policy, case.now))
            },
        );
        return;
    }
    let (code, fix) = unusable(error, case);
    let severity = if error.is_ours() {
        Severity::Warning
    } else {
        Severity::Error
    };
    found.add(
        code,
        severity,
        format!("https://mta-sts.{domain}/.well-known/mta-sts.txt: {error}"),
        fix,
    );
}

fn unusable(error: &FetchError, case: &Case<'_>) -> (&'static Code, Option<String>) {
    let domain = case.domain;
    match error {
        error if error.is_ours() => (
            &codes::FETCH_UNKNOWN,
            Some(format!(
                "Try from another network: curl -sv https://mta-sts.{domain}/.well-known/mta-sts.txt"
            )),
        ),
        FetchError::Certificate(_) => (
            &codes::POLICY_HOST_CERTIFICATE,
            Some(format!(
                "Get a certificate for mta-sts.{domain} (a DNS name in subjectAltName) from a public CA, \
                 with its intermediates, on every address; look at it with:\n\n\
                 openssl s_client -connect mta-sts.{domain}:443 -servername mta-sts.{domain} </dev/null"
            )),
        ),
        FetchError::Policy(error) => (
            &codes::POLICY_INVALID,
            Some(match error.kind.hint() {
                Some(hint) => format!("Line {}: {hint}", error.line),
                None => format!("Correct line {} of the policy.", error.line),
            }),
        ),
        FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostLookup(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::MediaType { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => (&codes::FETCH_FAILED, Some(fix::fetch(domain, error))),
    }
}

/// The addresses of the policy host must serve the same thing: a sender asks one of them, nobody knows which.
fn find_split(case: &Case<'_>, found: &mut Findings) {
    let Some(host) = &case.survey.policy_host else {
        return;
    };
    let edges = || host.edges.iter().filter(|edge| !is_out_of_reach(edge));
    let fails = |edge: &&HttpExchange| fetch::judge(edge, Reading::Tolerant).is_err();
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for edge in edges() {
        let says = describe(edge);
        let address = edge.address.to_string();
        match groups.iter_mut().find(|(said, _)| *said == says) {
            Some((_, addresses)) => addresses.push(address),
            None => groups.push((says, vec![address])),
        }
    }
    if groups.len() < 2 {
        return;
    }
    let served: BTreeSet<String> = edges().filter(|edge| !fails(edge)).map(describe).collect();
    let holds_mail = case.rows.iter().any(|row| row.verdict >= Verdict::Defer);
    let is_ours = host
        .edges
        .iter()
        .any(|edge| fetch::judge(edge, Reading::Tolerant).is_err_and(|error| error.is_ours()));
    let severity = if holds_mail && !is_ours {
        Severity::Error
    } else {
        Severity::Warning
    };
    let detail = groups
        .iter()
        .map(|(says, addresses)| format!("{}: {says}", listed(addresses, 4)))
        .collect::<Vec<_>>()
        .join("; ");
    found.add(
        &codes::EDGE_SPLIT,
        severity,
        detail,
        Some(if served.len() == 1 {
            fix::failing_edges(case.domain, edges().filter(fails).map(|edge| edge.address))
        } else {
            fix::edges(case.domain, edges().map(|edge| edge.address), case.now)
        }),
    );
}

/// Whether we could not even try the address, as without IPv6: that says nothing about the edge.
fn is_out_of_reach(edge: &HttpExchange) -> bool {
    edge.outcome
        .as_ref()
        .is_err_and(|failure| failure.kind == HttpFailureKind::Unreachable)
}

fn describe(edge: &HttpExchange) -> String {
    match fetch::judge(edge, Reading::Tolerant) {
        Ok(fetched) => format!(
            "mode {}, mx {}",
            fetched.policy.mode(),
            listed(fetched.policy.patterns(), 8)
        ),
        Err(error) => error.to_string(),
    }
}

fn find_mode(case: &Case<'_>, found: &mut Findings) {
    let Some(policy) = case.live_policy() else {
        return;
    };
    match policy.mode() {
        Mode::Enforce => {}
        Mode::None => found.add(
            &codes::MODE_NONE,
            Severity::Note,
            "senders treat the domain as if it had no policy".to_owned(),
            None,
        ),
        Mode::Testing => found.add(
            &codes::MODE_TESTING,
            Severity::Note,
            "faults are reported, never enforced: what would fail shows in TLSRPT reports and here"
                .to_owned(),
            None,
        ),
    }
}

fn find_unused(case: &Case<'_>, found: &mut Findings) {
    let Some(policy) = case.live_policy() else {
        return;
    };
    let unused: Vec<String> = case
        .unused_patterns(policy.patterns())
        .map(ToString::to_string)
        .collect();
    if !unused.is_empty() {
        found.add(
            &codes::PATTERN_UNUSED,
            Severity::Note,
            format!(
                "{} (right on purpose during a migration; afterwards it lets an old host receive mail)",
                listed(&unused, 8)
            ),
            Some(format!(
                "Remove {} once no sender can still look up the old MX records (their TTL is over) and no \
                 queue needs a way back; then change the id.",
                listed(&unused, 8)
            )),
        );
    }
}
