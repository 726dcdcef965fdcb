//! From the command line, the environment and a file to one set of arguments.

use std::cmp::Ordering;
use std::error::Error as _;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, ColorChoice, Command, CommandFactory, FromArgMatches};

use super::command_line::{Cli, Verb};
use super::config::{Config, ConfigError, is_settable};
use super::inherited::Inherited;
use super::output_args::ColorWhen;
use super::repeat::typed_options;
use super::serve::read_alone;
use super::variables::{UnknownVariables, Variables, variable_name};
use crate::scenario::words::nearest;

/// Options that exclude each other: where a stronger source sets one, a weaker one sets none of them.
const EXCLUSIVE: [&str; 2] = ["ipv4", "ipv6"];

impl Cli {
    /// Reads the arguments; `words` begins with the program's name.
    ///
    /// The command line wins over the environment, the environment over the file of `--config`, and the file
    /// over the defaults.
    ///
    /// # Errors
    ///
    /// When one of them is wrong, and when help or the version is asked for.
    pub fn read(words: &[OsString], variables: &Variables) -> Result<Self, ArgumentError> {
        let matches = match read_alone(words, variables) {
            Some(matches) => matches,
            None => {
                let command = Self::command().color(match color_when(words, variables) {
                    ColorWhen::Always => ColorChoice::Always,
                    ColorWhen::Never => ColorChoice::Never,
                    ColorWhen::Auto => ColorChoice::Auto,
                });
                read_with(command, words, variables).map_err(ArgumentError::with_one_verb)?
            }
        };
        let mut cli = Self::from_arg_matches(&matches)?;
        if let (Verb::Check(check), Some((verb, given))) = (&mut cli.verb, matches.subcommand()) {
            let command = Self::command();
            check.typed_options = command
                .find_subcommand(verb)
                .map_or_else(String::new, |command| typed_options(command, given));
            check.inherited = Inherited::new(given, variables);
        }
        Ok(cli)
    }
}

/// Reads the arguments of `command` from all sources.
fn read_with(
    command: Command,
    words: &[OsString],
    variables: &Variables,
) -> Result<ArgMatches, ArgumentError> {
    // Nothing but an option's value can come from elsewhere, and no option is required: so the command line
    // must be right by itself, and only a second reading needs the other sources.
    let given = command.clone().try_get_matches_from(words)?;
    variables.hold_to(&command)?;
    let mut verbs = Vec::new();
    let mut leaf = &given;
    while let Some((verb, below)) = leaf.subcommand() {
        verbs.push(verb.to_owned());
        leaf = below;
    }
    let path = leaf
        .try_get_one::<PathBuf>("config")
        .ok()
        .flatten()
        .cloned()
        .or_else(|| variables.of_option("config").map(PathBuf::from));
    let config = match path {
        Some(path) => Config::load(&path, &command)?,
        None => Config::default(),
    };
    let sources = Sources {
        given: leaf,
        variables,
        config: &config,
        verbs: &verbs,
    };
    let command = sources.apply(command, &verbs)?;
    Ok(command.try_get_matches_from(words)?)
}

/// The sources of values for the options of one verb.
struct Sources<'a> {
    given: &'a ArgMatches,
    variables: &'a Variables,
    config: &'a Config,
    verbs: &'a [String],
}

impl Sources<'_> {
    /// Sets the defaults of the options of `command` and of the verbs of `path` below it.
    fn apply(&self, command: Command, path: &[String]) -> Result<Command, ArgumentError> {
        let mut fault = None;
        let command = command.mut_args(|option| match self.default_of(&option) {
            Ok(Some(values)) => option.default_values(values),
            Ok(None) => option,
            Err(error) => {
                fault.get_or_insert(error);
                option
            }
        });
        if let Some(error) = fault {
            return Err(error);
        }
        let Some((verb, below)) = path.split_first() else {
            return Ok(command);
        };
        let mut result = Ok(());
        let command = command.mut_subcommand(verb, |sub| {
            let untouched = sub.clone();
            self.apply(sub, below).unwrap_or_else(|error| {
                result = Err(error);
                untouched
            })
        });
        result.map(|()| command)
    }

    /// Returns what the environment or the file says of an option, checked.
    fn default_of(&self, option: &Arg) -> Result<Option<Vec<String>>, ArgumentError> {
        let Some(name) = option.get_long().filter(|_| is_settable(option)) else {
            return Ok(None);
        };
        let group: &[&str] = if EXCLUSIVE.contains(&name) {
            &EXCLUSIVE
        } else {
            &[name]
        };
        if group.iter().any(|name| self.is_given(name)) {
            return Ok(None);
        }
        let set_in_environment: Vec<&&str> = group
            .iter()
            .filter(|name| self.variables.of_option(name).is_some())
            .collect();
        if let [first, second, ..] = set_in_environment[..] {
            return Err(ArgumentError::Value {
                place: variable_name(first),
                message: format!(
                    "{} is set too, and they exclude each other",
                    variable_name(second)
                ),
            });
        }
        if let Some(value) = self.variables.of_option(name) {
            let place = variable_name(name);
            let value = value.to_str().ok_or_else(|| ArgumentError::Value {
                place: place.clone(),
                message: "the value is not UTF-8".to_owned(),
            })?;
            let values = vec![value.to_owned()];
            check(option, &values).map_err(|message| ArgumentError::Value { place, message })?;
            return Ok(Some(values));
        }
        if !set_in_environment.is_empty() {
            return Ok(None);
        }
        let Some(setting) = self.config.find(self.verbs, name) else {
            return Ok(None);
        };
        let others = group.iter().filter(|other| **other != name);
        for rival in others.filter_map(|other| self.config.find(self.verbs, other)) {
            match rival.verbs.len().cmp(&setting.verbs.len()) {
                Ordering::Less => {}
                Ordering::Equal => {
                    let message = format!(
                        "`{}` is set too, on line {}, and they exclude each other",
                        rival.name,
                        self.config.line(rival)
                    );
                    return Err(self.config.fault(setting, message).into());
                }
                Ordering::Greater => return Ok(None),
            }
        }
        check(option, &setting.values).map_err(|message| self.config.fault(setting, message))?;
        Ok(Some(setting.values.clone()))
    }

    fn is_given(&self, name: &str) -> bool {
        let id = name.replace('-', "_");
        self.given.try_contains_id(&id).is_ok()
            && self.given.value_source(&id) == Some(ValueSource::CommandLine)
    }
}

/// Reads `values` as the command line would, or says why it would not.
fn check(option: &Arg, values: &[String]) -> Result<(), String> {
    let lone = Arg::new("value").long("value");
    let lone = match option.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => lone.value_parser(BoolishValueParser::new()),
        ArgAction::Count => lone.value_parser(clap::value_parser!(u8)),
        _ => lone.value_parser(option.get_value_parser().clone()),
    };
    let lone = match option.get_value_delimiter() {
        Some(delimiter) => lone.value_delimiter(delimiter).action(ArgAction::Append),
        None => lone.action(ArgAction::Append),
    };
    let words = values.iter().map(|value| format!("--value={value}"));
    Command::new("check")
        .no_binary_name(true)
        .arg(lone)
        .try_get_matches_from(words)
        .map(|_matches| ())
        .map_err(|error| {
            format!(
                "this is no value for `{}`: {}",
                option.get_long().unwrap_or_default(),
                reason(&error)
            )
        })
}

/// Says why a value is none, without clap's frame of usage lines.
fn reason(error: &clap::Error) -> String {
    if let Some(cause) = error.source() {
        return cause.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) => format!("it takes {}", known.join(", ")),
        _ => error.kind().to_string(),
    }
}

/// Finds `--color` before the arguments are read: what is wrong with them is reported in colour, or not.
pub(super) fn color_when(words: &[OsString], variables: &Variables) -> ColorWhen {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let given = words
        .iter()
        .take_while(|word| *word != "--")
        .zip(words.iter().skip(1).map(Some).chain([None]))
        .find_map(|(word, next)| match word.strip_prefix("--color") {
            Some("") => next.map(ToString::to_string),
            Some(rest) => rest.strip_prefix('=').map(ToOwned::to_owned),
            None => None,
        })
        .or_else(|| Some(variables.of_option("color")?.to_str()?.to_owned()));
    match given.as_deref() {
        Some("always") => ColorWhen::Always,
        Some("never") => ColorWhen::Never,
        Some(_) | None => ColorWhen::Auto,
    }
}

/// Why there are no arguments to go by.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// The command line is wrong, or asks for help or the version.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// The file of `--config` is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A variable looks like an option's and is none.
    #[error(transparent)]
    Variables(#[from] UnknownVariables),
    /// The value of a variable is none.
    #[error("{place}: {message}")]
    Value {
        /// The variable.
        place: String,
        /// What would be right.
        message: String,
    },
}

impl ArgumentError {
    /// Proposes one verb in the place of a word that is none: the nearest of those that clap finds similar.
    fn with_one_verb(mut self) -> Self {
        if let Self::CommandLine(error) = &mut self
            && let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidSubcommand)
            && let Some(ContextValue::Strings(similar)) =
                error.get(ContextKind::SuggestedSubcommand)
            && let Some(nearest) = nearest(found, similar).cloned()
        {
            error.insert(
                ContextKind::SuggestedSubcommand,
                ContextValue::String(nearest),
            );
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::time::Duration;

    use clap::{Args, Command, FromArgMatches};

    use super::{ArgumentError, Variables, read_with};
    use crate::cli::check::CheckArgs;
    use crate::cli::network_args::Family;
    use crate::cli::output_args::{CommonArgs, RunFormat};

    fn read(
        config: &str,
        variables: &[(&str, &str)],
        words: &[&str],
    ) -> Result<CheckArgs, ArgumentError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(config.as_bytes()).unwrap();
        let command = CommonArgs::augment_args(Command::new("stickler"))
            .subcommand(CheckArgs::augment_args(Command::new("check")));
        let mut all: Vec<OsString> = vec!["stickler".into(), "--config".into()];
        all.push(file.path().into());
        all.push("check".into());
        all.extend(words.iter().map(Into::into));
        let variables: Variables = variables.iter().copied().collect();
        let matches = read_with(command, &all, &variables)?;
        let (_, below) = matches.subcommand().unwrap();
        Ok(CheckArgs::from_arg_matches(below)?)
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let timeout = |config, variables: &[(&str, &str)], words: &[&str]| {
            read(config, variables, words).unwrap().network.timeout
        };
        let file = "timeout = '1s'\n";
        let verb = "timeout = '1s'\n[verb.check]\ntimeout = '2s'\n";
        let variable = &[("STICKLER_TIMEOUT", "3s")];
        for (config, variables, words, expected) in [
            ("", &[][..], &[][..], 30),
            (file, &[], &[], 1),
            (verb, &[], &[], 2),
            (verb, variable, &[], 3),
            (verb, &[("STICKLER_TIMEOUT", "")], &[], 2),
            (verb, variable, &["--timeout", "4s"], 4),
        ] {
            assert_eq!(
                timeout(config, variables, words),
                Duration::from_secs(expected),
                "{config} {variables:?} {words:?}"
            );
        }
    }

    #[test]
    fn every_kind_of_option_can_stand_in_the_file_and_in_the_environment() {
        let args = read(
            "now = 2026-03-02T08:00:00Z\nresolver = ['127.0.0.1:1', '127.0.0.1:2']\njobs = 3\nsystem-roots = true\n",
            &[
                ("STICKLER_FORMAT", "ndjson"),
                ("STICKLER_CONNECT_TO", ":25:127.0.0.1:1,:443:127.0.0.1:2"),
                ("STICKLER_IPV6", "1"),
            ],
            &["corp.test"],
        )
        .unwrap();
        let network = args.network;
        assert_eq!(
            network.clock.now.unwrap().to_string(),
            "2026-03-02T08:00:00Z"
        );
        assert_eq!(network.resolver.len(), 2);
        assert_eq!(args.work.jobs.get(), 3);
        assert_eq!(network.connect_to.len(), 2);
        assert_eq!(network.family(), Family::V6);
        assert!(network.system_roots);
        assert_eq!(args.output.format, RunFormat::Ndjson);
    }

    #[test]
    fn a_stronger_source_decides_which_family_of_addresses_is_used() {
        for (config, variables, words, expected) in [
            ("ipv4 = true", &[][..], &[][..], Family::V4),
            ("ipv4 = true", &[], &["-6"], Family::V6),
            (
                "ipv4 = true\n[verb.check]\nipv6 = true",
                &[],
                &[],
                Family::V6,
            ),
            ("ipv4 = true", &[("STICKLER_IPV6", "yes")], &[], Family::V6),
            ("", &[("STICKLER_IPV4", "1")], &["-6"], Family::V6),
            ("", &[], &["-6", "-4"], Family::V4),
            ("", &[("STICKLER_IPV4", "false")], &[], Family::Any),
        ] {
            assert_eq!(
                read(config, variables, words).unwrap().network.family(),
                expected,
                "{config} {variables:?} {words:?}"
            );
        }
    }

    #[test]
    fn a_list_takes_the_place_of_the_weaker_one_and_is_not_added_to_it() {
        let file = "resolver = ['127.0.0.1:1', '127.0.0.1:2']\n";
        let nearer =
            "resolver = ['127.0.0.1:1', '127.0.0.1:2']\n[verb.check]\nresolver = '127.0.0.1:3'\n";
        let variable = &[("STICKLER_RESOLVER", "127.0.0.1:4,127.0.0.1:5")];
        for (config, variables, words, expected) in [
            (file, &[][..], &[][..], &[1, 2][..]),
            (nearer, &[], &[], &[3]),
            (file, variable, &[], &[4, 5]),
            (nearer, variable, &["--resolver", "127.0.0.1:6"], &[6]),
            (
                "",
                variable,
                &["--resolver", "127.0.0.1:6", "--resolver", "127.0.0.1:7"],
                &[6, 7],
            ),
        ] {
            let resolvers = read(config, variables, words).unwrap().network.resolver;
            let ports: Vec<u16> = resolvers.iter().map(|resolver| resolver.0.port()).collect();
            assert_eq!(ports, expected, "{config} {variables:?} {words:?}");
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_source() {
        for (config, variables, expected) in [
            (
                "timeout = 10",
                &[][..],
                ":1:11: this is no value for `timeout`: the unit is missing: write 10s, 5m, 2h or 7d",
            ),
            (
                "format = 'xml'",
                &[],
                ":1:10: this is no value for `format`: it takes text, json, ndjson, junit",
            ),
            (
                "jobs = 0",
                &[],
                ":1:8: this is no value for `jobs`: it must be at least 1",
            ),
            (
                "",
                &[("STICKLER_NOW", "noon")],
                "STICKLER_NOW: this is no value for `now`: `noon` is not a time like",
            ),
            (
                "",
                &[("STICKLER_SYSTEM_ROOTS", "perhaps")],
                "STICKLER_SYSTEM_ROOTS: this is no value for `system-roots`: ",
            ),
            (
                "",
                &[("STICKLER_IPV4", "1"), ("STICKLER_IPV6", "1")],
                "STICKLER_IPV4: STICKLER_IPV6 is set too, and they exclude each other",
            ),
            (
                "ipv6 = true\nipv4 = true",
                &[],
                ":2:8: `ipv6` is set too, on line 1, and they exclude each other\n  |\n2 | ipv4 = true\n  |        ^^^^",
            ),
            (
                "",
                &[("STICKLER_TIMEOUTS", "1s")],
                "`STICKLER_TIMEOUTS` is no option's variable: did you mean `STICKLER_TIMEOUT`? (unset",
            ),
        ] {
            let error = read(config, variables, &[]).unwrap_err().to_string();
            assert!(
                error.contains(expected),
                "{config} {variables:?} gives {error}"
            );
        }
        // A value that is never used is not read.
        assert!(read("timeout = 10", &[], &["--timeout", "1s"]).is_ok());
    }
}
