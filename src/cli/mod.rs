//! The command line: arguments in, an exit code out; one file a verb.
//!
//! Only this room reads the environment. An option's value comes from the command line, else from its
//! `STICKLER_*` variable, else from the file of `--config`, else from its default.

use clap::{Parser, Subcommand};

use self::cache::CacheVerbArgs;
use self::completions::CompletionsArgs;
use self::lint::LintArgs;
use self::man::ManArgs;
use self::output_args::CommonArgs;

pub mod arguments;
pub mod cache;
pub mod check;
pub mod completions;
pub mod config;
pub mod exit;
pub mod lab;
pub mod lint;
pub mod man;
pub mod network_args;
pub mod output_args;
pub mod replay;
pub mod schema;
pub mod values;

/// A strict MTA-STS (RFC 8461) sender: says what strict senders do with mail for a domain, and why
#[derive(Clone, Debug, Eq, Parser, PartialEq)]
#[command(name = "stickler", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum Verb {
    /// See [`LintArgs`].
    Lint(LintArgs),
    /// See [`CacheVerbArgs`].
    Cache(CacheVerbArgs),
    /// See [`CompletionsArgs`].
    Completions(CompletionsArgs),
    /// See [`ManArgs`].
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  stickler lint policy mta-sts.txt --mx mx1.example.com
  stickler lint match '*.example.com' mx1.example.com
  stickler cache list

Exit codes: 0 all is well, 1 something is not, 2 wrong usage or unreadable input, 3 could not be determined.
Every option can stand in a STICKLER_* variable (--cache in STICKLER_CACHE) and in the file of --config.";

#[cfg(test)]
mod tests {
    use clap::{Args, Command, CommandFactory};

    use super::Cli;
    use super::check::CheckArgs;
    use super::lab::LabArgs;
    use super::lint::scenario::LintScenarioArgs;
    use super::replay::ReplayArgs;
    use super::schema::SchemaArgs;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
        for augment in [
            CheckArgs::augment_args,
            ReplayArgs::augment_args,
            LabArgs::augment_args,
            SchemaArgs::augment_args,
            LintScenarioArgs::augment_args,
        ] {
            augment(Command::new("verb")).debug_assert();
        }
    }
}
