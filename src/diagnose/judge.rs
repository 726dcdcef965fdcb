//! What each conforming sender does, with an empty cache and with each policy that it may hold, in both readings.

use std::net::IpAddr;

use super::document::UntilEvent;
use super::judged::Judged;
use super::outcome::SenderOutcome;
use crate::facts::{DnsName, UnixTime};
use crate::sender::candidates::{Exchangers, ImplicitMx};
use crate::sender::found::{PolicyInUse, PolicySource};
use crate::sender::memo::Memo;
use crate::sender::state::CacheChange;
use crate::sender::{
    Attempt, Families, Limits, Mail, Network, PolicyState, Sender, SenderClass, Verdict,
};
use crate::sts::fetch::FetchError;
use crate::sts::ledger::Held;
use crate::sts::policy::Mode;
use crate::sts::reading::{ByReading, Reading};
use crate::sts::transport::Certainty;

/// Judges every row, those that read to the letter first.
///
/// Tolerant rows are there only where the tolerant reading sees something else.
pub async fn judge<'h, N: Network>(
    memo: &Memo<'_, N>,
    judged: &Judged<'_>,
    held: &'h [Held<'h>],
    limits: Limits,
) -> Vec<SenderOutcome<'h>> {
    let mut rows = Vec::new();
    for &reading in readings(judged, held) {
        let mut of_reading = Vec::new();
        let mut with_nothing: Option<(Attempt, Families)> = None;
        for class in SenderClass::judged() {
            let class_read = SenderClass {
                reading,
                ..class.clone()
            };
            let judge = Judge {
                memo,
                domain: judged.domain,
                judged,
                class: &class_read,
                limits,
            };
            let mut push = |held, outlook: Outlook| {
                let Outlook {
                    mut attempt,
                    families,
                    until,
                    refreshed,
                } = outlook;
                let unasked_edges = judge.doubt_unasked(&mut attempt, refreshed);
                of_reading.push(SenderOutcome {
                    class,
                    held,
                    reading,
                    verdict: as_seen_from_here(&attempt),
                    attempt,
                    families,
                    until,
                    refreshed,
                    unasked_edges,
                });
            };
            // With an empty cache every class looks for the policy, once and in the same way.
            let (attempt, families) = match with_nothing.take() {
                Some(worst) => worst,
                None => judge.worst(&PolicyState::default()).await,
            };
            with_nothing = Some((attempt.clone(), families));
            push(
                None,
                Outlook {
                    attempt,
                    families,
                    until: None,
                    refreshed: false,
                },
            );
            for held in held {
                push(Some(held), judge.holding(held).await);
            }
        }
        let is_news = reading == Reading::Letter
            || of_reading.iter().zip(&rows).any(
                |(tolerant, letter): (&SenderOutcome<'_>, &SenderOutcome<'_>)| {
                    tolerant.verdict != letter.verdict
                        || policy_body(&tolerant.attempt) != policy_body(&letter.attempt)
                },
            );
        if is_news {
            rows.append(&mut of_reading);
        }
    }
    rows
}

/// Returns the readings that see anything of their own: where both see the same, all that follows is the same.
fn readings(judged: &Judged<'_>, held: &[Held<'_>]) -> &'static [Reading] {
    let is_held_alike = |held: &Held<'_>| {
        let stored = held.as_fetched_last();
        ByReading::of(|reading| stored.read(reading)).agree()
    };
    if judged.reads_alike() && held.iter().all(is_held_alike) {
        &[Reading::Letter]
    } else {
        &Reading::BOTH
    }
}

fn policy_body(attempt: &Attempt) -> Option<&[u8]> {
    attempt.policy().map(|cached| &*cached.body)
}

/// Only here does a fact that we alone lack become a verdict.
fn as_seen_from_here(attempt: &Attempt) -> Verdict {
    match attempt.certainty {
        Certainty::Ours => Verdict::Undetermined,
        Certainty::Assumed | Certainty::Definite => attempt.verdict,
    }
}

/// What a sender does, and how long.
struct Outlook {
    attempt: Attempt,
    families: Families,
    until: Option<(UnixTime, UntilEvent)>,
    refreshed: bool,
}

struct Judge<'j, 'm, N> {
    memo: &'j Memo<'m, N>,
    domain: &'j DnsName,
    judged: &'j Judged<'j>,
    class: &'j SenderClass,
    limits: Limits,
}

impl<N: Network> Judge<'_, '_, N> {
    /// The sender that fetched the policy last of all that may have: over a day ago, and a class that refreshes
    /// has fetched again by now.
    async fn holding(&self, held: &Held<'_>) -> Outlook {
        let now = self.memo.now();
        let stored = held.as_fetched_last();
        let mut state = PolicyState::from_stored(&stored, self.class.reading);
        let mut refresh_failed = false;
        let mut refreshed = false;
        let mut refresh_certainty = Certainty::Definite;
        if state.refresh_due(self.class).is_some_and(|due| due <= now) {
            let sender = self.sender(self.memo, Families::Both);
            let found = sender
                .refresh(self.domain, &state, &mut crate::sender::Trace::default())
                .await;
            refresh_failed = found.fetch_error.is_some();
            refreshed = !refresh_failed;
            refresh_certainty = found.certainty();
            state.apply(&found.change);
        }
        let (mut attempt, families) = self.worst(&state).await;
        if refresh_certainty == Certainty::Ours {
            // Others may have refreshed where we could not.
            attempt.doubt_policy();
        }
        let uses_cached = matches!(
            attempt.discovery.policy,
            PolicyInUse::Policy {
                source: PolicySource::Cached,
                ..
            }
        );
        let until = (uses_cached && !refreshed)
            .then(|| {
                let refresh = state
                    .refresh_due(self.class)
                    .filter(|_| !refresh_failed && self.would_refresh())
                    .map(|due| (due, UntilEvent::DailyRefresh));
                let end = state
                    .fresh(now)
                    .map(|cached| (cached.expires_at(), UntilEvent::MaxAge));
                refresh.or(end)
            })
            .flatten();
        Outlook {
            attempt,
            families,
            until,
            refreshed,
        }
    }

    /// Takes the certainty away where an address of the policy host that was not asked might worsen the
    /// verdict, and returns how many there are then.
    fn doubt_unasked(&self, attempt: &mut Attempt, refreshed: bool) -> usize {
        let has_fetched = refreshed || attempt.discovery.change != CacheChange::Keep;
        let unasked = self.judged.unasked_edges();
        if has_fetched && unasked > 0 && as_seen_from_here(attempt) < Verdict::Undetermined {
            attempt.doubt_policy();
            unasked
        } else {
            0
        }
    }

    /// Whether a refresh might bring a policy, as far as is seen now.
    fn would_refresh(&self) -> bool {
        self.judged
            .live_in(self.class.reading)
            .is_some_and(|live| live.as_ref().map_or_else(FetchError::is_ours, |_| true))
    }

    /// The worst over families of address, and over which it was.
    async fn worst(&self, state: &PolicyState) -> (Attempt, Families) {
        let mut worst = (self.worst_over(Families::Both, state).await, Families::Both);
        for &families in self.judged.families {
            if families != Families::Both {
                let attempt = self.worst_over(families, state).await;
                if is_worse(&attempt, &worst.0) {
                    worst = (attempt, families);
                }
            }
        }
        worst
    }

    /// The worst over the edges of the policy host and over the order of equal preferences.
    async fn worst_over(&self, families: Families, state: &PolicyState) -> Attempt {
        let edges = self.differing_edges(families);
        let mut worst = self.worst_turn(self.memo, families, state).await;
        if edges.len() > 1
            && let Some(host) = &self.judged.survey.policy_host
        {
            for address in edges {
                let network = self.memo.with_only_edge(host.name.clone(), address);
                worst = worse(worst, self.worst_turn(&network, families, state).await);
            }
        }
        worst
    }

    /// The worst over the names that senders take for an implicit MX, and over the order of equal preferences.
    async fn worst_turn<M: Network>(
        &self,
        network: &M,
        families: Families,
        state: &PolicyState,
    ) -> Attempt {
        let sender = self.sender(network, families);
        let worst = self.worst_order(&sender, state).await;
        if self.judged.implicit_alias().is_none() {
            return worst;
        }
        let other = SenderClass {
            implicit_mx: ImplicitMx::Domain,
            ..self.class.clone()
        };
        let sender = Sender {
            class: &other,
            ..sender
        };
        worse(worst, self.worst_order(&sender, state).await)
    }

    /// Only in testing does it matter which of two hosts comes first: an enforced policy passes over the bad
    /// ones wherever they stand, and without a policy any host is as good as another.
    async fn worst_order<M: Network>(
        &self,
        sender: &Sender<'_, M>,
        state: &PolicyState,
    ) -> Attempt {
        let mut worst = self.attempt(sender, Mail::probe(self.domain), state).await;
        if worst.policy().map(|cached| cached.policy.mode()) != Some(Mode::Testing) {
            return worst;
        }
        for rotation in 1..largest_group(&self.judged.survey.exchangers) {
            let mail = Mail {
                rotation,
                ..Mail::probe(self.domain)
            };
            worst = worse(worst, self.attempt(sender, mail, state).await);
        }
        worst
    }

    /// One attempt, and what only the whole domain shows of it.
    async fn attempt<M: Network>(
        &self,
        sender: &Sender<'_, M>,
        mail: Mail<'_>,
        state: &PolicyState,
    ) -> Attempt {
        let mut attempt = sender.attempt(mail, state).await;
        if self.judged.is_every_connection_refused(sender.families) {
            attempt.doubt_refusals();
        }
        attempt
    }

    const fn sender<'s, M>(&'s self, network: &'s M, families: Families) -> Sender<'s, M> {
        Sender {
            network,
            class: self.class,
            limits: self.limits,
            families,
        }
    }

    /// One address for each thing that the edges of the policy host say, where they do not all say the same.
    fn differing_edges(&self, families: Families) -> Vec<IpAddr> {
        let mut seen = Vec::new();
        let mut addresses = Vec::new();
        let edges: Vec<_> = self.judged.edges.iter().collect();
        for edge in families.select(&edges, |edge| edge.exchange.address) {
            // A sender goes on to the next address.
            if edge.exchange.is_before_connection() {
                continue;
            }
            let says = edge
                .in_reading(self.class.reading)
                .as_ref()
                .map(|fetched| &fetched.body);
            if !seen.contains(&says) {
                seen.push(says);
                addresses.push(edge.exchange.address);
            }
        }
        addresses
    }
}

fn worse(a: Attempt, b: Attempt) -> Attempt {
    if is_worse(&b, &a) { b } else { a }
}

fn is_worse(a: &Attempt, b: &Attempt) -> bool {
    as_seen_from_here(a) > as_seen_from_here(b)
}

/// The size of the largest group of equal preferences.
fn largest_group(exchangers: &Exchangers) -> usize {
    match exchangers {
        Exchangers::Candidates { candidates, .. } => candidates
            .chunk_by(|a, b| a.preference == b.preference)
            .map(<[_]>::len)
            .max()
            .unwrap_or(1),
        Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => 1,
    }
}
