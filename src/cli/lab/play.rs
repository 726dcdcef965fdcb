//! `stickler lab play`: a scenario in a lab of containers, through the mail servers under test.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Args;
use jiff::tz::TimeZone;

use super::places::PlacesArgs;
use super::story::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::facts::UnixTime;
use crate::replay::far::mta::{Mta, MtaKind};
use crate::replay::far::replay_far;
use crate::replay::far::servers::Lab;
use crate::report::{Context, replay, text};

/// The arguments of `lab play`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabPlayArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Divide the times of its steps, TTLs and the `max_age` of policies by this
    #[arg(long, value_name = "N", default_value = "3600")]
    pub factor: NonZeroU32,

    /// A mail server that is to do what the story's sender of class `strict` does; repeat it for more
    #[arg(long, value_name = "NAME=ADDR:PORT", value_delimiter = ',')]
    pub strict: Vec<MtaArgument>,

    /// A mail server that is to do what the story's sender of class `no-sts` does; repeat it for more
    #[arg(long, value_name = "NAME=ADDR:PORT", value_delimiter = ',')]
    pub lenient: Vec<MtaArgument>,

    /// Write the result to retest.txt, retest.json and retest.xml (`JUnit`) in this folder too
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,

    /// Which addresses the lab has.
    #[command(flatten)]
    pub places: PlacesArgs,
}

/// A mail server under test: what it is called, and where its adapter listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MtaArgument {
    name: Box<str>,
    adapter: SocketAddr,
}

impl FromStr for MtaArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, adapter) = text
            .split_once('=')
            .ok_or("it is not of the form NAME=ADDR:PORT")?;
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(format!(
                "`{name}` is no name: it becomes a part of addresses, so it has small letters, digits, `-` and `.`"
            ));
        }
        Ok(Self {
            name: name.into(),
            adapter: adapter
                .parse()
                .map_err(|error| format!("`{adapter}`: {error}"))?,
        })
    }
}

impl MtaArgument {
    fn mta(&self, kind: MtaKind) -> Mta {
        Mta {
            name: self.name.clone(),
            kind,
            adapter: self.adapter,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  stickler lab play scenarios/migration/stale-policy-after-cutover.toml \\
    --dns 198.51.100.53 --edge 198.51.100.11 --mx 198.51.100.21,198.51.100.22 \\
    --strict postfix=198.51.100.101:8026 --lenient plain=198.51.100.103:8026

docker/retest.sh starts all that and calls it. The time is real: 2 days at
--factor 3600 are 48 seconds. What leans on times that no factor reaches is
left out, and the result says why.

Exit codes: 0 all is as the scenario expects, 1 something is not, 2 the
scenario is broken or does not fit, or a server does not do what it is told.";

/// Plays it.
pub(super) async fn run(args: &LabPlayArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let Some(scenario) = load(&args.file, environment) else {
        return Ok(Exit::Usage);
    };
    let strict = args.strict.iter().map(|mta| mta.mta(MtaKind::Strict));
    let lenient = args.lenient.iter().map(|mta| mta.mta(MtaKind::Lenient));
    let mtas: Vec<Mta> = strict.chain(lenient).collect();
    let played = replay_far(&scenario.story, args.factor, Lab::from(&args.places), &mtas).await?;
    let context = |environment: &Environment| Context {
        time_zone: TimeZone::UTC,
        ..environment.context(None, UnixTime::from_secs(0))
    };
    if let Some(folder) = &args.into {
        let plain = Context {
            time_zone: TimeZone::UTC,
            ..Context::plain(UnixTime::from_secs(0))
        };
        let mut junit = Vec::new();
        replay::far_junit(&mut junit, &played)?;
        for (name, octets) in [
            ("retest.txt", text::far(&played, &plain).into_bytes()),
            ("retest.json", replay::far_json(&played)?.into_bytes()),
            ("retest.xml", junit),
        ] {
            let path = folder.join(name);
            fs::write(&path, octets)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
    }
    let mut output = Output::open(None)?;
    output.write_all(text::far(&played, &context(environment)).as_bytes())?;
    output.finish()?;
    Ok(if played.holds() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

#[cfg(test)]
mod tests {
    use super::MtaArgument;

    #[test]
    fn a_mail_server_has_a_name_and_an_adapter() {
        for (text, expected) in [
            (
                "postfix-3.7=198.51.100.101:8026",
                Ok(("postfix-3.7", "198.51.100.101:8026")),
            ),
            ("postfix", Err("it is not of the form NAME=ADDR:PORT")),
            (
                "post fix=198.51.100.101:8026",
                Err(
                    "`post fix` is no name: it becomes a part of addresses, so it has small letters, digits, `-` and `.`",
                ),
            ),
            ("a=b", Err("`b`: invalid socket address syntax")),
        ] {
            let expected = expected
                .map(|(name, adapter)| MtaArgument {
                    name: name.into(),
                    adapter: adapter.parse().unwrap(),
                })
                .map_err(str::to_owned);
            assert_eq!(text.parse::<MtaArgument>(), expected, "{text}");
        }
    }
}
