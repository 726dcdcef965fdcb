//! What a sender did, step by step, and why.

use std::fmt;

use crate::facts::UnixTime;

/// The steps of one attempt, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace {
    steps: Vec<TraceStep>,
}

/// One step: what was asked, what came back, what was concluded, and under which section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceStep {
    /// When, by the network's clock.
    pub at: UnixTime,
    /// What was asked: `TXT _mta-sts.example.com`.
    pub asked: Box<str>,
    /// What came back, in a few words.
    pub answered: Box<str>,
    /// What the sender concluded from it.
    pub concluded: Box<str>,
    /// The section that it followed: `8461 §3.1`.
    pub rfc: &'static str,
}

impl Trace {
    /// Returns the steps.
    #[must_use]
    pub fn steps(&self) -> &[TraceStep] {
        &self.steps
    }

    /// Adds a step taken at a moment under a section.
    pub(crate) fn push(
        &mut self,
        (at, rfc): (UnixTime, &'static str),
        asked: impl Into<Box<str>>,
        answered: impl fmt::Display,
        concluded: impl fmt::Display,
    ) {
        self.steps.push(TraceStep {
            at,
            asked: asked.into(),
            answered: answered.to_string().into(),
            concluded: concluded.to_string().into(),
            rfc,
        });
    }
}

impl fmt::Display for TraceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}; {} [RFC {}]",
            self.asked, self.answered, self.concluded, self.rfc
        )
    }
}
