//! What the servers of a zone said.

use std::net::IpAddr;

use super::said::Said;
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsFailureKind};

/// A zone and what its servers said.
#[derive(Clone, Debug)]
pub struct AskedZone {
    /// Where it begins.
    pub name: DnsName,
    /// Its servers, by name; at most [`MAX_SERVERS`](super::MAX_SERVERS).
    pub servers: Vec<AskedServer>,
    /// How many more servers it has.
    pub not_asked: usize,
}

/// One server, asked at one of its addresses.
#[derive(Clone, Debug)]
pub struct AskedServer {
    /// Its name.
    pub host: DnsName,
    /// Where it was asked; `None` if it has no address.
    pub address: Option<IpAddr>,
    /// Its answer for the domain's MX records; `None` if it has no address.
    pub mx: Option<DnsAnswer>,
    /// Its answer for the record at `_mta-sts`; `None` also if that name is too long to exist.
    pub record: Option<DnsAnswer>,
    /// The serial of its copy of the zone, which is asked for only where servers differ.
    pub serial: Option<u32>,
}

impl AskedServer {
    /// Makes one that cannot be asked.
    pub(super) const fn without_address(host: DnsName) -> Self {
        Self {
            host,
            address: None,
            mx: None,
            record: None,
            serial: None,
        }
    }

    /// Returns whether it answers for the domain.
    pub(super) fn answers(&self) -> bool {
        Said::of_mx(self.mx.as_ref()).is_answer()
    }

    /// Returns whether it has answered anything.
    pub(super) fn has_answered(&self) -> bool {
        self.answers() || Said::of_texts(self.record.as_ref()).is_answer()
    }

    /// Returns whether it was asked, and cannot be reached from here.
    pub(super) fn is_out_of_reach(&self) -> bool {
        match Said::of_mx(self.mx.as_ref()) {
            Said::Failed(failure) => failure.kind == DnsFailureKind::Unreachable,
            Said::Alias(_) | Said::NotAsked | Said::Records(_) => false,
        }
    }
}
