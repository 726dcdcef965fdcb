//! §3.3, §10.2: when to fetch again.

use std::time::Duration;

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
