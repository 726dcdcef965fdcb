//! A policy of the store as it is shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::UnixTime;
use crate::report::Context;
use crate::store::Entry;
use crate::sts::ledger::Holding;
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;

/// What is told of a policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) domain: String,
    pub(super) id: String,
    /// The stricter of the readings in which the body is a policy.
    pub(super) reading: &'static str,
    pub(super) mode: &'static str,
    pub(super) max_age_secs: u32,
    pub(super) mx: Vec<String>,
    /// When a check saw it last, or when `serve` fetched it.
    pub(super) fetched_at: UnixTime,
    /// When the life of that fetch ends.
    pub(super) expires_at: UnixTime,
    /// The first check that saw it.
    pub(super) first_seen: UnixTime,
    /// The last check that saw it.
    pub(super) last_seen_live: UnixTime,
    /// The first check after that one that no longer saw it; null while it is live.
    pub(super) gone_by: Option<UnixTime>,
    /// Until when a sender holds it that fetched it when it was last seen.
    pub(super) held_certainly_until: UnixTime,
    /// Until when a sender holds it that fetched it just before it was found gone, or now if it is live.
    pub(super) held_possibly_until: UnixTime,
    /// Whether a sender may hold it now, and how sure that is; null if none does.
    pub(super) held: Option<Holding>,
}

impl Summary {
    /// Summarises an entry; `None` for one whose body is no policy, which the store does not give out.
    pub(super) fn of(entry: &Entry, now: UnixTime) -> Option<Self> {
        let seen = &entry.policy;
        let (reading, policy) = seen.read()?;
        let held = seen.held(now)?;
        Some(Self {
            domain: entry.domain.to_string(),
            id: seen.id.to_string(),
            reading: match reading {
                Reading::Letter => "letter",
                Reading::Tolerant => "tolerant",
            },
            mode: match policy.mode() {
                Mode::Enforce => "enforce",
                Mode::None => "none",
                Mode::Testing => "testing",
            },
            max_age_secs: policy.max_age().as_secs(),
            mx: policy.patterns().iter().map(ToString::to_string).collect(),
            fetched_at: seen.last_seen_live,
            expires_at: seen
                .last_seen_live
                .saturating_add(policy.max_age().as_duration()),
            first_seen: seen.first_seen,
            last_seen_live: seen.last_seen_live,
            gone_by: seen.gone_by,
            held_certainly_until: held.certainly_until,
            held_possibly_until: held.possibly_until,
            held: (now <= held.possibly_until).then_some(held.holding),
        })
    }

    /// Says whether it is live, and until when it is held for certain and may be held.
    pub(super) fn held_in_words(&self, context: &Context) -> String {
        let possibly = context.moment(self.held_possibly_until);
        match (self.held, self.gone_by) {
            (None, _) => format!("held by nobody since {possibly}"),
            (Some(_), None) => {
                format!(
                    "live when last seen, {}",
                    context.moment(self.last_seen_live)
                )
            }
            (Some(Holding::Certain), Some(_)) => format!(
                "held until {}, possibly until {possibly}",
                context.moment(self.held_certainly_until)
            ),
            (Some(Holding::Possible), Some(_)) => format!("possibly held until {possibly}"),
        }
    }
}
