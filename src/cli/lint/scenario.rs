//! `stickler lint scenario`: its arguments.

use std::path::PathBuf;

use clap::Args;

use crate::cli::output_args::{OutputArgs, RunFormat};

/// The arguments of `lint scenario`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LintScenarioArgs {
    /// Scenario files, or folders that are searched for *.toml
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Where the result goes.
    #[command(flatten)]
    pub output: OutputArgs<RunFormat>,
}

const EXAMPLES: &str = "\
Examples:
  stickler lint scenario scenarios/
  stickler lint scenario --format json my-migration.toml

Exit codes: 0 nothing wrong, 1 a scenario is invalid, 2 a file cannot be read.";
