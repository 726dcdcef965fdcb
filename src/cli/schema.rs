//! `stickler schema`: the JSON Schemas of what stickler reads and writes.

use std::io::Write as _;

use clap::Args;
use clap::builder::PossibleValuesParser;
use schemars::Schema;

use super::exit::Exit;
use super::output::Output;
use super::{cache, lint};
use crate::report::schema::{self, ENTRIES, Entry};
use crate::sidecar::explain::{self, Explained};

/// Print the JSON Schema of a format, or list them
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArgs {
    /// Which; without it the names are listed
    #[arg(value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    pub name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  stickler schema
  stickler schema check > check.schema.json
  stickler schema scenario > scenario.schema.json";

/// The schemas of what this room writes itself.
const OF_CLI: &[Entry] = &[
    Entry::new(
        "cache-entry",
        "each line of what `cache list --format ndjson` writes",
        cache::list::entry_schema,
    ),
    Entry::new(
        "cache-export",
        "each line of what `cache export` writes",
        cache::transfer::schema,
    ),
    Entry::new(
        "cache-list",
        "what `cache list --format json` writes",
        cache::list::schema,
    ),
    Entry::new(
        "cache-show",
        "what `cache show --format json` writes",
        cache::show::schema,
    ),
    Entry::new(
        "lint-match",
        "what `lint match --format json` writes",
        || titled(lint::matching::schema(), "stickler/lint-match/1"),
    ),
    Entry::new(
        "lint-policy",
        "what `lint policy --format json` writes",
        || titled(lint::policy::schema(), "stickler/lint-policy/2"),
    ),
    Entry::new(
        "lint-record",
        "what `lint record --format json` writes",
        || titled(lint::record::schema(), "stickler/lint-record/2"),
    ),
    Entry::new(
        "lint-scenario",
        "what `lint scenario --format json` writes, and each line of `--format ndjson`",
        || titled(lint::scenario::schema(), "stickler/lint-scenario/1"),
    ),
    Entry::new(
        "lint-tlsrpt",
        "what `lint tlsrpt --format json` writes",
        || titled(lint::tlsrpt::schema(), "stickler/lint-tlsrpt/1"),
    ),
    Entry::new(
        "query",
        "what `query --format json` writes, and each line with --all",
        || schema::written::<Explained>(explain::SCHEMA),
    ),
];

fn titled(mut schema: Schema, title: &str) -> Schema {
    schema.insert("title".to_owned(), title.into());
    schema
}

/// Prints the schema, or the names.
///
/// # Errors
///
/// When the output cannot be written.
pub fn run(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let asked = |entry: &&Entry| args.name.as_deref() == Some(entry.name);
    let mut output = Output::open(None)?;
    match entries().into_iter().find(asked) {
        None => {
            for entry in entries() {
                writeln!(output, "{:<14} {}", entry.name, entry.about)?;
            }
        }
        Some(entry) => writeln!(output, "{:#}", entry.schema())?,
    }
    output.finish()?;
    Ok(Exit::Success)
}

/// Returns all of them, in the order of their names.
fn entries() -> Vec<&'static Entry> {
    let mut entries: Vec<&Entry> = ENTRIES.iter().chain(OF_CLI).collect();
    entries.sort_by_key(|entry| entry.name);
    entries
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(entries().into_iter().map(|entry| entry.name))
}
