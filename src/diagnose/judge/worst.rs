//! The worst that a sender does, over what it may be given and what it may choose.

use std::net::IpAddr;

use super::order;
use crate::diagnose::document::UntilEvent;
use crate::diagnose::judged::Judged;
use crate::facts::{DnsName, UnixTime};
use crate::sender::candidates::ImplicitMx;
use crate::sender::found::{PolicyInUse, PolicySource};
use crate::sender::memo::Memo;
use crate::sender::state::CacheChange;
use crate::sender::{
    Attempt, Families, Limits, Mail, Network, PolicyState, Sender, SenderClass, Trace, Verdict,
};
use crate::sts::fetch::FetchError;
use crate::sts::ledger::Held;
use crate::sts::policy::Mode;
use crate::sts::transport::Certainty;

/// What a sender does, and how long.
pub(super) struct Outlook {
    pub(super) attempt: Attempt,
    pub(super) families: Families,
    pub(super) until: Option<(UnixTime, UntilEvent)>,
    pub(super) refreshed: bool,
}

/// Judges the senders of one class.
pub(super) struct Judge<'j, 'm, N> {
    pub(super) memo: &'j Memo<'m, N>,
    pub(super) domain: &'j DnsName,
    pub(super) judged: &'j Judged<'j>,
    pub(super) class: &'j SenderClass,
    pub(super) limits: Limits,
}

impl<N: Network> Judge<'_, '_, N> {
    /// The sender that fetched the policy last of all that may have: over a day ago, and a class that refreshes
    /// has fetched again by now.
    ///
    /// `live` is what a sender does that holds nothing. Of `known` states the outcome is known: senders that have
    /// refreshed all hold the same.
    pub(super) async fn holding(
        &self,
        held: &Held<'_>,
        live: &(Attempt, Families),
        known: &mut Vec<(PolicyState, (Attempt, Families))>,
    ) -> Outlook {
        let now = self.memo.now();
        let stored = held.as_fetched_last();
        let mut state = PolicyState::from_stored(&stored, self.class.reading);
        let mut refresh_failed = false;
        let mut refreshed = false;
        let mut refresh_certainty = Certainty::Definite;
        if state.refresh_due(self.class).is_some_and(|due| due <= now) {
            let sender = self.sender(self.memo, Families::Both);
            let found = sender
                .refresh(self.domain, &state, &mut Trace::default())
                .await;
            refresh_failed = found.fetch_error.is_some();
            refreshed = !refresh_failed;
            refresh_certainty = found.certainty();
            state.apply(&found.change);
        }
        let (mut attempt, families) = match known.iter().find(|(known, _)| *known == state) {
            Some((_, worst)) => worst.clone(),
            None => {
                let worst = self.worst(&state, Some(live)).await;
                known.push((state.clone(), worst.clone()));
                worst
            }
        };
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
    pub(super) fn doubt_unasked(&self, attempt: &mut Attempt, refreshed: bool) -> usize {
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

    /// The worst over families of address, and over which it was. A sender that holds a policy and fetches another
    /// does what `live` says of one that holds nothing.
    pub(super) async fn worst(
        &self,
        state: &PolicyState,
        live: Option<&(Attempt, Families)>,
    ) -> (Attempt, Families) {
        let mut worst = (
            self.worst_over(Families::Both, state, live).await,
            Families::Both,
        );
        for &families in self.judged.families {
            if families != Families::Both {
                let attempt = self.worst_over(families, state, live).await;
                if is_worse(&attempt, &worst.0) {
                    worst = (attempt, families);
                }
            }
        }
        match live {
            Some(live) if has_fetched(&worst.0) && is_worse(&live.0, &worst.0) => live.clone(),
            Some(_) | None => worst,
        }
    }

    /// The worst over the edges of the policy host and over the order of equal preferences.
    async fn worst_over(
        &self,
        families: Families,
        state: &PolicyState,
        live: Option<&(Attempt, Families)>,
    ) -> Attempt {
        let mut worst = self.worst_turn(self.memo, families, state).await;
        let is_live_known = live.is_some();
        if is_live_known && !has_fetched(&worst) {
            // Whichever edge it had got, it asked none.
            return worst;
        }
        let edges = self.differing_edges(families);
        if edges.len() > 1
            && let Some(host) = &self.judged.survey.policy_host
        {
            for (address, gives_policy) in edges {
                if is_live_known && gives_policy {
                    continue;
                }
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
        let turns = match worst.policy().map(|cached| &cached.policy) {
            Some(policy) if policy.mode() == Mode::Testing => order::turns(self.judged, policy),
            Some(_) | None => Vec::new(),
        };
        for turn in turns {
            // Where no host takes mail, none does in any order.
            if as_seen_from_here(&worst) >= Verdict::Undetermined {
                break;
            }
            let mail = Mail {
                turn,
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

    /// One address for each thing that the edges of the policy host say, where they do not all say the same, and
    /// whether that is a policy.
    fn differing_edges(&self, families: Families) -> Vec<(IpAddr, bool)> {
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
                addresses.push((edge.exchange.address, says.is_ok()));
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

/// Only here does a fact that we alone lack become a verdict.
pub(super) fn as_seen_from_here(attempt: &Attempt) -> Verdict {
    match attempt.certainty {
        Certainty::Ours => Verdict::Undetermined,
        Certainty::Definite => attempt.verdict,
    }
}

/// Whether the policy host was asked.
fn has_fetched(attempt: &Attempt) -> bool {
    attempt
        .changes
        .iter()
        .any(|change| *change != CacheChange::Keep)
}
