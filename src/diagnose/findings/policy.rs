//! Findings about the policy host and the policy it serves.

use std::collections::BTreeSet;

use super::codes::{self, Code};
use super::record::severity_of_split;
use super::served::Served;
use super::{Case, Findings, listed, properties};
use super::{cached, hosts};
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
    let served = match error {
        FetchError::MediaType { .. } | FetchError::Policy(_) => Served::find(case),
        FetchError::Certificate(_)
        | FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostLookup(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => None,
    };
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let (code, says, advice) = match (served, error, tolerant) {
        (Some(served), ..) => (
            &codes::POLICY_INVALID,
            served.to_string(),
            served.advice().to_owned(),
        ),
        // Both have to be mended.
        (None, FetchError::MediaType { .. }, Err(worse @ FetchError::Policy(_))) => (
            &codes::POLICY_INVALID,
            format!("{worse}; {error}"),
            format!(
                "{}\n{}",
                fix::fetch(domain, worse),
                fix::fetch(domain, error)
            ),
        ),
        (None, _, _) => (code_of(error), error.to_string(), fix::fetch(domain, error)),
    };
    if error.is_ours() {
        found.add(
            code,
            Severity::Warning,
            format!("{url}: {says}"),
            Some(advice),
        );
    } else {
        found.add(
            code,
            Severity::Error,
            format!("{url}: {says}"),
            Some(with_policy(case, &advice)),
        );
    }
}

/// Says besides the advice which policy to serve, for those who have none at hand.
fn with_policy(case: &Case<'_>, advice: &str) -> String {
    if let Some(code) = cached::offer(case) {
        return format!("{advice}\n\nThe policy to serve stands at {}.", code.code);
    }
    match fix::begin(case.domain, &hosts::usable_names(case), case.now) {
        Some(policy) => format!("{advice}\n\nIf you have no policy at hand:\n{policy}"),
        None => advice.to_owned(),
    }
}

fn code_of(error: &FetchError) -> &'static Code {
    match error {
        _ if error.is_ours() => &codes::FETCH_UNKNOWN,
        FetchError::Certificate(_) => &codes::POLICY_HOST_CERTIFICATE,
        FetchError::Policy(_) => &codes::POLICY_INVALID,
        FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostLookup(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::MediaType { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => &codes::FETCH_FAILED,
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
