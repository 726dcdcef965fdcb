//! One delivery: the candidate MX hosts in order, under the policy that applies ([RFC 8461, Section 5]).
//!
//! A1 and the like are numbers of requirements: `sts/requirements.md` lists them.
//!
//! [RFC 8461, Section 5]: https://www.rfc-editor.org/rfc/rfc8461#section-5

use std::net::IpAddr;

use super::candidates::{Candidate, HostAddresses, find_addresses};
use super::discover::Sender;
use super::hop::{self, AddressOutcome, AddressTry, Regime};
use super::network::Network;
use super::trace::Trace;
use crate::facts::DnsName;
use crate::facts::smtp::{Message, Reply, SmtpRequest, SmtpStep, TlsSession, TlsUse};
use crate::sts::cache::CachedPolicy;
use crate::sts::mx::MxMatched;
use crate::sts::policy::Mode;
use crate::sts::transport::{Certainty, TransportFault};

/// What was tried, in order, and where the message went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivery {
    /// One entry a candidate that was looked at.
    pub tries: Vec<Try>,
    /// The host that took the message, or would take it.
    pub via: Option<Via>,
    /// A reply that rejects the message itself for good.
    pub rejected: Option<Reply>,
}

impl Delivery {
    /// Returns whether the last host that was tried was not looked at, and is taken as sound.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        let last = self.tries.last().and_then(|tried| tried.addresses.last());
        last.is_some_and(|address| address.outcome == AddressOutcome::Assumed)
    }
}

/// The host that took the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Via {
    /// The MX host.
    pub host: DnsName,
    /// Its address.
    pub address: IpAddr,
    /// The TLS session; `None` in clear text.
    pub tls: Option<TlsSession>,
    /// Whether the hop passed all that the policy asks, the proof being [`Validated`](crate::sts::delivery::Validated).
    pub validated: bool,
}

/// What came of one candidate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Try {
    /// The candidate.
    pub candidate: Candidate,
    /// Whether a pattern of the policy matches it; `None` where no policy applies.
    pub is_listed: Option<bool>,
    /// Its addresses, as far as they were tried.
    pub addresses: Vec<AddressTry>,
    /// Whether it has, or may have, addresses that we did not try and others do: more than the limit, or of
    /// a family whose look-up failed on our side.
    pub has_untried_addresses: bool,
    /// Why it was not spoken to; `None` if it was.
    pub skipped: Option<Skipped>,
}

/// Why a candidate was not spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Skipped {
    /// It has no address.
    NoAddress(HostAddresses),
    /// The MX record names no host: octets that are no name, an address, or the root among others.
    NoHost,
    /// The enforced policy does not list it (A1).
    NotListed,
}

impl Try {
    /// Returns whether what MTA-STS asks kept mail from this host, which might else have gone there.
    ///
    /// A handshake that only we may have failed in counts: without a policy, mail goes on in clear text.
    #[must_use]
    pub fn is_refused_by_policy(&self) -> bool {
        self.skipped == Some(Skipped::NotListed)
            || self.addresses.iter().any(|tried| match &tried.outcome {
                AddressOutcome::Refused | AddressOutcome::Undetermined { .. } => true,
                AddressOutcome::Unreachable { failure, .. } => failure.during == SmtpStep::Starttls,
                AddressOutcome::Accepted { .. }
                | AddressOutcome::Assumed
                | AddressOutcome::MessageRefused(_)
                | AddressOutcome::RejectedUs(_) => false,
            })
    }

    /// Returns whether the DNS has no address for it, as everybody sees.
    #[must_use]
    pub const fn has_no_address(&self) -> bool {
        match &self.skipped {
            Some(Skipped::NoHost) => true,
            Some(Skipped::NoAddress(found)) => found.has_none(),
            Some(Skipped::NotListed) | None => false,
        }
    }

    /// Returns whether another vantage might fare better with this host than we did.
    #[must_use]
    pub fn may_be_ours(&self) -> bool {
        match &self.skipped {
            Some(Skipped::NoHost | Skipped::NotListed) => false,
            Some(Skipped::NoAddress(_)) => self.has_untried_addresses,
            None => {
                self.has_untried_addresses
                    || self.addresses.iter().any(|tried| match &tried.outcome {
                        AddressOutcome::RejectedUs(_) | AddressOutcome::Undetermined { .. } => true,
                        AddressOutcome::Unreachable { certainty, .. } => {
                            *certainty == Certainty::Ours
                        }
                        AddressOutcome::Accepted { doubt } => doubt.is_some(),
                        AddressOutcome::Refused => {
                            TransportFault::certainty(&tried.faults) == Certainty::Ours
                        }
                        AddressOutcome::Assumed | AddressOutcome::MessageRefused(_) => false,
                    })
            }
        }
    }
}

/// Under which terms a message travels.
#[derive(Clone, Copy, Debug)]
struct Terms<'p> {
    regime: Regime<'p>,
    message: Option<&'p Message>,
}

impl<N: Network> Sender<'_, N> {
    /// Tries the candidates in order until one takes the message.
    ///
    /// Without a `message` each hop is only probed: the session ends after the second EHLO.
    pub(super) async fn try_candidates(
        &self,
        candidates: &[Candidate],
        policy: Option<&CachedPolicy>,
        message: Option<&Message>,
        trace: &mut Trace,
    ) -> Delivery {
        let regime = match policy.map(|cached| (cached, cached.policy.mode())) {
            Some((cached, Mode::Enforce)) => Regime::Enforce(cached),
            Some((cached, Mode::Testing)) => Regime::Testing(cached),
            // A3: "Sending MTAs should treat the Policy Domain as though it does not have any active policy"
            Some((_, Mode::None)) | None => Regime::Unprotected,
        };
        let terms = Terms { regime, message };
        let mut delivery = Delivery::default();
        for candidate in candidates {
            let tried = self
                .try_candidate(candidate, terms, &mut delivery, trace)
                .await;
            delivery.tries.push(tried);
            if delivery.via.is_some() || delivery.rejected.is_some() {
                break;
            }
        }
        delivery
    }

    async fn try_candidate(
        &self,
        candidate: &Candidate,
        terms: Terms<'_>,
        delivery: &mut Delivery,
        trace: &mut Trace,
    ) -> Try {
        let Terms { regime, message } = terms;
        let mut tried = Try {
            candidate: candidate.clone(),
            is_listed: None,
            addresses: Vec::new(),
            has_untried_addresses: false,
            skipped: None,
        };
        let Some(host) = candidate.host() else {
            tried.skipped = Some(Skipped::NoHost);
            trace.push(
                (self.network.now(), "5321 §5.1"),
                format!("MX {}", candidate.exchange),
                "not a host name",
                "it cannot be spoken to; the next candidate",
            );
            return tried;
        };
        let matched = match regime {
            Regime::Enforce(cached) | Regime::Testing(cached) => {
                let matched = MxMatched::check(&cached.policy, host);
                tried.is_listed = Some(matched.is_some());
                matched
            }
            Regime::Unprotected => None,
        };
        let found = find_addresses(self.network, host, self.limits.addresses, self.families).await;
        // A host without address takes no mail under any policy, so that comes first; what else its look-up
        // says is of no consequence where the policy does not list the host.
        if matches!(regime, Regime::Enforce(_)) && matched.is_none() && !found.has_none() {
            tried.skipped = Some(Skipped::NotListed);
            trace.push(
                (self.network.now(), "8461 §4.1"),
                format!("MX {host}"),
                "no mx pattern of the policy matches it",
                "enforced: it must not be used; the next candidate",
            );
            return tried;
        }
        tried.has_untried_addresses = found.may_have_more();
        if found.addresses.is_empty() {
            tried.skipped = Some(Skipped::NoAddress(found));
            trace.push(
                (self.network.now(), "5321 §5.1"),
                format!("MX {host}"),
                "no address",
                "the next candidate",
            );
            return tried;
        }
        for &address in &found.addresses {
            let request = SmtpRequest {
                host: host.clone(),
                address,
                // A probe stops at the second EHLO and sends nothing that needs protection, so one kind of
                // probe serves every regime: its facts show what either would have done.
                tls: match (regime, message) {
                    (Regime::Enforce(_), _) | (_, None) => TlsUse::Verified,
                    (Regime::Testing(_) | Regime::Unprotected, Some(_)) => TlsUse::Opportunistic,
                },
                message: message.cloned(),
            };
            let exchange = self.network.smtp(&request).await;
            let hop = hop::judge(&exchange, regime, matched.as_ref(), message.is_some());
            trace.push(
                (self.network.now(), "8461 §4"),
                format!("SMTP {host} [{address}]"),
                &hop.tried,
                hop.conclusion(regime),
            );
            let outcome = &hop.tried.outcome;
            if let AddressOutcome::MessageRefused(reply) = outcome
                && reply.is_class(5)
            {
                delivery.rejected = Some(reply.clone());
            }
            let is_accepted = matches!(
                outcome,
                AddressOutcome::Accepted { .. } | AddressOutcome::Assumed
            );
            if is_accepted {
                delivery.via = Some(Via {
                    host: host.clone(),
                    address,
                    tls: exchange.tls.and_then(|tls| tls.outcome.ok()),
                    validated: hop.validated.is_some(),
                });
            }
            tried.addresses.push(hop.tried);
            if is_accepted || delivery.rejected.is_some() {
                break;
            }
        }
        tried
    }
}
