//! What is intended, in the document.

use schemars::JsonSchema;
use serde::Serialize;

use super::intention::Phase;
use super::judged::{PhaseSource, Role};
use crate::diagnose::mx_report::{AddressReport, MxVerdict};
use crate::facts::dns::Exchange;
use crate::facts::{DnsName, Sentence, UnixTime};
use crate::sts::policy::Mode;

/// What is intended for a domain, beside what is.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct IntendedReport {
    /// On which side of the cutover the domain is.
    pub phase: Phase,
    /// How that is known.
    pub phase_source: PhaseSource,
    /// The intended MX hosts, in the order given.
    pub hosts: Vec<IntendedHostReport>,
    /// The live MX hosts, in the order of preference.
    pub live: Vec<LiveHostReport>,
    /// The policy that is to be published; null if none is given.
    pub policy: Option<IntendedPolicyReport>,
    /// The id that is to be published; null if none is given.
    pub id: Option<String>,
    /// Whether that id is live; null without one, or where the record is not known.
    pub id_is_live: Option<bool>,
    /// Entries of the live policy that cover no intended host and no live one, after the cutover.
    pub old_patterns: Vec<String>,
    /// From when on nobody needs them; null without any.
    pub old_patterns_safe_from: Option<UnixTime>,
}

/// An intended MX host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct IntendedHostReport {
    /// The host.
    pub host: DnsName,
    /// Whether an MX record names it; null where the MX records are not known.
    pub live: Option<bool>,
    /// How the live policy lists it; null where no live policy has a list that counts.
    pub match_kind: Option<MatchKind>,
    /// The pattern that lists it; null if none does.
    pub pattern: Option<String>,
    /// Why a pattern that comes near does not cover it; null if none does.
    pub near_miss: Option<String>,
    /// How each policy lists it that senders may still hold.
    pub held: Vec<HeldListingReport>,
    /// What its transport is worth, probed whether or not an MX record names it.
    pub verdict: MxVerdict,
    /// Whether an enforcing sender would use it if the policy lists it; null if that is not known.
    pub would_pass: Option<bool>,
    /// Each address that was tried.
    pub addresses: Vec<AddressReport>,
    /// How many more addresses it has.
    pub addresses_not_tried: usize,
    /// The names that CNAMEs of the host led to, in order; a host should have none (RFC 5321, Section 5.1).
    pub cname: Vec<DnsName>,
    /// What is wrong besides its addresses; null if nothing is.
    pub error: Option<Sentence>,
    /// Who runs it, as far as its name tells; null if it does not.
    pub provider: Option<ProviderReport>,
}

/// How a policy lists a host.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    /// By its own name.
    Exact,
    /// Not at all.
    None,
    /// By a wildcard alone.
    Wildcard,
}

/// How a policy that senders may hold lists a host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HeldListingReport {
    /// The id that the policy came with.
    pub id: String,
    /// The SHA-256 of its body, in hexadecimal.
    pub body_sha256: String,
    /// Until when a sender may hold it.
    pub held_possibly_until: UnixTime,
    /// The pattern that lists the host; null if none does.
    pub pattern: Option<String>,
}

/// A mail provider.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ProviderReport {
    /// What people call it.
    pub name: String,
    /// The `mx` values that it documents for a policy itself; often none.
    pub policy_mx: Vec<String>,
    /// Where that stands.
    pub source: String,
    /// When somebody last looked, as year, month and day.
    pub date: String,
}

/// A live MX host.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct LiveHostReport {
    /// The name in the MX record.
    pub host: Exchange,
    /// What it is to the intention.
    pub role: Role,
}

/// A policy that is to be published.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct IntendedPolicyReport {
    /// The SHA-256 of its body, in hexadecimal.
    pub body_sha256: String,
    /// Its mode.
    pub mode: Mode,
    /// Its life, counted from the fetch.
    pub max_age_secs: u32,
    /// Its mx patterns, in order.
    pub mx: Vec<String>,
    /// Whether the policy host serves this policy; null where what it serves is not known.
    pub is_live: Option<bool>,
    /// The hosts that it has to cover and does not: intended ones, and before the cutover live ones.
    pub uncovered: Vec<DnsName>,
}

impl IntendedReport {
    /// Returns the hosts whose transport could not be seen from here, though somebody was to look.
    pub fn undetermined(&self) -> impl Iterator<Item = &IntendedHostReport> {
        self.hosts
            .iter()
            .filter(|host| host.would_pass.is_none() && host.verdict != MxVerdict::NotAsked)
    }

    /// Returns the role of a live MX host.
    #[must_use]
    pub fn role_of(&self, host: &Exchange) -> Option<Role> {
        let found = self.live.iter().find(|live| live.host == *host)?;
        Some(found.role)
    }
}
