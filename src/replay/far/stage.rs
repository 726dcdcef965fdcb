//! A lab of containers as a stage, in real time.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::servers::Lab;
use crate::clock::Clock;
use crate::facts::UnixTime;
use crate::facts::special::Prefix;
use crate::net::{HeloName, Live, LiveConfig, ResolverConfig};
use crate::replay::on_lab::{Reach, deadlines};
use crate::replay::resolvers::Resolvers;
use crate::replay::stage::{Client, Seen, Stage, StageError, Unannounced};
use crate::story::State;
use crate::sts::certificate::Roots;

/// The port of resolvers.
const DNS: u16 = 53;

/// A lab of containers, and a live network for each sender of this process.
#[derive(Debug)]
pub(super) struct FarStage {
    lab: Lab,
    clock: Clock,
    start: UnixTime,
    roots: Roots,
    clients: BTreeMap<Box<str>, Reach>,
    resolvers: Resolvers,
    /// How often a state was laid out: the first one before the play, then one a step.
    applied: AtomicUsize,
}

impl FarStage {
    /// Lets the lab serve a story's first state.
    pub(super) async fn start(
        lab: Lab,
        (clock, start): (Clock, UnixTime),
        state: &State,
        clients: BTreeMap<Box<str>, Reach>,
    ) -> Result<Self, StageError> {
        lab.apply(start, &state.internet).await.map_err(failed)?;
        let pem = lab.roots().await.map_err(failed)?;
        let roots: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let roots = Roots::none().with(&roots).map_err(failed)?;
        Ok(Self {
            lab,
            clock,
            start,
            roots,
            clients,
            resolvers: Resolvers::default(),
            applied: AtomicUsize::new(0),
        })
    }

    /// Returns the servers.
    pub(super) const fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Returns how many steps have begun.
    pub(super) fn begun(&self) -> usize {
        self.applied.load(Ordering::Relaxed).saturating_sub(1)
    }
}

impl Stage for FarStage {
    type Network = Live;

    fn network(&self, client: Client<'_>) -> Live {
        let (resolver, waits) = match client {
            Client::Observer(waits) => (None, Some(waits)),
            Client::Sender(name) => {
                let known = self.clients.get(name);
                (
                    known.map(|known| &*known.resolver),
                    known.map(|known| known.deadlines),
                )
            }
        };
        let live = Live::new(LiveConfig {
            resolver: ResolverConfig::Addresses(vec![SocketAddr::new(self.lab.resolver, DNS)]),
            deadlines: deadlines(waits.unwrap_or_default()),
            helo: HeloName::Literal(self.lab.resolver),
            allowed: self.lab.addresses().filter_map(alone).collect(),
            ..LiveConfig::new(self.clock.clone(), self.roots.clone())
        })
        .expect("the one resolver is given");
        self.resolvers.share(resolver, live)
    }

    async fn apply(&self, state: &State) -> Result<(), StageError> {
        let applied = self.lab.apply(self.start, &state.internet).await;
        applied.map_err(failed)?;
        self.applied.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn advance_to(&self, now: UnixTime) {
        self.clock.sleep_until(now).await;
    }

    /// Others send through the same servers, so what one sender asked cannot be told.
    fn drain(&self) -> Vec<Seen> {
        Vec::new()
    }

    fn unannounced(&self) -> Vec<Unannounced> {
        Vec::new()
    }
}

/// Returns the prefix that holds this address alone.
fn alone(address: IpAddr) -> Option<Prefix> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    format!("{address}/{bits}").parse().ok()
}

/// Says why the lab cannot be had.
pub(super) fn failed(error: impl std::error::Error) -> StageError {
    StageError {
        stage: "lab of containers",
        detail: error.to_string().into(),
    }
}
