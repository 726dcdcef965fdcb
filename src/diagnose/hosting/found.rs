//! What the facts come to: how the two names of a domain are delegated, which place keeps the policy, who takes the
//! mail, and whether these are one.

use schemars::JsonSchema;
use serde::Serialize;

use super::places::{Place, PlaceKind};
use super::providers::{self, Provider};
use super::shape::registrable;
use super::sign::{self, Sign, SignKind};
use crate::diagnose::survey::{PolicyHost, Survey};
use crate::facts::DnsName;
use crate::facts::dns::Alias;

/// Where the policy of a domain really lives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hosting {
    /// How the two names are delegated.
    pub arrangement: Arrangement,
    /// The place that keeps the policy; `None` where nothing tells.
    pub place: Option<&'static Place>,
    /// How sure that is.
    pub certainty: Confidence,
    /// The place that the record is an alias of, if it is a known one.
    pub record_place: Option<&'static Place>,
    /// Everything that tells a place, the strongest first.
    pub signs: Vec<Sign>,
    /// The providers that the MX hosts belong to, in the order of the hosts.
    pub mail: Vec<&'static Provider>,
    /// Who keeps the policy and who takes the mail.
    pub relation: Relation,
    /// Whether the place says of the policy host that nobody has claimed its name there.
    pub is_unclaimed: bool,
    /// Whether a wildcard of the zone answers in the place of the policy host, as it does for any other name.
    pub is_wildcard: bool,
}

/// How the names of a policy domain are delegated: by a CNAME to a name that is not the owner's.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrangement {
    /// Both, to different places: id and policy can drift apart.
    Apart,
    /// Both, to one place.
    Both,
    /// Neither.
    None,
    /// The policy host alone.
    PolicyHostOnly,
    /// The record alone: its id can change without the policy.
    RecordOnly,
}

/// How sure it is where a policy is kept.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Nothing tells.
    CannotTell,
    /// By a name or an address that is documented as the place's.
    Documented,
    /// By a sign that others can bear too, or one that is not documented.
    LooksLike,
}

/// Who keeps the policy, and who takes the mail.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Nothing tells one of them.
    CannotTell,
    /// The owner of the domain keeps the policy, a provider takes the mail.
    MailAtProvider,
    /// One provider does both.
    OneProvider,
    /// The owner of the domain does both.
    OwnersOwn,
    /// A provider keeps the policy, the owner of the domain takes the mail.
    PolicyAtProvider,
    /// One provider keeps the policy, another one takes the mail: where policies are forgotten.
    TwoProviders,
}

impl Hosting {
    /// Judges the facts about `domain`.
    #[must_use]
    pub fn judge(domain: &DnsName, survey: &Survey) -> Self {
        let policy_host = survey.policy_host.as_ref();
        let policy_host = policy_host.map_or(&[][..], |host| &host.addresses.aliases);
        let record = survey.record.as_ref();
        let record = record.map_or(&[][..], |answer| &answer.aliases);
        let is_wildcard = survey.policy_host.as_ref().is_some_and(is_wildcard);
        // A wildcard's CNAME was not written for the policy host.
        let policy_end = foreign_end(domain, policy_host).filter(|_| !is_wildcard);
        let record_end = foreign_end(domain, record);

        let signs = sign::find(survey, policy_end.is_some());
        let by_record = |sign: &&Sign| sign.kind == SignKind::RecordAlias;
        let record_place = signs.iter().find(by_record).map(|sign| sign.place);
        let named = strongest(&signs, record_place);
        let place = named.map(|sign| sign.place);
        let arrangement = match (policy_end, record_end) {
            (None, None) => Arrangement::None,
            (Some(_), None) => Arrangement::PolicyHostOnly,
            (None, Some(_)) => Arrangement::RecordOnly,
            (Some(policy), Some(record)) => {
                let is_one = match (place, record_place) {
                    (Some(place), Some(other)) => place == other,
                    (Some(_), None) | (None, Some(_)) | (None, None) => {
                        is_one_owners(policy, record)
                    }
                };
                if is_one {
                    Arrangement::Both
                } else {
                    Arrangement::Apart
                }
            }
        };
        let mut mail: Vec<&'static Provider> = Vec::new();
        for provider in mx_names(survey).filter_map(providers::of_host) {
            if !mail.contains(&provider) {
                mail.push(provider);
            }
        }
        let is_unclaimed = place.is_some_and(|place| says_unclaimed(place, survey));
        Self {
            arrangement,
            place,
            certainty: named.map_or(Confidence::CannotTell, Confidence::by),
            record_place,
            relation: relation(domain, survey, place, &mail),
            signs,
            mail,
            is_unclaimed,
            is_wildcard,
        }
    }

    /// Returns the sign that names the place.
    #[must_use]
    pub fn strongest(&self) -> Option<&Sign> {
        strongest(&self.signs, self.record_place)
    }

    /// Returns the name of the place that keeps the policy, with how sure that is: `what looks like Netlify`.
    #[must_use]
    pub fn name_of(&self, place: &Place) -> String {
        match self.certainty {
            Confidence::Documented => place.name.to_string(),
            Confidence::CannotTell | Confidence::LooksLike => {
                format!("what looks like {}", place.name)
            }
        }
    }

    /// Returns the place that the policy host is an alias of, if it is a known one.
    #[must_use]
    pub fn place_by_alias(&self) -> Option<&'static Place> {
        let first = self.strongest();
        let by_alias = first.filter(|sign| sign.kind == SignKind::PolicyHostAlias);
        by_alias.map(|sign| sign.place)
    }

    /// Returns whether the id stands with somebody who does not keep the policy, for all that is seen.
    #[must_use]
    pub fn has_id_apart(&self) -> bool {
        matches!(
            self.arrangement,
            Arrangement::Apart | Arrangement::RecordOnly
        ) && !(self.place.is_some() && self.place == self.record_place)
    }
}

impl Confidence {
    fn by(sign: &Sign) -> Self {
        if sign.kind.is_of_the_dns() && sign.place.sure.is_documented() {
            Self::Documented
        } else {
            Self::LooksLike
        }
    }
}

/// Returns the sign that names the place which keeps the policy: the strongest, unless the place that has the id
/// shows in the policy too. A worker that fetches its policy hides behind whatever serves the worker.
fn strongest<'s>(signs: &'s [Sign], record_place: Option<&Place>) -> Option<&'s Sign> {
    let mut of_policy = signs
        .iter()
        .filter(|sign| sign.kind != SignKind::RecordAlias);
    let first = of_policy.clone().next()?;
    if first.kind.is_of_the_dns() {
        return Some(first);
    }
    let with_record = of_policy.find(|sign| record_place == Some(sign.place));
    with_record.or(Some(first))
}

/// Returns where CNAMEs lead, if that is not a name of the owner's.
fn foreign_end<'a>(domain: &DnsName, aliases: &'a [Alias]) -> Option<&'a DnsName> {
    let end = &aliases.last()?.target;
    (!is_one_owners(domain, end)).then_some(end)
}

/// Returns whether two names lie below one that somebody registered.
fn is_one_owners(one: &DnsName, other: &DnsName) -> bool {
    registrable(one) == registrable(other)
}

fn mx_names(survey: &Survey) -> impl Iterator<Item = &DnsName> {
    survey.hosts.iter().filter_map(|host| host.candidate.host())
}

fn says_unclaimed(place: &Place, survey: &Survey) -> bool {
    let edges = survey.policy_host.iter().flat_map(|host| &host.edges);
    let mut responses = edges.filter_map(|edge| edge.outcome.as_ref().ok());
    responses.any(|response| response.status != 200 && place.says_unclaimed(&response.body))
}

/// Returns whether any other name is answered like the policy host.
fn is_wildcard(host: &PolicyHost) -> bool {
    let Some(other) = &host.any_other_name else {
        return false;
    };
    let end = host.addresses.end_of_aliases();
    let has_its_end = end.is_some() && end == other.end_of_aliases();
    has_its_end || (other.addresses()).any(|address| host.addresses.addresses.contains(&address))
}

/// Who keeps something.
enum By {
    Owner,
    Provider,
}

fn relation(
    domain: &DnsName,
    survey: &Survey,
    place: Option<&Place>,
    mail: &[&Provider],
) -> Relation {
    let policy_by = match place.map(|place| place.kind) {
        Some(PlaceKind::MailProvider | PlaceKind::PolicyVendor) => By::Provider,
        Some(PlaceKind::GeneralHost | PlaceKind::MailSuite | PlaceKind::OwnServer) => By::Owner,
        Some(PlaceKind::Registrar) | None => return Relation::CannotTell,
    };
    let mut names = mx_names(survey).peekable();
    if names.peek().is_none() {
        return Relation::CannotTell;
    }
    let mail_by = if mail.is_empty() && names.all(|name| is_one_owners(name, domain)) {
        By::Owner
    } else {
        By::Provider
    };
    match (policy_by, mail_by) {
        (By::Owner, By::Owner) => Relation::OwnersOwn,
        (By::Owner, By::Provider) => Relation::MailAtProvider,
        (By::Provider, By::Owner) => Relation::PolicyAtProvider,
        (By::Provider, By::Provider) => {
            let own = place.map_or(&[][..], |place| &place.mail);
            let is_own = |provider: &Provider| own.contains(&provider.name);
            if mx_names(survey).all(|name| providers::of_host(name).is_some_and(is_own)) {
                Relation::OneProvider
            } else {
                Relation::TwoProviders
            }
        }
    }
}
