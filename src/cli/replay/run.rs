//! The run: many scenarios at once, each told as it ends.

use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;

use super::through;
use super::{ReplayArgs, ReplayAs, ReplayNetwork};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::jobs::Jobs;
use crate::cli::output::Output;
use crate::facts::UnixTime;
use crate::replay::beside::replay_beside;
use crate::replay::{Networks, replay};
use crate::report::replay::{FileOutcome, Options, Telling, form};
use crate::report::{Context, Sink};
use crate::scenario::{self, Problem, Scenario};

/// How many scenarios run at once for each processor where real sockets are used: most of them wait.
const WAITING_PER_PROCESSOR: NonZeroUsize = match NonZeroUsize::new(4) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// Plays every scenario.
///
/// # Errors
///
/// When there is no scenario, an argument is wrong, or the output cannot be used.
pub async fn run(args: &ReplayArgs, environment: &Environment) -> anyhow::Result<Exit> {
    if let Some(server) = args.sender_under_test {
        return through::run(args, server, environment).await;
    }
    if let Some(option) = args.server.idle() {
        bail!(
            "{option} is about a mail server, and there is none: name one with --sender-under-test"
        );
    }
    let began = Instant::now();
    let files = scenario::discover(&args.paths)?;
    if files.is_empty() {
        bail!("there is no scenario: no file in these folders ends in .toml");
    }
    let output = Output::open(args.output.output.as_deref())?;
    let telling = if environment.verbose || files.len() == 1 {
        Telling::Stories
    } else {
        Telling::Lines
    };
    let context = Context {
        // Stories are in their own time, which files write in UTC.
        time_zone: TimeZone::UTC,
        ..environment.context(args.output.output.as_deref(), UnixTime::from_secs(0))
    };
    let options = Options {
        context,
        telling,
        began,
    };
    let mut sink = Sink::new(output, form(args.output.format.into(), options));
    let mut exit = Exit::Success;
    let mut scenarios: Vec<Scenario> = Vec::new();
    for file in &files {
        match scenario::load(file) {
            Ok(scenario) => scenarios.push(scenario),
            Err(error) => {
                exit = Exit::Usage;
                sink.write(FileOutcome::Refused(error.problems))
                    .context("writing the result")?;
            }
        }
    }
    let duplicates = scenario::duplicate_ids(&scenarios);
    if !duplicates.is_empty() {
        exit = Exit::Usage;
        scenarios.retain(|scenario| {
            !duplicates
                .iter()
                .any(|duplicate| duplicate.file == scenario.file)
        });
        sink.write(FileOutcome::Refused(duplicates))
            .context("writing the result")?;
    }
    let at_once = args.jobs.unwrap_or_else(|| default_jobs(args.network));
    let networks = args.network.into();
    let jobs = Jobs::new("scenarios", at_once, environment);
    let played = jobs.run(
        scenarios,
        |scenario| play(scenario, args.role, networks),
        |played| {
            let exit = match &played {
                FileOutcome::Played(report) if report.outcome.is_failure() => Exit::Failure,
                FileOutcome::Played(_) => Exit::Success,
                FileOutcome::Refused(_) => Exit::Usage,
            };
            sink.write(played).context("writing the result")?;
            Ok(exit)
        },
    );
    exit = exit.and(played.await?);
    sink.finish().context("writing the result")?.finish()?;
    Ok(exit)
}

async fn play(scenario: Scenario, role: ReplayAs, networks: Networks) -> FileOutcome {
    let replayed = match role {
        ReplayAs::Told => replay(&scenario.story, networks).await,
        ReplayAs::Sidecar => replay_beside(&scenario.story, networks).await,
    };
    match replayed {
        Ok(replayed) => FileOutcome::Played(Box::new(replayed)),
        Err(error) => {
            FileOutcome::Refused(vec![Problem::of_file(&scenario.file, error.to_string())])
        }
    }
}

fn default_jobs(network: ReplayNetwork) -> NonZeroUsize {
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    match network {
        ReplayNetwork::Model => processors,
        ReplayNetwork::Lab | ReplayNetwork::Both => {
            processors.saturating_mul(WAITING_PER_PROCESSOR)
        }
    }
}
