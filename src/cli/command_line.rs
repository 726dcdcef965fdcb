//! The whole command line: what every verb takes, and the verbs.

use clap::{CommandFactory as _, Parser, Subcommand};

use super::audit::{self, AuditArgs};
use super::cache::{self, CacheVerbArgs};
use super::check::{self, CheckArgs};
use super::completions::{self, CompletionsArgs};
use super::environment::Environment;
use super::exit::Exit;
use super::lab::{self, LabArgs};
use super::lint::{self, LintArgs};
use super::man::{self, ManArgs};
use super::output_args::CommonArgs;
use super::query::{self, QueryArgs};
use super::replay::{self, ReplayArgs};
use super::schema::{self, SchemaArgs};
use super::serve::{self, ServeArgs};
use super::variables::Variables;

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
    /// Say what conforming senders would do with mail for a domain now, and why
    Check(Box<CheckArgs>),
    /// Look at records, a policy, a pattern or a scenario without the network
    Lint(LintArgs),
    /// Play scenarios: migrations and faults, on a fake Internet, under a virtual clock
    Replay(ReplayArgs),
    /// Answer Postfix and Exim what MTA-STS policies demand of their mail
    Serve(Box<ServeArgs>),
    /// Ask the running sidecar what holds for a domain, and why
    Query(QueryArgs),
    /// Run a scenario's servers by hand
    Lab(LabArgs),
    /// See whether a sender enforces, requirement by requirement
    Audit(Box<AuditArgs>),
    /// Look at the store of policies, and change it
    Cache(CacheVerbArgs),
    /// Print the JSON Schema of a format, or list them
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them to a directory
    Man(ManArgs),
}

impl Verb {
    /// Returns whether the verb hears interrupts itself, to close what it has begun to write.
    pub(super) const fn closes_itself(&self) -> bool {
        match self {
            Self::Check(_) | Self::Replay(_) | Self::Lab(_) | Self::Serve(_) => true,
            Self::Lint(_)
            | Self::Audit(_)
            | Self::Cache(_)
            | Self::Query(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }

    /// Returns what is logged: warnings, or with each `-v` more.
    pub(super) const fn log_levels(&self, verbose: u8) -> &'static str {
        match (self, verbose) {
            // One line a changed answer, or with -v a line a look-up.
            (Self::Serve(_), 0) => "stickler=info",
            (Self::Serve(_), 1) => "stickler=debug",
            (_, 0) => "stickler=warn",
            // A replay tells its stories first, an audit its score; their networks are asked thousands of times.
            (Self::Replay(_) | Self::Audit(_), 1) => "stickler=info",
            (_, 1) => "stickler=info,stickler::net=debug",
            (Self::Replay(_) | Self::Audit(_), 2) => "stickler=debug",
            (_, 2) => "stickler=debug,stickler::net=trace",
            (_, _) => "trace",
        }
    }

    /// Does what was asked.
    pub(super) async fn run(self, environment: Environment) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => check::run(&args, &environment).await,
            Self::Lint(args) => blocking(move || lint::run(&args, &environment)).await,
            Self::Replay(args) => replay::run(&args, &environment).await,
            Self::Serve(args) => serve::run(&args, &environment, &read_serve_again).await,
            Self::Query(args) => blocking(move || query::run(&args, &environment)).await,
            Self::Lab(args) => lab::run(&args, &environment).await,
            Self::Audit(args) => audit::run(&args, &environment).await,
            Self::Schema(args) => blocking(move || schema::run(&args)).await,
            Self::Cache(args) => blocking(move || cache::run(&args, &environment)).await,
            Self::Completions(args) => {
                blocking(move || completions::run(&args, Cli::command())).await
            }
            Self::Man(args) => blocking(move || man::run(&args, Cli::command())).await,
        }
    }
}

/// Reads the options of a running `serve` again, wherever they stand; `None` if the verb is another one.
fn read_serve_again() -> anyhow::Result<Option<ServeArgs>> {
    let words: Vec<_> = std::env::args_os().collect();
    let cli = Cli::read(&words, &Variables::of_process())?;
    Ok(match cli.verb {
        Verb::Serve(args) => Some(*args),
        Verb::Check(_)
        | Verb::Lint(_)
        | Verb::Replay(_)
        | Verb::Query(_)
        | Verb::Lab(_)
        | Verb::Audit(_)
        | Verb::Cache(_)
        | Verb::Schema(_)
        | Verb::Completions(_)
        | Verb::Man(_) => None,
    })
}

/// Runs a verb that computes, reads files or waits for the store on a thread of its own, so that an interrupt
/// ends it like one that waits for the network.
async fn blocking(
    run: impl FnOnce() -> anyhow::Result<Exit> + Send + 'static,
) -> anyhow::Result<Exit> {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler check example.com
  stickler lint policy mta-sts.txt --mx mx1.example.com
  stickler lint match '*.example.com' mx1.example.com
  stickler cache list

Exit codes: 0 all is well, 1 something is not, 2 wrong usage or unreadable
input, 3 could not be determined.

Every option can stand in a STICKLER_* variable (--cache in STICKLER_CACHE)
and in the file of --config.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_stands_below_the_options_fits_into_80_columns() {
        fn look_at(command: &clap::Command) {
            let text = command.get_after_help().map(ToString::to_string);
            for line in text.iter().flat_map(|text| text.lines()) {
                // Help is wrapped to the terminal's width: a longer line would be torn.
                assert!(line.len() < 80, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(look_at);
        }
        look_at(&Cli::command());
    }
}
