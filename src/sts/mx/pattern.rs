//! §4.1: one `mx` field of a policy, and the names that satisfy it.

use std::fmt;
use std::str::FromStr;

use crate::facts::DnsName;
use crate::sts::name::{PolicyName, PolicyNameError};

/// One `mx` field of a policy: a name, or `*.` before one.
///
/// ```
/// use stickler::sts::mx::MxPattern;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pattern: MxPattern = "*.mail.example".parse()?;
/// assert!(pattern.matches(&"mx1.mail.example".parse()?));
/// // Exactly one label stands for the `*`.
/// assert!(!pattern.matches(&"mail.example".parse()?));
/// assert!(!pattern.matches(&"a.b.mail.example".parse()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum MxPattern {
    /// Matches this name alone.
    Exact(PolicyName),
    /// Matches names that put exactly one label before this one.
    Wildcard(PolicyName),
}

impl MxPattern {
    /// Returns whether `host`, the name in an MX record, satisfies the pattern.
    ///
    /// Q: Does `*.example.com` cover `_mx.example.com`, though an underscore cannot stand in a pattern?
    /// A: Yes: `*` stands for any one label that the DNS holds.
    #[must_use]
    pub fn matches(&self, host: &DnsName) -> bool {
        match self {
            Self::Exact(name) => name.matches(host),
            // "`*` may only be used to match the entire left-most label in the presented identifier"
            Self::Wildcard(parent) => host
                .split_first_label()
                .is_some_and(|(_, rest)| parent.as_str().eq_ignore_ascii_case(rest)),
        }
    }

    /// Returns the name, without the `*.` of a wildcard.
    #[must_use]
    pub const fn name(&self) -> &PolicyName {
        match self {
            Self::Exact(name) | Self::Wildcard(name) => name,
        }
    }
}

impl fmt::Display for MxPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Wildcard(parent) => write!(f, "*.{parent}"),
        }
    }
}

impl FromStr for MxPattern {
    type Err = MxPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = match text.strip_prefix("*.") {
            Some(parent) => parent.parse().map(Self::Wildcard),
            None => text.parse().map(Self::Exact),
        };
        name.map_err(|error| match error {
            PolicyNameError::Character { character: '*' } => MxPatternError::Star,
            PolicyNameError::Character { .. }
            | PolicyNameError::Empty
            | PolicyNameError::EmptyLabel
            | PolicyNameError::HyphenAtEdge
            | PolicyNameError::TrailingDot => MxPatternError::Name(error),
        })
    }
}

/// Why a text is not an `mx` pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MxPatternError {
    /// What should be a name is none.
    #[error(transparent)]
    Name(#[from] PolicyNameError),
    /// A `*` that is not the whole left-most label.
    #[error("`*` can only stand for the whole left-most label, as in `*.example.com`")]
    Star,
}

#[cfg(test)]
mod tests {
    use super::{MxPattern, MxPatternError};
    use crate::sts::name::PolicyNameError;

    #[test]
    fn wildcard_stands_for_exactly_one_label() {
        for (pattern, host, expected) in [
            ("mx.example.com", "MX.Example.COM", true),
            ("mx.example.com", "mx.example.com.", true),
            ("mx.example.com", "mx2.example.com", false),
            ("mx.example.com", "a.mx.example.com", false),
            ("*.example.com", "mail.example.com", true),
            ("*.EXAMPLE.com", "mail.example.COM", true),
            ("*.example.com", "_mx.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "foo.bar.example.com", false),
            ("*.example.com", "fooexample.com", false),
            ("*.mx.microsoft", "corp.mx.microsoft", true),
            ("*.mx.microsoft", "corp.h-v1.mx.microsoft", false),
            ("*.test", "test", false),
            ("*.test", "a.test", true),
            ("192.0.2.1", "192.0.2.1", true),
        ] {
            let pattern: MxPattern = pattern.parse().unwrap();
            let host = host.parse().unwrap();
            assert_eq!(pattern.matches(&host), expected, "{pattern} against {host}");
        }
    }

    #[test]
    fn a_star_stands_alone_and_first() {
        use MxPatternError as E;
        for (text, expected) in [
            ("*", E::Star),
            ("**.example.com", E::Star),
            ("*.*.example.com", E::Star),
            ("mx*.example.com", E::Star),
            ("mx.*.com", E::Star),
            ("*example.com", E::Star),
            ("*.", E::Name(PolicyNameError::Empty)),
            ("", E::Name(PolicyNameError::Empty)),
            ("*..com", E::Name(PolicyNameError::EmptyLabel)),
            (".example.com", E::Name(PolicyNameError::EmptyLabel)),
            ("mx.example.com.", E::Name(PolicyNameError::TrailingDot)),
            (
                "_mx.example.com",
                E::Name(PolicyNameError::Character { character: '_' }),
            ),
        ] {
            assert_eq!(text.parse::<MxPattern>(), Err(expected), "{text:?}");
        }
    }
}
