//! Findings about what senders may still have cached, seen through the store.

use super::codes::{self, Code};
use super::found::Findings;
use crate::diagnose::case::Case;
use crate::diagnose::document::{CacheReport, Severity, UntilEvent};
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judge::Row;
use crate::diagnose::judged::names;
use crate::facts::Sentence;
use crate::facts::dns::DnsOutcome;
use crate::sender::Verdict;
use crate::sts::fetch::FetchError;
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let Some(stored) = case.stored_policy() else {
        return;
    };
    let (domain, now) = (case.judged.domain, case.now);
    let differs = case
        .judged
        .live_policy()
        .is_some_and(|live| *live != stored.policy);
    let blocked = blocked(case);
    let same_id = case.judged.live_id() == Some(&stored.id);
    if differs && same_id {
        let mut detail = Sentence::from("a policy fetched at ");
        detail.moment(stored.fetched_at).words(format_args!(
            " came with the id {}; the live policy differs and carries the same id, so senders that compare \
             ids do not fetch it",
            stored.id
        ));
        found.add(
            &codes::ID_STALE,
            if blocked.is_empty() {
                Severity::Warning
            } else {
                Severity::Error
            },
            detail,
            Some(Fix::publishing(fix::record(domain, now))),
        );
    }
    let is_blocking = !blocked.is_empty() && (differs || is_unpublished(case));
    if is_blocking {
        let mut detail = Sentence::from(format!(
            "senders that fetched the policy before the change hold id {} and do not deliver: ",
            stored.id
        ));
        say_healing(&blocked, &mut detail);
        found.add(
            &codes::CACHED_POLICY_BLOCKS,
            Severity::Error,
            detail,
            Some(cure(case, &stored.policy, same_id)),
        );
    }
    if is_gone(case) && stored.policy.mode() != Mode::None {
        let mut detail = Sentence::from(format!(
            "id {}, mode {}, is kept until ",
            stored.id,
            stored.policy.mode()
        ));
        detail
            .moment(stored.expires_at())
            .words(" by senders that fetched it at ")
            .moment(stored.fetched_at)
            .words(": taking the record or the policy host away does not end it");
        let end = fix::opt_out(domain, now);
        found.add(
            &codes::CACHED_POLICY_ALIVE,
            Severity::Warning,
            detail,
            Some(if is_blocking {
                end
            } else {
                keep(case, &stored.policy).and(end)
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
    case.judged.live_policy().is_none() || case.judged.live_id().is_none()
}

/// What heals senders that hold a policy which keeps mail from the live MX hosts.
fn cure(case: &Case<'_>, stored: &Policy, same_id: bool) -> Fix {
    if is_unpublished(case) {
        // A new id alone does nothing while there is no body behind it.
        let keep = keep(case, stored);
        if is_gone(case) {
            keep
        } else {
            Fix::from(
                "What is published now could not be seen: if it lists the live MX hosts, a new id is enough. \
                 Else:",
            )
            .and(keep)
        }
    } else if case.judged.uncovered().is_some() {
        Fix::from(format!(
            "The body first, then the id: the corrected policy stands at {}.",
            codes::MX_UNCOVERED.code
        ))
    } else if same_id {
        Fix::publishing(fix::record(case.judged.domain, case.now))
    } else {
        Fix::from(
            "The id has changed: a sender heals as soon as it gets the live policy, so let every address of the \
             policy host serve it. Nothing shortens a policy that is already cached. Until then, let an MX host \
             that the old policy lists take mail again, if you still can.",
        )
    }
}

fn keep(case: &Case<'_>, stored: &Policy) -> Fix {
    let uncovered: Vec<_> = names(case.judged.uncovered_by(stored)).collect();
    fix::keep(case.judged.domain, stored, &uncovered, case.now)
}

/// Whether the record or the policy is certainly not published: what only we failed to see, or what fails for
/// a while, may be there.
fn is_gone(case: &Case<'_>) -> bool {
    is_record_gone(case) || is_policy_gone(case)
}

fn is_record_gone(case: &Case<'_>) -> bool {
    let answer = case.judged.survey.record.as_ref();
    match answer.map(|answer| &answer.outcome) {
        Some(DnsOutcome::Failed(failure)) => failure.kind.is_published(),
        Some(
            DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. },
        )
        | None => case.judged.live_id().is_none(),
    }
}

fn is_policy_gone(case: &Case<'_>) -> bool {
    let Some(live) = &case.judged.live else {
        return true;
    };
    if case.judged.edges.is_empty() {
        return live.tolerant.as_ref().is_err_and(is_lasting);
    }
    case.judged.edges.iter().all(|edge| {
        edge.in_reading(Reading::Tolerant)
            .as_ref()
            .is_err_and(is_lasting)
    })
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

/// Says when senders heal by themselves, those that heal together at once.
fn say_healing(rows: &[&Row], sentence: &mut Sentence) {
    let mut ends: Vec<(&Row, Vec<&str>)> = Vec::new();
    for row in rows {
        let who = row.class.name;
        match ends.iter_mut().find(|(first, _)| first.until == row.until) {
            Some((_, whos)) if whos.contains(&who) => {}
            Some((_, whos)) => whos.push(who),
            None => ends.push((row, vec![who])),
        }
    }
    for (place, (first, who)) in ends.iter().enumerate() {
        sentence
            .words(if place > 0 { "; " } else { "" })
            .words(format_args!("senders of class {} heal ", who.join(" and ")));
        match first.until {
            Some((at, UntilEvent::DailyRefresh)) => sentence
                .words("with the daily refresh, at ")
                .moment(at)
                .words(" at the latest"),
            Some((at, UntilEvent::MaxAge)) => sentence.words("when max_age ends, at ").moment(at),
            None => sentence.words("by nothing that they do themselves"),
        };
    }
}
