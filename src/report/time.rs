//! Times as people read them: local, with the offset and the distance.

use std::time::Duration;

use super::Context;
use crate::facts::UnixTime;

impl Context {
    /// Returns a moment as `2026-03-04 12:41 +01:00 (in 3 h 41 min)`.
    #[must_use]
    pub fn moment(&self, time: UnixTime) -> String {
        format!("{} ({})", self.local(time), self.distance(time))
    }

    /// Returns a moment as `2026-03-04 12:41 +01:00`, in the reader's time zone.
    #[must_use]
    pub fn local(&self, time: UnixTime) -> String {
        time.to_timestamp()
            .to_zoned(self.time_zone.clone())
            .strftime("%Y-%m-%d %H:%M %:z")
            .to_string()
    }

    /// Returns how far a moment is from now: `in 3 h 41 min`, `2 d ago`, `now`.
    #[must_use]
    pub fn distance(&self, time: UnixTime) -> String {
        if time > self.now {
            format!("in {}", span(time.saturating_duration_since(self.now)))
        } else if time < self.now {
            format!("{} ago", span(self.now.saturating_duration_since(time)))
        } else {
            "now".to_owned()
        }
    }
}

impl Context {
    /// Returns a sentence of ours with each moment in it, `2026-03-04T11:41:00Z`, as people read it.
    #[must_use]
    pub fn localize(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let moment = rest
                .get(..RFC_3339_OCTETS)
                .filter(|start| start.ends_with('Z') && start.as_bytes().get(10) == Some(&b'T'))
                .and_then(|start| start.parse::<UnixTime>().ok());
            let taken = match moment {
                Some(moment) => {
                    out.push_str(&self.moment(moment));
                    RFC_3339_OCTETS
                }
                None => {
                    out.push(next);
                    next.len_utf8()
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
    }
}

/// How long `2026-03-04T11:41:00Z` is.
const RFC_3339_OCTETS: usize = 20;

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
    fn moments_in_a_sentence_are_local_too() {
        let now = UnixTime::from_secs(1_772_438_400);
        let context = Context::plain(now);
        for (text, expected) in [
            (
                "é no moment, id 20260302T080000Z",
                "é no moment, id 20260302T080000Z",
            ),
            ("2026-03-02T08:00:0", "2026-03-02T08:00:0"),
            ("2026-99-02T08:00:00Z", "2026-99-02T08:00:00Z"),
            (
                "heals at 2026-03-02T09:00:00Z; é",
                "heals at 2026-03-02 09:00 +00:00 (in 1 h); é",
            ),
        ] {
            assert_eq!(context.localize(text), expected);
        }
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
