//! What one check saw of the policies that senders can fetch, for the ledger.

use super::judged::Judged;
use crate::facts::UnixTime;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::sts::fetch::FetchError;
use crate::sts::ledger::{Look, Published};
use crate::sts::reading::Reading;
use crate::sts::record::RecordId;

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
    Look {
        at,
        is_whole: published != Published::Unknown && has_all_edges(judged),
        published,
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
    let mut in_reach = judged
        .edges
        .iter()
        .filter(|edge| !edge.exchange.is_out_of_reach())
        .peekable();
    has_all_addresses
        && (judged.edges.is_empty() || in_reach.peek().is_some())
        && in_reach.all(|edge| {
            edge.in_reading(Reading::Tolerant)
                .as_ref()
                .err()
                .is_none_or(is_lasting)
        })
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
