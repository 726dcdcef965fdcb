//! What is not there yet, of what is intended.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::super::intended::{Intention, Phase, ToPublish, WaitFor};
use super::super::kept_copy::KeptCopy;
use super::super::survey::PolicyHost;
use super::super::zone::{JudgedServer, JudgedZone, Said, is_refusal};
use super::gather::Facts;
use crate::facts::dns::{DnsFailureKind, TxtRecord};
use crate::facts::http::HttpExchange;
use crate::facts::{DnsName, Say, Sentence, UnixTime};
use crate::sender::discover::no_edge;
use crate::sts::fetch;
use crate::sts::reading::Reading;
use crate::sts::record::{self, Record, RecordId};

/// Something that is not there yet.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Missing {
    /// Where.
    pub kind: MissingKind,
    /// The host's name.
    pub host: DnsName,
    /// Its address; null for a host as a whole.
    pub address: Option<IpAddr>,
    /// What is in its place.
    pub why: Sentence,
    /// Until when a cache may serve its copy of that; null where no cache shows itself.
    pub kept_until: Option<UnixTime>,
}

/// Where something is missing.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingKind {
    /// At an address of the policy host.
    Edge,
    /// At a name server of the zone.
    NameServer,
    /// At the policy host as a whole.
    PolicyHost,
    /// In what resolvers say.
    Resolver,
}

impl Say for Missing {
    fn say(&self, sentence: &mut Sentence) {
        match self.address {
            Some(address) => sentence.words(format_args!("{} ({address}) ", self.host)),
            None => sentence.words(format_args!("{}: ", self.host)),
        }
        .add(&self.why);
        if let Some(until) = self.kept_until {
            sentence
                .words(" (a cache's copy, kept until ")
                .moment(until)
                .words(" at the latest)");
        }
    }
}

impl Missing {
    /// Returns whether it is the same as before, copies in caches aside, which grow older by themselves.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.kind, &self.host, self.address) == (other.kind, &other.host, other.address)
            && self.why == other.why
    }
}

/// Returns what is missing of `intention`, as far as `wait_for` goes.
///
/// Q: What of addresses that cannot be reached from here, as over IPv6 where there is none? A: They are passed over,
/// as long as there is another: nobody here will ever see them. Q: And a name server that is lame, or refuses? A: It
/// gives nobody an old answer: it has a finding of its own, and is not waited for. One that is silent may be silent to
/// us alone, and give others the old one.
pub(in crate::diagnose) fn missing(
    domain: &DnsName,
    facts: Facts<'_>,
    (intention, wait_for): (&Intention, WaitFor),
    now: UnixTime,
) -> Vec<Missing> {
    let mut found = Vec::new();
    if let Some(to_publish) = &intention.policy {
        of_policy_host(facts, to_publish, now, &mut found);
    }
    let id = match wait_for {
        WaitFor::Body => None,
        WaitFor::Id => intention.id.as_ref(),
    };
    let at_resolver = |why: Sentence| Missing {
        kind: MissingKind::Resolver,
        host: domain.clone(),
        address: None,
        why,
        kept_until: None,
    };
    let zone = match facts.zone {
        Ok(zone) => zone.map(JudgedZone::new),
        Err(failure) => {
            let mut why = Sentence::from("it is not known which name servers it has: ");
            why.add(failure);
            found.push(at_resolver(why));
            return found;
        }
    };
    let servers = zone.iter().flat_map(|zone| &zone.servers);
    let reached = || servers.clone().filter(|server| is_waited_for(server));
    // Where `_mta-sts` is an alias, its target's zone says the id; a resolver leads there.
    let is_alias = servers
        .clone()
        .any(|server| matches!(server.record, Said::Alias(_)));
    let needed = match intention.phase {
        Some(Phase::After) => intention.hosts(),
        Some(Phase::Before) | None => &[],
    };
    let newest = reached()
        .filter(|server| server.mx.is_answer())
        .reduce(|newest, server| match (newest.serial, server.serial) {
            (Some(old), Some(new)) if is_later(new, old) => server,
            _ => newest,
        });
    if servers.clone().next().is_some() && reached().next().is_none() {
        found.push(at_resolver("none of its name servers answers here".into()));
    }
    for server in reached() {
        let why = why_behind(server, newest, needed, id.filter(|_| !is_alias));
        found.extend(why.map(|why| Missing {
            kind: MissingKind::NameServer,
            host: server.host.clone(),
            address: server.address,
            why,
            kept_until: None,
        }));
    }
    if let Some(id) = id.filter(|_| is_alias || newest.is_none()) {
        let texts = facts.record.into_iter().flat_map(|answer| answer.texts());
        let selection = record::select(texts, Reading::Letter);
        if selection.record().map(Record::id) != Some(id) {
            found.push(at_resolver(
                format!("resolvers do not give the id {id}").into(),
            ));
        }
    }
    found
}

fn of_policy_host(
    facts: Facts<'_>,
    to_publish: &ToPublish,
    now: UnixTime,
    found: &mut Vec<Missing>,
) {
    let Some(host) = facts.policy_host else {
        return;
    };
    let as_a_whole = |why: Sentence| Missing {
        kind: MissingKind::PolicyHost,
        host: host.name.clone(),
        address: None,
        why,
        kept_until: None,
    };
    if host.edges.is_empty() {
        found.push(as_a_whole(no_edge(&host.name, &host.addresses).sentence()));
    } else if let Some(failure) = &host.addresses.failure {
        let mut why = Sentence::from("its other addresses could not be looked up: ");
        why.add(failure);
        found.push(as_a_whole(why));
    }
    let mut in_reach = in_reach(host).peekable();
    if in_reach.peek().is_none() && !host.edges.is_empty() {
        found.push(as_a_whole(
            "no address of it can be reached from here".into(),
        ));
    }
    for edge in in_reach {
        let (why, copy) = match fetch::judge(edge, Reading::Letter) {
            Ok(fetched) if to_publish.is_served_as(&fetched) => continue,
            Ok(_other) => ("serves another policy".into(), KeptCopy::of(edge)),
            Err(error) => (error.sentence(), None),
        };
        found.push(Missing {
            kind: MissingKind::Edge,
            host: host.name.clone(),
            address: Some(edge.address),
            why,
            kept_until: copy.and_then(|copy| copy.kept_until(now)),
        });
    }
}

/// Returns what came of the addresses that can be reached from here.
pub(super) fn in_reach(host: &PolicyHost) -> impl Iterator<Item = &HttpExchange> {
    host.edges.iter().filter(|edge| !edge.is_out_of_reach())
}

/// Whether a server is one whose answer matters: it answers for the zone, or is silent.
fn is_waited_for(server: &JudgedServer<'_>) -> bool {
    match &server.mx {
        Said::Failed(failure) => {
            !is_refusal(failure.kind) && failure.kind != DnsFailureKind::Unreachable
        }
        Said::Alias(_) | Said::Records(_) => true,
        Said::NotAsked => false,
    }
}

/// Says in what a server is behind; `None` if it is not.
fn why_behind(
    server: &JudgedServer<'_>,
    newest: Option<&JudgedServer<'_>>,
    needed: &[DnsName],
    id: Option<&RecordId>,
) -> Option<Sentence> {
    if let (Said::Failed(failure), _) | (_, Said::Failed(failure)) = (&server.mx, &server.record) {
        return Some(failure.sentence());
    }
    if let Some(id) = id {
        let texts: Vec<TxtRecord> = match &server.record {
            Said::Records(texts) => texts
                .iter()
                .map(|text| TxtRecord::from_text(text))
                .collect(),
            Said::Alias(_) | Said::Failed(_) | Said::NotAsked => Vec::new(),
        };
        let selection = record::select(&texts, Reading::Letter);
        let found = selection.record().map(Record::id);
        if found != Some(id) {
            return Some(match found {
                Some(found) => format!("says id {found}, not {id}").into(),
                None => format!("has no record with the id {id}").into(),
            });
        }
    }
    if let Said::Records(records) = &server.mx
        && let Some(host) = needed
            .iter()
            .find(|host| !records.iter().any(|mx| mx.exchange.name() == Some(host)))
    {
        return Some(format!("has no MX record that names {host}").into());
    }
    let newest = newest?;
    let differ = match (server.mx != newest.mx, server.record != newest.record) {
        (false, false) => return None,
        (true, false) => "other MX records",
        (false, true) => "another MTA-STS record",
        (true, true) => "other MX records and another MTA-STS record",
    };
    Some(format!("has {differ} than {}", newest.host).into())
}

/// Whether a serial comes after another, as serials wrap (RFC 1982, Section 3.2).
const fn is_later(new: u32, old: u32) -> bool {
    let ahead = new.wrapping_sub(old);
    ahead != 0 && ahead < 1 << 31
}
