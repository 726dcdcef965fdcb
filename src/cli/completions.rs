//! `stickler completions`: completion scripts for shells.

use std::collections::BTreeSet;
use std::io::Write as _;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Exit;
use super::man::verbs_of;
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
pub fn run(args: &CompletionsArgs, command: Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    let mut command = with_pages(command);
    clap_complete::generate(args.shell, &mut command, "stickler", &mut script);
    let mut script = String::from_utf8(script).context("the script is not UTF-8")?;
    if args.shell == Shell::Bash {
        script = past_equals_sign(&script);
    }
    let mut output = Output::open(None)?;
    output.write_all(script.as_bytes())?;
    output.finish()?;
    Ok(Exit::Success)
}

/// Names the verbs, which the manual has pages of, where one is asked for.
fn with_pages(command: Command) -> Command {
    fn gather(command: &Command, names: &mut BTreeSet<String>) {
        for verb in verbs_of(command) {
            names.insert(verb.get_name().to_owned());
            gather(verb, names);
        }
    }
    let mut names = BTreeSet::new();
    gather(&command, &mut names);
    command.mut_subcommand("man", |man| {
        man.mut_arg("verb", |verb| {
            verb.value_parser(PossibleValuesParser::new(names))
        })
    })
}

/// What the script for bash calls the word before the one that is typed.
const BEFORE: &str = "    prev=\"$3\"\n";

/// Bash takes `--format=json` for three words: the option stands before the `=`.
const BEFORE_EQUALS_SIGN: &str = "    if [[ \"$prev\" == \"=\" ]]; then
        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    fi
";

fn past_equals_sign(script: &str) -> String {
    script.replacen(BEFORE, &format!("{BEFORE}{BEFORE_EQUALS_SIGN}"), 1)
}
