//! The grounds of a verdict: why it is what it is.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::stored::StoredReport;
use crate::facts::{Say, Sentence};
use crate::sts::ledger::Holding;

/// Why a verdict is what it is: one sentence without a full stop.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(into = "Sentence")]
#[schemars(with = "Sentence")]
pub struct Why {
    /// What only we could not see; empty if the verdict does not hang on that.
    pub doubt: Sentence,
    /// The stored policy that was applied, if one was.
    pub stored: Option<StoredReport>,
    /// What decided; empty if that hangs on what we could not see.
    pub cause: Sentence,
}

impl Why {
    /// Returns whether other senders would see the same.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.doubt == Sentence::default()
    }
}

impl Say for Why {
    fn say(&self, sentence: &mut Sentence) {
        sentence.add(&self.doubt);
        if let Some(stored) = &self.stored {
            let id = &stored.id;
            match stored.held {
                Holding::Certain => {
                    sentence.words(format_args!("under the stored policy (id {id}): "))
                }
                Holding::Possible => sentence.words(format_args!(
                    "under a policy that may still be held (id {id}): "
                )),
            };
        }
        sentence.add(&self.cause);
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

impl From<Why> for Sentence {
    fn from(why: Why) -> Self {
        why.sentence()
    }
}

impl<T: Into<String>> From<T> for Why {
    fn from(cause: T) -> Self {
        Self {
            cause: Sentence::from(cause),
            ..Self::default()
        }
    }
}
