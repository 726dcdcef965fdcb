//! `stickler man`: manual pages.

mod page;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Command};

use super::exit::Exit;
use super::output::Output;
use super::spelling::hint;
use page::page;

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

/// Prints a page of `command`, the whole command line, or writes all of them.
///
/// # Errors
///
/// When there is no such verb, and when output cannot be written.
pub fn run(args: &ManArgs, mut command: Command) -> anyhow::Result<Exit> {
    // Fills in what the verbs inherit.
    command.build();
    if let Some(directory) = &args.dir {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make the directory `{}`", directory.display()))?;
        write_pages(&command, &command, "stickler", directory)?;
        return Ok(Exit::Success);
    }
    let mut page_of = &command;
    for verb in &args.verb {
        let Some(below) = page_of.find_subcommand(verb) else {
            let known: Vec<&str> = verbs_of(page_of).map(Command::get_name).collect();
            bail!(
                "`{verb}` is no verb here{} (there are: {})",
                hint(verb, &known),
                known.join(", ")
            );
        };
        page_of = below;
    }
    let name = name_of_page(&args.verb);
    let mut output = Output::open(None)?;
    output.write_all(&page(page_of, &name, &command)?)?;
    output.finish()?;
    Ok(Exit::Success)
}

/// Writes the page of `command`, a verb of `top`, and of each verb below it.
fn write_pages(
    top: &Command,
    command: &Command,
    name: &str,
    directory: &Path,
) -> anyhow::Result<()> {
    let path = directory.join(format!("{name}.1"));
    fs::write(&path, page(command, name, top)?)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    verbs_of(command).try_for_each(|verb| {
        write_pages(top, verb, &format!("{name}-{}", verb.get_name()), directory)
    })
}

/// Returns the verbs below `command`, without clap's own `help`.
pub(super) fn verbs_of(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help" && !verb.is_hide_set())
}

fn name_of_page(verbs: &[String]) -> String {
    ["stickler"]
        .into_iter()
        .chain(verbs.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("-")
}
