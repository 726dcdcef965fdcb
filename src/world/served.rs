//! What is served over TCP at one moment, and what every server of a world sees.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;

use super::error::WorldError;
use super::history::History;
use super::pki::Pki;
use super::smtp::Greylist;
use super::tls;
use crate::fakes::{Edge, Page, Receiver};

/// What every server of a world sees.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) served: RwLock<Arc<Served>>,
    pub(super) history: Arc<History>,
    pub(super) greylist: Greylist,
}

impl Shared {
    /// Returns what is served at this moment.
    pub(super) fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is served.
    pub(super) fn serve(&self, served: Served) {
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }
}

/// What is served over TCP, ready for use.
#[derive(Debug, Default)]
pub(super) struct Served {
    pub(super) https: BTreeMap<IpAddr, Arc<ServedEdge>>,
    pub(super) smtp: BTreeMap<IpAddr, Arc<ServedReceiver>>,
}

/// An edge, ready to serve.
#[derive(Debug)]
pub(super) struct ServedEdge {
    pub(super) edge: Edge,
    pub(super) config: Arc<ServerConfig>,
    answered: AtomicU32,
}

impl ServedEdge {
    /// Makes the edge's certificates.
    pub(super) fn new(edge: &Edge, pki: &Pki) -> Result<Self, WorldError> {
        Ok(Self {
            config: tls::server_config(pki, &edge.identity, edge.versions, &[b"http/1.1"])?,
            edge: edge.clone(),
            answered: AtomicU32::new(0),
        })
    }

    /// Returns the pages that answer a request, and counts it.
    pub(super) fn pages(&self) -> &BTreeMap<String, Page> {
        let lag = self.edge.lag.as_ref();
        let still = lag.and_then(|lag| lag.still(self.answered.fetch_add(1, Ordering::Relaxed)));
        still.unwrap_or(&self.edge.pages)
    }
}

/// A receiver, ready to serve.
#[derive(Debug)]
pub(super) struct ServedReceiver {
    pub(super) receiver: Receiver,
    pub(super) config: Arc<ServerConfig>,
}

impl ServedReceiver {
    /// Makes the receiver's certificates.
    pub(super) fn new(receiver: &Receiver, pki: &Pki) -> Result<Self, WorldError> {
        Ok(Self {
            config: tls::server_config(pki, &receiver.identity, receiver.versions, &[])?,
            receiver: receiver.clone(),
        })
    }
}
