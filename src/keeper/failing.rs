//! Fetches of a policy that fail in a row: since when, why, and when that is news.

use crate::facts::UnixTime;
use crate::sts::fetch::FetchError;
use crate::sts::refresh::DAILY;
use crate::tlsrpt::result_type::ResultType;

/// Fetches of a domain's policy that failed in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failing {
    /// When the first of them failed.
    pub since: UnixTime,
    /// Why the last did.
    pub error: FetchError,
    /// Whether little of the held policy's life is left.
    is_alarming: bool,
    told_at: UnixTime,
}

/// What is news of the fetches of a policy that holds all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FetchNews {
    /// They fail: for the first time, in another way, with little of the policy's life left, or for another day.
    Fail,
    /// They failed, and no longer do.
    WorkAgain,
}

impl Failing {
    /// Adds a fetch that failed at `now` to those before it; returns whether it is news. A failure that lasts is news
    /// once a day: a domain's fetches may fail each five minutes.
    pub(super) fn add(
        before: Option<&Self>,
        error: FetchError,
        is_alarming: bool,
        now: UnixTime,
    ) -> (Self, bool) {
        let same = before.filter(|before| {
            ResultType::from(&before.error) == ResultType::from(&error)
                && before.is_alarming == is_alarming
                && now.saturating_duration_since(before.told_at) < DAILY
        });
        let failing = Self {
            since: before.map_or(now, |before| before.since),
            error,
            is_alarming,
            told_at: same.map_or(now, |before| before.told_at),
        };
        (failing, same.is_none())
    }
}
