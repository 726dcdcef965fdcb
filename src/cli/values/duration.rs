//! Durations as people write them: `10s`, `1h30m`, `2d2h`.

use std::time::Duration;

/// Reads a duration: one or more whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`, `w`).
///
/// # Errors
///
/// When the text is anything else, or longer than some 10,000 years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut total_millis: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = split_at_first(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_at_first(after, |c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(DurationError::NoNumber);
        }
        let unit_millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "" => return Err(DurationError::NoUnit),
            other => {
                return Err(DurationError::Unit {
                    found: other.chars().take(16).collect(),
                });
            }
        };
        total_millis = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit_millis))
            .and_then(|millis| millis.checked_add(total_millis))
            .filter(|millis| *millis <= MAX_MILLIS)
            .ok_or(DurationError::TooLong)?;
        rest = after;
    }
    if text.is_empty() {
        return Err(DurationError::NoNumber);
    }
    Ok(Duration::from_millis(total_millis))
}

/// The longest duration: the calendar ends in the year 9999.
const MAX_MILLIS: u64 = 10_000 * 366 * 86_400_000;

fn split_at_first(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

/// Why a text is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// No digit where one must stand.
    #[error("a duration is a whole number and a unit, as in 10s, 5m or 2d2h")]
    NoNumber,
    /// A number alone.
    #[error("the unit is missing: write 10s, 5m, 2h or 7d")]
    NoUnit,
    /// More than the calendar holds.
    #[error("the duration is longer than 10,000 years")]
    TooLong,
    /// An unknown unit.
    #[error("`{found}` is no unit of time: take ms, s, m, h, d or w")]
    Unit {
        /// The unit, its first 16 characters.
        found: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DurationError, parse_duration};

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, expected) in [
            ("250ms", Ok(Duration::from_millis(250))),
            ("0s", Ok(Duration::ZERO)),
            ("10s", Ok(Duration::from_secs(10))),
            ("1h30m", Ok(Duration::from_secs(5_400))),
            ("2d2h", Ok(Duration::from_secs(50 * 3_600))),
            ("1w", Ok(Duration::from_secs(604_800))),
            ("", Err(DurationError::NoNumber)),
            ("s", Err(DurationError::NoNumber)),
            ("-6d", Err(DurationError::NoNumber)),
            ("10", Err(DurationError::NoUnit)),
            ("1h30", Err(DurationError::NoUnit)),
            ("10 s", Err(DurationError::Unit { found: " s".into() })),
            ("1.5h", Err(DurationError::Unit { found: ".".into() })),
            ("99999999999999999999w", Err(DurationError::TooLong)),
            ("999999999w", Err(DurationError::TooLong)),
        ] {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }
}
