//! The command line: arguments in, an exit code out; one file a verb.
//!
//! Only this room reads the environment. An option's value comes from the command line, else from its
//! `STICKLER_*` variable, else from the file of `--config`, else from its default.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use self::arguments::ArgumentError;
use self::cache::CacheVerbArgs;
use self::check::CheckArgs;
use self::completions::CompletionsArgs;
use self::environment::Environment;
use self::exit::Exit;
use self::interrupt::Interrupts;
use self::lab::LabArgs;
use self::lint::LintArgs;
use self::man::ManArgs;
use self::output::{is_broken_pipe, tell};
use self::output_args::CommonArgs;
use self::replay::ReplayArgs;
use self::schema::SchemaArgs;

pub mod arguments;
pub mod cache;
pub mod check;
pub mod completions;
pub mod config;
pub mod environment;
pub mod exit;
pub mod interrupt;
pub mod jobs;
pub mod lab;
pub mod lint;
pub mod live;
pub mod man;
pub mod network_args;
pub mod output;
pub mod output_args;
mod repeat;
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
    /// Say what conforming senders would do with mail for a domain now, and why
    Check(Box<CheckArgs>),
    /// Look at a record, a policy, a pattern or a scenario without the network
    Lint(LintArgs),
    /// Play scenarios: migrations and faults, on a fake Internet, under a virtual clock
    Replay(ReplayArgs),
    /// Run a scenario's servers by hand
    Lab(LabArgs),
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
    const fn closes_itself(&self) -> bool {
        match self {
            Self::Check(_) | Self::Replay(_) | Self::Lab(_) => true,
            Self::Lint(_)
            | Self::Cache(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }

    /// Returns what is logged: warnings, or with each `-v` more.
    const fn log_levels(&self, verbose: u8) -> &'static str {
        match (self, verbose) {
            (_, 0) => "stickler=warn",
            // A replay tells its stories first; its network is asked thousands of times.
            (Self::Replay(_), 1) => "stickler=info",
            (_, 1) => "stickler=info,stickler::net=debug",
            (Self::Replay(_), 2) => "stickler=debug",
            (_, 2) => "stickler=debug,stickler::net=trace",
            (_, _) => "trace",
        }
    }

    /// Does what was asked.
    async fn run(self, environment: Environment) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => check::run(&args, &environment).await,
            Self::Lint(args) => blocking(move || lint::run(&args, &environment)).await,
            Self::Replay(args) => replay::run(&args, &environment).await,
            Self::Lab(args) => lab::run(&args).await,
            Self::Schema(args) => blocking(move || schema::run(&args)).await,
            Self::Cache(args) => blocking(move || cache::run(&args, &environment)).await,
            Self::Completions(args) => blocking(move || completions::run(&args)).await,
            Self::Man(args) => blocking(move || man::run(&args)).await,
        }
    }
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

/// Runs the program: `words` is its command line, with its own name first.
#[must_use]
pub fn main(words: &[OsString]) -> ExitCode {
    let variables = |name: &str| std::env::var_os(name);
    let cli = match Cli::read(words, &variables) {
        Ok(cli) => cli,
        Err(error) => return refuse(error).into(),
    };
    let environment = Environment::read(&cli.common, &variables);
    log_to_stderr(
        cli.verb.log_levels(cli.common.verbose),
        environment.color_messages,
    );
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(format_args!("error: no thread can be started: {error}"));
            return Exit::Usage.into();
        }
    };
    let closes_itself = cli.verb.closes_itself();
    let result = runtime.block_on(async {
        if closes_itself {
            return cli.verb.run(environment).await;
        }
        // Listening begins before the work does.
        let mut interrupts = Interrupts::listen();
        tokio::select! {
            biased;
            interrupt = interrupts.next() => Ok(interrupt.exit()),
            result = cli.verb.run(environment) => result,
        }
    });
    // Blocking work that was interrupted is not waited for; its transaction falls with the process.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::BrokenPipe,
        Err(error) => {
            tell(format_args!("error: {error:#}"));
            Exit::Usage
        }
    }
    .into()
}

/// Says what is wrong with the arguments, or gives the help that was asked for.
fn refuse(error: ArgumentError) -> Exit {
    match error {
        ArgumentError::CommandLine(error) => {
            // If nobody reads it, nobody misses it.
            drop(error.print());
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
        }
        ArgumentError::Config(_) | ArgumentError::Value { .. } => {
            tell(format_args!("error: {:#}", anyhow::Error::from(error)));
            Exit::Usage
        }
    }
}

/// Sends what is logged to standard error.
fn log_to_stderr(levels: &str, color: bool) {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(levels))
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .with_target(false)
        .init();
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
    use clap::CommandFactory;

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
