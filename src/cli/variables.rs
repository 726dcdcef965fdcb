//! The variables of the environment: `STICKLER_RESOLVER` for `--resolver`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use clap::Command;

use super::config::settable_options;
use super::spelling::hint;

/// What all variables of options begin with.
const PREFIX: &str = "STICKLER_";

/// What Kubernetes sets in every pod beside a service of this program's name, and Docker for a linked container:
/// nobody meant an option by it.
const OF_A_SERVICE: [&str; 2] = ["STICKLER_SERVICE_", "STICKLER_PORT"];

/// The environment of a process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// Reads the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns a variable; one that is set to nothing is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns the variable of an option.
    #[must_use]
    pub fn of_option(&self, option: &str) -> Option<&OsStr> {
        self.get(&variable_name(option))
    }

    /// Returns the names of those that look like an option's, in order.
    pub(super) fn like_options(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.to_string_lossy())
            .filter(|name| name.starts_with(PREFIX))
            .filter(|name| !OF_A_SERVICE.iter().any(|begin| name.starts_with(begin)))
    }

    /// Refuses variables that look like an option of `command`, or of a verb below it, and are none: what they
    /// were to change would stay as it is in silence.
    ///
    /// # Errors
    ///
    /// When there is one.
    pub(super) fn hold_to(&self, command: &Command) -> Result<(), UnknownVariables> {
        let looks_like_one: Vec<_> = self.like_options().collect();
        // Most processes have none, and to list the options costs them memory that a server never gives back.
        if looks_like_one.is_empty() {
            return Ok(());
        }
        let mut known: Vec<String> = settable_options(command)
            .into_iter()
            .filter_map(|option| option.get_long())
            .chain(["config"])
            .map(variable_name)
            .collect();
        known.sort_unstable();
        let unknown: Vec<String> = looks_like_one
            .into_iter()
            .filter(|name| known.binary_search(&(**name).into()).is_err())
            .map(|name| format!("`{name}` is no option's variable{}", hint(&name, &known)))
            .collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(UnknownVariables(unknown))
        }
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// Variables that look like options and are none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{} (unset what is not meant for stickler)", .0.join("; "))]
pub struct UnknownVariables(Vec<String>);

/// Returns the name of an option's variable: `STICKLER_CONNECT_TO` for `connect-to`.
#[must_use]
pub fn variable_name(option: &str) -> String {
    format!("{PREFIX}{}", option.replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Variables;
    use crate::cli::Cli;

    #[test]
    fn variables_that_are_no_options_are_named() {
        for (names, expected) in [
            (&["HOME", "STICKLER", "STICKLER_RESOLVER"][..], None),
            (&["STICKLER_CONFIG", "STICKLER_PRINT_POSTFIX"], None),
            (&["STICKLER_PORT_8461_TCP", "STICKLER_SERVICE_HOST"], None),
            (
                &["STICKLER_RESLOVER"],
                Some(
                    "`STICKLER_RESLOVER` is no option's variable: did you mean `STICKLER_RESOLVER`?",
                ),
            ),
            (
                &["STICKLER_", "STICKLER_CA", "STICKLER_HELP"],
                Some("`STICKLER_` is no option's variable: did you mean"),
            ),
            (
                &["STICKLER_", "STICKLER_CA", "STICKLER_HELP"],
                Some("; `STICKLER_HELP` is no option's variable: did you mean `STICKLER_HELO`?"),
            ),
        ] {
            let variables: Variables = names.iter().map(|name| (name, "x")).collect();
            let held = variables.hold_to(&Cli::command());
            match expected {
                None => assert_eq!(held, Ok(()), "{names:?}"),
                Some(expected) => {
                    let error = held.unwrap_err().to_string();
                    assert!(error.contains(expected), "{names:?}: {error}");
                }
            }
            let emptied: Variables = names.iter().map(|name| (name, "")).collect();
            assert_eq!(emptied.hold_to(&Cli::command()), Ok(()), "{names:?}");
        }
    }
}
