//! Writing scenarios as they end, in any format.

use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use super::document::{Document, FileOutcome};
use super::junit;
use crate::report::json::{self, Documented, Ndjson};
use crate::report::sink::Form;
use crate::report::text::{self, ReplayTally};
use crate::report::{Context, Format};

/// How text tells of scenarios.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it is shown.
    pub context: Context,
    /// How much of a scenario.
    pub telling: Telling,
    /// When the run began.
    pub began: Instant,
}

/// How much text tells of a scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Telling {
    /// A line; of one that fails, all that failed.
    Lines,
    /// The whole story.
    Stories,
}

/// Returns the form in which a replay is written.
#[must_use]
pub fn form(format: Format, options: Options) -> Box<dyn Form<FileOutcome>> {
    match format {
        Format::Text => Box::new(Text {
            options,
            tally: ReplayTally::default(),
        }),
        Format::Ndjson => Box::new(Ndjson(())),
        Format::Json => Box::new(AtTheEnd {
            outcomes: Vec::new(),
            write: |writer, outcomes| {
                writeln!(
                    writer,
                    "{}",
                    json::pretty(&FileOutcome::document(&(), outcomes))?
                )
            },
        }),
        Format::Junit => Box::new(AtTheEnd {
            outcomes: Vec::new(),
            write: |writer, outcomes| junit::write(writer, &Document::new(outcomes)),
        }),
    }
}

impl Documented for FileOutcome {
    type Run = ();

    fn document<'a>((): &'a (), outcomes: &'a [Self]) -> impl Serialize + 'a {
        Document::new(outcomes)
    }
}

/// Each scenario, and at the end how many held.
#[derive(Debug)]
struct Text {
    options: Options,
    tally: ReplayTally,
}

impl Form<FileOutcome> for Text {
    fn write(&mut self, writer: &mut dyn Write, outcome: FileOutcome) -> io::Result<()> {
        let context = &self.options.context;
        match &outcome {
            FileOutcome::Refused(problems) => {
                self.tally.refuse(problems);
                for problem in problems {
                    writer.write_all(text::broken(problem, context).as_bytes())?;
                }
            }
            FileOutcome::Played(report) => {
                let story = match self.options.telling {
                    Telling::Lines => text::scenario_line(report, context),
                    Telling::Stories => {
                        let gap = if self.tally.scenarios() > 0 { "\n" } else { "" };
                        format!("{gap}{}", text::story(report, context))
                    }
                };
                self.tally.add(report);
                writer.write_all(story.as_bytes())?;
            }
        }
        writer.flush()
    }

    fn finish(self: Box<Self>, writer: &mut dyn Write) -> io::Result<()> {
        let Options { context, began, .. } = &self.options;
        let summary = text::replay_summary(&self.tally, began.elapsed(), context);
        writer.write_all(summary.as_bytes())
    }
}

/// All at the end, sorted: which scenario ends first is chance.
#[derive(Debug)]
struct AtTheEnd {
    outcomes: Vec<FileOutcome>,
    write: fn(&mut dyn Write, &[FileOutcome]) -> io::Result<()>,
}

impl Form<FileOutcome> for AtTheEnd {
    fn write(&mut self, _: &mut dyn Write, outcome: FileOutcome) -> io::Result<()> {
        self.outcomes.push(outcome);
        Ok(())
    }

    fn finish(self: Box<Self>, writer: &mut dyn Write) -> io::Result<()> {
        (self.write)(writer, &self.outcomes)
    }
}
