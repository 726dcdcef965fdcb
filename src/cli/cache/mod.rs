//! `stickler cache`: what the store holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::environment::Environment;
use super::exit::Exit;
use super::network_args::{CacheArgs, ClockArgs};
use super::output_args::{AnswerFormat, ListFormat, OutputArgs};
use super::values::{DomainArgument, Source};
use open::path_of;

mod entry;
mod history;
pub mod list;
mod open;
mod remove;
pub mod show;
pub mod transfer;

/// Look at the store of policies, and change it
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct CacheVerbArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the store.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum CacheCommand {
    /// List the policies that were seen, and until when senders hold them
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
        /// By which clock policies age.
        #[command(flatten)]
        clock: ClockArgs,
        /// Where the result goes.
        #[command(flatten)]
        output: OutputArgs<ListFormat>,
    },
    /// Show each policy of a domain as it was fetched, until when senders hold it, and what changed
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The domain
        domain: DomainArgument,
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
        /// By which clock policies age.
        #[command(flatten)]
        clock: ClockArgs,
        /// Where the result goes.
        #[command(flatten)]
        output: OutputArgs<AnswerFormat>,
    },
    /// Forget the policies of domains
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove {
        /// The domains
        #[arg(value_name = "DOMAIN", required = true)]
        domains: Vec<DomainArgument>,
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
    },
    /// Take policies from a file that `export` wrote; they replace what the store holds for their domains
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// The file, one JSON document a line; - is standard input
        #[arg(value_name = "FILE|-")]
        file: Source,
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
        /// By which clock a fetch lies in the future.
        #[command(flatten)]
        clock: ClockArgs,
    },
    /// Write all policies, one JSON document a line
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
    },
}

/// Does what was asked of the store.
///
/// # Errors
///
/// When the store, the input or the output cannot be used.
pub fn run(args: &CacheVerbArgs, environment: &Environment) -> anyhow::Result<Exit> {
    match &args.command {
        CacheCommand::List {
            cache,
            clock,
            output,
        } => {
            let context = environment.context(output.output.as_deref(), clock.clock().now());
            list::run(path_of(cache, environment)?, &context, output)
        }
        CacheCommand::Show {
            domain,
            cache,
            clock,
            output,
        } => {
            let context = environment.context(output.output.as_deref(), clock.clock().now());
            let path = path_of(cache, environment)?;
            show::run(path, domain.name(), &context, output)
        }
        CacheCommand::Remove { domains, cache } => {
            remove::run(path_of(cache, environment)?, domains)
        }
        CacheCommand::Import { file, cache, clock } => {
            transfer::import(path_of(cache, environment)?, file, clock.clock().now())
        }
        CacheCommand::Export { output, cache } => {
            transfer::export(path_of(cache, environment)?, output.as_deref())
        }
    }
}

const LIST_EXAMPLES: &str = "\
Examples:
  stickler cache list
  stickler cache list --cache ./before.sqlite --format ndjson
  stickler cache list --now 2026-03-09T08:00:00Z  # what is held by then";

const SHOW_EXAMPLES: &str = "\
Examples:
  stickler cache show example.com
  stickler cache show example.com --format json

Exit codes: 0 there is one, 1 there is none.";

const REMOVE_EXAMPLES: &str = "\
Examples:
  stickler cache remove example.com
  stickler cache remove --cache ./before.sqlite example.com example.net

Exit codes: 0 all are gone now, 1 one was not there.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  stickler cache import policies.ndjson
  stickler cache export | stickler cache import --cache ./copy.sqlite -

A line that is wrong, or whose policy was seen more than a day ahead of the
clock, is named, and nothing at all is taken over.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  stickler cache export > policies.ndjson
  stickler cache export --cache ./before.sqlite --output policies.ndjson

The shape of a line: stickler schema cache-export. Record, edges and MX
records, which `cache show` tells of, stay behind.";

const EXAMPLES: &str = "\
Examples:
  stickler cache list
  stickler cache show example.com
  stickler cache export --cache ./before.sqlite > policies.ndjson";
