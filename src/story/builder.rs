//! Stories built in code, step by step.

use std::sync::Arc;
use std::time::Duration;

use super::expectation::Expectation;
use super::moment::Moment;
use super::origin::Origin;
use super::rules::{StoryError, StoryFault};
use super::state::{CacheUse, Deadlines, Sender, State};
use super::whole::{Head, Source, Story};
use super::world::{World, named};
use crate::facts::UnixTime;
use crate::sender::{SenderClass, Verdict};

/// Builds a story. [`Builder::build`] reports what is wrong with a part of it.
#[derive(Debug)]
pub struct Builder {
    head: Head,
    senders: Vec<Sender>,
    world: World,
    moments: Vec<Moment>,
    fault: Option<(Origin, StoryFault)>,
}

impl Story {
    /// Begins a story that is built in code; it starts at `start`.
    #[must_use]
    pub fn builder(id: &str, start: UnixTime) -> Builder {
        Builder::new(id, start)
    }
}

impl Builder {
    fn new(id: &str, start: UnixTime) -> Self {
        Self {
            head: Head {
                id: id.into(),
                title: Box::default(),
                rfc: Vec::new(),
                start,
                only_on: None,
                xfail: None,
                source: Source::Code,
            },
            senders: Vec::new(),
            world: World::default(),
            moments: Vec::new(),
            fault: None,
        }
    }

    /// Adds a sender of that class (`strict`, `lazy`, `no-refresh`, `no-sts`) to the steps that follow.
    #[must_use]
    pub fn sender(mut self, name: &str, class: &str) -> Self {
        match SenderClass::by_name(class) {
            Some(class) => self.senders.push(Sender::new(name, class.clone())),
            None => self.note(StoryFault::Class(class.into())),
        }
        self
    }

    /// Begins a step: `change` changes what holds, `after` the start.
    #[must_use]
    pub fn step(mut self, after: Duration, title: &str, change: impl FnOnce(&mut World)) -> Self {
        let origin = Origin::new(self.moments.len() + 1);
        change(&mut self.world);
        if let Some(fault) = self.world.fault.take() {
            self.fault.get_or_insert((origin, fault));
        }
        self.moments.push(Moment {
            origin,
            at: self.head.start.saturating_add(after),
            after,
            title: title.into(),
            state: State {
                senders: self.senders.clone(),
                internet: Arc::new(self.world.internet.clone()),
                ..self.world.named.clone()
            },
            flush: Vec::new(),
            expect: Vec::new(),
            check: Vec::new(),
        });
        self
    }

    /// Expects, in the last step, that a fresh message of every sender for `domain` comes to `verdict`.
    #[must_use]
    pub fn expect(mut self, domain: &str, verdict: Verdict) -> Self {
        let senders = self.senders.iter().map(|sender| sender.name.clone());
        let senders: Vec<_> = senders.collect();
        match named(domain) {
            Ok(domain) => self.expecting(Expectation {
                senders,
                verdict: Some(verdict),
                ..Expectation::about(domain)
            }),
            Err(fault) => {
                self.note(fault);
                self
            }
        }
    }

    /// Expects more of a fresh message in the last step.
    #[must_use]
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        match self.moments.last_mut() {
            Some(moment) => moment.expect.push(Expectation {
                origin: moment.origin,
                ..expectation
            }),
            None => self.note(StoryFault::BeforeTheFirstStep),
        }
        self
    }

    /// Ends the story.
    ///
    /// # Errors
    ///
    /// When it cannot be played as it stands.
    pub fn build(self) -> Result<Story, StoryError> {
        let Some((origin, fault)) = self.fault else {
            return Story::new(self.head, self.moments);
        };
        let title = self.moments.get(origin.number().saturating_sub(1));
        Err(StoryError {
            place: match title {
                Some(step) => format!(
                    "{}, step {} ({})",
                    self.head.id,
                    origin.number(),
                    step.title
                ),
                None => self.head.id.to_string(),
            },
            fault,
        })
    }

    fn note(&mut self, fault: StoryFault) {
        let origin = Origin::new(self.moments.len());
        self.fault.get_or_insert((origin, fault));
    }
}

impl Sender {
    /// Makes a sender with an empty cache and a resolver of its own.
    #[must_use]
    pub fn new(name: &str, class: SenderClass) -> Self {
        Self {
            name: name.into(),
            class,
            cache: CacheUse::Kept,
            cached: Vec::new(),
            resolver: name.into(),
            deadlines: Deadlines::default(),
            next_hop: None,
            edge: None,
        }
    }
}
