//! A run once more: the options that were typed, for the commands that a report proposes.

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

use crate::diagnose::command::is_shell_safe;

/// The headings of the options that make another run see the same.
const HEADINGS: [&str; 2] = ["Network", "Store"];

/// Options below these headings that change nothing of what is seen.
const OF_NO_MATTER: [&str; 1] = ["jobs"];

/// Writes the options of `command` that stood on its command line and make another run see the same, quoted
/// for a shell. What came from the environment or a file comes from there again.
pub(super) fn typed_options(command: &Command, given: &ArgMatches) -> String {
    let options: Vec<String> = command
        .get_arguments()
        .filter(|option| {
            option
                .get_help_heading()
                .is_some_and(|heading| HEADINGS.contains(&heading))
        })
        .filter(|option| {
            given.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
        })
        .flat_map(|option| as_typed(option, given))
        .collect();
    options.join(" ")
}

fn as_typed(option: &Arg, given: &ArgMatches) -> Vec<String> {
    let Some(name) = option
        .get_long()
        .filter(|name| !OF_NO_MATTER.contains(name))
    else {
        return Vec::new();
    };
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return vec![format!("--{name}")];
    }
    given
        .get_raw(option.get_id().as_str())
        .into_iter()
        .flatten()
        .map(|value| format!("--{name} {}", quoted(&value.to_string_lossy())))
        .collect()
}

/// Returns a word as a shell reads it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |part: &str| part.is_empty() || is_shell_safe(part);
    if !word.is_empty() && word.split([':', '/', ',']).all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::quoted;
    use crate::cli::variables::Variables;
    use crate::cli::{Cli, Verb};

    #[test]
    fn what_was_typed_is_repeated_and_nothing_else() {
        for (words, expected) in [
            (&["corp.test"][..], ""),
            (
                &[
                    "corp.test",
                    "--timeout=5s",
                    "--deadline",
                    "1m30s",
                    "--helo",
                    "me.test",
                    "--jobs",
                    "4",
                    "--format",
                    "text",
                    "-v",
                ],
                "--timeout 5s --deadline 1m30s --helo me.test",
            ),
            (
                &[
                    "--connect-to",
                    "[2001:db8::1]:25:127.0.0.1:4025,::127.0.0.1:9",
                    "--ca-file",
                    "a b.pem",
                    "--cache",
                    "none",
                    "-4",
                    "-6",
                    "--system-roots",
                    "corp.test",
                ],
                "--connect-to '[2001:db8::1]:25:127.0.0.1:4025' --connect-to ::127.0.0.1:9 --ca-file 'a b.pem' \
                 --system-roots --ipv6 --cache none",
            ),
        ] {
            let mut all: Vec<OsString> = vec!["stickler".into(), "check".into()];
            all.extend(words.iter().map(Into::into));
            let variables = Variables::from_iter([
                ("STICKLER_RESOLVER", "192.0.2.53:53"),
                ("STICKLER_SOURCE", "192.0.2.1"),
            ]);
            let Verb::Check(check) = Cli::read(&all, &variables).unwrap().verb else {
                panic!("it is a check");
            };
            assert_eq!(check.network.resolver.len(), 1);
            assert_eq!(check.typed_options, expected, "{words:?}");
        }
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, expected) in [
            ("192.0.2.1:25:127.0.0.1:4025", "192.0.2.1:25:127.0.0.1:4025"),
            (
                "[2001:db8::1]:25:127.0.0.1:4025",
                "'[2001:db8::1]:25:127.0.0.1:4025'",
            ),
            ("/tmp/a b/ca.pem", "'/tmp/a b/ca.pem'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
