//! Spans of time as people write them: `1h`, `2d2h`, `-6d`, `90m`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer};

use crate::facts::UnixTime;

/// The longest span, ten thousand days: longer than any story, short enough never to overflow a date.
const MAX_SPAN: Duration = Duration::from_secs(10_000 * 86_400);

/// A span of time that may lie in the past; a day has 24 hours, a week seven days.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct TimeSpan(SignedDuration);

impl TimeSpan {
    pub(crate) fn parse(text: &str) -> Result<Self, TimeSpanError> {
        let refuse = |why| TimeSpanError {
            text: text.chars().take(40).collect(),
            why,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.len() > 64 {
            return Err(refuse("not a span of time"));
        }
        let span: Span = trimmed
            .parse()
            .map_err(|_unreadable: jiff::Error| refuse("not a span of time"))?;
        if span.get_months() != 0 || span.get_years() != 0 {
            return Err(refuse("a month and a year have no fixed length"));
        }
        let duration = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_overflow| refuse("too long"))?;
        if duration.unsigned_abs() > MAX_SPAN {
            return Err(refuse("longer than 10000 days"));
        }
        Ok(Self(duration))
    }

    /// Returns a span just longer than this one; without one, none.
    pub(crate) fn just_after(before: Option<Self>) -> Self {
        let second = SignedDuration::from_secs(1);
        Self(before.map_or(SignedDuration::ZERO, |before| {
            before.0.saturating_add(second)
        }))
    }

    /// Returns the span if it does not lie in the past.
    pub(crate) fn forward(self) -> Option<Duration> {
        Duration::try_from(self.0).ok()
    }

    /// Returns the moment this span away from `time`.
    pub(crate) fn from(self, time: UnixTime) -> UnixTime {
        if self.0.is_negative() {
            time.saturating_sub(self.0.unsigned_abs())
        } else {
            time.saturating_add(self.0.unsigned_abs())
        }
    }
}

/// A text that is no span of time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}`: {why}; write it like `90m`, `2d2h` or `-6d`")]
pub(crate) struct TimeSpanError {
    text: Box<str>,
    /// What the text is, without the text.
    pub(crate) why: &'static str,
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl de::Visitor<'_> for Visit {
            type Value = TimeSpan;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a span of time with its unit, as in `\"1h\"`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeSpan, E> {
                TimeSpan::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visit)
    }
}

impl JsonSchema for TimeSpan {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "examples": ["1h", "2d2h", "-6d"] })
    }
}

/// Writes a span as scenarios do: `2d2h`, `0s`.
#[must_use]
pub fn format(duration: Duration) -> String {
    let secs = duration.as_secs();
    let parts = [
        (secs / 86_400, "d"),
        (secs / 3_600 % 24, "h"),
        (secs / 60 % 60, "m"),
        (secs % 60, "s"),
    ];
    let text: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{TimeSpan, format};
    use crate::facts::UnixTime;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, secs) in [
            ("0s", 0),
            ("90m", 5_400),
            ("1h", 3_600),
            ("2d2h", 180_000),
            ("2d 2h", 180_000),
            ("1w", 604_800),
        ] {
            let span = TimeSpan::parse(text).unwrap();
            assert_eq!(span.forward(), Some(Duration::from_secs(secs)), "{text}");
            assert_eq!(
                TimeSpan::parse(&format(Duration::from_secs(secs))),
                Ok(span),
                "{text}"
            );
        }
        let time = UnixTime::from_secs(1_000_000);
        let past = TimeSpan::parse("-6d").unwrap();
        assert_eq!(past.forward(), None);
        assert_eq!(past.from(time), UnixTime::from_secs(1_000_000 - 518_400));
    }

    #[test]
    fn what_is_no_span_is_refused_with_the_text() {
        for (text, expected) in [
            (
                "",
                "``: not a span of time; write it like `90m`, `2d2h` or `-6d`",
            ),
            (
                "soon",
                "`soon`: not a span of time; write it like `90m`, `2d2h` or `-6d`",
            ),
            (
                "3",
                "`3`: not a span of time; write it like `90m`, `2d2h` or `-6d`",
            ),
            (
                "1mo",
                "`1mo`: a month and a year have no fixed length; write it like `90m`, `2d2h` or `-6d`",
            ),
            (
                "20000d",
                "`20000d`: longer than 10000 days; write it like `90m`, `2d2h` or `-6d`",
            ),
        ] {
            let error = TimeSpan::parse(text).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
