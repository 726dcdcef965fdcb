//! Findings about where the policy lives: places that do not know the policy host, that others can have, that do not
//! follow the MX records, that have the id and not the policy.

use super::codes::{self, Code};
use super::found::{Findings, listed};
use crate::diagnose::alias::AliasedName;
use crate::diagnose::case::Case;
use crate::diagnose::command::Command;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::Fix;
use crate::diagnose::hosting::found::{Arrangement, Relation};
use crate::diagnose::hosting::places::{ContractEnd, Place, PlaceKind};
use crate::diagnose::judged;
use crate::facts::certificate::CertificateFault;
use crate::facts::http::HttpFailureKind;
use crate::sts::fetch::FetchError;

/// How many MX hosts or patterns are named.
const SHOWN: usize = 4;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    find_takeover(case, found);
    find_ended(case, found);
    find_stays(case, found);
    find_id_apart(case, found);
}

/// Returns what explains that there is no policy better than the answer alone: a wildcard, or a place that does not
/// know the policy host. With it the words after the answer, and what to do.
pub(super) fn misplaced(
    case: &Case<'_>,
    error: &FetchError,
) -> Option<(&'static Code, String, Fix)> {
    let shows_another =
        matches!(error, FetchError::Certificate(faults) if has_another_name(faults));
    let is_alert = matches!(
        error,
        FetchError::Connection(failure) if matches!(failure.kind, HttpFailureKind::Alert(_))
    );
    if !(shows_another || is_alert) || error.is_ours() {
        return None;
    }
    let judged = case.judged;
    let (domain, hosting) = (judged.domain, &judged.hosting);
    if shows_another && hosting.is_wildcard {
        let by_whom = match hosting.place {
            Some(place) => format!(" ({})", hosting.name_of(place)),
            None => String::new(),
        };
        return Some((
            &codes::POLICY_HOST_WILDCARD,
            format!("a wildcard of the zone answers for mta-sts.{domain} as for any other name{by_whom}"),
            Fix::from(format!(
                "Give mta-sts.{domain} a record of its own, CNAME or A and AAAA, that leads to where your policy is: \
                 it goes before the wildcard. Without a policy take the record at _mta-sts.{domain} away:"
            ))
            .run([Command::dig(format_args!(
                "+noall +answer mta-sts.{domain} any-other-name.{domain}"
            ))])
            .at_policy_host(),
        ));
    }
    let place = hosting.place_by_alias()?;
    if place.kind == PlaceKind::Registrar {
        return None;
    }
    let name = &place.name;
    let alias = judged.aliases.policy_host.as_ref();
    let alias = alias.map_or_else(String::new, |alias| format!("{alias}: "));
    Some((
        &codes::PLACE_CERTIFICATE,
        format!("{alias}{name} has no certificate for mta-sts.{domain}"),
        Fix::from(format!(
            "A CNAME to {name} alone does not make it serve the name: mta-sts.{domain} was never set up there, or {}. \
             Set it up (where to change it: {}), or lead the CNAME to where your policy is:",
            if place.kind.keeps_the_file() {
                "the contract has ended"
            } else {
                "was taken away"
            },
            place.change_at
        ))
        .run([Command::https_handshake(domain, "")])
        .at_policy_host(),
    ))
}

fn has_another_name(faults: &[CertificateFault]) -> bool {
    let is_it = |fault: &CertificateFault| matches!(fault, CertificateFault::NameMismatch { .. });
    faults.iter().any(is_it)
}

/// A name that somebody else can have: they would serve a policy under the domain's own name, with a certificate.
fn find_takeover(case: &Case<'_>, found: &mut Findings) {
    let judged = case.judged;
    let Some(place) = takeover(case) else {
        return;
    };
    let (domain, name) = (judged.domain, &place.name);
    let detail = match &judged.aliases.policy_host {
        Some(alias) if alias.is_gone() => alias.to_string(),
        Some(alias) => {
            format!("{alias}, and {name} says that nobody has claimed mta-sts.{domain} there")
        }
        None => format!("{name} says that nobody has claimed mta-sts.{domain} there"),
    };
    found.add(
        &codes::ALIAS_TAKEOVER,
        Severity::Warning,
        format!("{detail}: anyone who claims it serves a policy for {domain}"),
        Some(
            Fix::from(format!(
                "Claim the name at {name} again, or take the records of mta-sts.{domain} away, now."
            ))
            .line(format!(
                "Where to change the file there: {}.",
                place.change_at
            ))
            .line("What leads there:")
            .run([Command::dig(format_args!("mta-sts.{domain}"))]),
        ),
    );
}

/// Returns the place at which somebody else can have the policy host's name.
pub(super) fn takeover(case: &Case<'_>) -> Option<&'static Place> {
    let judged = case.judged;
    let place = judged
        .hosting
        .place
        .filter(|place| place.can_be_taken_over)?;
    let is_gone = judged
        .aliases
        .policy_host
        .as_ref()
        .is_some_and(AliasedName::is_gone);
    let is_gone_there = is_gone && judged.hosting.place_by_alias().is_some();
    (is_gone_there || judged.hosting.is_unclaimed).then_some(place)
}

/// A vendor that has dropped the policy, as it does when a contract ends.
fn find_ended(case: &Case<'_>, found: &mut Findings) {
    let judged = case.judged;
    let Some(place) = judged.hosting.place_by_alias() else {
        return;
    };
    let is_gone = judged
        .aliases
        .policy_host
        .as_ref()
        .is_some_and(AliasedName::is_gone);
    let serves_nothing = judged.edges.iter().any(|edge| {
        let response = edge.exchange.outcome.as_ref().ok();
        response.is_some_and(|response| response.status == 200 && response.body.is_empty())
    });
    let what = match place.contract_end {
        Some(ContractEnd::Gone | ContractEnd::NoneThenGone) if is_gone => "its name is gone",
        Some(ContractEnd::Empty) if serves_nothing => "the file is empty",
        Some(_) | None => return,
    };
    let (domain, name) = (judged.domain, &place.name);
    found.add(
        &codes::VENDOR_ENDED,
        Severity::Warning,
        format!(
            "{name} keeps the policy of {domain}, and {what}, as when the contract has ended; senders that hold the \
             policy apply it until its max_age is over"
        ),
        Some(Fix::from(format!(
            "If the contract goes on, have {name} serve the policy again. Else lead mta-sts.{domain} to a host of \
             your own and serve the policy there, or one of mode none until the longest max_age is over; then \
             change the id, and take away what still leads to {name}."
        ))),
    );
}

/// A vendor that keeps the policy as it is while the MX records move on.
fn find_stays(case: &Case<'_>, found: &mut Findings) {
    let judged = case.judged;
    let hosting = &judged.hosting;
    let is_apart = matches!(
        hosting.relation,
        Relation::TwoProviders | Relation::PolicyAtProvider
    );
    let (Some(place), Some(policy)) = (hosting.place, judged.listing_policy()) else {
        return;
    };
    let is_known = place.follows_mx == Some(false) || place.contract_end.is_some();
    if !is_apart || !is_known || !place.kind.keeps_the_file() {
        return;
    }
    let name = &place.name;
    let uncovered = judged.uncovered_by(policy);
    let (severity, what) = if uncovered.is_empty() {
        let unused: Vec<_> = judged.unused_patterns(policy.patterns()).collect();
        if unused.is_empty() {
            // Nothing moves: what to know before something does stands at the third step.
            return;
        }
        let unused = listed(unused, SHOWN);
        (
            Severity::Note,
            format!("lists {unused}, which takes no mail now"),
        )
    } else {
        let hosts = listed(judged::names(uncovered), SHOWN);
        (Severity::Warning, format!("does not list {hosts}"))
    };
    let follows = match place.follows_mx {
        Some(false) => " and does not follow the MX records",
        Some(true) | None => "",
    };
    let mut fix = Fix::from(format!(
        "Where to change the file: {}. The MX records alone change nothing there.",
        place.change_at
    ));
    if let Some(end) = place.contract_end {
        fix = fix.line(format!(
            "If you are leaving {name}: when the contract ends {end}. First publish mode none there, while it lasts, \
             until the longest max_age is over, or lead both mta-sts and _mta-sts away from it."
        ));
    }
    found.add(
        &codes::VENDOR_STAYS,
        severity,
        format!(
            "{} keeps the policy{follows}: the policy {what}",
            hosting.name_of(place)
        ),
        Some(fix),
    );
}

/// The id stands with somebody who does not keep the policy.
fn find_id_apart(case: &Case<'_>, found: &mut Findings) {
    let judged = case.judged;
    let hosting = &judged.hosting;
    let (Some(alias), true) = (&judged.aliases.record, hosting.has_id_apart()) else {
        return;
    };
    if judged.live_id().is_none() || alias.target().is_none() {
        return;
    }
    let domain = judged.domain;
    let whose = match hosting.record_place {
        Some(place) => format!("{alias}, which is {}'s", place.name),
        None => alias.to_string(),
    };
    let policy = match (hosting.arrangement, hosting.place) {
        (_, Some(place)) => format!(
            "the policy is kept at another place ({})",
            hosting.name_of(place)
        ),
        (Arrangement::Apart, None) => {
            "the policy host is an alias of another owner's name".to_owned()
        }
        (
            Arrangement::Both
            | Arrangement::None
            | Arrangement::PolicyHostOnly
            | Arrangement::RecordOnly,
            None,
        ) => "the policy host is not delegated".to_owned(),
    };
    let severity = if hosting.record_place.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    found.add(
        &codes::ID_APART,
        severity,
        format!("{whose}; {policy}: a change of the policy does not change the id, and senders do not fetch it"),
        Some(
            Fix::from(format!(
                "Take the CNAME at _mta-sts.{domain} away and publish the record yourself, with a new id after each \
                 change of the policy; or lead mta-sts.{domain} to the one who has the id:"
            ))
            .run([Command::dig(format_args!("TXT _mta-sts.{domain}"))]),
        ),
    );
}
