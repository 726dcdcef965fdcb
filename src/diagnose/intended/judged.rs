//! Live policy, live MX records and what is intended, held side by side and judged once.

use schemars::JsonSchema;
use serde::Serialize;

use super::host::IntendedHost;
use super::intention::{Intention, Phase, ToPublish};
use super::removal::Removal;
use crate::diagnose::judged::{Host, Judged};
use crate::facts::{DnsName, UnixTime};
use crate::sender::candidates::Exchangers;
use crate::sts::ledger::{Held, Ledger};
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;

/// What comes of an intention.
#[derive(Clone, Debug)]
pub struct Intended<'a> {
    /// What is intended.
    pub intention: &'a Intention,
    /// On which side of the cutover the domain is.
    pub phase: Phase,
    /// How that is known.
    pub phase_source: PhaseSource,
    /// The intended hosts, in their order.
    pub hosts: Vec<IntendedHost<'a>>,
    /// The live MX hosts, in the order of preference.
    pub live: Vec<LiveHost<'a>>,
    /// Whether every address of the policy host that serves a policy serves the one that is to be published; `None`
    /// without one, or where only we failed to see.
    pub serves_body: Option<bool>,
    /// The entries of the live policy that can go, after the cutover; `None` if there are none.
    pub removal: Option<Removal<'a>>,
}

/// A live MX host, beside what is intended.
#[derive(Clone, Debug)]
pub struct LiveHost<'a> {
    /// The host.
    pub host: &'a Host<'a>,
    /// What it is to the intention.
    pub role: Role,
}

/// What a live MX host is to an intention.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An old one that takes the mail until the cutover.
    Due,
    /// Neither intended nor due any more.
    Foreign,
    /// One that is intended.
    Intended,
}

/// How it is known on which side of the cutover a domain is.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseSource {
    /// The MX records are not known, and nobody says: taken to be before it.
    Assumed,
    /// Somebody says (`--phase`).
    Given,
    /// The MX records tell.
    LiveMx,
}

impl<'a> Intended<'a> {
    /// Holds an intention against the facts. `held` are the policies that senders may hold of those seen before,
    /// `ledger` what was seen, this check included; `None` if nothing is remembered.
    #[must_use]
    pub fn judge(
        intention: &'a Intention,
        judged: &'a Judged<'a>,
        held: &'a [Held<'a>],
        ledger: Option<&Ledger>,
        now: UnixTime,
    ) -> Self {
        let read: Vec<(&'a Held<'a>, Policy)> = held
            .iter()
            .filter_map(|held| Some((held, held.seen.read()?.1)))
            .filter(|(_, policy)| policy.mode() != Mode::None)
            .collect();
        let hosts: Vec<IntendedHost<'a>> = intention
            .hosts()
            .iter()
            .filter_map(|name| IntendedHost::judge(name, judged, &read))
            .collect();
        let (phase, phase_source) = match (intention.phase, &judged.survey.exchangers) {
            (Some(given), _) => (given, PhaseSource::Given),
            (None, Exchangers::Unknown(_)) => (Phase::Before, PhaseSource::Assumed),
            (None, Exchangers::Candidates { .. } | Exchangers::NoDomain | Exchangers::NullMx) => {
                (phase_of(intention.hosts(), judged), PhaseSource::LiveMx)
            }
        };
        let live = judged.usable_hosts().iter().map(|host| LiveHost {
            host,
            role: match (is_among(intention.hosts(), host), phase) {
                (true, _) => Role::Intended,
                (false, Phase::Before) => Role::Due,
                (false, Phase::After) => Role::Foreign,
            },
        });
        Self {
            intention,
            phase,
            phase_source,
            live: live.collect(),
            serves_body: (intention.policy.as_ref()).and_then(|policy| serves(judged, policy)),
            removal: match phase {
                Phase::Before => None,
                Phase::After => Removal::of(intention, judged, &read, ledger, now),
            },
            hosts,
        }
    }

    /// Returns the hosts that a policy has to cover now: the intended ones, and before the cutover the old ones
    /// that take the mail until then.
    pub fn needed(&self) -> impl Iterator<Item = &'a DnsName> {
        let due = self.live.iter().filter(|live| live.role == Role::Due);
        let due = due.filter_map(|live| live.host.name());
        self.intention.hosts().iter().chain(due)
    }

    /// Returns those of them that a policy leaves out; none for one whose mode is none.
    #[must_use]
    pub fn left_out(&self, policy: &Policy) -> Vec<&'a DnsName> {
        self.needed()
            .filter(|host| policy.mode() != Mode::None && policy.matching(host).is_none())
            .collect()
    }
}

/// Tells the phase from the MX records: it is after the cutover once they name every intended host, or none but
/// intended ones.
///
/// Q: And where old and new hosts stand beside each other? A: With all the new ones there the move is made, and an
/// old one is left over; with one missing it is still to be made.
fn phase_of(intended: &[DnsName], judged: &Judged<'_>) -> Phase {
    let hosts = judged.usable_hosts();
    let is_live = |name: &DnsName| hosts.iter().any(|host| host.name() == Some(name));
    let all_live = intended.iter().all(is_live);
    let none_old = !hosts.is_empty() && hosts.iter().all(|host| is_among(intended, host));
    if all_live || none_old {
        Phase::After
    } else {
        Phase::Before
    }
}

/// Whether what the policy host serves is this policy.
fn serves(judged: &Judged<'_>, to_publish: &ToPublish) -> Option<bool> {
    match judged.live_in(Reading::Letter)? {
        Ok(_) => Some(
            judged
                .edges
                .iter()
                .filter_map(|edge| edge.in_reading(Reading::Letter).as_ref().ok())
                .all(|fetched| to_publish.is_served_as(fetched)),
        ),
        Err(error) if error.is_ours() => None,
        Err(_) => Some(false),
    }
}

fn is_among(intended: &[DnsName], host: &Host<'_>) -> bool {
    host.name().is_some_and(|name| intended.contains(name))
}
