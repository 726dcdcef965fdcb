//! The moments of a story: what holds at each, and what must come of it.

use std::time::Duration;

use super::expectation::{CheckExpectation, Expectation};
use super::origin::Origin;
use super::state::State;
use crate::facts::UnixTime;

/// One step, ready to be played.
///
/// At its moment the order is: refreshes that are due, the new state, `flush`, `expect`, `check`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moment {
    /// Where the step is told.
    pub origin: Origin,
    /// When, by the virtual clock.
    pub at: UnixTime,
    /// How long after the start.
    pub after: Duration,
    /// What happens, in a few words; empty if the step does not say.
    pub title: Box<str>,
    /// What holds from now on.
    pub state: State,
    /// What must become of the messages that wait.
    pub flush: Vec<Expectation>,
    /// What must become of a fresh message each.
    pub expect: Vec<Expectation>,
    /// What an observer's `check` must find.
    pub check: Vec<CheckExpectation>,
}
