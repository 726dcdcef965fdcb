//! Findings about the policies that senders may hold, as far as the ledger tells.

use super::codes::{self, Code};
use super::found::Findings;
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::document::{Finding, Severity, UntilEvent};
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judged::names;
use crate::diagnose::look::is_lasting;
use crate::diagnose::outcome::SenderOutcome;
use crate::facts::Sentence;
use crate::facts::dns::DnsOutcome;
use crate::sender::Verdict;
use crate::sts::ledger::{Held, Holding, Update};
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;

/// How many policies one finding names.
const NAMED_POLICIES: usize = 4;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let held: Vec<HeldPolicy<'_>> = case
        .held
        .iter()
        .filter_map(|held| HeldPolicy::of(case, held))
        .collect();
    find_stale_id(case, &held, found);
    let is_blocking = find_blocking(case, &held, found);
    find_alive(case, &held, is_blocking, found);
}

/// Returns the finding whose fix is a held policy, to be served again, if there is one.
pub(super) fn offer(case: &Case<'_>) -> Option<&'static Code> {
    let mut held = case
        .held
        .iter()
        .filter_map(|held| HeldPolicy::of(case, held))
        .filter(|held| held.policy.mode() != Mode::None)
        .peekable();
    held.peek()?;
    if is_unpublished(case) && held.any(|held| !held.blocked.is_empty()) {
        Some(&codes::CACHED_POLICY_BLOCKS)
    } else {
        is_gone(case).then_some(&codes::CACHED_POLICY_ALIVE)
    }
}

/// A policy that senders may hold, and what it does to their mail.
struct HeldPolicy<'a> {
    held: &'a Held<'a>,
    policy: Policy,
    /// The senders that do not deliver under it.
    blocked: Vec<&'a SenderOutcome<'a>>,
    /// Whether the live policy is another one.
    differs: bool,
}

impl<'a> HeldPolicy<'a> {
    fn of(case: &Case<'a>, held: &'a Held<'a>) -> Option<Self> {
        let (_, policy) = held.seen.read()?;
        let blocked = |row: &&SenderOutcome<'a>| {
            row.held == Some(held) && row.verdict >= Verdict::Defer && row.uses_stored()
        };
        Some(Self {
            held,
            blocked: case.rows.iter().filter(blocked).collect(),
            differs: (case.judged.live_policy()).is_some_and(|live| *live != policy),
            policy,
        })
    }

    fn has_live_id(&self, case: &Case<'_>) -> bool {
        case.judged.live_id() == Some(&self.held.seen.id)
    }
}

/// Returns the one that a sender may have fetched last.
fn latest<'h, 'a>(
    held: impl IntoIterator<Item = &'h HeldPolicy<'a>>,
) -> Option<&'h HeldPolicy<'a>> {
    held.into_iter().max_by_key(|held| held.held.fetched_by)
}

fn find_stale_id(case: &Case<'_>, held: &[HeldPolicy<'_>], found: &mut Findings) {
    let stale = || {
        held.iter()
            .filter(|held| held.differs && held.has_live_id(case))
    };
    let Some(latest) = latest(stale()) else {
        return;
    };
    let seen = latest.held.seen;
    let came_first = case.ledger.is_some_and(|ledger| {
        let is_meant = |update: &Update<'_>| {
            matches!(update, Update::IdBeforeBody { id, .. } if **id == seen.id)
        };
        ledger.updates().iter().any(is_meant)
    });
    let mut detail = Sentence::default();
    if came_first {
        detail.words(format_args!(
            "the id {} came before its body: with it the old policy was live at ",
            seen.id
        ));
        detail.moment(seen.last_seen_live);
    } else {
        detail
            .words("a policy that was live at ")
            .moment(seen.last_seen_live)
            .words(format_args!(" came with the id {}", seen.id));
    }
    detail.words(
        "; the live policy differs and carries the same id, so senders that compare ids do not fetch it",
    );
    let is_blocked = stale().any(|held| !held.blocked.is_empty());
    found.add(
        &codes::ID_STALE,
        if is_blocked {
            Severity::Error
        } else {
            Severity::Warning
        },
        detail,
        Some(Fix::publishing(fix::record(case.judged.domain, case.now))),
    );
}

/// Returns whether there is a finding.
fn find_blocking(case: &Case<'_>, held: &[HeldPolicy<'_>], found: &mut Findings) -> bool {
    let blocking: Vec<&HeldPolicy<'_>> = held
        .iter()
        .filter(|held| !held.blocked.is_empty() && (held.differs || is_unpublished(case)))
        .collect();
    let Some(latest) = latest(blocking.iter().copied()) else {
        return false;
    };
    let mut detail = Sentence::default();
    for (place, blocking) in blocking.iter().rev().take(NAMED_POLICIES).enumerate() {
        detail.words(if place > 0 { "; " } else { "" });
        say_who_holds(blocking.held, &mut detail);
    }
    say_more(blocking.len(), &mut detail);
    detail.words(", and do not deliver: ");
    let rows: Vec<&SenderOutcome<'_>> = blocking
        .iter()
        .flat_map(|held| held.blocked.iter().copied())
        .collect();
    say_healing(&rows, &mut detail);
    let same_id = blocking.iter().any(|held| held.has_live_id(case));
    let cure = cure(case, &latest.policy, same_id);
    let action = match (cure.keeps_sts(), cure.has_sts_record()) {
        (true, _) => Action::ServePolicy,
        (false, true) => Action::ChangeId,
        (false, false) => Action::AlignEdges,
    };
    let finding = Finding::new(
        &codes::CACHED_POLICY_BLOCKS,
        Severity::Error,
        detail,
        Some(cure),
    );
    found.push(finding.mended_by(action));
    true
}

fn find_alive(case: &Case<'_>, held: &[HeldPolicy<'_>], is_blocking: bool, found: &mut Findings) {
    if !is_gone(case) {
        return;
    }
    let alive: Vec<&HeldPolicy<'_>> = held
        .iter()
        .filter(|held| held.policy.mode() != Mode::None)
        .collect();
    let Some(latest) = latest(alive.iter().copied()) else {
        return;
    };
    let mut detail = Sentence::default();
    for (place, alive) in alive.iter().rev().take(NAMED_POLICIES).enumerate() {
        detail
            .words(if place > 0 { "; " } else { "" })
            .words(format_args!("mode {}: ", alive.policy.mode()));
        say_who_holds(alive.held, &mut detail);
    }
    say_more(alive.len(), &mut detail);
    detail.words(": taking the record or the policy host away does not end it");
    let end = fix::opt_out(case.judged.domain, case.now);
    found.add(
        &codes::CACHED_POLICY_ALIVE,
        Severity::Warning,
        detail,
        Some(if is_blocking {
            end
        } else {
            keep(case, &latest.policy).and(end)
        }),
    );
}

/// Says which senders hold a policy for certain, and which may.
fn say_who_holds(held: &Held<'_>, sentence: &mut Sentence) {
    let seen = held.seen;
    match (seen.gone_by, held.holding) {
        (None, _) => sentence
            .words(format_args!(
                "senders that fetched id {} hold it, those that fetch it now until ",
                seen.id
            ))
            .moment(held.possibly_until),
        (Some(gone_by), Holding::Certain) => sentence
            .words(format_args!("senders that fetched id {} at ", seen.id))
            .moment(seen.last_seen_live)
            .words(" hold it until ")
            .moment(held.certainly_until)
            .words(", and one that fetched it just before ")
            .moment(gone_by)
            .words(" until ")
            .moment(held.possibly_until),
        (Some(gone_by), Holding::Possible) => sentence
            .words(format_args!(
                "senders that fetched id {} just before ",
                seen.id
            ))
            .moment(gone_by)
            .words(" may hold it until ")
            .moment(held.possibly_until),
    };
}

fn say_more(count: usize, sentence: &mut Sentence) {
    let more = count.saturating_sub(NAMED_POLICIES);
    if more > 0 {
        sentence.words(format_args!("; and {more} more"));
    }
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
        Fix::standing_at(
            &codes::MX_UNCOVERED,
            "The body first, then the id: the corrected policy stands at",
        )
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
    if case.judged.unasked_edges() > 0 {
        return false;
    }
    if case.judged.edges.is_empty() {
        return live.tolerant.as_ref().is_err_and(is_lasting);
    }
    case.judged.edges.iter().all(|edge| {
        edge.in_reading(Reading::Tolerant)
            .as_ref()
            .is_err_and(is_lasting)
    })
}

/// Says when senders heal by themselves, the last of each class; classes that heal together at once.
fn say_healing(rows: &[&SenderOutcome<'_>], sentence: &mut Sentence) {
    let mut last_of_class: Vec<&SenderOutcome<'_>> = Vec::new();
    for row in rows {
        // Nothing that they do themselves comes after anything else.
        let end = |row: &SenderOutcome<'_>| (row.until.is_none(), row.until.map(|(at, _)| at));
        match last_of_class
            .iter_mut()
            .find(|last| last.class.name == row.class.name)
        {
            Some(last) if end(last) < end(row) => *last = row,
            Some(_) => {}
            None => last_of_class.push(row),
        }
    }
    let mut ends: Vec<(&SenderOutcome<'_>, Vec<&str>)> = Vec::new();
    for row in last_of_class {
        let who = row.class.name;
        match ends.iter_mut().find(|(first, _)| first.until == row.until) {
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
