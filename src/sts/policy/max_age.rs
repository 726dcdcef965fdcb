//! §3.2: the `max_age` field.

use std::fmt;
use std::time::Duration;

/// How long a policy may be cached: 0 to 31,557,600 seconds.
///
/// Small values are legal and honoured: there is no floor.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MaxAge(u32);

impl MaxAge {
    /// The maximum, a Julian year.
    pub const MAX: Self = Self(31_557_600);

    /// Makes a life of so many seconds; `None` above the maximum.
    #[must_use]
    pub const fn from_secs(secs: u32) -> Option<Self> {
        if secs <= Self::MAX.0 {
            Some(Self(secs))
        } else {
            None
        }
    }

    /// Returns the seconds.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// Returns the span.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl fmt::Display for MaxAge {
    /// Writes the seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
