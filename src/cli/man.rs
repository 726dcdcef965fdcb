//! `stickler man`: manual pages.

use std::path::PathBuf;

use clap::Args;

/// Print a manual page, or write all of them to a directory
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// The verb whose page is printed, as in `man lint policy`; without it stickler's own
    #[arg(value_name = "VERB", conflicts_with = "dir")]
    pub verb: Vec<String>,

    /// Write a page for every verb to this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  stickler man | man -l -
  stickler man lint policy | man -l -
  stickler man --dir ~/.local/share/man/man1";
