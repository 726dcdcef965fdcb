//! Scenarios, played: on the model, on the lab, and held against each other.
//!
//! [`replay`] is the whole of it for one scenario. The same [`play()`] drives both stages; what they told must
//! agree ([`outcome::disagreements`]), and on the model [`shadow`] tells besides from when to when mail
//! would have been delivered.
//!
//! In an integration test of one's own, a scenario is a file beside the test, or a text in it:
//!
//! ```
//! use stickler::replay::{Networks, replay};
//! use stickler::scenario::load_str;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let story = r#"
//! id    = "cutover"
//! title = "The MX moves, the policy does not"
//! start = "2026-03-02T08:00:00Z"
//!
//! [domains."corp.test"]
//! txt    = { records = ["v=STSv1; id=1;"] }
//! policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
//! mx     = { records = ["10 mx.new.test"] }
//!
//! [servers."mx.new.test"]
//!
//! [[step]]
//! at = "0s"
//! [[step.expect]]
//! verdict     = "defer"
//! result_type = "validation-failure"
//! "#;
//! // A file is read with `stickler::scenario::load`.
//! let scenario = load_str(story, "cutover.toml")?;
//! let runtime = tokio::runtime::Runtime::new()?;
//! let replayed = runtime.block_on(replay(&scenario.story, Networks::Both))?;
//! assert!(replayed.holds(), "{replayed}");
//! # Ok(())
//! # }
//! ```

pub mod beside;
mod compare;
pub mod difference;
#[cfg(feature = "cli")]
pub mod far;
pub mod injector;
pub mod memory;
mod near_edge;
pub mod on_lab;
pub mod on_model;
pub mod outcome;
pub mod outside;
pub mod play;
mod resolvers;
pub mod senders;
pub mod shadow;
pub mod stage;
mod written;

use std::fmt;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::UnixTime;
use crate::story::{NetworkKind, Origin, Story};
use crate::world::Listen;

use difference::Difference;
use memory::Role;
use on_lab::LabStage;
use on_model::ModelStage;
use outcome::{Failure, FailureKind, MomentOutcome, Played, disagreements};
use play::{Nobody, play};
use shadow::{Course, Shadows};
use stage::StageError;

/// Which networks a scenario is played on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Networks {
    /// Both, held against each other.
    Both,
    /// The lab alone.
    Lab,
    /// The model alone.
    Model,
}

/// What came of a scenario.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Replayed {
    /// Its id.
    pub id: Box<str>,
    /// Its file, or what else it is told in.
    pub file: Box<str>,
    /// What happens in it.
    pub title: Box<str>,
    /// The sections that it is about.
    pub rfc: Vec<Box<str>>,
    /// When it starts, by the virtual clock.
    pub start: UnixTime,
    /// Whether it holds.
    pub outcome: Outcome,
    /// Why it is known to fail; null if it is not.
    pub xfail: Option<Box<str>>,
    /// The networks on which it was played.
    pub networks: Vec<NetworkKind>,
    /// Why it cannot be told on the other network; null if it can.
    pub only_because: Option<Box<str>>,
    /// How long the play took, in real time.
    pub elapsed_secs: f64,
    /// What did not hold, on either network, and where they disagree.
    pub failures: Vec<Failure>,
    /// Its steps, as the model told them, or else the lab.
    pub steps: Vec<MomentOutcome>,
    /// What would have become of mail over time; empty without the model.
    pub courses: Vec<Course>,
    /// From when to when the sidecar, in the place of each `strict` sender, makes a difference; null if it was not
    /// put there.
    pub sidecar: Option<Vec<Difference>>,
}

/// How a play ended, as far as its scenario is concerned.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// An expectation did not hold, or the play itself is worth nothing (a failure of kind `harness`).
    Fails,
    /// An expectation did not hold, as the scenario says that it would not (`xfail`).
    FailsAsKnown,
    /// All that was expected came.
    Holds,
    /// All that was expected came, though the scenario says that it would not.
    HoldsUnexpectedly,
    /// Nothing was played: the scenario cannot be told on the network that was asked for.
    Skipped,
}

impl Outcome {
    fn new(scenario: &Story, networks: &[NetworkKind], failures: &[Failure]) -> Self {
        let is_worthless = failures
            .iter()
            .any(|failure| failure.kind == FailureKind::Harness);
        match (failures.is_empty(), scenario.xfail.is_some()) {
            _ if networks.is_empty() => Self::Skipped,
            (true, false) => Self::Holds,
            (true, true) => Self::HoldsUnexpectedly,
            (false, true) if !is_worthless => Self::FailsAsKnown,
            (false, _) => Self::Fails,
        }
    }

    /// Returns whether a run with this in it is a failure: a known failure that passes is one as well, or
    /// nobody would ever take the mark away.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::Fails | Self::HoldsUnexpectedly => true,
            Self::FailsAsKnown | Self::Holds | Self::Skipped => false,
        }
    }
}

impl Replayed {
    /// Returns whether all that was expected came.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.failures.is_empty()
    }

    /// Tells what failed, each as `file:line: message`, or with the step of a story that is built in code; empty
    /// if nothing did.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        if self.outcome == Outcome::HoldsUnexpectedly {
            return vec![format!(
                "{}:1: all that was expected came, though `xfail` says that it is known to fail ({}): take the mark away",
                self.file,
                self.xfail.as_deref().unwrap_or_default()
            )];
        }
        self.failures.iter().map(Failure::to_string).collect()
    }
}

impl fmt::Display for Replayed {
    /// Writes what failed, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.complaints().join("\n"))
    }
}

/// Plays a scenario on the networks asked for, as far as it can be told on them.
///
/// # Errors
///
/// When its state cannot be laid out on a stage.
pub async fn replay(scenario: &Story, networks: Networks) -> Result<Replayed, StageError> {
    let began = Instant::now();
    let (mut model, mut lab, mut courses) = (None, None, Vec::new());
    if is_played(scenario, networks, NetworkKind::Model) {
        let (played, told) = play_on_model(scenario, Role::AsTold).await?;
        model = Some(played);
        courses = told;
    }
    if is_played(scenario, networks, NetworkKind::Lab) {
        lab = Some(play_on_lab(scenario, Role::AsTold).await?);
    }
    let disagreements = match (&model, &lab) {
        (Some(model), Some(lab)) => disagreements(model, lab),
        _ => Vec::new(),
    };
    Ok(summary(
        scenario,
        (model, lab),
        disagreements,
        courses,
        began,
    ))
}

/// Returns whether a story is to be played on a network, and can be told there.
fn is_played(scenario: &Story, networks: Networks, kind: NetworkKind) -> bool {
    let other = match kind {
        NetworkKind::Model => Networks::Lab,
        NetworkKind::Lab => Networks::Model,
    };
    let only = scenario.only_on.as_ref();
    networks != other && only.is_none_or(|only| only.network == kind)
}

/// Puts together what was played on the model and on the lab.
fn summary(
    scenario: &Story,
    (model, lab): (Option<Played>, Option<Played>),
    disagreements: Vec<Failure>,
    courses: Vec<Course>,
    began: Instant,
) -> Replayed {
    let (mut on, mut failures, mut steps) = (Vec::new(), Vec::new(), None);
    for (network, played) in [(NetworkKind::Model, model), (NetworkKind::Lab, lab)] {
        let Some(played) = played else { continue };
        on.push(network);
        failures.extend(played.failures.into_iter().map(|failure| Failure {
            network: Some(network),
            ..failure
        }));
        steps.get_or_insert(played.moments);
    }
    failures.extend(disagreements);
    for failure in &mut failures {
        failure.place = scenario.place(Origin::new(failure.line)).into();
    }
    Replayed {
        id: scenario.id.clone(),
        file: scenario.told_in().into(),
        title: scenario.title.clone(),
        rfc: scenario.rfc.clone(),
        start: scenario.start,
        outcome: Outcome::new(scenario, &on, &failures),
        xfail: scenario.xfail.clone(),
        networks: on,
        only_because: scenario.only_on.as_ref().map(|only| only.reason.clone()),
        elapsed_secs: began.elapsed().as_secs_f64(),
        failures,
        steps: steps.unwrap_or_default(),
        courses,
        sidecar: None,
    }
}

async fn play_on_model(scenario: &Story, role: Role) -> Result<(Played, Vec<Course>), StageError> {
    let clients = scenario
        .moments
        .iter()
        .flat_map(|moment| &moment.state.senders)
        .map(|sender| (sender.name.clone(), sender.resolver.clone()))
        .collect();
    let stage = ModelStage::new(scenario.start, clients);
    let mut shadows = Shadows::default();
    let played = play(scenario, role, &stage, &mut shadows).await?;
    Ok((played, shadows.into_courses()))
}

async fn play_on_lab(scenario: &Story, role: Role) -> Result<Played, StageError> {
    let Some(first) = scenario.moments.first() else {
        return Ok(Played::default());
    };
    let clients = scenario
        .moments
        .iter()
        .flat_map(|moment| on_lab::clients(&moment.state))
        .collect();
    let stage = LabStage::start(Listen::FreePorts, scenario.start, &first.state, clients).await?;
    let played = play(scenario, role, &stage, &mut Nobody).await;
    stage.shutdown().await?;
    played
}
