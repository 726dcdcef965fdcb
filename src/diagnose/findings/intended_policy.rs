//! Findings about the policy around a cutover: the one that is to be published, and the entries of the live one
//! that have had their day.

use super::codes;
use super::coverage::severity_under;
use super::found::{Findings, listed};
use super::intended::record;
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix;
use crate::diagnose::intended::{Intended, IntendedHost, Phase, ToPublish};
use crate::facts::Sentence;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;

/// How many hosts or patterns one finding names.
const NAMED: usize = 8;

pub(super) fn find(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    find_old(case, intended, found);
    if let Some(to_publish) = &intended.intention.policy {
        find_left_out(case, intended, to_publish, found);
        find_not_live(case, intended, to_publish, found);
    }
}

/// Old entries: right on purpose until nobody needs them, from then on a door left open.
///
/// Q: Why a warning then, and no error? A: Nobody's mail waits for it. But an old host that is somebody else's by
/// now would pass for a validated one, and what is left over is what the next cutover trips over.
fn find_old(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    let Some(removal) = &intended.removal else {
        return;
    };
    let is_safe = removal.is_safe(case.now);
    let mut detail = Sentence::from(format!(
        "{}: {} no intended host and no live one, and {} go ",
        listed(&removal.patterns, NAMED),
        if removal.patterns.len() == 1 {
            "it covers"
        } else {
            "they cover"
        },
        if is_safe { "could" } else { "can" },
    ));
    detail
        .words(if is_safe { "since " } else { "from " })
        .moment(removal.safe_from)
        .words(if is_safe {
            ""
        } else {
            " on: until then resolvers may give the old MX records, or senders hold a policy that lists the old \
             hosts alone"
        });
    if case.ledger.is_none() {
        detail.words(
            " (nothing is remembered, so this counts from now; with --cache it counts from what was seen)",
        );
    }
    // What is to come stands first: no entry goes while an intended host has none.
    let covers_all = !intended.hosts.iter().any(IntendedHost::is_uncovered);
    let fix = covers_all.then(|| {
        fix::retire(
            removal.policy,
            &removal.patterns,
            (removal.safe_from, case.now),
            record(case, intended),
        )
    });
    found.add(
        &codes::INTENDED_PATTERN_OLD,
        if is_safe {
            Severity::Warning
        } else {
            Severity::Note
        },
        detail,
        fix,
    );
}

/// Hosts that the policy to be published leaves out: they fail as soon as it is served.
fn find_left_out(
    case: &Case<'_>,
    intended: &Intended<'_>,
    to_publish: &ToPublish,
    found: &mut Findings,
) {
    let policy = to_publish.policy();
    let left_out = intended.left_out(policy);
    if left_out.is_empty() {
        return;
    }
    found.add(
        &codes::INTENDED_POLICY_UNCOVERED,
        severity_under(Some(policy)),
        format!(
            "the policy that is to be published ({}) lists neither by name nor by wildcard: {}{}",
            listed(policy.patterns(), NAMED),
            listed(&left_out, NAMED),
            match intended.phase {
                Phase::Before =>
                    "; before the cutover it has to list the intended hosts and the live ones",
                Phase::After => "",
            }
        ),
        Some(fix::complete(policy, &left_out, record(case, intended))),
    );
}

/// Whether what is to be published is published, and whether its id came before it.
fn find_not_live(
    case: &Case<'_>,
    intended: &Intended<'_>,
    to_publish: &ToPublish,
    found: &mut Findings,
) {
    let policy = to_publish.policy();
    if intended.serves_body != Some(false) {
        return;
    }
    let id = intended.intention.id.as_ref();
    let is_id_early = id.is_some() && id == case.judged.live_id();
    // Where some address serves it, the id is early at the others alone, and that has a finding of its own.
    let is_served = case.judged.edges.iter().any(|edge| {
        let fetched = edge.in_reading(Reading::Letter).as_ref();
        fetched.is_ok_and(|fetched| to_publish.is_served_as(fetched))
    });
    if let Some(id) = id.filter(|_| is_id_early && !is_served) {
        found.add(
            &codes::INTENDED_ID_EARLY,
            Severity::Warning,
            format!(
                "the id {id} is live, and the policy host still serves another policy: senders that fetch now keep \
                 that one under the new id, and fetch no more"
            ),
            Some(
                fix::publish(policy, record(case, intended))
                    .line("That id is another one on purpose: the one that was meant is spent."),
            ),
        );
    }
    let dropped = dropped(case, intended, to_publish);
    let must_wait = !dropped.is_empty();
    let mut detail = Sentence::from(
        "the policy host serves another policy than the one that is to be published",
    );
    if must_wait {
        detail.words(format_args!(
            ", which no longer lists {}: serve it no sooner than ",
            listed(&dropped, NAMED)
        ));
        match &intended.removal {
            Some(removal) => detail.moment(removal.safe_from),
            None => detail.words("after the cutover"),
        };
    }
    let is_right = intended.left_out(policy).is_empty();
    let finding = Finding::new(
        &codes::INTENDED_POLICY_NOT_LIVE,
        if must_wait || is_id_early || !is_right {
            Severity::Note
        } else {
            Severity::Warning
        },
        detail,
        (!must_wait && !is_id_early && is_right)
            .then(|| fix::publish(policy, record(case, intended))),
    );
    found.push(if must_wait {
        finding.mended_by(Action::Wait)
    } else {
        finding
    });
}

/// Returns the entries of the live policy that the one to be published drops while somebody may need them.
fn dropped<'a>(
    case: &'a Case<'_>,
    intended: &Intended<'_>,
    to_publish: &ToPublish,
) -> Vec<&'a MxPattern> {
    let is_safe = (intended.removal.as_ref()).is_some_and(|removal| removal.is_safe(case.now));
    let Some(live) = case.judged.listing_policy().filter(|_| !is_safe) else {
        return Vec::new();
    };
    let policy = to_publish.policy();
    let patterns = live.patterns().iter();
    patterns
        .filter(|pattern| policy.mode() != Mode::None && !policy.patterns().contains(pattern))
        .collect()
}
