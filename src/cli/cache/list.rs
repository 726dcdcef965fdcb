//! `stickler cache list`: one line a domain, written while the store is read.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::entry::Summary;
use super::open_to_read;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::output_args::{ListFormat, OutputArgs};
use crate::cli::when::When;
use crate::facts::UnixTime;
use crate::store::{Entry, ExportError, RowError};

/// One line of NDJSON.
#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// A row that cannot be read.
#[derive(Serialize)]
struct Unreadable<'a> {
    domain: &'a str,
    error: String,
}

/// Lists the store at `path`. A row that cannot be read makes the exit code 2: that input is unreadable.
pub(super) fn run(
    path: &Path,
    now: UnixTime,
    args: &OutputArgs<ListFormat>,
) -> anyhow::Result<Exit> {
    let mut output = Output::open(args.output.as_deref())?;
    let mut writer = Writer {
        output: &mut output,
        format: args.format,
        now,
        rows: 0,
    };
    let mut unreadable = Vec::new();
    writer.begin(path)?;
    if let Some(store) = open_to_read(path)? {
        store.list(|row| match row {
            Ok(entry) => writer.entry(&entry).map_err(ExportError::from),
            Err(error) => {
                unreadable.push(error);
                Ok(())
            }
        })?;
    }
    writer.end(&unreadable)?;
    output.finish()?;
    Ok(if unreadable.is_empty() {
        Exit::Success
    } else {
        Exit::Usage
    })
}

struct Writer<'a> {
    output: &'a mut Output,
    format: ListFormat,
    now: UnixTime,
    rows: u64,
}

impl Writer<'_> {
    fn begin(&mut self, path: &Path) -> io::Result<()> {
        match self.format {
            ListFormat::Text | ListFormat::Ndjson => Ok(()),
            ListFormat::Json => write!(
                self.output,
                "{{\n\"schema\": \"stickler/cache-list/1\",\n\"path\": {},\n\"policies\": [",
                serde_json::to_string(&path.to_string_lossy())?
            ),
        }
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(summary) = Summary::of(entry) else {
            return Ok(());
        };
        self.rows += 1;
        match self.format {
            ListFormat::Text => writeln!(
                self.output,
                "{}  {}  id {}  {} {}",
                summary.domain,
                summary.mode,
                summary.id,
                summary.end_in_words(self.now),
                When {
                    time: summary.expires_at,
                    now: self.now
                },
            ),
            ListFormat::Json => {
                let comma = if self.rows > 1 { "," } else { "" };
                let summary = serde_json::to_string(&summary)?;
                write!(self.output, "{comma}\n{summary}")
            }
            ListFormat::Ndjson => {
                let line = Line {
                    schema: "stickler/cache-entry/1",
                    summary: &summary,
                };
                writeln!(self.output, "{}", serde_json::to_string(&line)?)
            }
        }
    }

    fn end(&mut self, unreadable: &[RowError]) -> io::Result<()> {
        match self.format {
            ListFormat::Text => unreadable
                .iter()
                .try_for_each(|error| writeln!(self.output, "{error}")),
            ListFormat::Json => {
                let unreadable: Vec<_> = unreadable.iter().map(told).collect();
                let unreadable = serde_json::to_string(&unreadable)?;
                writeln!(self.output, "\n],\n\"unreadable\": {unreadable}\n}}")
            }
            ListFormat::Ndjson => unreadable.iter().try_for_each(|error| {
                let line = serde_json::json!({
                    "schema": "stickler/cache-entry/1",
                    "domain": error.domain,
                    "error": error.fault.to_string(),
                });
                writeln!(self.output, "{line}")
            }),
        }
    }
}

fn told(error: &RowError) -> Unreadable<'_> {
    Unreadable {
        domain: &error.domain,
        error: error.fault.to_string(),
    }
}
