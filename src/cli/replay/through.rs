//! One scenario through a mail server that is not ours.

use std::io::Write as _;
use std::num::NonZeroUsize;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;

use super::ReplayArgs;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::jobs::Jobs;
use crate::cli::output::{Output, tell_problem};
use crate::cli::output_args::RunFormat;
use crate::cli::server_args::Whereabouts;
use crate::cli::values::ServerUrl;
use crate::clock::Clock;
use crate::facts::UnixTime;
use crate::replay::far::outcome::FarReplayed;
use crate::replay::far::through::Through;
use crate::report::{Context, replay, text};
use crate::scenario::{self, Scenario};
use crate::world::Listen;

/// Plays it.
pub(super) async fn run(
    args: &ReplayArgs,
    server: ServerUrl,
    environment: &Environment,
) -> anyhow::Result<Exit> {
    let files = scenario::discover(&args.paths)?;
    let [file] = &files[..] else {
        bail!(
            "--sender-under-test takes one scenario, and here are {}: a mail server remembers what it met in another",
            files.len()
        );
    };
    let scenario = match scenario::load(file) {
        Ok(scenario) => scenario,
        Err(error) => {
            for problem in &error.problems {
                tell_problem("", problem, environment.look_of_messages());
            }
            return Ok(Exit::Usage);
        }
    };
    let mut output = Output::open(args.output.output.as_deref())?;
    let context = Context {
        // Stories are in their own time, which files write in UTC.
        time_zone: TimeZone::UTC,
        ..environment.context(args.output.output.as_deref(), UnixTime::from_secs(0))
    };
    let jobs = Jobs::new("scenarios", NonZeroUsize::MIN, environment);
    let start = |scenario| play(scenario, args.clone(), server);
    let exit = jobs
        .run(vec![scenario], start, |played| {
            let played = played?;
            write(&mut output, args.output.format, &played, &context)
                .context("writing the result")?;
            Ok(if played.holds() {
                Exit::Success
            } else {
                Exit::Failure
            })
        })
        .await?;
    output.finish().context("writing the result")?;
    Ok(exit)
}

async fn play(
    scenario: Scenario,
    args: ReplayArgs,
    server: ServerUrl,
) -> anyhow::Result<FarReplayed> {
    let file = || format!("`{}`", scenario.file.display());
    let through = Through::start(&scenario.story, args.factor, Listen::RealPorts)
        .await
        .with_context(file)?;
    let stage = through.stage();
    let whereabouts = Whereabouts {
        ca_pem: stage.world().ca_pem(),
        resolver: stage.world().dns_address(),
        routes: stage.routes(),
        now: Clock::system().now(),
    };
    let mail_server = args.server.start(server, whereabouts).await?;
    let played = through.play(&mail_server, args.server.quiet).await;
    played.with_context(file)
}

fn write(
    output: &mut Output,
    format: RunFormat,
    played: &FarReplayed,
    context: &Context,
) -> anyhow::Result<()> {
    let octets = match format {
        RunFormat::Text => text::far(played, context).into_bytes(),
        RunFormat::Json => replay::far_json(played)?.into_bytes(),
        RunFormat::Ndjson => replay::far_ndjson(played)?.into_bytes(),
        RunFormat::Junit => {
            let mut junit = Vec::new();
            replay::far_junit(&mut junit, played)?;
            junit
        }
    };
    output.write_all(&octets)?;
    if !octets.ends_with(b"\n") {
        output.write_all(b"\n")?;
    }
    Ok(())
}
