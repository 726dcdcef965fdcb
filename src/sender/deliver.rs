//! One delivery: the candidate MX hosts in order, under the policy that applies ([RFC 8461, Section 5]).
//!
//! [RFC 8461, Section 5]: https://www.rfc-editor.org/rfc/rfc8461#section-5

use std::fmt;
use std::net::IpAddr;

use super::candidates::{Candidate, HostAddresses, find_addresses};
use super::discover::Sender;
use super::network::Network;
use super::trace::Trace;
use crate::facts::DnsName;
use crate::facts::smtp::{
    Message, Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpRequest, SmtpStep, TlsSession,
    TlsUse,
};
use crate::sts::cache::CachedPolicy;
use crate::sts::delivery::Validated;
use crate::sts::mx::MxMatched;
use crate::sts::policy::Mode;
use crate::sts::transport::{self, CertVerified, Certainty, Transport, TransportFault};

/// What was tried, in order, and where the message went.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Walk {
    /// One entry a candidate that was looked at.
    pub tries: Vec<Try>,
    /// The host that took the message, or would take it.
    pub via: Option<Via>,
    /// A reply that rejects the message itself for good.
    pub rejected: Option<Reply>,
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
    /// Whether the hop passed all that the policy asks, the proof being [`Validated`].
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

/// What came of one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddressTry {
    /// The address.
    pub address: IpAddr,
    /// How the hop was judged.
    pub outcome: AddressOutcome,
    /// What an enforced policy refuses the hop for, whatever became of the message; empty if nothing.
    pub faults: Vec<TransportFault>,
}

/// How a hop was judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AddressOutcome {
    /// It took the message, or would.
    Accepted {
        /// Why there was no TLS, where that may be about our own parameters.
        doubt: Option<Box<str>>,
    },
    /// It answered a step of the message's transaction with 4xx or 5xx.
    MessageRefused(Reply),
    /// It fails what the policy asks: see [`AddressTry::faults`].
    Refused,
    /// It does not want to talk to us: a greeting or EHLO answered with 4xx or 5xx.
    RejectedUs(Reply),
    /// The handshake failed in a way that may be about our own parameters.
    Undetermined {
        /// What happened.
        detail: Box<str>,
    },
    /// It could not be spoken to, or the session broke.
    Unreachable {
        /// What happened.
        failure: SmtpFailure,
        /// Whether another vantage would see the same.
        certainty: Certainty,
    },
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
                | AddressOutcome::MessageRefused(_)
                | AddressOutcome::RejectedUs(_) => false,
            })
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
                        AddressOutcome::MessageRefused(_) | AddressOutcome::Refused => false,
                    })
            }
        }
    }
}

/// How a policy bears on a walk.
#[derive(Clone, Copy, Debug)]
enum Regime<'p> {
    /// Only validated hops take mail.
    Enforce(&'p CachedPolicy),
    /// Any hop takes mail; faults are noted.
    Testing(&'p CachedPolicy),
    /// No active policy.
    Unprotected,
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
    pub(super) async fn walk(
        &self,
        candidates: &[Candidate],
        policy: Option<&CachedPolicy>,
        message: Option<&Message>,
        trace: &mut Trace,
    ) -> Walk {
        let regime = match policy.map(|cached| (cached, cached.policy.mode())) {
            Some((cached, Mode::Enforce)) => Regime::Enforce(cached),
            Some((cached, Mode::Testing)) => Regime::Testing(cached),
            // A3: "Sending MTAs should treat the Policy Domain as though it does not have any active policy"
            Some((_, Mode::None)) | None => Regime::Unprotected,
        };
        let terms = Terms { regime, message };
        let mut walk = Walk::default();
        for candidate in candidates {
            let tried = self.try_candidate(candidate, terms, &mut walk, trace).await;
            walk.tries.push(tried);
            if walk.via.is_some() || walk.rejected.is_some() {
                break;
            }
        }
        walk
    }

    async fn try_candidate(
        &self,
        candidate: &Candidate,
        terms: Terms<'_>,
        walk: &mut Walk,
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
        if matches!(regime, Regime::Enforce(_)) && matched.is_none() {
            tried.skipped = Some(Skipped::NotListed);
            trace.push(
                (self.network.now(), "8461 §4.1"),
                format!("MX {host}"),
                "no mx pattern of the policy matches it",
                "enforced: it must not be used; the next candidate",
            );
            return tried;
        }
        let found = find_addresses(self.network, host, self.limits).await;
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
                // probe serves every regime: its facts tell what either would have done.
                tls: match (regime, message) {
                    (Regime::Enforce(_), _) | (_, None) => TlsUse::Verified,
                    (Regime::Testing(_) | Regime::Unprotected, Some(_)) => TlsUse::Opportunistic,
                },
                message: message.cloned(),
            };
            let exchange = self.network.smtp(&request).await;
            let hop = judge_hop(&exchange, regime, matched.as_ref(), message.is_some());
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
                walk.rejected = Some(reply.clone());
            }
            let is_accepted = matches!(outcome, AddressOutcome::Accepted { .. });
            if is_accepted {
                walk.via = Some(Via {
                    host: host.clone(),
                    address,
                    tls: exchange.tls.and_then(|tls| tls.outcome.ok()),
                    validated: hop.validated.is_some(),
                });
            }
            tried.addresses.push(hop.tried);
            if is_accepted || walk.rejected.is_some() {
                break;
            }
        }
        tried
    }
}

/// A hop, judged.
struct Hop {
    tried: AddressTry,
    validated: Option<Validated>,
}

impl Hop {
    const fn conclusion(&self, regime: Regime<'_>) -> &'static str {
        match (&self.tried.outcome, regime, &self.validated) {
            (AddressOutcome::Accepted { .. }, _, Some(_)) => "validated: mail goes here",
            (AddressOutcome::Accepted { .. }, Regime::Testing(_), None) => {
                "testing: mail goes here although the hop has a fault"
            }
            (AddressOutcome::Accepted { .. }, _, None) => "mail goes here, not protected",
            (AddressOutcome::MessageRefused(_), _, _) => "the receiver refuses the message",
            (AddressOutcome::Refused, Regime::Enforce(_), _) => {
                "enforced: it must not be used; the next"
            }
            (AddressOutcome::Refused, _, _) => "no message can go there; the next",
            (AddressOutcome::RejectedUs(_), _, _) => "it refuses to talk to us; the next",
            (AddressOutcome::Undetermined { .. }, _, _) => {
                "another sender may get further; for us, the next"
            }
            (AddressOutcome::Unreachable { .. }, _, _) => "the next",
        }
    }
}

fn judge_hop(
    exchange: &SmtpExchange,
    regime: Regime<'_>,
    matched: Option<&MxMatched>,
    has_message: bool,
) -> Hop {
    let transport = transport::judge(exchange);
    let (outcome, validated) = match regime {
        Regime::Enforce(_) => judge_enforced(exchange, &transport, matched, has_message),
        Regime::Testing(_) | Regime::Unprotected => {
            judge_unenforced(exchange, &transport, matched, has_message)
        }
    };
    Hop {
        tried: AddressTry {
            address: exchange.address,
            outcome,
            faults: match transport {
                Transport::Refused(faults) => faults,
                Transport::Accepted(_)
                | Transport::RejectedUs(_)
                | Transport::Undetermined { .. }
                | Transport::Unreachable { .. } => Vec::new(),
            },
        },
        validated,
    }
}

/// Testing, or no policy: a message goes where it is taken, and faults are noted.
fn judge_unenforced(
    exchange: &SmtpExchange,
    transport: &Transport,
    matched: Option<&MxMatched>,
    has_message: bool,
) -> (AddressOutcome, Option<Validated>) {
    match take_message(exchange, has_message) {
        Taken::Yes => {
            let verified = match transport {
                Transport::Accepted(verified) => Some(verified.clone()),
                Transport::Refused(_)
                | Transport::RejectedUs(_)
                | Transport::Undetermined { .. }
                | Transport::Unreachable { .. } => None,
            };
            let doubt = (transport.certainty() == Certainty::Ours).then(|| match transport {
                Transport::Undetermined { detail } => detail.clone(),
                other => other.to_string().into(),
            });
            (
                AddressOutcome::Accepted { doubt },
                combine(matched, verified),
            )
        }
        Taken::Refused(reply) => (AddressOutcome::MessageRefused(reply), None),
        Taken::NotReached => {
            let outcome = match transport {
                // A fault can end even an unprotected session: one that octets were injected into.
                Transport::Refused(_) if exchange.failure.is_none() => AddressOutcome::Refused,
                Transport::Accepted(_) | Transport::Refused(_) => broken(exchange),
                Transport::RejectedUs(_)
                | Transport::Undetermined { .. }
                | Transport::Unreachable { .. } => without_session(transport, exchange),
            };
            (outcome, None)
        }
    }
}

fn judge_enforced(
    exchange: &SmtpExchange,
    transport: &Transport,
    matched: Option<&MxMatched>,
    has_message: bool,
) -> (AddressOutcome, Option<Validated>) {
    let Transport::Accepted(verified) = transport else {
        return (without_session(transport, exchange), None);
    };
    let Some(validated) = combine(matched, Some(verified.clone())) else {
        // Unlisted hosts are skipped before they are spoken to; without both proofs no mail goes.
        return (AddressOutcome::Refused, None);
    };
    match take_message(exchange, has_message) {
        Taken::Yes => (AddressOutcome::Accepted { doubt: None }, Some(validated)),
        Taken::Refused(reply) => (AddressOutcome::MessageRefused(reply), None),
        Taken::NotReached => (broken(exchange), None),
    }
}

fn combine(matched: Option<&MxMatched>, verified: Option<CertVerified>) -> Option<Validated> {
    // Proofs about two hosts prove nothing together; both are made of the same candidate here.
    Validated::combine(matched?.clone(), verified?).ok()
}

fn without_session(transport: &Transport, exchange: &SmtpExchange) -> AddressOutcome {
    match transport {
        Transport::RejectedUs(reply) => AddressOutcome::RejectedUs(reply.clone()),
        Transport::Undetermined { detail } => AddressOutcome::Undetermined {
            detail: detail.clone(),
        },
        Transport::Unreachable { failure, certainty } => AddressOutcome::Unreachable {
            failure: failure.clone(),
            certainty: *certainty,
        },
        Transport::Refused(_) => AddressOutcome::Refused,
        Transport::Accepted(_) => broken(exchange),
    }
}

/// A session that broke after TLS stood, before the message's fate was said.
fn broken(exchange: &SmtpExchange) -> AddressOutcome {
    match &exchange.failure {
        Some(failure) => AddressOutcome::Unreachable {
            failure: failure.clone(),
            certainty: Certainty::ours_if(failure.kind.is_ours()),
        },
        // A reply was neither yes nor no.
        None => AddressOutcome::Unreachable {
            failure: SmtpFailure {
                kind: SmtpFailureKind::Protocol,
                during: SmtpStep::Message,
                detail: "the session ended before the message was answered".into(),
            },
            certainty: Certainty::Definite,
        },
    }
}

/// Whether a receiver took the message; of a probe, whether it would have let it begin.
enum Taken {
    NotReached,
    Refused(Reply),
    Yes,
}

fn take_message(exchange: &SmtpExchange, has_message: bool) -> Taken {
    if has_message {
        return match &exchange.delivery {
            Some(delivery) if delivery.is_delivered() => Taken::Yes,
            Some(delivery) => match delivery.decisive() {
                Some(reply) if reply.code >= 400 => Taken::Refused(reply.clone()),
                Some(_) | None => Taken::NotReached,
            },
            None => Taken::NotReached,
        };
    }
    // A failed handshake does not stand in the way of a message that may go in clear text; a session that
    // broke, or that somebody else speaks in, does.
    let goes_on = |reply: &Reply| reply.is_class(2);
    if exchange.failure.is_none()
        && exchange.injected.is_none()
        && (exchange.ehlo.as_ref().is_some_and(goes_on) || exchange.lacks_ehlo())
        && exchange.ehlo_after_tls.as_ref().is_none_or(goes_on)
    {
        Taken::Yes
    } else {
        Taken::NotReached
    }
}

impl fmt::Display for AddressTry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            AddressOutcome::Accepted { doubt: Some(doubt) } => {
                write!(f, "accepted, although {doubt}")
            }
            AddressOutcome::Accepted { doubt: None } if self.faults.is_empty() => {
                f.write_str("accepted")
            }
            AddressOutcome::Accepted { doubt: None } => {
                f.write_str("accepted, although ")?;
                join(f, &self.faults)
            }
            AddressOutcome::MessageRefused(reply) => write!(f, "message answered {reply}"),
            AddressOutcome::Refused => join(f, &self.faults),
            AddressOutcome::RejectedUs(reply) => write!(f, "greeted us with {reply}"),
            AddressOutcome::Undetermined { detail } => f.write_str(detail),
            AddressOutcome::Unreachable { failure, .. } => write!(f, "{failure}"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, faults: &[TransportFault]) -> fmt::Result {
    for (index, fault) in faults.iter().enumerate() {
        if index > 0 {
            f.write_str("; ")?;
        }
        write!(f, "{fault}")?;
    }
    Ok(())
}
