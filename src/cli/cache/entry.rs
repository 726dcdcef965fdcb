//! A stored policy as it is shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::UnixTime;
use crate::store::Entry;
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;

/// What is told of a stored policy.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) domain: String,
    pub(super) id: String,
    /// The stricter of the readings in which the body is a policy.
    pub(super) reading: &'static str,
    pub(super) mode: &'static str,
    pub(super) max_age_secs: u32,
    pub(super) mx: Vec<String>,
    pub(super) fetched_at: UnixTime,
    /// When a sender stops using it unless it is fetched again.
    pub(super) expires_at: UnixTime,
}

impl Summary {
    /// Summarises an entry; `None` for one whose body is no policy, which the store does not give out.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let (reading, cached) = Reading::BOTH
            .into_iter()
            .find_map(|reading| Some((reading, entry.policy.read(reading).ok()?)))?;
        Some(Self {
            domain: entry.domain.to_string(),
            id: cached.id.to_string(),
            reading: match reading {
                Reading::Letter => "letter",
                Reading::Tolerant => "tolerant",
            },
            mode: match cached.policy.mode() {
                Mode::Enforce => "enforce",
                Mode::None => "none",
                Mode::Testing => "testing",
            },
            max_age_secs: cached.policy.max_age().as_secs(),
            mx: cached
                .policy
                .patterns()
                .iter()
                .map(ToString::to_string)
                .collect(),
            fetched_at: cached.fetched_at,
            expires_at: cached.expires_at(),
        })
    }

    /// Says when the policy's life ends, or ended.
    pub(super) fn end_in_words(&self, now: UnixTime) -> &'static str {
        if self.expires_at < now {
            "expired"
        } else {
            "expires"
        }
    }
}
