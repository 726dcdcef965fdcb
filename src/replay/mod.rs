//! Scenarios, played: on the model, on the lab, and held against each other.
//!
//! [`replay`] is the whole of it for one scenario. The same [`play()`] drives both stages; what they told must
//! agree ([`outcome::disagreements`]), and on the model [`shadow`] tells besides from when to when mail
//! would have been delivered.
//!
//! In an integration test of one's own, a scenario is a file beside the test, or a text in it:
//!
//! ```
//! use std::path::Path;
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
//! let scenario = load_str(story, Path::new("cutover.toml"))
//!     .map_err(|problems| problems.iter().map(|p| format!("{p}\n")).collect::<String>())?;
//! let runtime = tokio::runtime::Runtime::new()?;
//! let replayed = runtime.block_on(replay(&scenario, Networks::Both))?;
//! assert!(replayed.holds(), "{:#?}", replayed.failures);
//! # Ok(())
//! # }
//! ```

mod compare;
mod near_edge;
pub mod on_lab;
pub mod on_model;
pub mod outcome;
pub mod play;
pub mod senders;
pub mod shadow;
pub mod stage;

use crate::scenario::{NetworkKind, Scenario};

use on_lab::LabStage;
use on_model::ModelStage;
use outcome::{Failure, FailureKind, Played, disagreements};
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
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The play on the model, if it was asked for.
    pub model: Option<Played>,
    /// The play on the lab, if it was asked for.
    pub lab: Option<Played>,
    /// What would have become of mail over time; empty without the model.
    pub courses: Vec<Course>,
    /// What was expected in vain, on whichever network, and where they disagree.
    pub failures: Vec<(Origin, Failure)>,
}

/// Where a failure showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The two networks told different things.
    Disagreement,
    /// On the lab.
    Lab,
    /// On the model.
    Model,
}

/// How a play ended, as far as its scenario is concerned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Something was expected in vain, or the play itself is worth nothing ([`FailureKind::Harness`]).
    Fails,
    /// Something was expected in vain, as the scenario says that it would be (`xfail`).
    FailsAsKnown,
    /// All that was expected came.
    Holds,
    /// All that was expected came, though the scenario says that it would not.
    HoldsUnexpectedly,
    /// Nothing was played: the scenario cannot be told on the network that was asked for.
    Skipped,
}

impl Outcome {
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
    /// Returns how the play of `scenario` ended.
    #[must_use]
    pub fn outcome(&self, scenario: &Scenario) -> Outcome {
        if self.model.is_none() && self.lab.is_none() {
            return Outcome::Skipped;
        }
        if self
            .failures
            .iter()
            .any(|(_, failure)| failure.kind == FailureKind::Harness)
        {
            return Outcome::Fails;
        }
        match (self.holds(), scenario.xfail.is_some()) {
            (true, false) => Outcome::Holds,
            (true, true) => Outcome::HoldsUnexpectedly,
            (false, false) => Outcome::Fails,
            (false, true) => Outcome::FailsAsKnown,
        }
    }

    /// Returns whether all that was expected came.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Plays a scenario on the networks asked for, as far as it can be told on them.
///
/// # Errors
///
/// When its state cannot be laid out on a stage.
pub async fn replay(scenario: &Scenario, networks: Networks) -> Result<Replayed, StageError> {
    let allowed = |kind| {
        scenario
            .only_on
            .as_ref()
            .is_none_or(|only| only.network == kind)
    };
    let mut replayed = Replayed {
        model: None,
        lab: None,
        courses: Vec::new(),
        failures: Vec::new(),
    };
    if networks != Networks::Lab && allowed(NetworkKind::Model) {
        let (played, courses) = play_on_model(scenario).await?;
        note(&mut replayed.failures, Origin::Model, &played.failures);
        replayed.model = Some(played);
        replayed.courses = courses;
    }
    if networks != Networks::Model && allowed(NetworkKind::Lab) {
        let played = play_on_lab(scenario).await?;
        note(&mut replayed.failures, Origin::Lab, &played.failures);
        replayed.lab = Some(played);
    }
    if let (Some(model), Some(lab)) = (&replayed.model, &replayed.lab) {
        let found = disagreements(model, lab);
        note(&mut replayed.failures, Origin::Disagreement, &found);
    }
    Ok(replayed)
}

fn note(failures: &mut Vec<(Origin, Failure)>, origin: Origin, found: &[Failure]) {
    failures.extend(found.iter().map(|failure| (origin, failure.clone())));
}

async fn play_on_model(scenario: &Scenario) -> Result<(Played, Vec<Course>), StageError> {
    let clients = scenario
        .moments
        .iter()
        .flat_map(|moment| &moment.state.senders)
        .map(|sender| (sender.name.clone(), sender.resolver.clone()))
        .collect();
    let stage = ModelStage::new(scenario.start, clients);
    let mut shadows = Shadows::default();
    let played = play(scenario, &stage, &mut shadows).await?;
    Ok((played, shadows.into_courses()))
}

async fn play_on_lab(scenario: &Scenario) -> Result<Played, StageError> {
    let Some(first) = scenario.moments.first() else {
        return Ok(Played::default());
    };
    let clients = scenario
        .moments
        .iter()
        .flat_map(|moment| on_lab::clients(&moment.state))
        .collect();
    let stage = LabStage::start(scenario.start, &first.state, clients).await?;
    let played = play(scenario, &stage, &mut Nobody).await;
    stage.shutdown().await?;
    played
}
