//! The fake Internet of an audit: one world with the domain of every requirement, and how time passes in it.

use std::sync::Arc;
use std::time::Duration;

use super::message::{AUTHORS, SANITY};
use super::requirement::{Lay, Phase, Requirement};
use super::site::{Site, domain_of};
use crate::clock::Clock;
use crate::facts::UnixTime;
use crate::fakes::Internet;
use crate::net::Live;
use crate::net::routes::Route;
use crate::replay::on_lab::LabStage;
use crate::replay::stage::{Client, Stage as _, StageError};
use crate::sender::Verdict;
use crate::story::{State, Story, StoryError, World};
use crate::world::{Listen, Request};

/// How an audit spends its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// How long DNS answers may be kept.
    pub ttl: Duration,
    /// How long the first messages have to make the sender fetch the policies.
    pub warm_up: Duration,
    /// How long nothing reaches a server before what was sent counts as settled; real time.
    pub quiet: Duration,
    /// How long a change may take to be seen: the TTL, and what the sender adds to it.
    pub change: Duration,
    /// How long the policies live that run out in the course of the audit.
    pub short_life: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10),
            warm_up: Duration::from_secs(60),
            quiet: Duration::from_secs(5),
            change: Duration::from_secs(75),
            short_life: Duration::from_secs(240),
        }
    }
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Time {
    /// Everybody's: the sender runs by the system's clock.
    Real,
    /// The audit's own: it moves on as soon as nothing is left to do.
    Virtual,
}

/// A running fake Internet with the domains of some requirements.
#[derive(Debug)]
pub struct Lab {
    stage: LabStage,
    states: [State; 3],
    time: Time,
    clock: Clock,
    pub(super) timing: Timing,
}

/// Why there is no fake Internet.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// It cannot be served.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A domain is laid out wrongly.
    #[error("a domain of the audit is laid out wrongly: {0}")]
    Story(#[from] StoryError),
}

impl Lab {
    /// Starts the fake Internet with the domains of these requirements.
    ///
    /// # Errors
    ///
    /// When it cannot be served.
    pub async fn start(
        requirements: &[&Requirement],
        listen: Listen,
        time: Time,
        timing: Timing,
    ) -> Result<Self, LabError> {
        let clock = match time {
            Time::Real => Clock::system(),
            Time::Virtual => Clock::manual(VIRTUAL_START),
        };
        let states = states(requirements, clock.now(), timing)?;
        let stage = LabStage::start(
            listen,
            clock.now(),
            &states[0],
            std::collections::BTreeMap::new(),
        )
        .await?;
        Ok(Self {
            stage,
            states,
            time,
            clock,
            timing,
        })
    }

    /// Returns the authority that the certificates come from, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.stage.world().ca_pem()
    }

    /// Returns where the addresses of the fake Internet really are.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.stage.routes()
    }

    /// Returns where the resolver is.
    #[must_use]
    pub fn resolver(&self) -> std::net::SocketAddr {
        self.stage.world().dns_address()
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Ends every server.
    ///
    /// # Errors
    ///
    /// When a server ended badly.
    pub async fn shutdown(self) -> Result<(), LabError> {
        Ok(self.stage.shutdown().await?)
    }

    /// Lays out what holds in a phase.
    pub(super) async fn lay(&self, phase: Phase) -> Result<(), LabError> {
        let [first, changed, later] = &self.states;
        let state = match phase {
            Phase::First => first,
            Phase::Changed => changed,
            Phase::Later => later,
        };
        Ok(self.stage.apply(state).await?)
    }

    /// Returns what is served in the first phase.
    pub(super) const fn internet(&self) -> &Arc<Internet> {
        &self.states[0].internet
    }

    /// Returns the live network of a sender in this process; its resolver has a cache of its own.
    pub(super) fn network(&self, name: &str) -> Live {
        self.stage.network(Client::Sender(name))
    }

    /// Lets time pass.
    pub(super) async fn pass(&self, span: Duration) {
        let until = self.now().saturating_add(span);
        match self.time {
            Time::Real => self.clock.sleep_until(until).await,
            Time::Virtual => {
                self.clock.advance_to(until);
                self.stage.advance_to(until).await;
            }
        }
    }

    /// Returns whether anybody's time passes while one waits.
    pub(super) fn is_real(&self) -> bool {
        self.time == Time::Real
    }

    /// Takes what reached the servers.
    pub(super) fn drain(&self) -> Vec<Request> {
        self.stage.world().drain_history()
    }
}

/// When audits under the virtual clock begin: 2026-03-02T08:00:00Z.
const VIRTUAL_START: UnixTime = UnixTime::from_secs(1_772_438_400);

/// Returns what holds in each phase.
fn states(
    requirements: &[&Requirement],
    start: UnixTime,
    timing: Timing,
) -> Result<[State; 3], StoryError> {
    let lay = |world: &mut World, change: fn(&Requirement) -> Option<Lay>| {
        for requirement in requirements {
            if let Some(change) = change(requirement) {
                change(&mut Site::new(world, requirement.name(), timing.short_life));
            }
        }
    };
    let second = Duration::from_secs(1);
    let story = Story::builder("audit", start)
        .step(Duration::ZERO, "first", |world| {
            Site::new(world, SANITY, timing.short_life).healthy();
            Site::new(world, AUTHORS, timing.short_life).open();
            lay(world, |requirement| Some(requirement.first));
        })
        .expect(&domain_of(SANITY), Verdict::Deliver)
        .step(second, "changed", |world| {
            lay(world, |requirement| requirement.changed);
        })
        .step(second * 2, "later", |world| {
            lay(world, |requirement| requirement.later);
        })
        .build()?;
    let mut states = story.moments.into_iter().map(|moment| {
        let mut state = moment.state;
        keep_for(Arc::make_mut(&mut state.internet), timing.ttl);
        state
    });
    let mut next = || states.next().expect("the story has three steps");
    Ok([next(), next(), next()])
}

/// Gives every DNS answer this TTL.
fn keep_for(internet: &mut Internet, ttl: Duration) {
    for name in internet.dns.names.values_mut() {
        name.negative_ttl = name.negative_ttl.map(|_longer| ttl);
        for answer in name.answers.values_mut() {
            answer.ttl = ttl;
        }
    }
}
