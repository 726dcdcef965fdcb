//! What each kind of sender does, rows that say the same folded into one.

use crate::diagnose::document::{
    CacheReport, DomainReport, SenderReport, StoredReport, UntilEvent, Why,
};
use crate::report::page::{Cell, Page};
use crate::report::{Context, escape, words};
use crate::sts::reading::Reading;

/// Writes the table of the senders, or one line if they all do the same.
pub(super) fn table(page: &mut Page<'_>, report: &DomainReport) {
    if report.senders.is_empty() {
        return;
    }
    page.section("Senders");
    let senders = without_idle_ends(&report.senders);
    let groups = fold(&senders, Kinds::of(&senders));
    if let [group] = groups.as_slice() {
        page.prose(
            2,
            format!("{}: {}", group.who(), outcome(page.context, group.what)),
        );
    } else {
        let rows: Vec<_> = groups.iter().map(|group| group.row(page.context)).collect();
        page.table(
            [
                "sender", "cache", "reading", "verdict", "policy", "via", "until",
            ],
            rows,
        );
    }
    for (reason, who) in reasons(&senders, &report.reason) {
        page.prose(
            2,
            format!("{}: {}", who.join("; "), page.context.say(reason)),
        );
    }
}

/// Writes what each kind of sender does and until when, where that is more than the verdict.
pub(super) fn by_what_they_do(page: &mut Page<'_>, report: &DomainReport) {
    let senders = without_idle_ends(&report.senders);
    let groups = fold(&senders, Kinds::of(&senders));
    if let [group] = groups.as_slice()
        && until(page.context, group.what).is_none()
    {
        return;
    }
    let rows = groups.iter().map(|group| {
        let verdict = group.what.verdict;
        let (tone, word) = words::sender_verdict(verdict);
        let until = until(page.context, group.what)
            .map_or_else(String::new, |until| format!(", until {until}"));
        vec![
            Cell::toned(tone, word),
            Cell::plain(format!("{}{until}", group.who())),
        ]
    });
    page.columns("senders", rows.collect());
}

/// Returns whether every kind of sender does the same.
pub(super) fn do_all_the_same(report: &DomainReport) -> bool {
    let mut verdicts = report.senders.iter().map(|sender| sender.verdict);
    let first = verdicts.next();
    verdicts.all(|verdict| Some(verdict) == first)
}

/// Senders that do the same: every class here with every cache here in every reading here.
struct Group<'a> {
    classes: Vec<&'a str>,
    caches: Vec<CacheReport>,
    readings: Vec<Reading>,
    policies: Vec<&'static str>,
    /// The stored policies that they hold, where some hold another one.
    held: Vec<&'a StoredReport>,
    /// The first of them.
    what: &'a SenderReport,
}

impl Group<'_> {
    /// Returns which senders these are, by what they do: `those that hold the policy of id 1 and fetch daily`.
    fn who(&self) -> String {
        let holds = match self.caches.as_slice() {
            [CacheReport::Empty] => Some("have no policy yet".to_owned()),
            [CacheReport::Stored] => Some(self.what_they_hold()),
            _ => None,
        };
        let fetches = match self.classes.as_slice() {
            // With nothing in store all of them fetch at once.
            _ if self.caches == [CacheReport::Empty] => None,
            [class] => words::class(class),
            _ => None,
        };
        let reads = match self.readings.as_slice() {
            [Reading::Letter] => Some("read to the letter".to_owned()),
            [Reading::Tolerant] => Some("read tolerantly".to_owned()),
            _ => None,
        };
        let does: Vec<String> = [holds, fetches, reads].into_iter().flatten().collect();
        if does.is_empty() {
            "all of them".to_owned()
        } else {
            format!("those that {}", does.join(" and "))
        }
    }

    fn what_they_hold(&self) -> String {
        match self.held.as_slice() {
            [] => "hold the stored policy".to_owned(),
            [stored] if stored.is_live => "hold the live policy".to_owned(),
            [stored] => format!("hold the policy of id {}", escape::cut(&stored.id, 32)),
            many => format!("hold one of {} policies", many.len()),
        }
    }

    fn caches(&self) -> String {
        let caches: Vec<_> = self.caches.iter().copied().map(words::cache).collect();
        format!("{}{}", caches.join(", "), self.held())
    }

    /// Returns which of several stored policies they hold.
    fn held(&self) -> String {
        match self.held.as_slice() {
            [] => String::new(),
            [stored] if stored.is_live => " (live)".to_owned(),
            [stored] => format!(" (id {})", stored.id),
            many => format!(" ({} policies)", many.len()),
        }
    }

    fn readings(&self) -> String {
        let readings: Vec<_> = self.readings.iter().copied().map(words::reading).collect();
        readings.join(", ")
    }

    fn row(&self, context: &Context) -> Vec<String> {
        vec![
            self.classes.join(", "),
            self.caches(),
            self.readings(),
            format!(
                "{}{}",
                self.what.verdict,
                words::certainty(self.what.certainty)
            ),
            self.policies.join(", "),
            self.what
                .delivered_via
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            until(context, self.what).unwrap_or_else(|| "-".to_owned()),
        ]
    }
}

/// Returns each reason that the headline does not say, with those who have it, in their order.
fn reasons<'a>(senders: &'a [SenderReport], headline: &'a Why) -> Vec<(&'a Why, Vec<String>)> {
    let kinds = Kinds::of(senders);
    let mut reasons: Vec<(&Why, Vec<String>)> = Vec::new();
    for sender in senders {
        let reason = &sender.reason;
        let is_told = reasons
            .iter()
            .map(|(told, _)| *told)
            .chain([headline])
            .any(|told| told == reason || differs_only_in_the_store(reason, told));
        if !is_told {
            let those: Vec<SenderReport> = senders
                .iter()
                .filter(|sender| sender.reason == *reason)
                .cloned()
                .collect();
            reasons.push((reason, fold(&those, kinds).iter().map(Group::who).collect()));
        }
    }
    reasons
}

/// Returns whether a reason is another one, under a stored policy, or under another one.
fn differs_only_in_the_store(reason: &Why, told: &Why) -> bool {
    let without = |why: &Why| Why {
        stored: None,
        ..why.clone()
    };
    reason.is_certain() && reason.stored.is_some() && without(reason) == without(told)
}

/// Returns `defer until …: …`, or `deliver via mx.corp.test`.
fn outcome(context: &Context, sender: &SenderReport) -> String {
    let mut out = format!("{}{}", sender.verdict, words::certainty(sender.certainty));
    if let Some(host) = &sender.delivered_via {
        out.push_str(&format!(" via {host}"));
    }
    if let Some(until) = until(context, sender) {
        out.push_str(&format!(" until {until}"));
    }
    out
}

/// Takes away the moments at which nothing changes: where a sender with an empty cache does the same today,
/// "deliver until tomorrow" would only frighten.
fn without_idle_ends(senders: &[SenderReport]) -> Vec<SenderReport> {
    let changes_nothing = |sender: &SenderReport| {
        senders.iter().any(|fresh| {
            fresh.cache == CacheReport::Empty
                && (&fresh.class, fresh.reading) == (&sender.class, sender.reading)
                && (fresh.verdict, fresh.certainty) == (sender.verdict, sender.certainty)
                && fresh.delivered_via == sender.delivered_via
        })
    };
    let mut told = senders.to_vec();
    for sender in &mut told {
        if changes_nothing(sender) {
            sender.until = None;
            sender.until_event = None;
        }
    }
    // Of those that hold one policy or another and do the same, the last to end tells for all.
    let last = |sender: &SenderReport| {
        told.iter()
            .filter(|other| differs_in_the_policy(other, sender))
            .map(|other| other.until)
            .max()
    };
    let ends: Vec<_> = told.iter().map(last).collect();
    for (sender, end) in told.iter_mut().zip(ends) {
        sender.until = end.unwrap_or(sender.until);
    }
    told
}

/// Returns whether two senders of a class do the same at most until another moment, under stored policies.
fn differs_in_the_policy(a: &SenderReport, b: &SenderReport) -> bool {
    let is_one_class = a.class == b.class && a.reading == b.reading;
    let has_stored = a.stored.is_some() && b.stored.is_some();
    let does_the_same = a.verdict == b.verdict
        && a.certainty == b.certainty
        && a.delivered_via == b.delivered_via
        && a.until_event == b.until_event;
    is_one_class && has_stored && does_the_same
}

fn until(context: &Context, sender: &SenderReport) -> Option<String> {
    let moment = context.moment(sender.until?);
    Some(match sender.until_event {
        Some(UntilEvent::DailyRefresh) => format!("{moment}: daily refresh"),
        Some(UntilEvent::MaxAge) => format!("{moment}: max_age ends"),
        None => moment,
    })
}

/// What tells senders apart beside class and cache.
#[derive(Clone, Copy)]
struct Kinds {
    /// Tolerant senders are told of beside the others: only where they do something else.
    has_two_readings: bool,
    /// There is more than one stored policy.
    has_several_policies: bool,
}

impl Kinds {
    fn of(senders: &[SenderReport]) -> Self {
        let mut stored = senders.iter().filter_map(|sender| sender.stored.as_ref());
        let first = stored.next();
        Self {
            has_two_readings: senders
                .iter()
                .any(|sender| sender.reading == Reading::Tolerant),
            has_several_policies: stored.any(|other| Some(other) != first),
        }
    }
}

/// Folds the senders that do the same: first over readings, then over stored policies, caches and classes.
fn fold(senders: &[SenderReport], kinds: Kinds) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = senders
        .iter()
        .map(|sender| Group {
            classes: vec![&sender.class],
            caches: vec![sender.cache],
            readings: if kinds.has_two_readings {
                vec![sender.reading]
            } else {
                vec![Reading::Letter, Reading::Tolerant]
            },
            policies: vec![words::source(sender.policy)],
            held: sender
                .stored
                .iter()
                .filter(|_| kinds.has_several_policies)
                .collect(),
            what: sender,
        })
        .collect();
    groups = merge(groups, |into, from| {
        (into.classes == from.classes && into.caches == from.caches && into.held == from.held)
            .then(|| extend(&mut into.readings, &from.readings))
    });
    groups = merge(groups, |into, from| {
        let is_alike = into.classes == from.classes && into.caches == from.caches;
        (is_alike && into.readings == from.readings).then(|| extend(&mut into.held, &from.held))
    });
    groups = merge(groups, |into, from| {
        (into.classes == from.classes && into.readings == from.readings).then(|| {
            extend(&mut into.caches, &from.caches);
            extend(&mut into.held, &from.held);
        })
    });
    merge(groups, |into, from| {
        let is_alike = into.caches == from.caches && into.held == from.held;
        (is_alike && into.readings == from.readings)
            .then(|| extend(&mut into.classes, &from.classes))
    })
}

/// Merges each group into the first one before it that does the same and that `join` agrees to.
fn merge<'a>(
    groups: Vec<Group<'a>>,
    join: impl Fn(&mut Group<'a>, &Group<'a>) -> Option<()>,
) -> Vec<Group<'a>> {
    let mut merged: Vec<Group<'a>> = Vec::with_capacity(groups.len());
    for group in groups {
        let joined = merged
            .iter_mut()
            .filter(|into| is_same(into.what, group.what))
            .find_map(|into| {
                join(into, &group)?;
                extend(&mut into.policies, &group.policies);
                Some(())
            });
        if joined.is_none() {
            merged.push(group);
        }
    }
    merged
}

/// Returns whether two senders do the same until the same moment; which policy led there, and why, may differ.
fn is_same(a: &SenderReport, b: &SenderReport) -> bool {
    a.verdict == b.verdict
        && a.certainty == b.certainty
        && a.delivered_via == b.delivered_via
        && a.until == b.until
        && a.until_event == b.until_event
}

fn extend<T: Copy + PartialEq>(into: &mut Vec<T>, from: &[T]) {
    for item in from {
        if !into.contains(item) {
            into.push(*item);
        }
    }
}
