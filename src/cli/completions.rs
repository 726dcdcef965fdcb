//! `stickler completions`: completion scripts for shells.

use std::io::Write as _;

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Exit;
use super::output::Output;

/// Print a completion script for a shell
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  d=~/.local/share/bash-completion/completions
  stickler completions bash > $d/stickler
  stickler completions zsh > ~/.zfunc/_stickler
  stickler completions fish > ~/.config/fish/completions/stickler.fish";

/// Prints the script for `command`, the whole command line.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn run(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "stickler", &mut script);
    let mut output = Output::open(None)?;
    output.write_all(&script)?;
    output.finish()?;
    Ok(Exit::Success)
}
