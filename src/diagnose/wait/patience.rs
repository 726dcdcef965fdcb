//! How long is waited, how often is looked, and what was still missing.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::missing::Missing;
use crate::clock::Stopwatch;
use crate::sender::Stop;

/// The pause after the first look; each one after it is twice as long.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, unless a policy host asks for more (`Retry-After`).
pub const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The patience of a run with one domain.
#[derive(Clone, Debug)]
pub struct Wait {
    watch: Stopwatch,
    patience: Duration,
    pause: Duration,
    looks: usize,
    missing: Vec<Missing>,
}

/// How long was waited, and what did not come.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct WaitReport {
    /// How long was to be waited.
    pub patience_secs: u64,
    /// How long was waited.
    pub waited_secs: u64,
    /// How often was looked, the check itself included.
    pub looks: usize,
    /// What was still missing at the end; empty if all came.
    pub missing: Vec<Missing>,
}

impl WaitReport {
    /// Makes the part of a check that has no patience.
    pub(in crate::diagnose) fn of_one_look(missing: &[Missing]) -> Self {
        Self {
            patience_secs: 0,
            waited_secs: 0,
            looks: 1,
            missing: missing.to_vec(),
        }
    }
}

impl Wait {
    /// Begins to wait: `watch` counts what is spent of the patience.
    #[must_use]
    pub const fn new(watch: Stopwatch, patience: Duration) -> Self {
        Self {
            watch,
            patience,
            pause: FIRST_PAUSE,
            looks: 0,
            missing: Vec::new(),
        }
    }

    /// Notes what a look found missing; returns whether that is news.
    pub(super) fn note(&mut self, missing: Vec<Missing>) -> bool {
        self.looks += 1;
        let is_same = self.looks > 1
            && missing.len() == self.missing.len()
            && missing
                .iter()
                .zip(&self.missing)
                .all(|(new, old)| new.is_as(old));
        self.missing = missing;
        !is_same
    }

    /// Returns what the last look found missing.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Returns how often was looked.
    #[must_use]
    pub const fn looks(&self) -> usize {
        self.looks
    }

    /// Returns how long was waited.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Returns whether the patience is at its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.elapsed() >= self.patience
    }

    /// Waits for the next look, which falls on the end of the patience at the latest; a stop ends it at once.
    /// `at_least` is what a policy host asked for.
    pub(super) async fn pause(&mut self, at_least: Option<Duration>, stop: Option<&Stop>) {
        let pause = self.pause.max(at_least.unwrap_or_default());
        self.pause = self.pause.saturating_mul(2).min(MAX_PAUSE);
        let next = self.elapsed().saturating_add(pause).min(self.patience);
        match stop {
            Some(stop) => tokio::select! {
                biased;
                () = stop.stopped() => {}
                () = self.watch.passed(next) => {}
            },
            None => self.watch.passed(next).await,
        }
    }

    /// Returns the document's part, with what was still missing at the end.
    pub(in crate::diagnose) fn report(&self, missing: &[Missing]) -> WaitReport {
        WaitReport {
            patience_secs: self.patience.as_secs(),
            waited_secs: self.elapsed().as_secs(),
            looks: self.looks + 1,
            missing: missing.to_vec(),
        }
    }
}
