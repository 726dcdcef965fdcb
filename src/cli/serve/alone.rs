//! The arguments of `serve`, read by themselves.

use std::ffi::OsString;

use clap::{ArgMatches, Args as _, Command};

use super::ServeArgs;
use crate::cli::output_args::CommonArgs;
use crate::cli::variables::Variables;

/// Reads the arguments of `serve` without a look at any other verb's: a sidecar keeps in memory the code that started
/// it, for as long as it runs.
///
/// Returns `None` where another source than the command line has a say, and for what is wrong or asks for help.
pub(in crate::cli) fn read_alone(words: &[OsString], variables: &Variables) -> Option<ArgMatches> {
    if words.get(1)? != "serve" || variables.like_options().next().is_some() {
        return None;
    }
    let command = CommonArgs::augment_args(Command::new("stickler"))
        .subcommand(ServeArgs::augment_args(Command::new("serve")));
    let matches = command.try_get_matches_from(words).ok()?;
    let (_, serve) = matches.subcommand()?;
    let has_file = serve.contains_id("config");
    (!has_file).then_some(matches)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::read_alone;
    use crate::cli::Cli;
    use crate::cli::variables::Variables;

    #[test]
    fn serve_is_read_by_itself_as_it_is_among_the_other_verbs() {
        let none = Variables::default();
        let some: Variables = [("STICKLER_RESOLVER", "127.0.0.1")].into_iter().collect();
        for (words, variables, by_itself) in [
            ("serve", &none, true),
            (
                "serve -vv --color never --patience 3s --state none",
                &none,
                true,
            ),
            (
                "serve --socketmap 127.0.0.1:1,127.0.0.1:2 -4 --salt=",
                &none,
                true,
            ),
            ("serve --print-postfix", &none, true),
            // What the whole command line has to say something of.
            ("serve", &some, false),
            ("serve --config /nonesuch", &none, false),
            ("serve --help", &none, false),
            ("serve --version", &none, false),
            ("serve --patient 3s", &none, false),
            ("serve example.com", &none, false),
            ("--color never serve", &none, false),
            ("check example.com", &none, false),
            ("", &none, false),
        ] {
            let words: Vec<OsString> = ["stickler"]
                .into_iter()
                .chain(words.split_whitespace())
                .map(Into::into)
                .collect();
            let read = read_alone(&words, variables);
            assert_eq!(read.is_some(), by_itself, "{words:?}");
            if let Some(read) = read {
                let whole = Cli::command().try_get_matches_from(&words).unwrap();
                assert_eq!(
                    Cli::from_arg_matches(&read).unwrap(),
                    Cli::from_arg_matches(&whole).unwrap(),
                    "{words:?}"
                );
            }
        }
    }
}
