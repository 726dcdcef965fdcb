//! Findings about what senders may still have cached, seen through the store.

use super::codes::{self, Code};
use super::{Case, Findings, hosts};
use crate::diagnose::document::{CacheReport, Severity, UntilEvent};
use crate::diagnose::fix;
use crate::diagnose::judge::Row;
use crate::facts::dns::DnsOutcome;
use crate::sender::Verdict;
use crate::sender::discover::no_edge;
use crate::sts::fetch::{self, FetchError};
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let Some(stored) = case.stored_policy() else {
        return;
    };
    let differs = case
        .live_policy()
        .is_some_and(|live| *live != stored.policy);
    let blocked = blocked(case);
    let same_id = case.live_id().is_some_and(|id| id == stored.id);
    if differs && same_id {
        found.add(
            &codes::ID_STALE,
            if blocked.is_empty() {
                Severity::Warning
            } else {
                Severity::Error
            },
            format!(
                "a policy fetched at {} came with the id {}; the live policy differs and carries the same id, \
                 so senders that compare ids do not fetch it",
                stored.fetched_at, stored.id
            ),
            Some(fix::record(case.domain, case.now)),
        );
    }
    let is_blocking = !blocked.is_empty() && (differs || is_unpublished(case));
    if is_blocking {
        found.add(
            &codes::CACHED_POLICY_BLOCKS,
            Severity::Error,
            format!(
                "senders that fetched the policy before the change hold id {} and do not deliver: {}",
                stored.id,
                healing(&blocked)
            ),
            Some(cure(case, &stored.policy, same_id)),
        );
    }
    if is_gone(case) && stored.policy.mode() != Mode::None {
        found.add(
            &codes::CACHED_POLICY_ALIVE,
            Severity::Warning,
            format!(
                "id {}, mode {}, is kept until {} by senders that fetched it at {}: taking the record or the \
                 policy host away does not end it",
                stored.id,
                stored.policy.mode(),
                stored.expires_at(),
                stored.fetched_at
            ),
            Some(if is_blocking {
                fix::opt_out(case.domain, case.now)
            } else {
                format!(
                    "{}\n\n{}",
                    keep(case, &stored.policy),
                    fix::opt_out(case.domain, case.now)
                )
            }),
        );
    }
}

/// Returns the finding whose fix is the stored policy, to be served again, if there is one.
pub(super) fn offer(case: &Case<'_>) -> Option<&'static Code> {
    case.stored_policy()
        .filter(|stored| stored.policy.mode() != Mode::None)?;
    if !blocked(case).is_empty() && is_unpublished(case) {
        Some(&codes::CACHED_POLICY_BLOCKS)
    } else {
        is_gone(case).then_some(&codes::CACHED_POLICY_ALIVE)
    }
}

/// Returns the senders that do not deliver under the stored policy.
fn blocked<'a>(case: &Case<'a>) -> Vec<&'a Row> {
    case.rows
        .iter()
        .filter(|row| {
            row.cache == CacheReport::Stored && row.verdict >= Verdict::Defer && row.uses_stored()
        })
        .collect()
}

/// Returns whether no policy is seen that a sender could get now.
fn is_unpublished(case: &Case<'_>) -> bool {
    case.live_policy().is_none() || case.live_id().is_none()
}

/// What heals senders that hold a policy which keeps mail from the live MX hosts.
fn cure(case: &Case<'_>, stored: &Policy, same_id: bool) -> String {
    if is_unpublished(case) {
        // A new id alone does nothing while there is no body behind it.
        let keep = keep(case, stored);
        if is_gone(case) {
            keep
        } else {
            format!(
                "What is published now could not be seen: if it lists the live MX hosts, a new id is enough. \
                 Else:\n\n{keep}"
            )
        }
    } else if hosts::uncovered(case).is_some() {
        format!(
            "The body first, then the id: the corrected policy stands at {}.",
            codes::MX_UNCOVERED.code
        )
    } else if same_id {
        fix::record(case.domain, case.now)
    } else {
        "The id has changed: a sender heals as soon as it gets the live policy, so let every address of the \
         policy host serve it. Nothing shortens a policy that is already cached. Until then, let an MX host \
         that the old policy lists take mail again, if you still can."
            .to_owned()
    }
}

fn keep(case: &Case<'_>, stored: &Policy) -> String {
    let uncovered = hosts::names(hosts::uncovered_by(case, stored));
    fix::keep(case.domain, stored, &uncovered, case.now)
}

/// Whether the record or the policy is certainly not published: what only we failed to see, or what fails for
/// a while, may be there.
fn is_gone(case: &Case<'_>) -> bool {
    is_record_gone(case) || is_policy_gone(case)
}

fn is_record_gone(case: &Case<'_>) -> bool {
    match case.survey.record.as_ref().map(|answer| &answer.outcome) {
        Some(DnsOutcome::Failed(failure)) => failure.kind.is_published(),
        Some(
            DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. },
        )
        | None => case.live_id().is_none(),
    }
}

fn is_policy_gone(case: &Case<'_>) -> bool {
    let Some(host) = &case.survey.policy_host else {
        return true;
    };
    if host.edges.is_empty() {
        return is_lasting(&no_edge(&host.name, &host.addresses));
    }
    host.edges
        .iter()
        .all(|edge| fetch::judge(edge, Reading::Tolerant).is_err_and(|error| is_lasting(&error)))
}

fn is_lasting(error: &FetchError) -> bool {
    match error {
        FetchError::HostLookup(failure) => failure.kind.is_published(),
        FetchError::Certificate(_)
        | FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::MediaType { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Policy(_)
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => !error.is_ours(),
    }
}

/// Says when senders heal by themselves, those that heal together in one sentence.
fn healing(rows: &[&Row]) -> String {
    let mut ends: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows {
        let end = match row.until {
            Some((at, UntilEvent::DailyRefresh)) => {
                format!("with the daily refresh, at {at} at the latest")
            }
            Some((at, UntilEvent::MaxAge)) => format!("when max_age ends, at {at}"),
            None => "by nothing that they do themselves".to_owned(),
        };
        let who = row.class.name;
        match ends.iter_mut().find(|(told, _)| *told == end) {
            Some((_, whos)) if whos.contains(&who) => {}
            Some((_, whos)) => whos.push(who),
            None => ends.push((end, vec![who])),
        }
    }
    ends.into_iter()
        .map(|(end, who)| format!("senders of class {} heal {end}", who.join(" and ")))
        .collect::<Vec<_>>()
        .join("; ")
}
