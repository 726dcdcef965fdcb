//! Senders, with what they hold before the story begins.

use std::time::Duration;

use super::policy_body;
use crate::facts::UnixTime;
use crate::scenario::file::{CacheWord, CachedTable, DeadlinesTable, SenderTable, WorldTables};
use crate::scenario::located::Located;
use crate::scenario::problem::Problems;
use crate::scenario::span::TimeSpan;
use crate::scenario::words::shortened;
use crate::sender::SenderClass;
use crate::story::state::{CacheUse, Deadlines, Sender};
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::reading::Reading;

/// The class, and the name, of the sender of a scenario that declares none.
const STRICT: &str = "strict";

/// Returns the senders; without any, one named `strict`.
pub(super) fn senders(
    world: &WorldTables,
    start: UnixTime,
    problems: &mut Problems<'_>,
) -> Vec<Sender> {
    if world.senders.is_empty() {
        return vec![sender(STRICT, &SenderTable::default(), start, problems)];
    }
    world
        .senders
        .iter()
        .map(|(name, table)| sender(name, table, start, problems))
        .collect()
}

fn sender(name: &str, table: &SenderTable, start: UnixTime, problems: &mut Problems<'_>) -> Sender {
    let named = table.class.as_ref().map_or(STRICT, |class| class.as_str());
    // The linter says of a class that is none.
    let class = SenderClass::by_name(named).unwrap_or_else(strict);
    Sender {
        name: name.into(),
        class: SenderClass {
            queue_life: forward(table.queue_life.as_ref(), class.queue_life, problems),
            ..class.clone()
        },
        cache: match table.cache {
            Some(CacheWord::Empty) => CacheUse::Emptied,
            Some(CacheWord::Kept) | None => CacheUse::Kept,
        },
        cached: table
            .cached
            .iter()
            .filter_map(|(domain, cached)| {
                Some((domain.0.clone(), policy_of(cached, start, problems)?))
            })
            .collect(),
        resolver: table
            .resolver
            .as_ref()
            .map_or(name, |resolver| resolver.as_str())
            .into(),
        deadlines: deadlines(table.deadlines.as_ref(), problems),
        next_hop: table.next_hop.as_ref().map(|host| host.0.clone()),
        edge: table.edge.as_ref().map(|edge| edge.0),
    }
}

fn strict() -> &'static SenderClass {
    SenderClass::by_name(STRICT).expect("it is a class, as its own test shows")
}

fn policy_of(
    cached: &CachedTable,
    start: UnixTime,
    problems: &mut Problems<'_>,
) -> Option<CachedPolicy> {
    let Ok(id) = cached.id.parse() else {
        problems.push_with_help(
            cached.id.origin,
            format!("`{}` is no id of a record", shortened(&cached.id)),
            "write 1 to 32 letters and digits",
        );
        return None;
    };
    let policy = &cached.policy;
    let body = match (&policy.body, &policy.mode, &policy.max_age) {
        (Some(body), _, _) => body.value.clone(),
        (None, Some(mode), Some(max_age)) => {
            policy_body(mode.value, policy.mx.as_ref(), max_age.value)
        }
        (None, _, _) => {
            problems.push_with_help(
                policy.origin,
                "the cached policy is not whole",
                "give `mode`, `mx` and `max_age`, or a `body`",
            );
            return None;
        }
    };
    let stored = StoredPolicy {
        id,
        body: body.into_bytes().into(),
        fetched_at: cached.fetched.from(start),
    };
    match stored.read(Reading::Letter) {
        Ok(policy) => Some(policy),
        Err(error) => {
            problems.push_with_help(
                policy.origin,
                format!("no sender would have cached this policy: {error}"),
                "write one that is valid",
            );
            None
        }
    }
}

/// Returns how long somebody waits who says so, or says nothing.
pub(in crate::scenario) fn deadlines(
    table: Option<&DeadlinesTable>,
    problems: &mut Problems<'_>,
) -> Deadlines {
    let usual = Deadlines::default();
    let Some(table) = table else {
        return usual;
    };
    Deadlines {
        dns: forward(table.dns.as_ref(), usual.dns, problems),
        fetch: forward(table.fetch.as_ref(), usual.fetch, problems),
        smtp: forward(table.smtp.as_ref(), usual.smtp, problems),
    }
}

fn forward(
    span: Option<&Located<TimeSpan>>,
    usual: Duration,
    problems: &mut Problems<'_>,
) -> Duration {
    let Some(span) = span else {
        return usual;
    };
    match span.forward() {
        Some(duration) if !duration.is_zero() => duration,
        Some(_) | None => {
            problems.push(span.origin, "this span must be longer than nothing");
            usual
        }
    }
}
