//! Durations of options: spans of time as scenarios have them, from 0 on.

use std::time::Duration;

use crate::scenario::span::TimeSpan;

/// Reads a duration: `10s`, `250ms`, `1h30m`, `2d2h`.
///
/// # Errors
///
/// When the text is no span of time, or one into the past.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(DurationError::NoUnit);
    }
    let span = TimeSpan::parse(text).map_err(|error| DurationError::Span(error.why))?;
    span.forward().ok_or(DurationError::Past)
}

/// Why a text is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("the unit is missing: write 10s, 5m, 2h or 7d")]
    NoUnit,
    /// Less than nothing.
    #[error("the duration lies in the past: write it without the minus")]
    Past,
    /// No span of time.
    #[error("{0}: write a number and a unit, as in 250ms, 10s, 5m or 2d2h")]
    Span(&'static str),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DurationError, parse_duration};

    #[test]
    fn durations_are_numbers_with_units() {
        let none = Err(DurationError::Span("not a span of time"));
        for (text, expected) in [
            ("250ms", Ok(Duration::from_millis(250))),
            ("0s", Ok(Duration::ZERO)),
            ("10s", Ok(Duration::from_secs(10))),
            ("10 s", Ok(Duration::from_secs(10))),
            ("1.5h", Ok(Duration::from_secs(5_400))),
            ("1h30m", Ok(Duration::from_secs(5_400))),
            ("2d2h", Ok(Duration::from_secs(50 * 3_600))),
            ("1w", Ok(Duration::from_secs(604_800))),
            ("", none.clone()),
            ("s", none.clone()),
            ("1h30", none.clone()),
            ("10q", none.clone()),
            ("10", Err(DurationError::NoUnit)),
            ("-6d", Err(DurationError::Past)),
            (
                "1mo",
                Err(DurationError::Span(
                    "a month and a year have no fixed length",
                )),
            ),
            ("9999w", Err(DurationError::Span("longer than 10000 days"))),
            ("99999999999999999999w", none),
        ] {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }
}
