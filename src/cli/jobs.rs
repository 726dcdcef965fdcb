//! Many jobs, some at once, each result taken as it comes.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tokio::task::JoinSet;

use super::environment::Environment;
use super::exit::Exit;
use super::interrupt::Interrupts;
use super::output::tell;
use crate::report::time::span;
use crate::sender::Stop;

/// How the jobs of a run are worked off.
#[derive(Debug)]
pub struct Jobs {
    /// What one job is about, in the plural: `domains`.
    noun: &'static str,
    at_once: NonZeroUsize,
    bar: ProgressBar,
    stop: Option<Stop>,
}

/// What a job shows of itself while it runs.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Returns whether somebody watches a terminal.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        !self.0.is_hidden()
    }

    /// Shows what a job waits for, beside the bar.
    pub fn show(&self, message: String) {
        self.0.set_message(message);
    }

    /// Writes a message past the bar.
    pub fn tell(&self, message: impl std::fmt::Display) {
        self.0.suspend(|| tell(message));
    }
}

impl Jobs {
    /// Makes a loop for jobs about `noun`, in the plural.
    #[must_use]
    pub fn new(noun: &'static str, at_once: NonZeroUsize, environment: &Environment) -> Self {
        Self {
            noun,
            at_once,
            bar: if environment.shows_progress {
                // Drawn when it begins to turn, and not before.
                ProgressBar::new(0)
            } else {
                ProgressBar::hidden()
            },
            stop: None,
        }
    }

    /// Returns what jobs show of themselves.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress(self.bar.clone())
    }

    /// Lets an interrupt tell the running jobs to come to an end with what they have, instead of dropping them.
    #[must_use]
    pub fn stopped_by(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Starts a job for each item, and gives each result to `take` as it comes.
    ///
    /// An interrupt ends the run: no further job is started, those that are not done are dropped, or stopped, it is
    /// told how far it came, and the exit code says so. A second one drops what did not stop yet. What `take` has
    /// written by then is the caller's to close.
    ///
    /// # Errors
    ///
    /// When `take` fails; no more is done then.
    ///
    /// # Panics
    ///
    /// When a job does.
    pub async fn run<T, F>(
        &self,
        items: Vec<T>,
        start: impl Fn(T) -> F,
        mut take: impl FnMut(F::Output) -> anyhow::Result<Exit>,
    ) -> anyhow::Result<Exit>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let mut interrupts = Interrupts::listen();
        let number = items.len();
        let bar = self.begin(number);
        let mut exit = Exit::Success;
        let mut done: usize = 0;
        let mut waiting = items.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.at_once.get()
                && let Some(item) = waiting.next()
            {
                running.spawn(start(item));
            }
            let ended = tokio::select! {
                biased;
                interrupt = interrupts.next() => {
                    exit = exit.and(interrupt.exit());
                    let noun = self.noun;
                    let Some(stop) = self.stop.as_ref().filter(|stop| !stop.is_stopped()) else {
                        bar.suspend(|| tell(format_args!("interrupted: {done} of {number} {noun} done")));
                        break;
                    };
                    let running = running.len();
                    bar.suspend(|| tell(format_args!("interrupted: {done} of {number} {noun} done, {running} in part")));
                    stop.stop();
                    waiting = Vec::new().into_iter();
                    continue;
                }
                ended = running.join_next() => ended,
            };
            let result = match ended {
                None => break,
                Some(Ok(result)) => result,
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            };
            exit = exit.and(bar.suspend(|| take(result))?);
            done += 1;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(exit)
    }

    fn begin(&self, number: usize) -> &ProgressBar {
        let bar = &self.bar;
        if bar.is_hidden() || number == 0 {
            return bar;
        }
        bar.set_length(u64::try_from(number).unwrap_or(u64::MAX));
        let template = if number == 1 {
            "{spinner} working for {elapsed}{wide_msg}".to_owned()
        } else {
            format!(
                "{{spinner}} {{pos}}/{{len}} {} [{{bar:30}}] {{left}}{{wide_msg}}",
                self.noun
            )
        };
        let at_once = u64::try_from(self.at_once.get()).unwrap_or(u64::MAX);
        let left = move |state: &ProgressState, out: &mut dyn Write| {
            let left = remaining(state.pos(), state.len(), at_once, state.elapsed());
            // A line that cannot be drawn is nothing to fail for.
            write!(out, "{}", left.unwrap_or_default()).unwrap_or_default();
        };
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_built_in| ProgressStyle::default_bar())
            .tick_chars(TICKS)
            .with_key("left", left);
        bar.set_style(style);
        // It turns while nothing ends, too: a silent server takes minutes.
        bar.enable_steady_tick(TICK);
        bar
    }
}

/// What the spinner shows, one after the other; every terminal has these.
const TICKS: &str = "|/-\\ ";

/// How often it turns.
const TICK: Duration = Duration::from_millis(120);

/// Says how long the rest takes at the pace so far; `None` before the first ones ended, whose pace says nothing of
/// those that take until a deadline.
fn remaining(done: u64, all: Option<u64>, at_once: u64, elapsed: Duration) -> Option<String> {
    let rest = all?.checked_sub(done)?;
    if done < at_once.max(2) {
        return None;
    }
    let (rest, done) = (u32::try_from(rest).ok()?, u32::try_from(done).ok()?);
    let left = elapsed.checked_mul(rest)?.checked_div(done)?;
    Some(format!("about {} left", span(left)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::remaining;

    #[test]
    fn the_rest_is_told_once_there_is_a_pace() {
        for (done, all, at_once, secs, expected) in [
            (0, 20, 10, 5, None),
            (9, 20, 10, 5, None),
            (10, 20, 10, 5, Some("about 5 s left")),
            (1, 20, 1, 5, None),
            (15, 20, 10, 300, Some("about 1 min 40 s left")),
            (20, 20, 10, 300, Some("about 0 s left")),
        ] {
            let told = remaining(done, Some(all), at_once, Duration::from_secs(secs));
            assert_eq!(told.as_deref(), expected, "{done} of {all}");
        }
    }
}
