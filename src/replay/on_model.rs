//! The model, playing a scenario's states.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::stage::{Client, Port, Seen, Stage, StageError, Unannounced};
use crate::facts::UnixTime;
use crate::model::{Hosted, Model, ModelNetwork, ModelRequest, Stray};
use crate::story::{Asked, State};

/// The model, with the resolver of each client.
#[derive(Clone, Debug)]
pub struct ModelStage {
    model: Arc<Model>,
    clock: crate::clock::Clock,
    start: UnixTime,
    resolvers: BTreeMap<Box<str>, Box<str>>,
}

impl ModelStage {
    /// Makes a model whose clock stands at `start`; `clients` name the resolver that each client asks.
    #[must_use]
    pub fn new(start: UnixTime, clients: BTreeMap<Box<str>, Box<str>>) -> Self {
        let clock = crate::clock::Clock::manual(start);
        Self {
            model: Arc::new(Model::new(clock.clone())),
            clock,
            start,
            resolvers: clients,
        }
    }

    /// Copies servers and caches, with a clock of the copy's own.
    #[must_use]
    pub fn copy_at(&self, now: UnixTime) -> Self {
        let clock = crate::clock::Clock::manual(now);
        Self {
            model: Arc::new(self.model.copy_with(clock.clone())),
            clock,
            start: self.start,
            resolvers: self.resolvers.clone(),
        }
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Returns the moments after now at which an answer in a client's resolver runs out.
    #[must_use]
    pub fn cache_ends(&self) -> Vec<UnixTime> {
        self.model.cache_ends(self.clock.now())
    }

    /// Returns the moments after now at which a certificate's life begins, and the first after one ends.
    #[must_use]
    pub fn life_ends(&self) -> Vec<UnixTime> {
        let now = self.clock.now();
        self.model
            .certificates()
            .into_iter()
            // A certificate is valid up to the last second of its life.
            .flat_map(|(begins, ends)| [begins, ends.saturating_add(Duration::from_secs(1))])
            .filter(|moment| *moment > now)
            .collect()
    }
}

impl Stage for ModelStage {
    type Network = ModelNetwork;

    fn network(&self, client: Client<'_>) -> ModelNetwork {
        match client {
            Client::Observer(_) => self.model.through_its_own(),
            Client::Sender(name) => {
                let resolver = self.resolvers.get(name).map_or(name, |resolver| resolver);
                self.model.through(resolver)
            }
        }
    }

    async fn apply(&self, state: &State) -> Result<(), StageError> {
        self.model
            .apply(Hosted::new(Arc::clone(&state.internet), self.start));
        Ok(())
    }

    async fn advance_to(&self, now: UnixTime) {
        self.clock.advance_to(now);
    }

    fn drain(&self) -> Vec<Seen> {
        self.model
            .drain_requests()
            .into_iter()
            .map(|request| match request {
                ModelRequest::Dns(question) => Seen::Asked(Asked::Dns(question)),
                ModelRequest::Get { host, address } => Seen::Asked(Asked::Get {
                    host,
                    address: Some(address),
                }),
                ModelRequest::Connect { host, address } => Seen::Asked(Asked::Smtp {
                    host,
                    address: Some(address),
                }),
                ModelRequest::Received { host, address, tls } => Seen::Received {
                    server: host,
                    address,
                    tls,
                },
            })
            .collect()
    }

    fn unannounced(&self) -> Vec<Unannounced> {
        let connection = |address, port| Unannounced::Connection {
            address: Some(address),
            port,
        };
        self.model
            .unannounced()
            .into_iter()
            .map(|request| match request {
                Stray::Question(question) => Unannounced::Question {
                    name: question.name.as_str().into(),
                    record_type: question.record_type.to_string().into(),
                },
                Stray::Dns(address) => connection(address, Port::Dns),
                Stray::Https(address) => connection(address, Port::Https),
                Stray::Smtp(address) => connection(address, Port::Smtp),
            })
            .collect()
    }
}
