//! What `check` found: as text, JSON, NDJSON and `JUnit`.

mod document;
mod junit;

use std::io::{self, Write};

pub use document::{Document, Run, SCHEMA, Stream};
use junit::Suite;

use super::json::Ndjson;
use super::sink::Form;
use super::text::{self, Tally};
use super::{Context, Format};
use crate::diagnose::document::DomainReport;
use crate::facts::DnsName;

/// What some formats need besides the results.
#[derive(Clone, Debug)]
pub struct Options {
    /// How text is shown.
    pub context: Context,
    /// The domains that will come, in the order in which `JUnit` lays them out, others after them: which check
    /// ends first is chance.
    pub order: Vec<DnsName>,
}

/// Returns the form in which the results of `run` are written.
#[must_use]
pub fn form(format: Format, run: Run, options: Options) -> Box<dyn Form<DomainReport>> {
    match format {
        Format::Text => Box::new(Text {
            context: options.context,
            tally: Tally::default(),
            after_a_line: false,
        }),
        Format::Json => Box::new(Stream::new(run)),
        Format::Ndjson => Box::new(Ndjson(run)),
        Format::Junit => Box::new(Suite::new(&run, options.context.fail_on, options.order)),
    }
}

/// Each domain, and at the end how many there were of each verdict.
#[derive(Debug)]
struct Text {
    context: Context,
    tally: Tally,
    /// Whether the domain before took but a line.
    after_a_line: bool,
}

impl Form<DomainReport> for Text {
    fn write(&mut self, writer: &mut dyn Write, report: DomainReport) -> io::Result<()> {
        // Distances count from when this domain was looked at: a long run goes on for hours.
        self.context.now = report.checked_at;
        let is_a_line = text::is_a_line(&report, &self.context);
        // Lines stand one below the other.
        if self.tally.domains() > 0 && !(is_a_line && self.after_a_line) {
            writer.write_all(b"\n")?;
        }
        self.after_a_line = is_a_line;
        self.tally.add(&report);
        writer.write_all(text::domain(&report, &self.context).as_bytes())?;
        writer.flush()
    }

    fn finish(self: Box<Self>, writer: &mut dyn Write) -> io::Result<()> {
        writer.write_all(text::summary(&self.tally, &self.context).as_bytes())
    }
}
