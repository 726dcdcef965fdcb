//! `stickler lab`: its arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

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

const EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/stale-policy-after-cutover.toml --at 2d2h
  stickler lab up scenario.toml --env lab.env     # then: set -a; . ./lab.env; stickler check corp.test

It prints the options to reach the servers, and moves on when it reads `next` or `at TIME`.";

const GROUP_EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/stale-policy-after-cutover.toml --at 2d2h";
