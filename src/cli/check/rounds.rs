//! The rounds of looks of a run that waits.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::diagnose::wait::{Round, Rounds};
use crate::net::Live;
use crate::sender::memo::Probes;

/// Rounds on the live network: each begins with a resolver cache in which nothing is known yet.
#[derive(Debug)]
pub(super) struct LiveRounds {
    network: Live,
    latest: Mutex<Latest>,
    at_once: Arc<Semaphore>,
}

/// The round that most domains are in.
#[derive(Clone, Debug)]
struct Latest {
    number: usize,
    network: Live,
    shared: Arc<Probes>,
}

impl Latest {
    fn begin(number: usize, network: &Live) -> Self {
        Self {
            number,
            network: network.with_new_dns_cache(),
            shared: Arc::default(),
        }
    }
}

impl LiveRounds {
    /// Makes rounds in which so many domains look at once; those that wait for the next look take no place.
    pub(super) fn new(network: Live, at_once: NonZeroUsize) -> Self {
        Self {
            latest: Mutex::new(Latest::begin(0, &network)),
            network,
            at_once: Arc::new(Semaphore::new(at_once.get().min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Returns a round. Domains keep step with each other; one that was held up looks by itself.
    fn round(&self, number: usize) -> Latest {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if number < latest.number {
            return Latest::begin(number, &self.network);
        }
        if number > latest.number {
            *latest = Latest::begin(number, &self.network);
        }
        latest.clone()
    }
}

impl Rounds for LiveRounds {
    type Network = Live;

    async fn join(&self, number: usize) -> Round<Live> {
        // It is never closed.
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        let Latest {
            network, shared, ..
        } = self.round(number);
        Round {
            network: network.for_one_domain(),
            shared,
            permit,
        }
    }
}
