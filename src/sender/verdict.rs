//! What becomes of a message.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a sender does with a message. The order is from the best to the worst.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It goes out, validated; or without a validation fault, in testing.
    Deliver,
    /// It goes out with no protection by MTA-STS: no policy, mode none, or testing with a fault.
    DeliverUnprotected,
    /// Only we lack the fact: another vantage might see another outcome.
    Undetermined,
    /// It waits in the queue.
    Defer,
    /// It goes back to its author.
    Bounce,
}

impl Verdict {
    /// All verdicts, the best first.
    pub const ALL: [Self; 5] = [
        Self::Deliver,
        Self::DeliverUnprotected,
        Self::Undetermined,
        Self::Defer,
        Self::Bounce,
    ];

    /// Returns the verdict as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::DeliverUnprotected => "deliver-unprotected",
            Self::Undetermined => "undetermined",
            Self::Defer => "defer",
            Self::Bounce => "bounce",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or(UnknownVerdict)
    }
}

/// A text that names no verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a verdict is one of deliver, deliver-unprotected, undetermined, defer, bounce")]
pub struct UnknownVerdict;

#[cfg(test)]
mod tests {
    use super::Verdict;

    #[test]
    fn verdicts_are_read_as_they_are_written_and_the_worst_is_the_greatest() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        assert!(Verdict::ALL.is_sorted());
        assert_eq!("Deliver".parse::<Verdict>(), Err(super::UnknownVerdict));
    }
}
