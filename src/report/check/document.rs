//! `check`'s results as JSON: one document, or one a line.

use std::io::{self, Write};
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnose::document::DomainReport;
use crate::facts::UnixTime;
use crate::report::json::{Documented, pretty};
use crate::report::sink::Form;

/// The name and version of the documents: the version changes when a field goes or changes its meaning.
pub const SCHEMA: &str = "stickler/check/2";

/// What all results of one run share.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Run {
    /// When the run began.
    pub checked_at: UnixTime,
    /// The version of stickler.
    pub stickler_version: String,
    /// The resolvers that were asked: addresses with ports, parted by commas, or `system`.
    pub resolver: String,
    /// The address that connections were made from; null if the system chose.
    pub source_address: Option<IpAddr>,
}

impl Run {
    /// Makes the head of a run of this version of stickler.
    pub fn new(checked_at: UnixTime, resolver: impl Into<String>) -> Self {
        Self {
            checked_at,
            stickler_version: env!("CARGO_PKG_VERSION").to_owned(),
            resolver: resolver.into(),
            source_address: None,
        }
    }
}

/// The results of a run: all of it in JSON, one domain of it in a line of NDJSON.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// What all results share.
    #[serde(flatten)]
    pub run: &'a Run,
    /// The domains, in the order in which their checks ended.
    pub domains: &'a [DomainReport],
}

impl<'a> Document<'a> {
    /// Makes the document of a run.
    #[must_use]
    pub const fn new(run: &'a Run, domains: &'a [DomainReport]) -> Self {
        Self {
            schema: SCHEMA,
            run,
            domains,
        }
    }
}

impl Documented for DomainReport {
    type Run = Run;

    fn document<'a>(run: &'a Run, domains: &'a [Self]) -> impl Serialize + 'a {
        Document::new(run, domains)
    }
}

/// Writes a document whose domains come one by one, without holding them.
#[derive(Debug)]
pub struct Stream {
    run: Run,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Nothing is written.
    Empty,
    /// The head is written, and at least one domain.
    Open,
}

impl Stream {
    /// Makes a stream that has written nothing.
    #[must_use]
    pub const fn new(run: Run) -> Self {
        Self {
            run,
            state: State::Empty,
        }
    }

    /// Writes all up to the first domain: the empty document without its end.
    fn write_head(&self, writer: &mut dyn Write) -> io::Result<()> {
        let text = pretty(&Document::new(&self.run, &[]))?;
        let head = text.strip_suffix("]\n}").unwrap_or(&text);
        writer.write_all(head.as_bytes())
    }
}

impl Form<DomainReport> for Stream {
    fn write(&mut self, writer: &mut dyn Write, report: DomainReport) -> io::Result<()> {
        match self.state {
            State::Empty => self.write_head(writer)?,
            State::Open => writer.write_all(b",")?,
        }
        self.state = State::Open;
        for line in pretty(&report)?.lines() {
            write!(writer, "\n    {line}")?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, writer: &mut dyn Write) -> io::Result<()> {
        match self.state {
            State::Empty => {
                self.write_head(writer)?;
                writer.write_all(b"]\n}\n")
            }
            State::Open => writer.write_all(b"\n  ]\n}\n"),
        }
    }
}
