//! `stickler completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  stickler completions bash > ~/.local/share/bash-completion/completions/stickler
  stickler completions zsh > ~/.zfunc/_stickler
  stickler completions fish > ~/.config/fish/completions/stickler.fish";
