//! Writing results as they come, in any format.

use std::io::{self, Write};

use super::text::Tally;
use super::{Context, Format, Run, json, junit, text};
use crate::diagnose::document::{DomainReport, Severity};
use crate::facts::DnsName;

/// Takes each domain's report as its check ends, and writes it.
///
/// Text and NDJSON are written and flushed at once, JSON is written as it comes, `JUnit` at the end. Whoever
/// stops early calls [`Sink::finish`] all the same: JSON is cut short without it. An error of the writer, such
/// as a pipe whose reader went away, is returned and leaves nothing to do but stop.
#[derive(Debug)]
pub struct Sink<W: Write> {
    writer: W,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text { context: Context, tally: Tally },
    Json(json::Stream),
    Ndjson(Run),
    Junit(Box<junit::Suite>),
}

impl<W: Write> Sink<W> {
    /// Makes a sink for the results of `run`.
    pub fn new(writer: W, format: Format, run: Run, options: Options) -> Self {
        let kind = match format {
            Format::Text => Kind::Text {
                context: options.context,
                tally: Tally::default(),
            },
            Format::Json => Kind::Json(json::Stream::new(run)),
            Format::Ndjson => Kind::Ndjson(run),
            Format::Junit => Kind::Junit(Box::new(junit::Suite::new(&run, options.fail_on))),
        };
        Self { writer, kind }
    }

    /// Names the domains that will come, in the order in which results are laid out that come all at once at
    /// the end: `JUnit`'s. Which check ends first is chance.
    #[must_use]
    pub fn in_order_of(mut self, domains: &[DnsName]) -> Self {
        match &mut self.kind {
            Kind::Junit(suite) => suite.order(domains),
            Kind::Text { .. } | Kind::Json(_) | Kind::Ndjson(_) => {}
        }
        self
    }

    /// Takes the report of one domain.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(&mut self, report: &DomainReport) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text { context, tally } => {
                // Distances count from when this domain was looked at: a long run goes on for hours.
                context.now = report.checked_at;
                if tally.domains() > 0 {
                    self.writer.write_all(b"\n")?;
                }
                tally.add(report);
                self.writer
                    .write_all(text::domain(report, context).as_bytes())?;
                self.writer.flush()
            }
            Kind::Json(stream) => stream.write(&mut self.writer, report),
            Kind::Ndjson(run) => {
                json::Document::new(run, std::slice::from_ref(report))
                    .write_line(&mut self.writer)?;
                self.writer.flush()
            }
            Kind::Junit(suite) => {
                suite.add(report);
                Ok(())
            }
        }
    }

    /// Writes what comes after the last domain, flushes, and gives the writer back.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn finish(mut self) -> io::Result<W> {
        match self.kind {
            Kind::Text { context, tally } => self
                .writer
                .write_all(text::summary(&tally, &context).as_bytes())?,
            Kind::Json(stream) => stream.finish(&mut self.writer)?,
            Kind::Ndjson(_) => {}
            Kind::Junit(suite) => suite.finish(&mut self.writer)?,
        }
        self.writer.flush()?;
        Ok(self.writer)
    }
}

/// What some formats need besides the results.
#[derive(Clone, Debug)]
pub struct Options {
    /// How text is shown.
    pub context: Context,
    /// From which severity on a finding fails a domain in `JUnit`, as `--fail-on` says.
    pub fail_on: Severity,
}
