//! Senders, with what they hold before the story begins.

use std::time::Duration;

use super::policy_body;
use crate::facts::UnixTime;
use crate::scenario::file::{CacheWord, CachedTable, DeadlinesTable, SenderTable, WorldTables};
use crate::scenario::located::Located;
use crate::scenario::problem::Problems;
use crate::scenario::span::TimeSpan;
use crate::scenario::state::{CacheUse, CachedPolicy, Deadlines, Sender};
use crate::sts::policy;
use crate::sts::reading::Reading;

/// The class, and the name, of the sender of a scenario that declares none.
const STRICT: &str = "strict";

/// How long a sender keeps trying ([RFC 5321, Section 4.5.4.1]: "at least 4-5 days").
///
/// [RFC 5321, Section 4.5.4.1]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.1
const QUEUE_LIFE: Duration = Duration::from_secs(5 * 86_400);

/// How long a sender waits in the lab: long for loopback, short for whoever waits for the run.
const DEADLINE: Duration = Duration::from_secs(2);

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
    Sender {
        name: name.into(),
        class: table
            .class
            .as_ref()
            .map_or(STRICT, |class| class.as_str())
            .into(),
        cache: match table.cache {
            Some(CacheWord::Empty) => CacheUse::Emptied,
            Some(CacheWord::Kept) | None => CacheUse::Kept,
        },
        cached: table
            .cached
            .iter()
            .filter_map(|(domain, cached)| {
                Some(CachedPolicy {
                    domain: domain.0.clone(),
                    id: cached.id.as_str().into(),
                    fetched_at: cached.fetched.from(start),
                    body: cached_body(cached, problems)?.into_bytes().into(),
                })
            })
            .collect(),
        resolver: table
            .resolver
            .as_ref()
            .map_or(name, |resolver| resolver.as_str())
            .into(),
        queue_life: forward(table.queue_life.as_ref(), QUEUE_LIFE, problems),
        deadlines: deadlines(table.deadlines.as_ref(), problems),
        next_hop: table.next_hop.as_ref().map(|host| host.0.clone()),
        edge: table.edge.as_ref().map(|edge| edge.0),
    }
}

fn cached_body(cached: &CachedTable, problems: &mut Problems<'_>) -> Option<String> {
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
    match policy::parse(body.as_bytes(), Reading::Letter) {
        Ok(_) => Some(body),
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

fn deadlines(table: Option<&DeadlinesTable>, problems: &mut Problems<'_>) -> Deadlines {
    let mut deadline = |span: Option<&Located<TimeSpan>>| forward(span, DEADLINE, problems);
    Deadlines {
        dns: deadline(table.and_then(|table| table.dns.as_ref())),
        fetch: deadline(table.and_then(|table| table.fetch.as_ref())),
        smtp: deadline(table.and_then(|table| table.smtp.as_ref())),
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
