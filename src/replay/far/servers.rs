//! The servers of a lab of containers, by their control ports.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::exchange::exchange;
use crate::facts::UnixTime;
use crate::fakes::Internet;
use crate::story::Places;
use crate::world::control::{Order, Record};

/// The control port of each server, at its own address.
pub const CONTROL_PORT: u16 = 8025;

/// A lab of containers: which addresses it has, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lab {
    /// The one that resolves names.
    pub resolver: IpAddr,
    /// Those of policy hosts and MX hosts.
    pub places: Places,
}

impl Lab {
    /// Returns every address.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let Places { edges, mx } = &self.places;
        [self.resolver]
            .into_iter()
            .chain(edges.iter().copied())
            .chain(mx.iter().copied())
    }

    /// Lets every server serve its part of a state.
    ///
    /// # Errors
    ///
    /// When one does not answer, or cannot.
    pub async fn apply(&self, start: UnixTime, internet: &Internet) -> io::Result<()> {
        let order = serde_json::to_vec(&Order {
            start,
            internet: internet.clone(),
        })?;
        for address in self.addresses() {
            exchange(control(address), "POST", "/apply", &order).await?;
        }
        Ok(())
    }

    /// Returns the roots that the servers' certificates end at, in PEM.
    ///
    /// # Errors
    ///
    /// When a server does not answer, or serves nothing yet.
    pub async fn roots(&self) -> io::Result<Vec<u8>> {
        let mut roots = Vec::new();
        for address in self.addresses() {
            roots.extend(exchange(control(address), "GET", "/ca.pem", b"").await?);
        }
        Ok(roots)
    }

    /// Returns what reached the servers since they began.
    ///
    /// # Errors
    ///
    /// When one does not answer.
    pub async fn history(&self) -> io::Result<Record> {
        let mut all = Record::default();
        for address in self.addresses() {
            let record = exchange(control(address), "GET", "/history", b"").await?;
            let Record {
                requests,
                unannounced,
            } = serde_json::from_slice(&record)?;
            all.requests.extend(requests);
            all.unannounced.extend(unannounced);
        }
        Ok(all)
    }
}

fn control(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, CONTROL_PORT)
}
