//! Writing scenarios as they end, in any format.

use std::io::{self, Write};
use std::time::Duration;

use super::document::{Document, ProblemReport, ScenarioReport};
use super::junit;
use crate::report::text::{self, ReplayTally};
use crate::report::{Context, Format, escape};

/// How much text tells of a scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Telling {
    /// A line; of one that fails, all that failed.
    Lines,
    /// The whole story.
    Stories,
}

/// Takes each scenario as it ends and writes it.
///
/// Text and NDJSON are written and flushed at once, JSON and `JUnit` at the end, sorted by id: which scenario
/// ends first is chance.
#[derive(Debug)]
pub struct ReplaySink<W: Write> {
    writer: W,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text {
        context: Context,
        telling: Telling,
        tally: ReplayTally,
    },
    Ndjson,
    AtTheEnd {
        form: Form,
        scenarios: Vec<ScenarioReport>,
        problems: Vec<ProblemReport>,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Json,
    Junit,
}

impl<W: Write> ReplaySink<W> {
    /// Makes a sink; `context` and `telling` are for text.
    pub fn new(writer: W, format: Format, context: Context, telling: Telling) -> Self {
        let at_the_end = |form| Kind::AtTheEnd {
            form,
            scenarios: Vec::new(),
            problems: Vec::new(),
        };
        let kind = match format {
            Format::Text => Kind::Text {
                context,
                telling,
                tally: ReplayTally::default(),
            },
            Format::Ndjson => Kind::Ndjson,
            Format::Json => at_the_end(Form::Json),
            Format::Junit => at_the_end(Form::Junit),
        };
        Self { writer, kind }
    }

    /// Takes the problems of a file that cannot be played.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn refuse(&mut self, found: Vec<ProblemReport>) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text { tally, context, .. } => {
                tally.refuse(&found);
                for problem in &found {
                    self.writer
                        .write_all(text::broken(problem, context).as_bytes())?;
                }
                self.writer.flush()
            }
            Kind::Ndjson => write_line(&mut self.writer, &Document::new(&[], &found)),
            Kind::AtTheEnd { problems, .. } => {
                problems.extend(found);
                Ok(())
            }
        }
    }

    /// Takes a scenario that was played.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(&mut self, report: ScenarioReport) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text {
                context,
                telling,
                tally,
            } => {
                let told = match telling {
                    Telling::Lines => text::scenario_line(&report, context),
                    Telling::Stories => {
                        let gap = if tally.scenarios() > 0 { "\n" } else { "" };
                        format!("{gap}{}", text::story(&report, context))
                    }
                };
                tally.add(&report);
                self.writer.write_all(told.as_bytes())?;
                self.writer.flush()
            }
            Kind::Ndjson => write_line(
                &mut self.writer,
                &Document::new(std::slice::from_ref(&report), &[]),
            ),
            Kind::AtTheEnd { scenarios, .. } => {
                scenarios.push(report);
                Ok(())
            }
        }
    }

    /// Writes what comes after the last scenario, flushes, and gives the writer back; the run took `elapsed`.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn finish(mut self, elapsed: Duration) -> io::Result<W> {
        match self.kind {
            Kind::Text { context, tally, .. } => self
                .writer
                .write_all(text::replay_summary(&tally, elapsed, &context).as_bytes())?,
            Kind::Ndjson => {}
            Kind::AtTheEnd {
                form,
                mut scenarios,
                mut problems,
            } => {
                scenarios.sort_by(|a, b| a.id.cmp(&b.id));
                problems
                    .sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
                match form {
                    Form::Json => {
                        let document = Document::new(&scenarios, &problems);
                        let text = serde_json::to_string_pretty(&document)?;
                        writeln!(self.writer, "{}", escape::json(&text))?;
                    }
                    Form::Junit => junit::write(&mut self.writer, &scenarios, &problems)?,
                }
            }
        }
        self.writer.flush()?;
        Ok(self.writer)
    }
}

fn write_line(writer: &mut impl Write, document: &Document<'_>) -> io::Result<()> {
    let text = serde_json::to_string(document)?;
    writeln!(writer, "{}", escape::json(&text))?;
    writer.flush()
}
