//! Policy discovery and the cache ([RFC 8461, Section 3] and [Section 5.1]).
//!
//! D6 and the like are numbers of requirements: `sts/requirements.md` lists them.
//!
//! [RFC 8461, Section 3]: https://www.rfc-editor.org/rfc/rfc8461#section-3
//! [Section 5.1]: https://www.rfc-editor.org/rfc/rfc8461#section-5.1

use std::time::Duration;

use super::candidates::{Families, HostAddresses, Limits, find_addresses};
use super::class::{SenderClass, TxtUse};
use super::found::{Discovery, NoPolicy, PolicyInUse, PolicySource, RecordSeen};
use super::network::Network;
use super::state::{CacheChange, PolicyState};
use super::trace::Trace;
use crate::facts::DnsName;
use crate::facts::dns::{DnsOutcome, Question, RecordType};
use crate::sts::cache::CachedPolicy;
use crate::sts::fetch::{self, FetchError};
use crate::sts::policy::Mode;
use crate::sts::record::{self, RecordId, Selection};
use crate::sts::refresh::BackOff;

/// Why discovery runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// An enforced policy just stopped a delivery: the id is looked up whatever the class (A4).
    AfterFailure,
    /// A message is to be delivered.
    Delivery,
}

/// A sender on a network: what discovery and delivery share.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a, N> {
    /// How it reaches the world.
    pub network: &'a N,
    /// How it behaves.
    pub class: &'a SenderClass,
    /// How much of a domain it looks at.
    pub limits: Limits,
    /// Over which families of address it goes.
    pub families: Families,
}

impl<N: Network> Sender<'_, N> {
    /// Finds the policy that applies to mail for `domain` (D2–D14, F1–F12, A7).
    pub async fn discover(
        &self,
        domain: &DnsName,
        state: &PolicyState,
        occasion: Occasion,
        trace: &mut Trace,
    ) -> Discovery {
        let now = self.network.now();
        let fresh = state.fresh(now);
        match (self.class.txt_use, occasion, fresh) {
            (TxtUse::Never, _, _) => {
                return Discovery::without_asking(PolicyInUse::None(NoPolicy::SenderIgnoresSts));
            }
            (TxtUse::WithoutPolicyOrAfterFailure, Occasion::Delivery, Some(cached)) => {
                trace.push(
                    (now, "8461 §5.1"),
                    "cache",
                    describe(cached),
                    "it still counts: the TXT record is not asked for",
                );
                return Discovery::without_asking(PolicyInUse::cached(cached));
            }
            (TxtUse::WithoutPolicyOrAfterFailure, _, _) | (TxtUse::BeforeEachDelivery, _, _) => {}
        }
        let (record, record_ttl) = self.look_up_record(domain, trace).await;
        Discovery {
            record_ttl,
            ..self.conclude(domain, state, record, trace).await
        }
    }

    /// Finds the policy that applies, now that the record is known.
    async fn conclude(
        &self,
        domain: &DnsName,
        state: &PolicyState,
        record: RecordSeen,
        trace: &mut Trace,
    ) -> Discovery {
        let now = self.network.now();
        let fresh = state.fresh(now);
        let id = match &record {
            RecordSeen::Id(id) => id.clone(),
            RecordSeen::NoRecord | RecordSeen::Unusable(_) | RecordSeen::Unknown(_) => {
                return self.without_record(record, fresh, trace);
            }
        };
        if let Some(cached) = fresh
            && cached.id == id
        {
            trace.push(
                (now, "8461 §5.1"),
                "cache",
                describe(cached),
                "the id is the record's: the cached policy is used",
            );
            return Discovery {
                record: Some(record),
                ..Discovery::without_asking(PolicyInUse::cached(cached))
            };
        }
        if let Some(until) = state.back_offs.until(&id, now) {
            trace.push(
                (now, "8461 §3.3"),
                "cache",
                format!("fetching id {id} failed less than five minutes ago"),
                format!("not asked again before {until}"),
            );
            return Discovery {
                policy: fresh.map_or(
                    PolicyInUse::None(NoPolicy::BackedOff { until }),
                    PolicyInUse::cached,
                ),
                change: CacheChange::Keep,
                record: Some(record),
                record_ttl: None,
                fetch_error: None,
            };
        }
        self.fetch_for(domain, id, fresh, trace).await
    }

    /// Fetches the policy again, whatever the record says (P4), and keeps the cached one if that fails.
    ///
    /// The caller decides when: see [`PolicyState::refresh_due`].
    pub async fn refresh(
        &self,
        domain: &DnsName,
        state: &PolicyState,
        trace: &mut Trace,
    ) -> Discovery {
        let now = self.network.now();
        let Some(cached) = state.fresh(now) else {
            return Discovery::without_asking(PolicyInUse::None(NoPolicy::NoRecord));
        };
        let (record, record_ttl) = self.look_up_record(domain, trace).await;
        // Q: which id does a refreshed policy carry while the record is missing or unusable?
        // A: the one it had; the next readable record that differs makes the sender fetch again.
        let id = match &record {
            RecordSeen::Id(id) => id.clone(),
            RecordSeen::NoRecord | RecordSeen::Unusable(_) | RecordSeen::Unknown(_) => {
                cached.id.clone()
            }
        };
        let found = self.fetch_for(domain, id, Some(cached), trace).await;
        Discovery {
            record: Some(record),
            record_ttl,
            ..found
        }
    }

    /// Returns what the record says, and how long that may be believed.
    async fn look_up_record(
        &self,
        domain: &DnsName,
        trace: &mut Trace,
    ) -> (RecordSeen, Option<Duration>) {
        let name = match domain.prefixed("_mta-sts") {
            Ok(name) => name,
            Err(_too_long) => return (RecordSeen::NoRecord, None),
        };
        let question = Question::new(name, RecordType::Txt);
        let answer = self.network.lookup(&question).await;
        let seen = match &answer.outcome {
            DnsOutcome::Failed(failure) => RecordSeen::Unknown(failure.clone()),
            DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => RecordSeen::NoRecord,
            DnsOutcome::Records { .. } => {
                match record::select(answer.texts(), self.class.reading) {
                    Selection::NoRecord => RecordSeen::NoRecord,
                    Selection::Record(record) => RecordSeen::Id(record.id().clone()),
                    Selection::Unusable(error) => RecordSeen::Unusable(error),
                }
            }
        };
        let concluded = match &seen {
            RecordSeen::Id(_) => "the domain publishes a policy",
            RecordSeen::NoRecord | RecordSeen::Unusable(_) => {
                "nothing new is fetched; a cached policy stays"
            }
            RecordSeen::Unknown(_) => "nothing is known; a cached policy stays",
        };
        trace.push(
            (self.network.now(), "8461 §3.1"),
            question.to_string(),
            &seen,
            concluded,
        );
        (seen, answer.ttl())
    }

    /// D6, D7, F12: without a usable record nothing is fetched, and a cached policy is applied.
    fn without_record(
        &self,
        record: RecordSeen,
        fresh: Option<&CachedPolicy>,
        trace: &mut Trace,
    ) -> Discovery {
        let policy = match fresh {
            Some(cached) => {
                trace.push(
                    (self.network.now(), "8461 §3.3"),
                    "cache",
                    describe(cached),
                    "no live policy can be discovered: the cached one MUST be applied",
                );
                PolicyInUse::cached(cached)
            }
            None => PolicyInUse::None(match &record {
                RecordSeen::Unusable(error) => NoPolicy::RecordUnusable(error.clone()),
                RecordSeen::Unknown(failure) => NoPolicy::RecordUnknown(failure.clone()),
                RecordSeen::NoRecord | RecordSeen::Id(_) => NoPolicy::NoRecord,
            }),
        };
        Discovery {
            policy,
            change: CacheChange::Keep,
            record: Some(record),
            record_ttl: None,
            fetch_error: None,
        }
    }

    async fn fetch_for(
        &self,
        domain: &DnsName,
        id: RecordId,
        fresh: Option<&CachedPolicy>,
        trace: &mut Trace,
    ) -> Discovery {
        let record = Some(RecordSeen::Id(id.clone()));
        let asked = format!("GET https://mta-sts.{domain}/.well-known/mta-sts.txt");
        let fetched = match domain.prefixed("mta-sts") {
            Ok(host) => self.fetch(&host).await,
            Err(error) => Err(FetchError::Host(error)),
        };
        let now = self.network.now();
        match fetched {
            Ok(fetched) => {
                let policy = CachedPolicy {
                    id,
                    policy: fetched.policy,
                    body: fetched.body,
                    fetched_at: now,
                };
                trace.push(
                    (now, "8461 §3.3"),
                    asked,
                    describe(&policy),
                    format!("cached until {}", policy.expires_at()),
                );
                Discovery {
                    policy: PolicyInUse::Policy {
                        policy: policy.clone(),
                        source: PolicySource::Live,
                    },
                    change: CacheChange::Store(policy),
                    record,
                    record_ttl: None,
                    fetch_error: None,
                }
            }
            Err(error) => {
                trace.push(
                    (now, "8461 §3.3"),
                    asked,
                    &error,
                    if fresh.is_some() {
                        "the cached policy stays in force"
                    } else {
                        "nothing is cached: mail goes on as if MTA-STS were not there"
                    },
                );
                Discovery {
                    policy: fresh.map_or_else(
                        || PolicyInUse::None(NoPolicy::FetchFailed(error.clone())),
                        PolicyInUse::cached,
                    ),
                    change: CacheChange::BackOff(BackOff::after_failure(id, now)),
                    record,
                    record_ttl: None,
                    fetch_error: Some(error),
                }
            }
        }
    }

    /// Fetches from the first address that can be reached.
    ///
    /// Q: which failures lead to the next address? The RFC is silent. A: those of the connection itself, as
    /// in any HTTPS client; whatever a server answered, its certificate included, is the answer.
    async fn fetch(&self, host: &DnsName) -> Result<fetch::Fetched, FetchError> {
        let found = find_addresses(self.network, host, self.limits.edges, self.families).await;
        let mut last = no_edge(host, &found);
        for address in found.addresses {
            let exchange = self.network.get_policy(host, address).await;
            let may_go_on = exchange.is_before_connection();
            match fetch::judge(&exchange, self.class.reading) {
                Ok(fetched) => return Ok(fetched),
                // What only we may have missed at one address leaves open what others get there.
                Err(error) if may_go_on => {
                    if !last.is_ours() {
                        last = error;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

/// Why no policy came, where none of the policy host's addresses that are asked can be connected to.
#[must_use]
pub fn no_edge(host: &DnsName, found: &HostAddresses) -> FetchError {
    match &found.failure {
        _ if !found.not_tried.is_empty() => FetchError::MoreAddresses {
            host: host.clone(),
            tried: found.addresses.len(),
            not_tried: found.not_tried.len(),
        },
        Some(failure) => FetchError::HostLookup(failure.clone()),
        None if found.no_such_name => FetchError::HostNotFound {
            host: host.clone(),
            alias_of: found.end_of_aliases().cloned(),
        },
        None => FetchError::NoAddress {
            host: host.clone(),
            alias_of: found.end_of_aliases().cloned(),
        },
    }
}

fn describe(cached: &CachedPolicy) -> String {
    let policy = &cached.policy;
    let mut text = format!("id {}, mode {}", cached.id, policy.mode());
    if policy.mode() != Mode::None {
        for (index, pattern) in policy.patterns().iter().enumerate().take(8) {
            text.push_str(if index == 0 { ", mx " } else { " " });
            text.push_str(&pattern.to_string());
        }
    }
    text.push_str(&format!(", fetched {}", cached.fetched_at));
    text
}
