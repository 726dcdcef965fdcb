//! The file of `--config`: options as TOML.
//!
//! A key is an option's long name without its hyphens. Top-level keys count for every verb that has the
//! option; a table `[verb.check]` or `[verb.lint.policy]` counts for one, and wins there.

use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::spelling::hint;
use crate::scenario::Problem;
use crate::scenario::decode::Mistake;
use crate::scenario::located::Origin;
use crate::scenario::problem::Lines;

/// The largest file that is read.
const MAX_OCTETS: u64 = 1024 * 1024;

/// The options of a file, each with its place, names checked and values not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    file: PathBuf,
    text: String,
    settings: Vec<Setting>,
}

/// One key of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The verbs of its table; empty at the top level.
    pub verbs: Vec<String>,
    /// The option's long name.
    pub name: String,
    /// Its values as text; one, unless it is an array.
    pub values: Vec<String>,
    /// Where its value stands.
    origin: Origin,
}

impl Config {
    /// Reads `path`, whose keys must be options of `command` or of the verbs below it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is no TOML, or has a key that is no option.
    pub fn load(path: &Path, command: &Command) -> Result<Self, ConfigError> {
        let unreadable = |error| ConfigError::Unreadable {
            path: path.into(),
            error,
        };
        let mut octets = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_OCTETS + 1).read_to_end(&mut octets))
            .map_err(unreadable)?;
        if octets.len() as u64 > MAX_OCTETS {
            return Err(unreadable(io::Error::other("it is larger than 1 MiB")));
        }
        let text = String::from_utf8(octets)
            .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        Self::parse(&text, path, command)
    }

    /// Reads the text of a file; `path` is for messages.
    ///
    /// # Errors
    ///
    /// When it is no TOML, or has a key that is no option.
    pub fn parse(text: &str, path: &Path, command: &Command) -> Result<Self, ConfigError> {
        let reader = Reader {
            lines: Lines::new(text),
            path,
        };
        let table = DeTable::parse(text)
            .map_err(|error| reader.fault(error.span().unwrap_or(0..0), error.message()))?;
        let mut config = Self {
            file: path.into(),
            text: text.into(),
            settings: Vec::new(),
        };
        for (key, value) in table.get_ref() {
            if key.get_ref() != VERB {
                let setting = reader.setting(&[], key, value, command)?;
                config.settings.push(setting);
            } else if let DeValue::Table(verbs) = value.get_ref() {
                reader.verbs(&mut Vec::new(), verbs, command, &mut config)?;
            } else {
                return Err(reader.fault(
                    value.span(),
                    "`verb` is a table of tables: write [verb.NAME], as in [verb.cache]",
                ));
            }
        }
        Ok(config)
    }

    /// Returns the setting that counts for `option` of the verb at `verbs`: the one of the nearest table.
    #[must_use]
    pub fn find(&self, verbs: &[String], option: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .filter(|setting| setting.name == option && verbs.starts_with(&setting.verbs))
            .max_by_key(|setting| setting.verbs.len())
    }

    /// Says what is wrong with a setting of this file.
    #[must_use]
    pub fn fault(&self, setting: &Setting, message: String) -> ConfigError {
        fault(&Lines::new(&self.text), &self.file, setting.origin, message)
    }

    /// Returns the line on which a setting of this file stands.
    #[must_use]
    pub fn line(&self, setting: &Setting) -> usize {
        Lines::new(&self.text).line(setting.origin)
    }
}

/// The table that holds a table for each verb. It stands apart because `cache` is an option and a verb.
const VERB: &str = "verb";

struct Reader<'a> {
    lines: Lines<'a>,
    path: &'a Path,
}

impl Reader<'_> {
    fn verbs(
        &self,
        above: &mut Vec<String>,
        table: &DeTable<'_>,
        command: &Command,
        config: &mut Config,
    ) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name: &str = key.get_ref();
            match (command.find_subcommand(name), value.get_ref()) {
                (Some(verb), DeValue::Table(inner)) => {
                    above.push(name.to_owned());
                    self.verbs(above, inner, verb, config)?;
                    above.pop();
                }
                // Directly below `verb` only verbs stand.
                (Some(_), _) | (None, _) if above.is_empty() => {
                    let known = command.get_subcommands().map(Command::get_name);
                    return Err(self.unknown(key.span(), "verb", name, known));
                }
                (Some(_) | None, _) => {
                    config
                        .settings
                        .push(self.setting(above, key, value, command)?);
                }
            }
        }
        Ok(())
    }

    fn setting(
        &self,
        verbs: &[String],
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        command: &Command,
    ) -> Result<Setting, ConfigError> {
        let name: &str = key.get_ref();
        let options = settable_options(command);
        let Some(option) = options
            .iter()
            .find(|option| option.get_long() == Some(name))
        else {
            let known = options.iter().filter_map(|option| option.get_long());
            return Err(self.unknown(key.span(), "option", name, known));
        };
        let values = texts(option, value.get_ref())
            .map_err(|expected| self.fault(value.span(), format!("`{name}` is {expected}")))?;
        Ok(Setting {
            verbs: verbs.to_vec(),
            name: name.to_owned(),
            values,
            origin: origin(value.span()),
        })
    }

    fn unknown(
        &self,
        span: Range<usize>,
        kind: &str,
        found: &str,
        known: impl Iterator<Item = impl AsRef<str>>,
    ) -> ConfigError {
        let hint = hint(found, known);
        let found: String = found.chars().take(80).collect();
        self.fault(span, format!("`{found}` is no {kind}{hint}"))
    }

    fn fault(&self, span: Range<usize>, message: impl Into<String>) -> ConfigError {
        fault(&self.lines, self.path, origin(span), message.into())
    }
}

fn fault(lines: &Lines<'_>, file: &Path, origin: Origin, message: String) -> ConfigError {
    let mistake = Mistake {
        origin,
        message,
        help: None,
    };
    ConfigError::Fault(Box::new(lines.problem(file, mistake)))
}

const fn origin(span: Range<usize>) -> Origin {
    Origin {
        start: span.start,
        end: span.end,
    }
}

/// Returns the options of a command and of all verbs below it that may come from elsewhere than the command line.
pub(super) fn settable_options(command: &Command) -> Vec<&Arg> {
    let own = command.get_arguments().filter(|option| is_settable(option));
    let below = command.get_subcommands().flat_map(settable_options);
    own.chain(below).collect()
}

/// Returns whether an argument may come from elsewhere than the command line: every option but the one that
/// names the file.
#[must_use]
pub fn is_settable(option: &Arg) -> bool {
    option.get_long().is_some_and(|long| long != "config")
        && !matches!(
            option.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
}

/// Turns a TOML value to the texts that the command line would have, or says what the option takes.
fn texts(option: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match option.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => match value {
            DeValue::Boolean(set) => Ok(vec![set.to_string()]),
            _ => Err("true or false"),
        },
        ArgAction::Append => match value {
            DeValue::Array(items) => items
                .iter()
                .map(|item| scalar(item.get_ref()).ok_or("a value or an array of values"))
                .collect(),
            one => scalar(one)
                .map(|text| vec![text])
                .ok_or("a value or an array of values"),
        },
        _ => scalar(value)
            .map(|text| vec![text])
            .ok_or("one value, a text or a number"),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// Why a file of options cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A place in it is wrong: what was found and what would be right, with the line.
    #[error("{0:#}")]
    Fault(Box<Problem>),
    /// It cannot be read.
    #[error("cannot read `{}`, the file of --config", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{Arg, ArgAction, Command};

    use super::Config;

    fn command() -> Command {
        Command::new("top")
            .arg(Arg::new("verbose").long("verbose").action(ArgAction::Count))
            .arg(Arg::new("config").long("config"))
            .subcommand(
                Command::new("look")
                    .arg(
                        Arg::new("resolver")
                            .long("resolver")
                            .action(ArgAction::Append),
                    )
                    .arg(Arg::new("ipv4").long("ipv4").action(ArgAction::SetTrue))
                    .arg(Arg::new("now").long("now")),
            )
            .subcommand(
                Command::new("now")
                    .subcommand(Command::new("deep").arg(Arg::new("now").long("now"))),
            )
    }

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("s.toml"), &command()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_nearest_table_wins() {
        let config = parse(
            "now = 2026-03-02T08:00:00Z\nresolver = [\"a\", \"b\"]\nverbose = 2\n\
             [verb.look]\nnow = 'look'\nipv4 = true\n[verb.now]\nnow = 'outer'\n[verb.now.deep]\nnow = 'inner'\n",
        )
        .unwrap();
        let find = |verbs: &[&str], name: &str| {
            let verbs: Vec<String> = verbs.iter().map(ToString::to_string).collect();
            config
                .find(&verbs, name)
                .map(|setting| (setting.values.join(","), config.line(setting)))
        };
        for (verbs, name, expected) in [
            (&["look"][..], "now", Some(("look", 5))),
            (&["look"], "ipv4", Some(("true", 6))),
            (&["look"], "resolver", Some(("a,b", 2))),
            (&["look"], "verbose", Some(("2", 3))),
            (&["now", "deep"], "now", Some(("inner", 10))),
            (&["now"], "now", Some(("outer", 8))),
            (&[], "now", Some(("2026-03-02T08:00:00Z", 1))),
            (&[], "ipv4", None),
        ] {
            let expected = expected.map(|(values, line)| (values.to_owned(), line));
            assert_eq!(find(verbs, name), expected, "{name} of {verbs:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            (
                "reslover = 'a'",
                "s.toml:1:1: `reslover` is no option: did you mean `resolver`?",
            ),
            ("\nzzz = 1", "s.toml:2:1: `zzz` is no option"),
            ("config = 'x'", "s.toml:1:1: `config` is no option"),
            ("ipv4 = 'yes'", "s.toml:1:8: `ipv4` is true or false"),
            (
                "now = [1]",
                "s.toml:1:7: `now` is one value, a text or a number",
            ),
            (
                "now = 1.5",
                "s.toml:1:7: `now` is one value, a text or a number",
            ),
            (
                "resolver = [[1]]",
                "s.toml:1:12: `resolver` is a value or an array of values",
            ),
            (
                "[verb.lok]\nnow='x'",
                "s.toml:1:7: `lok` is no verb: did you mean `look`?",
            ),
            ("[verb.look]\nü = 1", "s.toml:2:1: "),
            (
                "[verb.look]\nverbose = 1",
                "s.toml:2:1: `verbose` is no option",
            ),
            (
                "verb = 1",
                "s.toml:1:8: `verb` is a table of tables: write [verb.NAME], as in [verb.cache]",
            ),
            ("look = {}", "s.toml:1:1: `look` is no option"),
            ("now = ", "s.toml:1:7: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?} gives {error:?}");
        }
    }
}
