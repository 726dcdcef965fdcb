//! One look: what it takes to see whether something is everywhere.

use super::super::survey::{PolicyHost, Survey, ask_policy_host, look_up_text};
use super::super::zone::{AskedZone, ask_servers};
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsFailure};
use crate::sender::{Authorities, Limits};

/// The facts of a look.
#[derive(Clone, Copy, Debug)]
pub(in crate::diagnose) struct Facts<'a> {
    /// The policy host, asked at each of its addresses; `None` if its name is too long to exist.
    pub(super) policy_host: Option<&'a PolicyHost>,
    /// What the servers of the zone say themselves; `None` if nobody knows any.
    pub(super) zone: Result<Option<&'a AskedZone>, &'a DnsFailure>,
    /// The resolver's answer for the MTA-STS record.
    pub(super) record: Option<&'a DnsAnswer>,
}

impl<'a> From<&'a Survey> for Facts<'a> {
    fn from(survey: &'a Survey) -> Self {
        Self {
            policy_host: survey.policy_host.as_ref(),
            zone: survey.zone.as_ref().map(Option::as_ref),
            record: survey.record.as_ref(),
        }
    }
}

/// What one look gathers.
pub(super) struct Gathered {
    policy_host: Option<PolicyHost>,
    zone: Result<Option<AskedZone>, DnsFailure>,
    record: Option<DnsAnswer>,
}

impl Gathered {
    /// Asks each address of the policy host and each server of the zone; no MX host.
    pub(super) async fn gather<N: Authorities>(
        network: &N,
        domain: &DnsName,
        limits: Limits,
    ) -> Self {
        let (policy_host, zone, record) = tokio::join!(
            ask_policy_host(network, domain, limits),
            ask_servers(network, domain),
            look_up_text(network, domain, "_mta-sts"),
        );
        Self {
            policy_host,
            zone,
            record,
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            policy_host: self.policy_host.as_ref(),
            zone: self.zone.as_ref().map(Option::as_ref),
            record: self.record.as_ref(),
        }
    }
}
