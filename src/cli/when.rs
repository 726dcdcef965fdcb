//! A moment as people read it: local time with its offset, and how far away it is.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::facts::UnixTime;

/// A moment, seen from `now`: `2026-03-02 09:00:00+01:00 (in 3 h 41 min)`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct When {
    /// The moment.
    pub time: UnixTime,
    /// From where the distance is counted.
    pub now: UnixTime,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.time.to_timestamp().to_zoned(TimeZone::system());
        write!(f, "{}", local.strftime("%Y-%m-%d %H:%M:%S%:z"))?;
        let ahead = self.time.saturating_duration_since(self.now);
        let behind = self.now.saturating_duration_since(self.time);
        if !ahead.is_zero() {
            write!(f, " (in {})", Span(ahead))
        } else if !behind.is_zero() {
            write!(f, " ({} ago)", Span(behind))
        } else {
            f.write_str(" (now)")
        }
    }
}

/// A duration in its two largest units: `3 h 41 min`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        let units = [
            (secs / 86_400, "d"),
            (secs / 3_600 % 24, "h"),
            (secs / 60 % 60, "min"),
            (secs % 60, "s"),
        ];
        let first = units
            .iter()
            .position(|(number, _)| *number > 0)
            .unwrap_or(units.len() - 1);
        let shown = units.iter().skip(first).take(2);
        for (index, (number, unit)) in shown.enumerate() {
            match (index, number) {
                (0, _) => write!(f, "{number} {unit}")?,
                (_, 0) => {}
                (_, _) => write!(f, " {number} {unit}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Span, When};
    use crate::facts::UnixTime;

    #[test]
    fn a_span_has_its_two_largest_units() {
        for (secs, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (13_260, "3 h 41 min"),
            (86_400, "1 d"),
            (86_460, "1 d"),
            (604_800 + 7_200, "7 d 2 h"),
        ] {
            assert_eq!(Span(Duration::from_secs(secs)).to_string(), expected);
        }
    }

    #[test]
    fn a_moment_tells_how_far_away_it_is() {
        let now = UnixTime::from_secs(1_772_438_400);
        for (secs, expected) in [
            (1_772_438_460, "(in 1 min)"),
            (1_772_438_400, "(now)"),
            (1_772_438_399, "(1 s ago)"),
        ] {
            let time = UnixTime::from_secs(secs);
            let text = When { time, now }.to_string();
            assert!(text.ends_with(expected), "{text}");
        }
    }
}
