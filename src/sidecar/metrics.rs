//! What the sidecar did, counted, and as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::key::Key;
use crate::keeper::{Counter, Keeper, Standing};
use crate::sender::Network;
use crate::sts::policy::Mode;

/// What an answer was about. No names: a label for each domain would let a stranger fill a monitor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answered {
    /// A policy that is enforced.
    Enforce,
    /// A policy in testing.
    Testing,
    /// A policy of mode none.
    ModeNone,
    /// That there is no policy.
    NoPolicy,
    /// That nothing is known yet.
    Pending,
    /// That the store cannot be read.
    Unreadable,
    /// A key that cannot be a host name.
    NotAName,
    /// A key that has no policy: an address, a parent domain, a record that is not filtered.
    NotADomain,
    /// A map that there is not.
    NoSuchMap,
}

impl Answered {
    /// All, in the order of their numbers.
    const ALL: [(Self, &'static str); 9] = [
        (Self::Enforce, "enforce"),
        (Self::Testing, "testing"),
        (Self::ModeNone, "none"),
        (Self::NoPolicy, "no-policy"),
        (Self::Pending, "pending"),
        (Self::Unreadable, "unreadable"),
        (Self::NotAName, "not-a-name"),
        (Self::NotADomain, "not-a-domain"),
        (Self::NoSuchMap, "no-such-map"),
    ];

    /// Returns what a key is counted as that is answered without a look at anything.
    #[must_use]
    pub const fn without_look_up(key: &Key) -> Self {
        match key {
            Key::NotAName => Self::NotAName,
            Key::AddressLiteral | Key::Parent | Key::Domain { .. } => Self::NotADomain,
        }
    }

    /// Returns what a standing is counted as.
    #[must_use]
    pub fn of(standing: &Standing) -> Self {
        match standing {
            Standing::Policy(cached) => match cached.policy.mode() {
                Mode::Enforce => Self::Enforce,
                Mode::Testing => Self::Testing,
                Mode::None => Self::ModeNone,
            },
            Standing::None(_) => Self::NoPolicy,
            Standing::Pending { .. } => Self::Pending,
            Standing::Unreadable => Self::Unreadable,
        }
    }
}

/// What was answered, and to how many.
#[derive(Debug, Default)]
pub struct Tally {
    answered: [AtomicU64; Answered::ALL.len()],
    /// Connections taken.
    pub accepted: Counter,
    /// Connections turned away, because there were too many.
    pub turned_away: Counter,
    /// Connections closed over what came on them.
    pub closed: Counter,
    /// Connections that are open.
    pub open: AtomicU64,
}

impl Tally {
    /// Counts an answer.
    pub fn add(&self, answered: Answered) {
        for ((kind, _), counter) in Answered::ALL.iter().zip(&self.answered) {
            if *kind == answered {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes everything in the text format of Prometheus (version 0.0.4).
    #[must_use]
    pub fn text<N: Network>(&self, keeper: &Keeper<N>) -> String {
        let mut text = String::new();
        let kinds = Answered::ALL.iter().zip(&self.answered);
        head(
            &mut text,
            "answers_total",
            "counter",
            "Answers given, by what they said.",
        );
        for ((_, name), counter) in kinds {
            let number = counter.load(Ordering::Relaxed);
            line(
                &mut text,
                &format!("answers_total{{said=\"{name}\"}}"),
                number,
            );
        }
        let kept = keeper.counters();
        for (name, help, number) in [
            (
                "connections_total",
                "Connections taken.",
                self.accepted.get(),
            ),
            (
                "connections_turned_away_total",
                "Connections closed at once, because there were too many.",
                self.turned_away.get(),
            ),
            (
                "connections_closed_total",
                "Connections closed over what came on them.",
                self.closed.get(),
            ),
            (
                "record_looks_total",
                "Looks at an _mta-sts record.",
                kept.looked.get(),
            ),
            (
                "record_looks_failed_total",
                "Looks at an _mta-sts record that had no answer.",
                kept.look_failed.get(),
            ),
            (
                "policies_fetched_total",
                "Policies fetched.",
                kept.fetched.get(),
            ),
            (
                "policy_fetches_failed_total",
                "Policies that could not be fetched.",
                kept.fetch_failed.get(),
            ),
            (
                "policies_running_out_total",
                "Refreshes that failed when little of the policy's life was left.",
                kept.alarms.get(),
            ),
            (
                "out_of_patience_total",
                "Questions answered before the look-up of their domain had ended.",
                kept.out_of_patience.get(),
            ),
            (
                "work_turned_away_total",
                "Look-ups not begun, because too many ran.",
                kept.turned_away.get(),
            ),
            (
                "store_writes_failed_total",
                "Policies held that could not be written to the store.",
                kept.store_failed.get(),
            ),
            (
                "store_reads_failed_total",
                "Domains for which the store could not be read.",
                kept.store_unreadable.get(),
            ),
        ] {
            head(&mut text, name, "counter", help);
            line(&mut text, name, number);
        }
        for (name, help, number) in [
            (
                "connections_open",
                "Connections that are open.",
                self.open.load(Ordering::Relaxed),
            ),
            (
                "domains_in_memory",
                "Policy domains in memory, with a policy or without.",
                keeper.len() as u64,
            ),
            (
                "work_running",
                "Look-ups and fetches that run or wait.",
                keeper.at_work() as u64,
            ),
        ] {
            head(&mut text, name, "gauge", help);
            line(&mut text, name, number);
        }
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string does not fail.
    let _ok = writeln!(
        text,
        "# HELP stickler_{name} {help}\n# TYPE stickler_{name} {kind}"
    );
}

fn line(text: &mut String, name: &str, number: u64) {
    let _ok = writeln!(text, "stickler_{name} {number}");
}
