//! Civil time as the sender sees it: whole seconds since 1970.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment: whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Written and read as RFC 3339; `Display` gives UTC. Arithmetic saturates: a policy that claims to live
/// for ever must not overflow into the past.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd)]
#[schemars(with = "String", inline, description = "A moment in RFC 3339.")]
pub struct UnixTime(u64);

impl UnixTime {
    /// The latest moment that RFC 3339 can write: 9999-12-30T22:00:00Z.
    pub const MAX: Self = Self(253_402_207_200);

    /// Makes a moment from seconds since 1970, at most [`UnixTime::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        if secs > Self::MAX.0 {
            Self::MAX
        } else {
            Self(secs)
        }
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the moment `span` later, at most [`UnixTime::MAX`]; fractions of a second are dropped.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self::from_secs(self.0.saturating_add(span.as_secs()))
    }

    /// Returns the moment `span` earlier, at least 1970; fractions of a second are dropped.
    #[must_use]
    pub const fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }

    /// Returns how long after `earlier` this moment is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// Returns the same moment as a `jiff` time stamp, for calendars and time zones.
    #[must_use]
    pub fn to_timestamp(self) -> Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|secs| Timestamp::from_second(secs).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_timestamp().fmt(f)
    }
}

impl FromStr for UnixTime {
    type Err = UnixTimeError;

    /// Reads RFC 3339 with any offset; fractions of a second are dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let timestamp: Timestamp = text.parse().map_err(|error: jiff::Error| UnixTimeError {
            text: text.chars().take(64).collect(),
            detail: error.to_string().into(),
        })?;
        u64::try_from(timestamp.as_second())
            .map(Self::from_secs)
            .map_err(|_negative| UnixTimeError {
                text: text.chars().take(64).collect(),
                detail: "it lies before 1970".into(),
            })
    }
}

impl From<UnixTime> for rustls_pki_types::UnixTime {
    fn from(time: UnixTime) -> Self {
        Self::since_unix_epoch(Duration::from_secs(time.0))
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A text that is not a moment in RFC 3339.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a time like 2026-03-02T08:00:00Z: {detail}")]
pub struct UnixTimeError {
    /// The text, its first 64 characters.
    pub text: Box<str>,
    /// What the reader of RFC 3339 said.
    pub detail: Box<str>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::UnixTime;

    #[test]
    fn a_time_survives_being_written_and_read() {
        for secs in [0, 1, 1_772_438_400, UnixTime::MAX.as_secs()] {
            let time = UnixTime::from_secs(secs);
            assert_eq!(time.to_string().parse(), Ok(time), "{time}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_the_calendar() {
        let time = UnixTime::from_secs(10);
        assert_eq!(time.saturating_add(Duration::MAX), UnixTime::MAX);
        assert_eq!(
            time.saturating_sub(Duration::from_secs(11)),
            UnixTime::from_secs(0)
        );
        assert_eq!(
            time.saturating_duration_since(UnixTime::from_secs(11)),
            Duration::ZERO
        );
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_text() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            let error = text.parse::<UnixTime>().unwrap_err();
            assert_eq!(&*error.text, text);
        }
    }

    #[test]
    fn an_offset_is_taken_and_fractions_are_dropped() {
        for (text, expected) in [
            ("2026-03-02T08:00:00Z", 1_772_438_400),
            ("2026-03-02T09:00:00+01:00", 1_772_438_400),
            ("2026-03-02T08:00:00.999Z", 1_772_438_400),
            ("1970-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(text.parse(), Ok(UnixTime::from_secs(expected)), "{text}");
        }
        assert_eq!(
            UnixTime::from_secs(1_772_438_400).to_string(),
            "2026-03-02T08:00:00Z"
        );
    }

    #[test]
    fn a_time_is_the_same_in_json_and_in_the_certificate_world() {
        let time = UnixTime::from_secs(1_772_438_400);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-03-02T08:00:00Z\"");
        assert_eq!(serde_json::from_str::<UnixTime>(&json).unwrap(), time);
        assert!(serde_json::from_str::<UnixTime>("\"yesterday\"").is_err());
        let pki: rustls_pki_types::UnixTime = time.into();
        assert_eq!(pki.as_secs(), time.as_secs());
    }

    #[test]
    fn what_lies_before_1970_is_told_from_what_is_no_time() {
        let error = "1969-12-31T23:59:59Z".parse::<UnixTime>().unwrap_err();
        assert_eq!(&*error.detail, "it lies before 1970");
        let long = "x".repeat(100);
        assert_eq!(long.parse::<UnixTime>().unwrap_err().text.len(), 64);
    }

    #[test]
    fn no_moment_lies_beyond_the_last() {
        let max = UnixTime::MAX;
        for (secs, expected) in [
            (max.as_secs(), max.as_secs()),
            (max.as_secs() + 1, max.as_secs()),
            (max.as_secs() - 1, max.as_secs() - 1),
        ] {
            assert_eq!(UnixTime::from_secs(secs).as_secs(), expected);
        }
        assert_eq!(max.to_string(), "9999-12-30T22:00:00Z");
    }
}
