//! §3.2: the policy, a body of `name: value` lines.
//!
//! [RFC 8461, Section 3.2] has the grammar; [`parse()`] keeps to it in [`Reading::Letter`], and to the closed
//! list of [`Reading`] beyond it in [`Reading::Tolerant`].
//!
//! [RFC 8461, Section 3.2]: https://www.rfc-editor.org/rfc/rfc8461#section-3.2

mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use error::{Field, PolicyError, PolicyErrorKind};
pub use parse::parse;

use super::mx::{MxMatched, MxPattern};
#[cfg(doc)]
use super::reading::Reading;
use crate::facts::DnsName;

/// A valid policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    mode: Mode,
    max_age: MaxAge,
    patterns: Vec<MxPattern>,
    extensions: Vec<(Box<str>, Box<str>)>,
}

impl Policy {
    /// Makes a policy.
    ///
    /// # Errors
    ///
    /// When there is no pattern, unless the mode is `none`.
    pub fn new(
        mode: Mode,
        max_age: MaxAge,
        patterns: Vec<MxPattern>,
    ) -> Result<Self, PolicyErrorKind> {
        // §3.2 wants at least one `mx`, except in mode `none`: a correct opt-out names no hosts.
        match mode {
            Mode::Enforce | Mode::Testing if patterns.is_empty() => {
                Err(PolicyErrorKind::NoMx { mode })
            }
            Mode::Enforce | Mode::Testing | Mode::None => Ok(Self {
                mode,
                max_age,
                patterns,
                extensions: Vec::new(),
            }),
        }
    }

    /// Returns the mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns how long the policy may be cached after it was fetched.
    #[must_use]
    pub const fn max_age(&self) -> MaxAge {
        self.max_age
    }

    /// Returns the `mx` patterns in their order, repetitions included.
    #[must_use]
    pub fn patterns(&self) -> &[MxPattern] {
        &self.patterns
    }

    /// Returns the fields that this version of the RFC does not know, at most 32. They mean nothing.
    #[must_use]
    pub fn extensions(&self) -> &[(Box<str>, Box<str>)] {
        &self.extensions
    }

    /// Returns the first pattern that `host`, the name in an MX record, satisfies.
    #[must_use]
    pub fn matching(&self, host: &DnsName) -> Option<&MxPattern> {
        self.patterns.iter().find(|pattern| pattern.matches(host))
    }

    /// Checks `host` against the patterns and gives the proof.
    #[must_use]
    pub fn match_mx(&self, host: &DnsName) -> Option<MxMatched> {
        MxMatched::check(self, host)
    }
}

impl fmt::Display for Policy {
    /// Writes the policy as a body, lines ended by LF.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version: STSv1")?;
        writeln!(f, "mode: {}", self.mode)?;
        for pattern in &self.patterns {
            writeln!(f, "mx: {pattern}")?;
        }
        writeln!(f, "max_age: {}", self.max_age)?;
        for (name, value) in &self.extensions {
            writeln!(f, "{name}: {value}")?;
        }
        Ok(())
    }
}

/// What a sender does when validation fails (§5).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Mode {
    /// It must not deliver to that host.
    Enforce,
    /// There is no active policy.
    None,
    /// It reports and may deliver as though nothing had failed.
    Testing,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::None => "none",
            Self::Testing => "testing",
        })
    }
}

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
