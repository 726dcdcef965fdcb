//! Findings about the policy host and the policy it serves.

use super::certificate::title;
use super::codes::{self, Code};
use super::found::{Findings, listed};
use super::record::severity_of_split;
use super::served::Served;
use super::{cached, coverage, edges, hosting, properties};
use crate::diagnose::case::Case;
use crate::diagnose::command::policy_url;
use crate::diagnose::document::{Finding, MxVerdict, PortState, Severity};
use crate::diagnose::fix::{self, Fix, Holder};
use crate::diagnose::judged::{self, Edge};
use crate::facts::Sentence;
use crate::facts::http::HttpFailureKind;
use crate::sts::fetch::FetchError;
use crate::sts::policy::{self, Mode};
use crate::sts::reading::Reading;
use crate::tlsrpt;

/// How many faults of a body are reported one by one.
const SHOWN_FAULTS: usize = 8;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    // Without a record nobody fetches: what the policy host does is no finding then.
    if case.judged.live_id().is_some() {
        find_unusable(case, found);
        edges::find(case, found);
    }
    if let Some(policy) = case.judged.live_policy() {
        found.extend(properties::find(policy));
        found.extend(properties::unknown_fields(policy));
    }
    find_mode(case, found);
    coverage::find_unused(case, found);
}

fn find_unusable(case: &Case<'_>, found: &mut Findings) {
    let letter = case.judged.live_in(Reading::Letter);
    let tolerant = case.judged.live_in(Reading::Tolerant);
    let (Some(Err(error)), Some(tolerant)) = (letter, tolerant) else {
        return;
    };
    let Err(tolerant) = tolerant else {
        find_tolerated(case, error, found);
        return;
    };
    if matches!(error, FetchError::Connection(failure) if failure.kind == HttpFailureKind::NotGlobal)
    {
        // It has a finding of its own.
        return;
    }
    let domain = case.judged.domain;
    let served = match error {
        FetchError::MediaType { .. } | FetchError::Policy(_) => Served::find(&case.judged.edges),
        FetchError::Certificate(_)
        | FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostLookup(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::MoreAddresses { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => None,
    };
    let mut detail = Sentence::from(format!("{}: ", policy_url(domain)));
    let (code, advice) = match (served, error, tolerant) {
        (Some(served), ..) => {
            detail.words(served);
            (&codes::POLICY_INVALID, Fix::from(served.advice()))
        }
        // Both have to be mended.
        (None, FetchError::MediaType { .. }, worse @ FetchError::Policy(_)) => {
            let body = say_all(case, Reading::Tolerant, worse, &mut detail);
            detail.words("; ").add(error);
            let both = body.continued_by(fix::fetch(domain, error));
            (&codes::POLICY_INVALID, both)
        }
        (None, _, _) => {
            let advice = say_all(case, Reading::Letter, error, &mut detail);
            (code_of(error), advice)
        }
    };
    let (code, advice) = match hosting::misplaced(case, error) {
        Some((code, why, advice)) => {
            detail.words("; ").words(why);
            (code, advice)
        }
        None => (code, advice),
    };
    let finding = if error.is_ours() {
        Finding::new(code, Severity::Warning, detail, Some(advice))
    } else {
        let advice = with_policy(case, advice);
        Finding::new(code, Severity::Error, detail, Some(advice))
    };
    let definite = match error {
        FetchError::Certificate(faults) if *code == codes::POLICY_HOST_CERTIFICATE => {
            faults.iter().find(|fault| !fault.is_ours())
        }
        _ => None,
    };
    let finding = match definite {
        Some(fault) => finding.titled(title(Holder::PolicyHost(domain), fault)),
        None => finding,
    };
    found.push(match domain.prefixed("mta-sts") {
        Ok(policy_host) => finding.about(&policy_host),
        Err(_too_long) => finding,
    });
}

fn find_tolerated(case: &Case<'_>, error: &FetchError, found: &mut Findings) {
    let mut detail = Sentence::from("strict senders get no policy: ");
    say_all(case, Reading::Letter, error, &mut detail);
    detail.words("; tolerant senders use it, so each sees another domain");
    // One corrected policy, not two that differ: this one alone would bring the outage to strict senders too.
    let fix = if case.judged.uncovered().is_some() {
        Some(Fix::standing_at(
            &codes::MX_UNCOVERED,
            "All senders can read the corrected policy that stands at",
        ))
    } else {
        case.judged
            .live_policy()
            .map(|policy| fix::rewrite(case.judged.domain, policy, case.now))
    };
    found.add(
        &codes::POLICY_TOLERATED,
        severity_of_split(case),
        detail,
        fix,
    );
}

/// Says why there is no policy, and returns what to do about it: of a body every fault, not the first alone.
fn say_all(case: &Case<'_>, reading: Reading, error: &FetchError, detail: &mut Sentence) -> Fix {
    let has_error = |edge: &&Edge<'_>| edge.in_reading(reading).as_ref().err() == Some(error);
    let edge = case.judged.edges.iter().find(has_error);
    let response = edge.and_then(|edge| edge.exchange.outcome.as_ref().ok());
    let (FetchError::Policy(_), Some(response)) = (error, response) else {
        detail.add(error);
        return fix::fetch(case.judged.domain, error);
    };
    let collected = policy::collect(&response.body);
    let (shown, rest) = collected
        .faults
        .split_at(collected.faults.len().min(SHOWN_FAULTS));
    detail.join("; ", shown);
    match rest.len() + collected.more {
        0 => {}
        more => {
            detail.words(format_args!("; and {more} more"));
        }
    }
    fix::faults(shown)
}

/// Says besides the advice which policy to serve, for those who have none at hand.
fn with_policy(case: &Case<'_>, advice: Fix) -> Fix {
    if let Some(code) = cached::offer(case) {
        return advice.paragraph(format!("The policy to serve stands at {}.", code.code));
    }
    let hosts: Vec<_> = judged::names(case.judged.usable_hosts()).collect();
    match fix::begin(case.judged.domain, &hosts, case.now) {
        Some(first) => advice
            .paragraph("If you have no policy at hand:")
            .continued_by(first),
        None => advice,
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
        | FetchError::MoreAddresses { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => &codes::FETCH_FAILED,
    }
}

fn find_mode(case: &Case<'_>, found: &mut Findings) {
    let Some(policy) = case.judged.live_policy() else {
        return;
    };
    match policy.mode() {
        Mode::Enforce => {}
        Mode::None => found.add(
            &codes::MODE_NONE,
            Severity::Note,
            "senders treat the domain as if it had no policy",
            None,
        ),
        Mode::Testing => found.add(
            &codes::MODE_TESTING,
            Severity::Note,
            "faults are reported, never enforced: what would fail shows in TLSRPT reports and here",
            Some(before_enforce(case)),
        ),
    }
}

/// Says what must hold before the mode may be enforce: what does not yet, or else how to go on.
fn before_enforce(case: &Case<'_>) -> Fix {
    let domain = case.judged.domain;
    let mut fix = Fix::default();
    if let Some((_, uncovered)) = case.judged.uncovered() {
        let hosts = listed(judged::names(uncovered), 8);
        fix = fix.line(format!(
            "Not yet: the policy does not list {hosts} (see {}).",
            codes::MX_UNCOVERED.code
        ));
    }
    let refused = case.judged.usable_hosts().iter();
    let refused: Vec<_> =
        judged::names(refused.filter(|host| host.has(MxVerdict::Refused))).collect();
    if !refused.is_empty() {
        fix = fix.line(format!(
            "Not yet: senders would refuse {} for its TLS or its certificate (see below).",
            listed(refused, 8)
        ));
    }
    if case.judged.port.state == PortState::NotAsked || case.judged.port.silence().is_some() {
        fix = fix.line(
            "Not yet: whether the certificates of the MX hosts are valid is not known; check them first.",
        );
    }
    let is_split = case
        .judged
        .edges
        .iter()
        .any(|edge| edge.in_reading(Reading::Letter).is_err());
    if is_split {
        fix = fix.line(
            "Not yet: strict senders do not get the policy at every address of the policy host.",
        );
    }
    if !matches!(case.judged.tlsrpt, tlsrpt::record::Selection::Record(_)) {
        fix = fix.line(
            "Not yet: nobody reports to you; publish a TLSRPT record, and read what comes for two weeks.",
        );
    }
    let is_ready = fix == Fix::default();
    fix.line(if is_ready {
        "All that is seen from here would pass. When the reports of two weeks show no failure, from any MX host:"
    } else {
        "When this is mended and the reports of two weeks show no failure, from any MX host:"
    })
    .line(format!(
        "change the line to `mode: enforce` in {}, at every address; then the id of _mta-sts.{domain}; max_age \
         may be weeks or more.",
        policy_url(domain)
    ))
}
