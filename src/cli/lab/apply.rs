//! `stickler lab apply`: lets a lab of containers serve a step of a scenario.

use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::moment::{LabTime, moment_at};
use super::places::PlacesArgs;
use super::story::load;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::clock::Clock;
use crate::replay::far::servers::Lab;
use crate::story::Pace;

/// The arguments of `lab apply`.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct LabApplyArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The moment of the scenario: counted from its start, or by its clock
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub at: LabTime,

    /// Divide TTLs and the `max_age` of policies by this
    #[arg(long, value_name = "N", default_value = "1")]
    pub factor: NonZeroU32,

    /// Write the roots of the certificates to this file
    #[arg(long, value_name = "FILE")]
    pub write_roots: Option<PathBuf>,

    /// Which addresses the lab has.
    #[command(flatten)]
    pub places: PlacesArgs,
}

const EXAMPLES: &str = "\
Examples:
  stickler lab apply scenarios/migration/overlap-done-right.toml --at 2d2h \\
    --dns 198.51.100.53 --edge 198.51.100.11 --mx 198.51.100.21,198.51.100.22

Exit codes: 0 it is served, 2 the scenario is broken or does not fit, or a
server does not answer.";

/// Lets the lab serve it.
pub(super) async fn run(args: &LabApplyArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let Some(scenario) = load(&args.file, environment) else {
        return Ok(Exit::Usage);
    };
    let lab = Lab::from(&args.places);
    let after = args.at.in_story(&scenario)?;
    let told = moment_at(&scenario, after).context("the scenario has no step")?;
    let pace = Pace {
        factor: args.factor,
        start: Clock::system().now(),
    };
    let story = scenario.story.at_pace(pace).at_places(&lab.places)?;
    let moment = story
        .moments
        .iter()
        .find(|moment| moment.origin == told.origin)
        .context("the scenario has no step")?;
    lab.apply(pace.start, &moment.state.internet).await?;
    if let Some(path) = &args.write_roots {
        fs::write(path, lab.roots().await?)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(Exit::Success)
}
