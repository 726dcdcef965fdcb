//! One hop: whether a session with one address of a candidate may take, or took, the message.

use std::fmt;
use std::net::IpAddr;

use crate::facts::smtp::{Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpStep};
use crate::facts::{Say, Sentence};
use crate::sts::cache::CachedPolicy;
use crate::sts::delivery::Validated;
use crate::sts::mx::MxMatched;
use crate::sts::transport::{self, CertVerified, Certainty, Transport, TransportFault};
use crate::tlsrpt::result_type::ResultType;

/// What came of one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddressTry {
    /// The address.
    pub address: IpAddr,
    /// How the hop was judged.
    pub outcome: AddressOutcome,
    /// What an enforced policy refuses the hop for, whatever became of the message; empty if nothing.
    pub faults: Vec<TransportFault>,
    /// What a TLSRPT report would name of the hop.
    pub result_types: Vec<ResultType>,
}

/// How a hop was judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AddressOutcome {
    /// It took the message, or would.
    Accepted {
        /// Why there was no TLS, where that may be about our own parameters.
        doubt: Option<Box<str>>,
    },
    /// Nobody was to speak to it: it is taken as sound.
    Assumed,
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

/// How a policy bears on a delivery.
#[derive(Clone, Copy, Debug)]
pub(super) enum Regime<'p> {
    /// Only validated hops take mail.
    Enforce(&'p CachedPolicy),
    /// Any hop takes mail; faults are noted.
    Testing(&'p CachedPolicy),
    /// No active policy.
    Unprotected,
}

/// A hop, judged.
pub(super) struct Hop {
    pub(super) tried: AddressTry,
    pub(super) validated: Option<Validated>,
}

impl Hop {
    /// Says what follows for the delivery.
    pub(super) const fn conclusion(&self, regime: Regime<'_>) -> &'static str {
        match (&self.tried.outcome, regime, &self.validated) {
            (AddressOutcome::Accepted { .. }, _, Some(_)) => "validated: mail goes here",
            (AddressOutcome::Accepted { .. }, Regime::Testing(_), None) => {
                "testing: mail goes here although the hop has a fault"
            }
            (AddressOutcome::Accepted { .. }, _, None) => "mail goes here, not protected",
            (AddressOutcome::Assumed, _, _) => "taken as sound: mail goes here",
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

/// Judges one session under a regime; `matched` is the proof that a pattern matches the candidate.
pub(super) fn judge(
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
            result_types: ResultType::of(&transport),
            faults: match transport {
                Transport::Refused(faults) => faults,
                Transport::Accepted(_)
                | Transport::NotAsked
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
                Transport::NotAsked
                | Transport::Refused(_)
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
                Transport::NotAsked
                | Transport::RejectedUs(_)
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
        Transport::NotAsked => AddressOutcome::Assumed,
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
            certainty: Certainty::ours_if(failure.is_ours()),
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

impl Say for AddressTry {
    fn say(&self, sentence: &mut Sentence) {
        match &self.outcome {
            AddressOutcome::Accepted { doubt: Some(doubt) } => {
                sentence.words(format_args!("accepted, although {doubt}"))
            }
            AddressOutcome::Accepted { doubt: None } if self.faults.is_empty() => {
                sentence.words("accepted")
            }
            AddressOutcome::Accepted { doubt: None } => sentence
                .words("accepted, although ")
                .join("; ", &self.faults),
            AddressOutcome::Assumed => sentence.words("not looked at"),
            AddressOutcome::MessageRefused(reply) => {
                sentence.words(format_args!("message answered {reply}"))
            }
            AddressOutcome::Refused => sentence.join("; ", &self.faults),
            AddressOutcome::RejectedUs(reply) => {
                sentence.words(format_args!("greeted us with {reply}"))
            }
            AddressOutcome::Undetermined { detail } => sentence.words(detail),
            AddressOutcome::Unreachable { failure, .. } => sentence.words(failure),
        };
    }
}

impl fmt::Display for AddressTry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressOutcome, Regime, judge};
    use crate::facts::smtp::{SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpStep};
    use crate::model::stage::{ip, name, reply};
    use crate::sts::transport::{Certainty, TransportFault};

    #[test]
    fn a_session_without_tls_that_breaks_at_the_message_is_broken_not_refused() {
        let failure = SmtpFailure {
            kind: SmtpFailureKind::Reset,
            during: SmtpStep::Message,
            detail: Box::default(),
        };
        for (failure, expected) in [
            (None, AddressOutcome::Refused),
            (
                Some(failure.clone()),
                AddressOutcome::Unreachable {
                    failure,
                    certainty: Certainty::Definite,
                },
            ),
        ] {
            let mut exchange = SmtpExchange::new(name("mx1.corp.test"), ip("192.0.2.1"));
            exchange.greeting = Some(reply(220, &["hello"]));
            exchange.ehlo = Some(reply(250, &["mx1.corp.test"]));
            exchange.failure = failure;
            let hop = judge(&exchange, Regime::Unprotected, None, true);
            assert_eq!(
                (hop.tried.outcome, hop.tried.faults),
                (expected, vec![TransportFault::StarttlsNotOffered])
            );
        }
    }
}
