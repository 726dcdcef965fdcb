//! Options that lead a run elsewhere and were not typed: said, so that nobody takes a lab for the Internet.

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::network_args::NetworkArgs;
use super::variables::Variables;

/// How an option is said.
type Say = fn(&NetworkArgs) -> String;

/// Those of [`NetworkArgs::is_diverted`], and how each is said, the most telling first. None of them has a default
/// of its own.
const DIVERTING: [(&str, Say); 4] = [
    ("resolver", resolver),
    ("now", clock),
    ("connect-to", routes),
    ("ca-file", authorities),
];

/// How many of them are said: where names are resolved and what time it is says enough of a lab.
const SAID: usize = 2;

/// The diverting options that came from the environment and from the file of `--config`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inherited {
    variables: Vec<&'static str>,
    file: Vec<&'static str>,
}

impl Inherited {
    /// Finds them in the arguments of a verb, which have been read from all sources.
    pub(super) fn new(given: &ArgMatches, variables: &Variables) -> Self {
        let is_inherited = |option: &&str| {
            given.value_source(&option.replace('-', "_")) == Some(ValueSource::DefaultValue)
        };
        let (variables, file) = DIVERTING
            .iter()
            .map(|(option, _)| *option)
            .filter(is_inherited)
            .partition(|option| variables.of_option(option).is_some());
        Self { variables, file }
    }

    /// Says what they come to, a line a source.
    pub(super) fn lines(&self, network: &NetworkArgs) -> Vec<String> {
        [
            (&self.variables, "STICKLER_*"),
            (&self.file, "the file of --config"),
        ]
        .into_iter()
        .filter(|(options, _)| !options.is_empty())
        .map(|(options, source)| {
            let said: Vec<String> = DIVERTING
                .iter()
                .filter(|(option, _)| options.contains(option))
                .map(|(_, say)| say(network))
                .take(SAID)
                .collect();
            format!("{} (from {source})", said.join(", "))
        })
        .collect()
    }
}

fn resolver(network: &NetworkArgs) -> String {
    let resolvers = network.resolver.iter().map(|resolver| resolver.0);
    format!("resolver {}", joined(resolvers))
}

fn clock(network: &NetworkArgs) -> String {
    let now = network.clock.now.iter();
    let times = now.map(|now| now.to_timestamp().strftime("%Y-%m-%d %H:%M UTC"));
    format!("clock {}", joined(times))
}

fn routes(network: &NetworkArgs) -> String {
    format!("--connect-to {}", joined(&network.connect_to))
}

fn authorities(network: &NetworkArgs) -> String {
    let files = network.ca_file.iter().map(|file| file.display());
    format!("--ca-file {}", joined(files))
}

fn joined(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(",")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use crate::cli::variables::Variables;
    use crate::cli::{Cli, Verb};

    #[test]
    fn what_was_not_typed_is_said_with_its_source() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"ca-file = 'a.pem'\nconnect-to = ['::127.0.0.1:9', ':25:127.0.0.1:8']\n")
            .unwrap();
        let path = file.path().to_str().unwrap();
        let lab = [
            ("STICKLER_RESOLVER", "127.0.0.1:40110"),
            ("STICKLER_CA_FILE", "lab.pem"),
            ("STICKLER_NOW", "2026-03-04T10:00:00Z"),
        ];
        for (variables, words, expected) in [
            (&[][..], &[][..], &[][..]),
            (
                &[("STICKLER_TIMEOUT", "1s")],
                &["--now", "2026-03-04T10:00:00Z"],
                &[],
            ),
            (
                &lab,
                &[],
                &["resolver 127.0.0.1:40110, clock 2026-03-04 10:00 UTC (from STICKLER_*)"],
            ),
            (
                &lab,
                &["--resolver", "127.0.0.1:1"],
                &["clock 2026-03-04 10:00 UTC, --ca-file lab.pem (from STICKLER_*)"],
            ),
            (
                &lab[2..],
                &["--config", path],
                &[
                    "clock 2026-03-04 10:00 UTC (from STICKLER_*)",
                    "--connect-to ::127.0.0.1:9,:25:127.0.0.1:8, --ca-file a.pem (from the file of --config)",
                ],
            ),
        ] {
            let variables: Variables = variables.iter().copied().collect();
            let words = ["stickler", "check", "corp.test"].iter().chain(words);
            let words: Vec<_> = words.map(Into::into).collect();
            let Verb::Check(check) = Cli::read(&words, &variables).unwrap().verb else {
                panic!("it is a check");
            };
            assert_eq!(check.inherited.lines(&check.network), expected, "{words:?}");
        }
    }
}
