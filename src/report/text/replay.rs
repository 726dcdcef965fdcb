//! Scenarios as text: what is wrong with a file, a line each, what failed, and how many held.

use std::path::PathBuf;
use std::time::Duration;

use super::beside;
use super::render::render;
use crate::replay::{Outcome, Replayed};
use crate::report::page::{Item, Page};
use crate::report::{Context, Style, Tone, escape};
use crate::scenario::{Drawing, Ink, Problem};

/// How many of the slowest scenarios a summary names.
const SLOWEST: usize = 5;

/// Counts scenarios and remembers those that somebody has to look at.
#[derive(Clone, Debug, Default)]
pub struct ReplayTally {
    held: usize,
    failed: Vec<Box<str>>,
    known: usize,
    skipped: usize,
    broken: Vec<PathBuf>,
    times: Vec<(f64, Box<str>)>,
}

impl ReplayTally {
    /// Counts a scenario.
    pub fn add(&mut self, report: &Replayed) {
        match report.outcome {
            Outcome::Holds => self.held += 1,
            Outcome::FailsAsKnown => self.known += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Fails | Outcome::HoldsUnexpectedly => {
                self.failed.push(report.id.clone());
            }
        }
        self.times.push((report.elapsed_secs, report.id.clone()));
    }

    /// Counts the files that cannot be played.
    pub fn refuse(&mut self, problems: &[Problem]) {
        for problem in problems {
            if !self.broken.contains(&problem.file) {
                self.broken.push(problem.file.clone());
            }
        }
    }

    /// Returns how many scenarios were played.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.times.len()
    }
}

/// How a mistake in a file is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Look {
    /// Whether to colour.
    pub style: Style,
    /// The width of the terminal; `None` for files and pipes.
    pub width: Option<u16>,
}

impl Look {
    /// The look of a text for no terminal.
    pub const PLAIN: Self = Self {
        style: Style::Plain,
        width: None,
    };
}

impl From<&Context> for Look {
    fn from(context: &Context) -> Self {
        Self {
            style: context.style,
            width: context.width,
        }
    }
}

/// The columns of a line in a file or a pipe: of a longer one nobody reads all.
const COLUMNS_OF_A_FILE: u16 = 1_000;

/// Returns what is wrong with a file as `file:line:column: message`, and below it the line, with carets under what is
/// wrong, and what would be right.
#[must_use]
pub fn problem(problem: &Problem, look: Look) -> String {
    let (ink, escape): (_, fn(&str) -> String) = match look.style {
        Style::Colour => (Ink::Coloured, escape::coloured_block),
        Style::Plain => (Ink::Plain, escape::block),
    };
    let columns = look.width.unwrap_or(COLUMNS_OF_A_FILE);
    let mut text = escape::line(&problem.to_string());
    if let Some(details) = problem.details(Drawing { columns, ink }) {
        text.push('\n');
        text.push_str(&escape(&details));
    }
    text
}

/// Returns a problem as lines of text.
#[must_use]
pub fn broken(problem: &Problem, context: &Context) -> String {
    self::problem(problem, context.into()) + "\n"
}

/// Returns a scenario in a line, and below it what failed.
#[must_use]
pub fn scenario_line(report: &Replayed, context: &Context) -> String {
    let mut page = Page::new(context);
    let (tone, word) = outcome(report.outcome);
    let rest = format!("{} ({})", report.id, seconds(report.elapsed_secs));
    page.push(Item::new(0, tone, word, rest).in_columns(WORD_CHARS));
    match report.outcome {
        Outcome::Fails | Outcome::HoldsUnexpectedly => {
            page.verbatim(3, &*report.title);
            if let Some(remark) = not_excused(report) {
                page.verbatim(3, remark);
            }
            for failure in report.complaints() {
                page.verbatim(3, escape::line(&failure));
            }
        }
        Outcome::FailsAsKnown => page.verbatim(
            3,
            format!(
                "known to fail: {}",
                report.xfail.as_deref().unwrap_or_default()
            ),
        ),
        Outcome::Skipped => page.verbatim(3, why_skipped(report)),
        Outcome::Holds => {}
    }
    beside::write(&mut page, report, 3);
    render(&page)
}

/// Says that a known failure is none, if what failed is the play itself.
pub(super) fn not_excused(report: &Replayed) -> Option<&'static str> {
    (report.outcome == Outcome::Fails && report.xfail.is_some()).then_some(
        "`xfail` excuses expectations, neither networks that disagree nor requests that are not announced",
    )
}

/// Returns why a scenario was not played.
#[must_use]
pub fn why_skipped(report: &Replayed) -> String {
    format!(
        "it is told on the other network alone: {}",
        report.only_because.as_deref().unwrap_or_default()
    )
}

/// Returns the end of a run over many scenarios; nothing if it had one or none.
#[must_use]
pub fn replay_summary(tally: &ReplayTally, elapsed: Duration, context: &Context) -> String {
    let mut page = Page::new(context);
    if tally.scenarios() + tally.broken.len() < 2 {
        return String::new();
    }
    page.blank();
    let counts = [
        (tally.held, "held"),
        (tally.known, "failed as known"),
        (tally.skipped, "skipped"),
        (tally.failed.len(), "failed"),
        (tally.broken.len(), "broken"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let all = tally.scenarios() + tally.broken.len();
    page.item(
        0,
        Tone::Strong,
        format!("{all} scenarios:"),
        format!(
            "{}, in {}",
            counts.join(", "),
            seconds(elapsed.as_secs_f64())
        ),
    );
    for failed in &tally.failed {
        page.item(1, Tone::Bad, "FAIL", &**failed);
    }
    for broken in &tally.broken {
        page.item(1, Tone::Bad, "broken", broken.display().to_string());
    }
    let mut times: Vec<&(f64, Box<str>)> = tally.times.iter().collect();
    times.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let slowest: Vec<String> = times
        .iter()
        .take(SLOWEST)
        .map(|(time, id)| format!("{id} {}", seconds(*time)))
        .collect();
    if !slowest.is_empty() {
        page.item(0, Tone::Faint, "slowest:", slowest.join(", "));
    }
    render(&page)
}

/// The words for an outcome are no longer.
const WORD_CHARS: usize = 5;

pub(super) const fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Holds => (Tone::Good, "ok"),
        Outcome::Fails | Outcome::HoldsUnexpectedly => (Tone::Bad, "FAIL"),
        Outcome::FailsAsKnown => (Tone::Warn, "xfail"),
        Outcome::Skipped => (Tone::Faint, "skip"),
    }
}

/// Returns a real span of time as people compare them.
pub(super) fn seconds(secs: f64) -> String {
    if secs < 0.1 {
        format!("{:.0} ms", secs * 1000.0)
    } else {
        format!("{secs:.1} s")
    }
}
