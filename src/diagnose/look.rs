//! What one check saw of the policies that senders can fetch, and of the domain around them, for the ledger.

use super::judged::{Edge, Judged};
use super::stored::sha256;
use crate::facts::UnixTime;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::sender::candidates::Exchangers;
use crate::sts::fetch::FetchError;
use crate::sts::ledger::{EdgeSeen, Look, MxHostSeen, MxSeen, Part, Published, RecordSeen};
use crate::sts::reading::Reading;
use crate::sts::record::{RecordId, Selection};

/// Returns what the facts are worth to the ledger.
#[must_use]
pub fn look(judged: &Judged<'_>, at: UnixTime) -> Look {
    let published = if judged.survey.record.as_ref().is_some_and(is_unknown) {
        Published::Unknown
    } else if judged.live_id().is_none() {
        let mut bodies = Vec::new();
        for reading in Reading::BOTH {
            bodies.extend(bodies_in(judged, reading));
        }
        Published::WithoutRecord(distinct(bodies))
    } else {
        let mut policies: Vec<(RecordId, Box<[u8]>)> = Vec::new();
        for reading in Reading::BOTH {
            if let Some(id) = judged.id_in(reading) {
                policies.extend(bodies_in(judged, reading).map(|body| (id.clone(), body)));
            }
        }
        Published::Policies(distinct(policies))
    };
    let (record, edges, mx) = (record(judged), edges(judged), mx(judged));
    Look {
        at,
        is_whole: published != Published::Unknown && edges.is_some(),
        published,
        parts: [
            record.map(Part::Record),
            edges.map(Part::Edges),
            mx.map(Part::Mx),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// Returns what the TXT record is; `None` where that is not known.
fn record(judged: &Judged<'_>) -> Option<RecordSeen> {
    if judged.survey.record.as_ref().is_some_and(is_unknown) {
        return None;
    }
    let readings = Reading::BOTH.map(|reading| judged.record.get(reading));
    Some(match judged.live_id() {
        Some(id) => RecordSeen::Usable { id: id.clone() },
        None if readings.contains(&&Selection::NoRecord) => RecordSeen::Missing,
        None => RecordSeen::Unusable,
    })
}

/// Returns what the addresses of the policy host serve; `None` where that is not known of all.
fn edges(judged: &Judged<'_>) -> Option<Vec<EdgeSeen>> {
    let body = |edge: &Edge<'_>| {
        let readings = Reading::BOTH.into_iter();
        readings
            .filter_map(|reading| edge.in_reading(reading).as_ref().ok())
            .map(|fetched| sha256(&fetched.body))
            .next()
    };
    let seen = |edge: &Edge<'_>| EdgeSeen {
        address: edge.exchange.address,
        body_sha256: body(edge),
        status: (edge.exchange.outcome.as_ref().ok()).map(|response| response.status),
    };
    has_all_edges(judged).then(|| {
        let mut edges: Vec<EdgeSeen> = in_reach(judged).map(seen).collect();
        edges.sort_by_key(|edge| edge.address);
        edges
    })
}

/// Returns what the MX records are; `None` where that is not known, and of a smart host in brackets.
fn mx(judged: &Judged<'_>) -> Option<MxSeen> {
    let mut hosts: Vec<MxHostSeen> = (judged.survey.mx.exchangers())
        .map(|record| MxHostSeen {
            preference: record.preference,
            host: record.exchange.to_string(),
        })
        .collect();
    hosts.sort();
    match judged.survey.exchangers {
        Exchangers::Candidates { implicit: true, .. } => Some(MxSeen::Implicit),
        Exchangers::Candidates { .. } => (!hosts.is_empty()).then_some(MxSeen::Hosts { hosts }),
        Exchangers::NoDomain => Some(MxSeen::NoDomain),
        Exchangers::NullMx => Some(MxSeen::Null),
        Exchangers::Unknown(_) => None,
    }
}

/// Returns the policies that the addresses of the policy host serve.
fn bodies_in<'j>(judged: &'j Judged<'_>, reading: Reading) -> impl Iterator<Item = Box<[u8]>> + 'j {
    judged
        .edges
        .iter()
        .filter_map(move |edge| edge.in_reading(reading).as_ref().ok())
        .map(|fetched| fetched.body.clone())
}

fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

/// Whether an answer leaves open what is published: CNAMEs that lead nowhere do not.
const fn is_unknown(answer: &DnsAnswer) -> bool {
    match &answer.outcome {
        DnsOutcome::Failed(failure) => !failure.kind.is_published(),
        DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => {
            false
        }
    }
}

/// Whether every address of the policy host is known, and serves a policy or certainly none. Of those that we
/// cannot even try, as without IPv6, the others tell.
fn has_all_edges(judged: &Judged<'_>) -> bool {
    let Some(host) = &judged.survey.policy_host else {
        return true;
    };
    let has_all_addresses = host.addresses.not_tried.is_empty()
        && (host.addresses.failure.as_ref()).is_none_or(|failure| failure.kind.is_published());
    let mut in_reach = in_reach(judged).peekable();
    has_all_addresses
        && (judged.edges.is_empty() || in_reach.peek().is_some())
        && in_reach.all(|edge| {
            edge.in_reading(Reading::Tolerant)
                .as_ref()
                .err()
                .is_none_or(is_lasting)
        })
}

fn in_reach<'j, 'a>(judged: &'j Judged<'a>) -> impl Iterator<Item = &'j Edge<'a>> {
    let edges = judged.edges.iter();
    edges.filter(|edge| !edge.exchange.is_out_of_reach())
}

/// Whether a fetch fails for everybody and until somebody mends it, not for us or for a while.
#[must_use]
pub fn is_lasting(error: &FetchError) -> bool {
    match error {
        FetchError::HostLookup(failure) => failure.kind.is_published(),
        FetchError::Certificate(_)
        | FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::HostNotFound { .. }
        | FetchError::Interrupted { .. }
        | FetchError::MediaType { .. }
        | FetchError::MoreAddresses { .. }
        | FetchError::NoAddress { .. }
        | FetchError::Policy(_)
        | FetchError::Status { .. }
        | FetchError::TimedOut
        | FetchError::TooLarge { .. } => !error.is_ours(),
    }
}
