//! One manual page: what clap knows of a verb, in the sections that readers of manuals look for.

use std::io;

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::config::is_settable;
use crate::cli::variables::variable_name;

/// How the help of a verb begins what becomes a section of its own here.
const EXIT_CODES: &str = "Exit codes: ";

/// The same for the examples.
const EXAMPLES: &str = "Examples:\n";

/// Entries of a list: what is named, and what is said of it.
type Entries = &'static [(&'static str, &'static str)];

/// What verbs read of the environment and of files besides, by an option that they have; in its words.
const BESIDES: [(&str, Entries, Entries); 3] = [
    (
        "color",
        &[
            (
                "NO_COLOR",
                "Set to anything, there is no colour unless --color says always.",
            ),
            (
                "TERM",
                "If it is dumb, there is neither colour nor a progress bar.",
            ),
        ],
        &[(
            "FILE of --config",
            "Options in TOML: a key for an option, a table [verb.NAME] for what counts for one verb.",
        )],
    ),
    (
        "cache",
        &[(
            "XDG_CACHE_HOME",
            "Where the store is kept, in a folder stickler; $HOME/.cache if it is not set.",
        )],
        &[(
            "~/.cache/stickler/policies.sqlite",
            "The store, where --cache names no other.",
        )],
    ),
    (
        "control",
        &[
            (
                "STATE_DIRECTORY, RUNTIME_DIRECTORY",
                "Where the sidecar keeps its store and its sockets, as systemd sets them.",
            ),
            (
                "XDG_STATE_HOME, XDG_RUNTIME_DIR",
                "The same for a user, each with a folder stickler in it.",
            ),
        ],
        &[(
            "/run/stickler/control.sock",
            "Where the running sidecar is asked, if RUNTIME_DIRECTORY is /run/stickler.",
        )],
    ),
];

/// Renders the page `name` of `command`; `of_all` says the exit codes of verbs that say none of their own.
pub(super) fn page(command: &Command, name: &str, of_all: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone().name(name.to_owned()))
        .title(name)
        .manual("stickler");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    exit_status(command, of_all).to_writer(&mut page)?;
    surroundings(command).to_writer(&mut page)?;
    remarks_and_examples(command).to_writer(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Says how it is called, each option with what it takes.
fn synopsis(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    let mut line = vec![bold(
        command.get_bin_name().unwrap_or_else(|| command.get_name()),
    )];
    let (everywhere, own): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|argument| {
            !argument.is_hide_set() && is_settable(argument) | argument.is_global_set()
        })
        .partition(|argument| argument.is_global_set());
    for option in own.into_iter().chain(everywhere) {
        line.push(roman(" ["));
        line.extend(called(option));
        line.push(roman("]"));
        if matches!(option.get_action(), ArgAction::Append | ArgAction::Count) {
            line.push(roman("..."));
        }
    }
    for argument in command.get_positionals() {
        let (begin, end) = if argument.is_required_set() {
            (" ", "")
        } else {
            (" [", "]")
        };
        line.push(roman(begin));
        line.push(italic(values_of(argument)));
        line.push(roman(end));
        if matches!(argument.get_action(), ArgAction::Append) {
            line.push(roman("..."));
        }
    }
    if command.has_subcommands() {
        line.extend([roman(" "), italic("COMMAND"), roman(" ...")]);
    }
    roff.text(line);
    roff
}

/// Returns an option as it is typed.
fn called(option: &Arg) -> Vec<Inline> {
    let mut words = Vec::new();
    if let Some(short) = option.get_short() {
        words.extend([bold(format!("-{short}")), roman(" | ")]);
    }
    words.push(bold(format!("--{}", option.get_long().unwrap_or_default())));
    if option.get_action().takes_values() {
        words.extend([roman(" "), italic(values_of(option))]);
    }
    words
}

fn values_of(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some(names) => names.join(" "),
        None => argument.get_id().as_str().to_ascii_uppercase(),
    }
}

fn exit_status(command: &Command, of_all: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    let codes = [command, of_all]
        .into_iter()
        .flat_map(paragraphs)
        .find_map(|paragraph| Some(paragraph.strip_prefix(EXIT_CODES)?.replace('\n', " ")));
    roff.text([roman(codes.unwrap_or_default())]);
    roff
}

/// Says which variables and files count.
fn surroundings(command: &Command) -> Roff {
    let has = |option: &str| {
        let mut arguments = command.get_arguments();
        arguments.any(|argument| argument.get_long() == Some(option))
    };
    let besides = || BESIDES.into_iter().filter(|(option, _, _)| has(option));
    let mut roff = Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    let variables: Vec<String> = command
        .get_arguments()
        .filter(|option| is_settable(option) || option.get_long() == Some("config"))
        .filter_map(Arg::get_long)
        .map(variable_name)
        .collect();
    tagged(
        &mut roff,
        &variables.join(", "),
        "The options of these names; the command line wins over them, and they over the file of --config. Values of \
         a list are parted by commas. Any other variable that begins so is an error.",
    );
    for (name, what) in besides().flat_map(|(_, variables, _)| variables) {
        tagged(&mut roff, name, what);
    }
    roff.control("SH", ["FILES"]);
    for (name, what) in besides().flat_map(|(_, _, files)| files) {
        tagged(&mut roff, name, what);
    }
    roff
}

fn tagged(roff: &mut Roff, name: &str, what: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(what)]);
}

/// Says the rest of the help, and last of all the examples.
fn remarks_and_examples(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let (examples, rest): (Vec<String>, Vec<String>) = paragraphs(command)
        .into_iter()
        .filter(|paragraph| !paragraph.starts_with(EXIT_CODES))
        .partition(|paragraph| paragraph.starts_with(EXAMPLES));
    for (number, remark) in rest.iter().enumerate() {
        if number == 0 {
            roff.control("SH", ["NOTES"]);
        } else {
            roff.control("PP", []);
        }
        roff.text([roman(remark.replace('\n', " "))]);
    }
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in examples.iter().flat_map(|text| text.lines().skip(1)) {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
    roff
}

/// Returns what stands below the options in the help.
fn paragraphs(command: &Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    text.split("\n\n")
        .map(|paragraph| paragraph.trim_end().to_owned())
        .collect()
}
