//! `stickler replay`: scenarios, many at once, on the model and on the lab.

mod run;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output_args::{OutputArgs, RunFormat};
use super::values::parse_count;
use crate::replay::Networks;

pub use run::run;

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

    /// Let the strict senders be what they are, or put a mail server with the sidecar in their place, and tell where
    /// that makes a difference; what the scenarios expect is not compared then
    #[arg(long = "as", value_name = "WHO", default_value = "told")]
    pub role: ReplayAs,

    /// Run this many scenarios at once [default: as many as there are processors, four times as many where
    /// they wait for the network]
    #[arg(long, value_name = "N", value_parser = parse_count)]
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

/// Who plays the strict senders.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ReplayAs {
    /// They themselves
    Told,
    /// A mail server with the sidecar beside it
    Sidecar,
}

impl From<ReplayNetwork> for Networks {
    fn from(network: ReplayNetwork) -> Self {
        match network {
            ReplayNetwork::Model => Self::Model,
            ReplayNetwork::Lab => Self::Lab,
            ReplayNetwork::Both => Self::Both,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler replay scenarios/
  stickler replay scenarios/migration/stale-policy-after-cutover.toml
  stickler replay --as sidecar scenarios/
  stickler replay --network model --format junit --output replay.xml scenarios/

One file is told as a story, many in a line each; -v tells every story, with
every request.

Exit codes: 0 all scenarios hold, 1 one fails, 2 one is broken or unreadable.";
