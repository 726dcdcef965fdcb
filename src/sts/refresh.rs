//! §3.3, §10.2: when to fetch again.

use std::time::Duration;

use super::cache::CachedPolicy;
use super::record::RecordId;
use crate::facts::UnixTime;

/// How long a sender waits after a failed fetch before it fetches again for the same record id.
///
/// After a failed GET "further attempts" SHOULD be limited "to a period of five minutes or longer per version
/// ID" (§3.3).
pub const FETCH_BACK_OFF: Duration = Duration::from_secs(300);

/// How often a sender refreshes a cached policy, whatever the TXT record says.
///
/// A sender SHOULD refresh before the policy expires; once a day is what the RFC suggests (§3.3, §10.2).
pub const DAILY: Duration = Duration::from_secs(86_400);

/// Returns when a cached policy is to be fetched again: `every` so often, but always once in the first half of
/// its life, and after a failed try in half of what is left, so that a last-minute failure is not the end.
///
/// Q: "Senders SHOULD periodically refresh ... before expiration": how, with a `max_age` of a day or less? A:
/// A daily refresh would come too late, or have one try in the last second.
///
/// `tried_at` is when the last refresh was tried. A back-off is waited out, whatever id it is for: the record
/// is read again only then.
#[must_use]
pub fn due(
    cached: &CachedPolicy,
    every: Duration,
    tried_at: Option<UnixTime>,
    back_off: Option<&BackOff>,
) -> UnixTime {
    let last = tried_at.map_or(cached.fetched_at, |tried| tried.max(cached.fetched_at));
    let left = cached.expires_at().saturating_duration_since(last);
    let half = left.checked_div(2).unwrap_or(left);
    let due = last.saturating_add(every.min(half).max(FETCH_BACK_OFF));
    back_off.map_or(due, |back_off| due.max(back_off.until))
}

/// A failed fetch, to be waited out: for its record id alone, a new id may be fetched at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackOff {
    /// The record id that was fetched for.
    pub id: RecordId,
    /// From when the same id may be fetched again.
    pub until: UnixTime,
}

impl BackOff {
    /// Starts the back-off of a fetch for `id` that failed at `now`.
    #[must_use]
    pub const fn after_failure(id: RecordId, now: UnixTime) -> Self {
        Self {
            id,
            until: now.saturating_add(FETCH_BACK_OFF),
        }
    }

    /// Returns whether a fetch for `id` has to wait at `now`.
    #[must_use]
    pub fn holds(&self, id: &RecordId, now: UnixTime) -> bool {
        self.id == *id && now < self.until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::BackOff;
    use crate::facts::UnixTime;

    #[test]
    fn a_back_off_holds_five_minutes_for_its_id_alone() {
        let start = UnixTime::from_secs(1_000);
        let back_off = BackOff::after_failure("1".parse().unwrap(), start);
        for (id, after_secs, expected) in [
            ("1", 0, true),
            ("1", 299, true),
            ("1", 300, false),
            ("2", 0, false),
        ] {
            let now = start.saturating_add(Duration::from_secs(after_secs));
            assert_eq!(
                back_off.holds(&id.parse().unwrap(), now),
                expected,
                "id {id} after {after_secs} s"
            );
        }
    }
}
