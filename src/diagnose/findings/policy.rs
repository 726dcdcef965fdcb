//! Findings about the policy host and the policy it serves.

use super::certificate::title;
use super::codes::{self, Code};
use super::found::{Findings, listed};
use super::record::severity_of_split;
use super::served::Served;
use super::{cached, coverage, hosting, properties};
use crate::diagnose::case::Case;
use crate::diagnose::command::policy_url;
use crate::diagnose::document::{Finding, MxVerdict, PortState, Severity};
use crate::diagnose::fix::{self, Fix, Holder};
use crate::diagnose::judged::{self, Edge};
use crate::facts::http::HttpFailureKind;
use crate::facts::{Say, Sentence};
use crate::sender::Verdict;
use crate::sts::fetch::{FetchError, Fetched};
use crate::sts::policy::{self, Mode};
use crate::sts::reading::Reading;
use crate::tlsrpt;

/// How many faults of a body are told one by one.
const SHOWN_FAULTS: usize = 8;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    // Without a record nobody fetches: what the policy host does is no finding then.
    if case.judged.live_id().is_some() {
        find_unusable(case, found);
        find_split(case, found);
        find_unasked(case, found);
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

/// The addresses of the policy host must serve the same thing: a sender asks one of them, nobody knows which.
fn find_split(case: &Case<'_>, found: &mut Findings) {
    let edges = || {
        case.judged
            .edges
            .iter()
            .filter(|edge| !edge.exchange.is_out_of_reach() && !edge.exchange.is_special())
    };
    let serves = |edge: &&Edge<'_>| edge.in_reading(Reading::Tolerant).is_ok();
    let mut groups: Vec<(Sentence, Vec<&Edge<'_>>)> = Vec::new();
    for edge in edges() {
        let says = describe(edge.in_reading(Reading::Tolerant));
        match groups.iter_mut().find(|(said, _)| *said == says) {
            Some((_, edges)) => edges.push(edge),
            None => groups.push((says, vec![edge])),
        }
    }
    if groups.len() < 2 {
        return;
    }
    let serving = groups
        .iter()
        .filter(|(_, edges)| edges.iter().any(serves))
        .count();
    let holds_mail = case.rows.iter().any(|row| row.verdict >= Verdict::Defer);
    let is_ours = case.judged.edges.iter().any(|edge| {
        edge.in_reading(Reading::Tolerant)
            .as_ref()
            .is_err_and(FetchError::is_ours)
    });
    let severity = if holds_mail && !is_ours {
        Severity::Error
    } else {
        Severity::Warning
    };
    let mut detail = Sentence::default();
    for (place, (says, edges)) in groups.iter().enumerate() {
        let addresses = edges.iter().map(|edge| edge.exchange.address);
        detail
            .words(if place > 0 { "; " } else { "" })
            .words(listed(addresses, 4))
            .words(": ")
            .add(says);
    }
    let address = |edge: &Edge<'_>| edge.exchange.address;
    let domain = case.judged.domain;
    found.add(
        &codes::EDGE_SPLIT,
        severity,
        detail,
        Some(match serving {
            0 => fix::no_edge(domain, edges().map(address)),
            1 => fix::failing_edges(domain, edges().filter(|edge| !serves(edge)).map(address)),
            _ => fix::edges(domain, edges().map(address), case.now),
        }),
    );
}

/// Addresses beyond those that are asked: each may serve another policy.
fn find_unasked(case: &Case<'_>, found: &mut Findings) {
    let not_tried = case.judged.unasked_edges();
    if not_tried > 0 {
        let domain = case.judged.domain;
        let asked = case.judged.edges.len();
        found.add(
            &codes::EDGE_NOT_TRIED,
            Severity::Warning,
            format!(
                "of {} addresses of mta-sts.{domain} {} were asked: each of the others may serve another policy",
                asked + not_tried,
                asked
            ),
            Some(fix::fewer_edges(domain)),
        );
    }
}

fn describe(fetched: &Result<Fetched, FetchError>) -> Sentence {
    match fetched {
        Ok(fetched) => Sentence::from(format!(
            "mode {}, mx {}",
            fetched.policy.mode(),
            listed(fetched.policy.patterns(), 8)
        )),
        Err(error) => error.sentence(),
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
