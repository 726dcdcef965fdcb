//! `stickler cache list`: one line a policy, written while the store is read.

use std::io::{self, Write};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::Summary;
use super::open::open_to_read;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, keep_apart};
use crate::cli::output_args::{ListFormat, OutputArgs};
use crate::report::{Context, escape, json, schema};
use crate::store::{Entry, ExportError, RowError, StoreError};

/// The name and version of the document.
const SCHEMA: &str = "stickler/cache-list/1";

/// The name and version of each line of NDJSON.
const ENTRY_SCHEMA: &str = "stickler/cache-entry/1";

/// Returns the JSON Schema of what `--format json` writes.
#[must_use]
pub fn schema() -> schemars::Schema {
    schema::written::<Document>(SCHEMA)
}

/// Returns the JSON Schema of each line of what `--format ndjson` writes.
#[must_use]
pub fn entry_schema() -> schemars::Schema {
    schema::written::<Line<'static>>(ENTRY_SCHEMA)
}

/// The list in one document, which is written piece by piece.
#[derive(JsonSchema, Serialize)]
struct Document {
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// The store's file.
    path: String,
    /// In the order of the names, those of one name in the order in which they were first seen.
    policies: Vec<Summary>,
    unreadable: Vec<Unreadable>,
    /// Why the list is not whole.
    error: Option<String>,
}

/// One line of NDJSON.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Policy(Marked<&'a Summary>),
    Unreadable(Marked<Unreadable>),
}

/// What stands in a line, with its schema.
#[derive(JsonSchema, Serialize)]
struct Marked<T> {
    #[schemars(extend("const" = ENTRY_SCHEMA))]
    schema: &'static str,
    #[serde(flatten)]
    row: T,
}

impl<T> Marked<T> {
    const fn new(row: T) -> Self {
        Self {
            schema: ENTRY_SCHEMA,
            row,
        }
    }
}

/// A row that cannot be read.
#[derive(JsonSchema, Serialize)]
struct Unreadable {
    domain: String,
    error: String,
}

impl From<&RowError> for Unreadable {
    fn from(error: &RowError) -> Self {
        Self {
            domain: error.domain.to_string(),
            error: error.fault.to_string(),
        }
    }
}

/// Lists the store at `path`. A row that cannot be read makes the exit code 2: that input is unreadable.
pub(super) fn run(
    path: &Path,
    context: &Context,
    args: &OutputArgs<ListFormat>,
) -> anyhow::Result<Exit> {
    keep_apart(args.output.as_deref(), Some(path))?;
    let mut output = Output::open(args.output.as_deref())?;
    let store = open_to_read(path)?;
    let mut writer = Writer {
        output: &mut output,
        format: args.format,
        context,
        rows: 0,
    };
    let mut unreadable = Vec::new();
    writer.begin(path)?;
    let listed = store.map_or(Ok(()), |store| {
        store.list(|row| match row {
            Ok(entry) => writer.entry(&entry).map_err(ExportError::from),
            Err(error) => {
                unreadable.push(error);
                Ok(())
            }
        })
    });
    // What is written already is to be whole, and to say how far it came.
    let failure = match listed {
        Ok(()) => None,
        Err(ExportError::Store(error)) => Some(error),
        Err(ExportError::Output(error)) => return Err(error.into()),
    };
    writer.end(&unreadable, failure.as_ref())?;
    output.finish()?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    Ok(if unreadable.is_empty() {
        Exit::Success
    } else {
        Exit::Usage
    })
}

struct Writer<'a> {
    output: &'a mut Output,
    format: ListFormat,
    context: &'a Context,
    rows: u64,
}

impl Writer<'_> {
    fn begin(&mut self, path: &Path) -> io::Result<()> {
        match self.format {
            ListFormat::Text | ListFormat::Ndjson => Ok(()),
            ListFormat::Json => write!(
                self.output,
                "{{\n\"schema\": \"{SCHEMA}\",\n\"path\": {},\n\"policies\": [",
                json::compact(&path.to_string_lossy())?
            ),
        }
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(summary) = Summary::of(entry, self.context.now) else {
            return Ok(());
        };
        self.rows += 1;
        match self.format {
            ListFormat::Text => writeln!(
                self.output,
                "{}  {}  id {}  {}",
                summary.domain,
                summary.mode,
                summary.id,
                summary.held_in_words(self.context),
            ),
            ListFormat::Json => {
                let comma = if self.rows > 1 { "," } else { "" };
                let summary = json::compact(&summary)?;
                write!(self.output, "{comma}\n{summary}")
            }
            ListFormat::Ndjson => self.line(&Line::Policy(Marked::new(&summary))),
        }
    }

    fn end(&mut self, unreadable: &[RowError], failure: Option<&StoreError>) -> io::Result<()> {
        match self.format {
            ListFormat::Text => unreadable.iter().try_for_each(|error| {
                writeln!(self.output, "{}", escape::line(&error.to_string()))
            }),
            ListFormat::Json => {
                let unreadable: Vec<_> = unreadable.iter().map(Unreadable::from).collect();
                let unreadable = json::compact(&unreadable)?;
                let error = json::compact(&failure.map(ToString::to_string))?;
                writeln!(
                    self.output,
                    "\n],\n\"unreadable\": {unreadable},\n\"error\": {error}\n}}"
                )
            }
            ListFormat::Ndjson => unreadable
                .iter()
                .try_for_each(|error| self.line(&Line::Unreadable(Marked::new(error.into())))),
        }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        writeln!(self.output, "{}", json::compact(line)?)
    }
}
