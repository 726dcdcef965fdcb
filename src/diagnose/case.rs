//! What was seen and judged of one domain, and what follows from it at once: which policy is live, which id,
//! which policy a store still holds.

use super::judge::Row;
use super::survey::Survey;
use crate::facts::{DnsName, UnixTime};
use crate::sender::discover::no_edge;
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::fetch::{self, FetchError, Fetched};
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;
use crate::sts::record::{self, RecordId, Selection};

/// What was seen and judged of one domain, before it is laid out.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The policy domain.
    pub domain: &'a DnsName,
    /// The time.
    pub now: UnixTime,
    /// The facts.
    pub survey: &'a Survey,
    /// The senders.
    pub rows: &'a [Row],
    /// What the store held.
    pub stored: Option<&'a StoredPolicy>,
    /// The live policy in each reading, from the first edge that gives one.
    pub live: Vec<(Reading, Result<Fetched, FetchError>)>,
}

impl<'a> Case<'a> {
    /// Takes the facts and the rows, and reads the live policy in both ways.
    #[must_use]
    pub fn new(
        domain: &'a DnsName,
        now: UnixTime,
        survey: &'a Survey,
        rows: &'a [Row],
        stored: Option<&'a StoredPolicy>,
    ) -> Self {
        let live = Reading::BOTH
            .into_iter()
            .filter_map(|reading| Some((reading, read_live(survey, reading)?)))
            .collect();
        Self {
            domain,
            now,
            survey,
            rows,
            stored,
            live,
        }
    }

    /// Returns the live policy in one reading.
    #[must_use]
    pub fn live_in(&self, reading: Reading) -> Option<&Result<Fetched, FetchError>> {
        self.live
            .iter()
            .find(|(of, _)| *of == reading)
            .map(|(_, policy)| policy)
    }

    /// Returns the live policy, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_policy(&self) -> Option<&Policy> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| self.live_in(reading)?.as_ref().ok())
            .map(|fetched| &fetched.policy)
    }

    /// Returns the id of the live record, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_id(&self) -> Option<RecordId> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| live_id(self.survey, reading))
    }

    /// Returns the stored policy, read to the letter if it can be, else as tolerant senders do, while its
    /// life lasts.
    #[must_use]
    pub fn stored_policy(&self) -> Option<CachedPolicy> {
        let stored = self.stored?;
        Reading::BOTH
            .into_iter()
            .find_map(|reading| stored.read(reading).ok())
            .filter(|cached| cached.is_fresh(self.now))
    }

    /// Returns the worst row, the one that gives the domain its verdict.
    #[must_use]
    pub fn worst_row(&self) -> Option<&Row> {
        // The first of the worst: rows that read to the letter, with an empty cache, come first.
        self.rows.iter().rev().max_by_key(|row| row.verdict)
    }

    /// Returns the patterns that match no live MX host; none where the MX records are not known.
    pub fn unused_patterns<'p>(
        &self,
        patterns: &'p [MxPattern],
    ) -> impl Iterator<Item = &'p MxPattern> {
        let hosts: Vec<&DnsName> = self
            .survey
            .hosts
            .iter()
            .filter_map(|host| host.candidate.host())
            .collect();
        patterns.iter().filter(move |pattern| {
            !hosts.is_empty() && !hosts.iter().any(|host| pattern.matches(host))
        })
    }
}

/// What a sender gets from the policy host: where the edges give different policies, one that leaves an MX
/// host out, for that is what gives the domain its verdict, whatever the order of the addresses today; where
/// none gives a policy, the first answer that is none, or else why there was no answer; `None` without a policy
/// host.
#[must_use]
pub fn read_live(survey: &Survey, reading: Reading) -> Option<Result<Fetched, FetchError>> {
    let host = survey.policy_host.as_ref()?;
    let mut last = no_edge(&host.name, &host.addresses);
    let mut answer = None;
    let mut first = None;
    for edge in &host.edges {
        match fetch::judge(edge, reading) {
            Ok(fetched) if leaves_out(&fetched.policy, survey) => return Some(Ok(fetched)),
            Ok(fetched) => first = first.or(Some(fetched)),
            // As a sender goes on, and with its preference: see `Sender::fetch`.
            Err(error) if edge.is_before_connection() => {
                if !last.is_ours() {
                    last = error;
                }
            }
            Err(error) => answer = answer.or(Some(error)),
        }
    }
    Some(first.ok_or(answer.unwrap_or(last)))
}

fn leaves_out(policy: &Policy, survey: &Survey) -> bool {
    policy.mode() != Mode::None
        && survey
            .hosts
            .iter()
            .filter_map(|host| host.candidate.host())
            .any(|host| policy.matching(host).is_none())
}

/// The id of the live record in one reading.
#[must_use]
pub fn live_id(survey: &Survey, reading: Reading) -> Option<RecordId> {
    let answer = survey.record.as_ref()?;
    match record::select(answer.texts(), reading) {
        Selection::Record(record) => Some(record.id().clone()),
        Selection::NoRecord | Selection::Unusable(_) => None,
    }
}
