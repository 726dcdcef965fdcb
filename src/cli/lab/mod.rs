//! `stickler lab`: a scenario's servers, run by hand, or in containers.

mod apply;
mod moment;
mod paste;
mod places;
mod play;
mod run;
mod scene;
mod serve;
mod servers;
mod story;
mod up;

use clap::{Args, Subcommand};

pub use apply::LabApplyArgs;
pub use moment::{LabTime, LabTimeError};
pub(super) use paste::Ways;
pub use places::PlacesArgs;
pub use play::{LabPlayArgs, MtaArgument};
pub use run::LabRunArgs;
pub use scene::SceneArgs;
pub use serve::LabServeArgs;
pub use up::LabUpArgs;

use super::environment::Environment;
use super::exit::Exit;

/// Run a scenario's servers by hand, or in containers
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
    /// Run a command with a scenario's servers around it
    Run(LabRunArgs),
    /// Serve one address of a lab of containers
    Serve(LabServeArgs),
    /// Let a lab of containers serve a step of a scenario
    Apply(LabApplyArgs),
    /// Play a scenario in a lab of containers, through the mail servers under test
    Play(LabPlayArgs),
}

/// Does with the lab what was asked.
///
/// # Errors
///
/// When the servers cannot be started, or a file not written.
pub async fn run(args: &LabArgs, environment: &Environment) -> anyhow::Result<Exit> {
    match &args.command {
        LabCommand::Up(args) => up::run(args, environment).await,
        LabCommand::Run(args) => run::run(args, environment).await,
        LabCommand::Serve(args) => serve::run(args).await,
        LabCommand::Apply(args) => apply::run(args, environment).await,
        LabCommand::Play(args) => play::run(args, environment).await,
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler lab up scenarios/migration/overlap-done-right.toml --at 2d2h
  stickler lab run scenarios/migration/overlap-done-right.toml --at 2d2h \\
    -- stickler check corp.test";
