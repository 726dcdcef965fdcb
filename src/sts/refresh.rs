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
    back_offs: &BackOffs,
) -> UnixTime {
    let last = tried_at.map_or(cached.fetched_at, |tried| tried.max(cached.fetched_at));
    let left = cached.expires_at().saturating_duration_since(last);
    let half = left.checked_div(2).unwrap_or(left);
    let due = last.saturating_add(every.min(half).max(FETCH_BACK_OFF));
    back_offs.ends().fold(due, UnixTime::max)
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

/// The failed fetches that a sender waits out, one an id ("per version ID", §3.3).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BackOffs {
    /// In the order of the failures; at most [`MAX_BACK_OFFS`], for a record may change with every look.
    held: Vec<BackOff>,
    /// Until when nothing is fetched, whatever the id.
    any_id: Option<UnixTime>,
}

/// How many ids are waited out at once; beyond it the oldest may be fetched again.
const MAX_BACK_OFFS: usize = 8;

impl BackOffs {
    /// Notes a failed fetch, in the place of an earlier one for the same id.
    pub fn note(&mut self, back_off: BackOff) {
        self.forget(&back_off.id);
        if self.held.len() >= MAX_BACK_OFFS {
            self.held.remove(0);
        }
        self.held.push(back_off);
    }

    /// Forgets the failures of an id that was fetched since.
    pub fn forget(&mut self, id: &RecordId) {
        self.held.retain(|held| held.id != *id);
    }

    /// Lets nothing be fetched before `until`, whatever the id; `None` lifts that. Ids are the domain's to
    /// change, so a sender may bound its fetches beyond "per version ID".
    pub const fn hold_any(&mut self, until: Option<UnixTime>) {
        self.any_id = until;
    }

    /// Returns until when a fetch for `id` has to wait at `now`; `None` if it need not.
    #[must_use]
    pub fn until(&self, id: &RecordId, now: UnixTime) -> Option<UnixTime> {
        self.held
            .iter()
            .find(|held| held.holds(id, now))
            .map(|held| held.until)
            .max(self.any_id.filter(|until| now < *until))
    }

    /// Returns when each of them ends.
    pub fn ends(&self) -> impl Iterator<Item = UnixTime> {
        self.held.iter().map(|held| held.until).chain(self.any_id)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BackOff, BackOffs};
    use crate::facts::UnixTime;

    #[test]
    fn each_id_is_waited_out_on_its_own() {
        let at = UnixTime::from_secs;
        let id = |text: &str| text.parse().unwrap();
        let mut back_offs = BackOffs::default();
        assert_eq!(back_offs.ends().count(), 0);
        for (failed, secs) in [("1", 1_000), ("2", 1_100), ("1", 1_050)] {
            back_offs.note(BackOff::after_failure(id(failed), at(secs)));
        }
        let untils = |back_offs: &BackOffs, now| {
            ["1", "2", "3"].map(|text| back_offs.until(&id(text), at(now)).map(UnixTime::as_secs))
        };
        assert_eq!(untils(&back_offs, 1_349), [Some(1_350), Some(1_400), None]);
        assert_eq!(untils(&back_offs, 1_350), [None, Some(1_400), None]);
        assert_eq!(back_offs.ends().collect::<Vec<_>>(), [at(1_400), at(1_350)]);
        back_offs.forget(&id("2"));
        assert_eq!(untils(&back_offs, 1_200), [Some(1_350), None, None]);
        // Many ids push the oldest out.
        for number in 0..8 {
            let number = format!("x{number}");
            back_offs.note(BackOff::after_failure(id(&number), at(1_200)));
        }
        assert_eq!(back_offs.until(&id("1"), at(1_200)), None);
        assert_eq!(back_offs.until(&id("x0"), at(1_200)), Some(at(1_500)));
        assert_eq!(back_offs.until(&id("x7"), at(1_200)), Some(at(1_500)));
    }

    #[test]
    fn a_hold_for_any_id_lets_nothing_be_fetched_before_its_end() {
        let at = UnixTime::from_secs;
        let id = |text: &str| text.parse().unwrap();
        let mut back_offs = BackOffs::default();
        back_offs.note(BackOff::after_failure(id("1"), at(1_000)));
        for (hold, now, expected) in [
            (None, 1_100, [Some(1_300), None]),
            (Some(1_200), 1_100, [Some(1_300), Some(1_200)]),
            (Some(1_400), 1_100, [Some(1_400), Some(1_400)]),
            (Some(1_400), 1_399, [Some(1_400), Some(1_400)]),
            (Some(1_400), 1_400, [None, None]),
            (Some(1_400), 1_500, [None, None]),
            (None, 1_100, [Some(1_300), None]),
        ] {
            back_offs.hold_any(hold.map(at));
            let untils = ["1", "2"].map(|text| back_offs.until(&id(text), at(now)));
            let expected = expected.map(|until| until.map(at));
            assert_eq!(untils, expected, "{hold:?} at {now}");
            let ends: Vec<_> = back_offs.ends().collect();
            assert_eq!(ends.len(), 1 + usize::from(hold.is_some()), "{hold:?}");
        }
    }

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
