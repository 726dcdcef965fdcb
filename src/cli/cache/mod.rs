//! `stickler cache`: what the store holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::network_args::CacheArgs;
use super::output_args::{AnswerFormat, ListFormat, OutputArgs};
use super::values::{DomainArgument, Source};

/// Look at the store of policies, and change it
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct CacheVerbArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the store.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum CacheCommand {
    /// List the domains that have a policy
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
        /// Where the result goes.
        #[command(flatten)]
        output: OutputArgs<ListFormat>,
    },
    /// Show a domain's policy as it was fetched
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The domain
        domain: DomainArgument,
        /// Which store.
        #[command(flatten)]
        cache: CacheArgs,
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

const LIST_EXAMPLES: &str = "\
Examples:
  stickler cache list
  stickler cache list --cache ./before.sqlite --format ndjson";

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
  stickler cache export --cache ./old.sqlite | stickler cache import --cache ./new.sqlite -

A line that is wrong is named, and nothing at all is taken over.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  stickler cache export > policies.ndjson
  stickler cache export --cache ./before.sqlite --output policies.ndjson";
