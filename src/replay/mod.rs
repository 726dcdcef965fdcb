//! Scenarios, played: on the model, on the lab, and held against each other.
//!
//! [`replay`] is the whole of it for one scenario. The same [`play()`] drives both stages; what they told must
//! agree ([`outcome::disagreements`]), and on the model [`shadow`] tells besides from when to when mail
//! would have been delivered.

mod compare;
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
use outcome::{Failure, Played, disagreements};
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

impl Replayed {
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
