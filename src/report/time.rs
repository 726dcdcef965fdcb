//! Times as people read them: local, with the offset and the distance.

use std::time::Duration;

use super::{Context, escape};
use crate::facts::sentence::{Failure, Span};
use crate::facts::{Say, UnixTime};

impl Context {
    /// Returns a moment as `2026-03-04 12:41 +01:00 (in 3 h 41 min)`, or one far ahead as `2027-01-30 (in 332 d)`.
    #[must_use]
    pub fn moment(&self, time: UnixTime) -> String {
        let distance = self.distance(time);
        if time.saturating_duration_since(self.now) >= FAR {
            format!("{} ({distance})", self.formatted(time, "%Y-%m-%d"))
        } else {
            format!("{} ({distance})", self.local(time))
        }
    }

    /// Returns a moment as `2026-03-04 12:41 +01:00`, in the reader's time zone.
    #[must_use]
    pub fn local(&self, time: UnixTime) -> String {
        self.formatted(time, "%Y-%m-%d %H:%M %:z")
    }

    fn formatted(&self, time: UnixTime, format: &str) -> String {
        time.to_timestamp()
            .to_zoned(self.time_zone.clone())
            .strftime(format)
            .to_string()
    }

    /// Returns how far a moment is from now: `in 3 h 41 min`, `2 d ago`, `in 9.9 years`, `now`.
    #[must_use]
    pub fn distance(&self, time: UnixTime) -> String {
        if time > self.now {
            format!("in {}", rounded(time.saturating_duration_since(self.now)))
        } else if time < self.now {
            format!("{} ago", rounded(self.now.saturating_duration_since(time)))
        } else {
            "now".to_owned()
        }
    }
}

impl Context {
    /// Returns a sentence as people read it: moments in their time, of a list no more than they want.
    #[must_use]
    pub fn say(&self, said: &(impl Say + ?Sized)) -> String {
        self.say_after(said, &[])
    }

    /// Returns a sentence as people read it who know these failures in full.
    #[must_use]
    pub fn say_after(&self, said: &(impl Say + ?Sized), told: &[&Failure]) -> String {
        let say = |span: &Span| match span {
            Span::Failure(failure) if failure.particulars.is_empty() || told.contains(&failure) => {
                self.say(&failure.what)
            }
            Span::Failure(Failure { what, particulars }) => {
                format!("{} ({particulars})", self.say(what))
            }
            Span::List(items) => escape::list(items, self.list_limit()),
            Span::Moment(moment) => self.moment(*moment),
            Span::Words(words) => words.clone(),
        };
        said.sentence().spans().iter().map(say).collect()
    }
}

const DAY_SECS: u64 = 86_400;

/// A moment this far ahead is told by its day, and any this far away without hours.
const FAR: Duration = Duration::from_secs(30 * DAY_SECS);

/// From this many days on, years are given.
const YEARS_FROM_DAYS: u64 = 730;

/// Returns a span as `3 h 41 min`, days without hours where it is far, then years: nobody reads 3647 days.
fn rounded(far: Duration) -> String {
    let days = far.as_secs() / DAY_SECS;
    if days >= YEARS_FROM_DAYS {
        // A year has 365.25 days.
        let tenths = days.saturating_mul(1_000) / 36_525;
        format!("{}.{} years", tenths / 10, tenths % 10)
    } else if far >= FAR {
        format!("{days} d")
    } else {
        span(far)
    }
}

/// Returns a span in its two greatest units: `7 d`, `3 h 41 min`, `12 s`.
#[must_use]
pub fn span(span: Duration) -> String {
    let secs = span.as_secs();
    let parts = [
        (secs / 86_400, "d"),
        (secs / 3_600 % 24, "h"),
        (secs / 60 % 60, "min"),
        (secs % 60, "s"),
    ];
    let Some(first) = parts.iter().position(|(count, _)| *count > 0) else {
        return "0 s".to_owned();
    };
    parts
        .iter()
        .skip(first)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::{Offset, TimeZone};

    use super::{Context, UnixTime, span};
    use crate::facts::Sentence;

    #[test]
    fn spans_show_their_two_greatest_units() {
        for (secs, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (13_260, "3 h 41 min"),
            (13_261, "3 h 41 min"),
            (86_399, "23 h 59 min"),
            (86_460, "1 d"),
            (90_000, "1 d 1 h"),
            (604_800, "7 d"),
            (31_557_600, "365 d 6 h"),
        ] {
            assert_eq!(span(Duration::from_secs(secs)), expected, "{secs}");
        }
    }

    #[test]
    fn only_our_own_moments_are_local_and_what_is_known_is_told_in_short() {
        let now = UnixTime::from_secs(1_772_438_400);
        let context = Context::plain(now);
        let mut sentence = Sentence::from("they said 2026-03-02T08:00:00Z; it heals at ");
        sentence
            .moment(now.saturating_add(Duration::from_secs(3_600)))
            .failure("; no reply", "192.0.2.53");
        let said = "they said 2026-03-02T08:00:00Z; it heals at 2026-03-02 09:00 +00:00 (in 1 h); no reply";
        assert_eq!(context.say(&sentence), format!("{said} (192.0.2.53)"));
        let known: Vec<_> = sentence.failures().collect();
        assert_eq!(context.say_after(&sentence, &known), said);
    }

    #[test]
    fn moments_are_local_with_offset_and_distance() {
        let now = UnixTime::from_secs(1_772_438_400);
        let mut context = Context::plain(now);
        context.time_zone = TimeZone::fixed(Offset::constant(5));
        for (time, expected) in [
            (now, "2026-03-02 13:00 +05:00 (now)"),
            (
                now.saturating_add(Duration::from_secs(13_260)),
                "2026-03-02 16:41 +05:00 (in 3 h 41 min)",
            ),
            (
                now.saturating_sub(Duration::from_secs(172_800)),
                "2026-02-28 13:00 +05:00 (2 d ago)",
            ),
            (
                now.saturating_add(Duration::from_secs(30 * 86_400 - 1)),
                "2026-04-01 12:59 +05:00 (in 29 d 23 h)",
            ),
            (
                now.saturating_add(Duration::from_secs(30 * 86_400 + 7_200)),
                "2026-04-01 (in 30 d)",
            ),
            (
                now.saturating_add(Duration::from_secs(3_648 * 86_400)),
                "2036-02-26 (in 9.9 years)",
            ),
            (
                now.saturating_sub(Duration::from_secs(730 * 86_400)),
                "2024-03-02 13:00 +05:00 (1.9 years ago)",
            ),
        ] {
            assert_eq!(context.moment(time), expected);
        }
        assert!(
            context.local(UnixTime::MAX).contains("99-12-3"),
            "{}",
            context.local(UnixTime::MAX)
        );
    }
}
