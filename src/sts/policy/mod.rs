//! §3.2: the policy, a body of `name: value` lines.
//!
//! [RFC 8461, Section 3.2] has the grammar; [`parse()`] keeps to it in [`Reading::Letter`], and to the closed
//! list of [`Reading`] beyond it in [`Reading::Tolerant`].
//!
//! [RFC 8461, Section 3.2]: https://www.rfc-editor.org/rfc/rfc8461#section-3.2

mod collect;
mod draft;
mod error;
mod field;
mod hint;
mod line;
mod max_age;
mod mode;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

pub use collect::{Collected, Fault, collect};
pub use draft::UnknownField;
pub use error::{PolicyError, PolicyErrorKind};
pub use field::Field;
pub use max_age::MaxAge;
pub use mode::Mode;
pub use parse::parse;

use super::mx::MxPattern;
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
            Mode::Enforce | Mode::Testing if patterns.is_empty() => Err(PolicyErrorKind::NoMx {
                mode,
                similar: None,
            }),
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
