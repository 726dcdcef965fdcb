//! An intended MX host, beside the policies and the MX records as they are.

use super::listing::Listing;
use crate::diagnose::document::MxVerdict;
use crate::diagnose::hosting::providers::{self, Provider};
use crate::diagnose::judged::{Host, Judged};
use crate::facts::DnsName;
use crate::sender::candidates::{Exchangers, HostAddresses};
use crate::sts::ledger::Held;
use crate::sts::policy::Policy;

/// An intended MX host.
#[derive(Clone, Debug)]
pub struct IntendedHost<'a> {
    /// Its name.
    pub name: &'a DnsName,
    /// Its transport, probed whether or not the DNS names it yet.
    pub host: Host<'a>,
    /// Whether it is a live MX host; `None` where the MX records are not known.
    pub is_live: Option<bool>,
    /// How the live policy lists it; `None` where no live policy has a list that counts.
    pub listing: Option<Listing>,
    /// How each policy lists it that senders may still hold of those seen before, the live one among them.
    pub held: Vec<HeldListing<'a>>,
    /// Who runs it, as far as its name tells.
    pub provider: Option<&'static Provider>,
}

/// How a policy that senders may hold lists a host.
#[derive(Clone, Debug)]
pub struct HeldListing<'a> {
    /// The policy, and who may hold it.
    pub held: &'a Held<'a>,
    /// What it says.
    pub policy: Policy,
    /// How it lists the host.
    pub listing: Listing,
}

impl<'a> IntendedHost<'a> {
    /// Holds a host against everything, but for those whose facts nobody gathered: they have none.
    pub(super) fn judge(
        name: &'a DnsName,
        judged: &'a Judged<'a>,
        held: &[(&'a Held<'a>, Policy)],
    ) -> Option<Self> {
        let live = judged.hosts.iter().find(|host| host.name() == Some(name));
        let host = match live {
            Some(live) => live.clone(),
            None => {
                let mut standby = judged.survey.standby.iter();
                let facts = standby.find(|facts| facts.candidate.host() == Some(name))?;
                Host::judge(facts, judged.survey.smtp_port, judged.families)
            }
        };
        Some(Self {
            name,
            host,
            is_live: match judged.survey.exchangers {
                Exchangers::Unknown(_) => None,
                Exchangers::Candidates { .. } | Exchangers::NoDomain | Exchangers::NullMx => {
                    Some(live.is_some())
                }
            },
            listing: judged
                .listing_policy()
                .map(|policy| Listing::of(policy, name)),
            held: held
                .iter()
                .map(|(held, policy)| HeldListing {
                    held,
                    policy: policy.clone(),
                    listing: Listing::of(policy, name),
                })
                .collect(),
            provider: providers::of_host(name),
        })
    }

    /// Returns whether the live policy has a list that counts, and no pattern of it covers the host.
    #[must_use]
    pub fn is_uncovered(&self) -> bool {
        self.listing.as_ref().is_some_and(Listing::is_missing)
    }

    /// Returns whether the host certainly has no address: it takes no mail.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        let addresses = self.host.facts.addresses.as_ref();
        addresses.is_some_and(HostAddresses::has_none)
    }

    /// Returns whether a sender that enforces a policy could deliver to it once the policy lists it; `None` where
    /// only our vantage keeps us from telling. One that nobody was to speak to is taken as sound.
    #[must_use]
    pub fn passes(&self) -> Option<bool> {
        match self.host.verdict {
            _ if self.is_nowhere() => Some(false),
            MxVerdict::Accepted | MxVerdict::NotAsked => Some(true),
            MxVerdict::Refused => Some(false),
            MxVerdict::NotTried
            | MxVerdict::RejectedUs
            | MxVerdict::Undetermined
            | MxVerdict::Unreachable => None,
        }
    }
}
