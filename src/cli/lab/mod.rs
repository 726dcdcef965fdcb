//! `stickler lab`: a scenario's servers, run by hand.

mod paste;
mod up;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::values::parse_duration;

/// Run a scenario's servers by hand
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = GROUP_EXAMPLES)]
pub struct LabArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// What to do with the lab.
#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum LabCommand {
    /// Start a scenario's servers and stay up
    Up(LabUpArgs),
}

/// The arguments of `lab up`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabUpArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Start at this moment of the scenario, counted from its start
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    pub at: Duration,

    /// Write the options that reach the servers to this file too, as STICKLER_* variables
    #[arg(long, value_name = "FILE")]
    pub env: Option<PathBuf>,
}

/// Does with the lab what was asked.
///
/// # Errors
///
/// When the servers cannot be started, or a file not written.
pub async fn run(args: &LabArgs) -> anyhow::Result<Exit> {
    match &args.command {
        LabCommand::Up(args) => up::run(args).await,
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h
  stickler lab up scenario.toml --env lab.env
    and elsewhere: set -a; . ./lab.env; stickler check corp.test

It prints the options to reach the servers. While it is up it reads commands
from standard input: `next` moves on to the next step, `at 2d3h` to that
moment, `quit` or the end of the input ends it. The options stay valid; a new
`--now` and new routes are printed, and --env FILE is written anew.

Exit codes: 0 it was ended, 2 the scenario is broken or cannot be served.";

const GROUP_EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h";
