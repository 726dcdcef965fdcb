//! `stickler lab`: a scenario's servers, run by hand.

mod paste;
mod up;

use clap::{Args, Subcommand};

pub use up::LabUpArgs;

use super::exit::Exit;

/// Run a scenario's servers by hand
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
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
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h";
