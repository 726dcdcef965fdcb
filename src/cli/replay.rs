//! `stickler replay`: its arguments.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output_args::{OutputArgs, RunFormat};

/// Run scenarios: files, or folders of them
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Scenario files, or folders that are searched for *.toml
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Run each scenario on this network
    #[arg(long, value_name = "NETWORK", default_value = "both")]
    pub network: ReplayNetwork,

    /// Run this many scenarios at once [default: the number of processors]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<RunFormat>,
}

/// Where a scenario runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ReplayNetwork {
    /// In memory
    Model,
    /// On real sockets of this machine
    Lab,
    /// On both, which must agree
    Both,
}

const EXAMPLES: &str = "\
Examples:
  stickler replay scenarios/
  stickler replay scenarios/migration/stale-policy-after-cutover.toml
  stickler replay --network model --format junit --output replay.xml scenarios/

Exit codes: 0 all scenarios hold, 1 one fails, 2 one is broken or unreadable.";
