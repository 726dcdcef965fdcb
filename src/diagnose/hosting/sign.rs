//! The signs by which a place is recognised.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::places::{self, Place, PlaceKind};
use crate::diagnose::survey::{PolicyHost, Survey};
use crate::facts::DnsName;
use crate::facts::certificate::Certificate;
use crate::facts::dns::Alias;
use crate::sts::excerpt::excerpt;

/// Something that tells a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sign {
    /// What kind of sign it is.
    pub kind: SignKind,
    /// The place.
    pub place: &'static Place,
    /// What was seen: a name, an address, a header and its value.
    pub seen: Box<str>,
}

/// The kinds of sign, the strongest first.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignKind {
    /// A CNAME of `mta-sts.` leads to a name of the place.
    PolicyHostAlias,
    /// An address of the policy host is the place's.
    Address,
    /// The policy host has the address of an MX host.
    AddressOfMx,
    /// A response has a header of the place.
    Header,
    /// The certificate has a name or an issuer of the place.
    Certificate,
    /// The policy is the place's own, line for line.
    Body,
    /// A CNAME of `_mta-sts.` leads to a name of the place: it has the id, which proves nothing about the policy.
    RecordAlias,
}

impl SignKind {
    /// Returns whether it is given by the DNS, which the owner of the domain writes, and not by what a server says
    /// of itself.
    #[must_use]
    pub const fn is_of_the_dns(self) -> bool {
        match self {
            Self::PolicyHostAlias | Self::Address | Self::RecordAlias => true,
            Self::AddressOfMx | Self::Header | Self::Certificate | Self::Body => false,
        }
    }
}

/// Returns every sign, the strongest first; of each kind the first one of each place, in the order of the rows.
/// What tells a server of the owner's counts only where the policy host is no alias of somebody else's name.
pub(super) fn find(survey: &Survey, is_delegated: bool) -> Vec<Sign> {
    let mut signs = Vec::new();
    if let Some(host) = &survey.policy_host {
        of_aliases(
            SignKind::PolicyHostAlias,
            &host.addresses.aliases,
            Place::has_policy_host,
            &mut signs,
        );
        let is_possible = |place: &&Place| match place.kind {
            PlaceKind::MailSuite | PlaceKind::OwnServer => !is_delegated,
            PlaceKind::GeneralHost
            | PlaceKind::MailProvider
            | PlaceKind::PolicyVendor
            | PlaceKind::Registrar => true,
        };
        let kinds = [
            SignKind::Address,
            SignKind::AddressOfMx,
            SignKind::Header,
            SignKind::Certificate,
            SignKind::Body,
        ];
        for kind in kinds {
            for place in places::all().iter().filter(is_possible) {
                signs.extend(of_place(kind, place, survey, host));
            }
        }
    }
    if let Some(answer) = &survey.record {
        of_aliases(
            SignKind::RecordAlias,
            &answer.aliases,
            Place::has_record,
            &mut signs,
        );
    }
    signs
}

/// Adds the signs of a chain of CNAMEs: every name of it counts, the first name first, for that is the one which the
/// owner of the domain was given.
fn of_aliases(
    kind: SignKind,
    aliases: &[Alias],
    has: fn(&Place, &DnsName) -> bool,
    signs: &mut Vec<Sign>,
) {
    for alias in aliases {
        let places = places::all()
            .iter()
            .filter(|place| has(place, &alias.target));
        for place in places {
            let is_known = |sign: &Sign| sign.kind == kind && sign.place == place;
            if !signs.iter().any(is_known) {
                let seen = alias.target.as_str().into();
                signs.push(Sign { kind, place, seen });
            }
        }
    }
}

/// Returns a sign of one kind of one place, if there is one at any address of the policy host.
fn of_place(
    kind: SignKind,
    place: &'static Place,
    survey: &Survey,
    host: &PolicyHost,
) -> Option<Sign> {
    let mut addresses = host.addresses.addresses.iter();
    let responses = || {
        let edges = host.edges.iter();
        edges.filter_map(|edge| edge.outcome.as_ref().ok())
    };
    let seen = match kind {
        SignKind::Address => {
            let is_in = |address: &&IpAddr| {
                let mut prefixes = place.addresses.iter();
                prefixes.any(|prefix| prefix.contains(**address))
            };
            addresses.find(is_in)?.to_string()
        }
        SignKind::AddressOfMx => {
            let is_mx = |address: &&IpAddr| {
                let mut hosts = survey.hosts.iter().flat_map(|mx| &mx.addresses);
                hosts.any(|found| found.addresses.contains(*address))
            };
            addresses
                .find(|address| place.at_mx && is_mx(address))?
                .to_string()
        }
        SignKind::Header => responses()
            .flat_map(|response| response.headers.iter())
            .find(|(name, value)| place.headers.iter().any(|sign| sign.is(name, value)))
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))?,
        SignKind::Certificate => {
            let mut leaves = host
                .edges
                .iter()
                .filter_map(|edge| edge.certificate.as_ref()?.leaf());
            leaves.find_map(|leaf| on_certificate(place, leaf))?
        }
        SignKind::Body => {
            let mut good = responses().filter(|response| response.status == 200);
            good.find(|response| place.has_body(&response.body))
                .map(|_| "the policy that it serves for all its customers".to_owned())?
        }
        SignKind::PolicyHostAlias | SignKind::RecordAlias => return None,
    };
    Some(Sign {
        kind,
        place,
        seen: excerpt(seen.as_bytes()),
    })
}

fn on_certificate(place: &Place, leaf: &Certificate) -> Option<String> {
    let name = leaf
        .dns_names
        .iter()
        .find(|name| place.has_certificate_name(name));
    let issuer = || {
        let mut issuers = place.certificate.issuers.iter();
        let is_known = issuers.any(|issuer| leaf.issuer.contains(&**issuer));
        is_known.then(|| format!("issued by {}", leaf.issuer))
    };
    name.map(|name| format!("made out to {name}"))
        .or_else(issuer)
}
