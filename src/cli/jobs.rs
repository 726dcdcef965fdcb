//! Many jobs, some at once, each result taken as it comes.

use std::num::NonZeroUsize;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::environment::Environment;
use super::exit::Exit;
use super::interrupt::Interrupts;
use super::output::tell;
use crate::sender::Stop;

/// How the jobs of a run are worked off.
#[derive(Debug)]
pub struct Jobs {
    /// What one job is about, in the plural: `domains`.
    noun: &'static str,
    at_once: NonZeroUsize,
    shows_progress: bool,
    stop: Option<Stop>,
}

impl Jobs {
    /// Makes a loop for jobs about `noun`, in the plural.
    #[must_use]
    pub const fn new(noun: &'static str, at_once: NonZeroUsize, environment: &Environment) -> Self {
        Self {
            noun,
            at_once,
            shows_progress: environment.shows_progress,
            stop: None,
        }
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
    /// told how far it came, and the exit code says so. A second one drops what did not stop yet. What `take` has written by then is the caller's to close.
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
        let bar = self.bar(number);
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

    fn bar(&self, number: usize) -> ProgressBar {
        if !self.shows_progress || number < 2 {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(u64::try_from(number).unwrap_or(u64::MAX));
        let template = format!("{{pos}}/{{len}} {} [{{bar:30}}] {{eta}} left", self.noun);
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_built_in| ProgressStyle::default_bar());
        bar.with_style(style)
    }
}
