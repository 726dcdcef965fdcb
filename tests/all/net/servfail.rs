//! SERVFAIL: what is asked after it, and what the answers say of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{RData, RecordType as WireType};
use stickler::facts::dns::{
    DnsFailureKind, DnsOutcome, ExtendedErrors, Question, RecordType, ServFail,
};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::config;
use crate::support::dns::{DnsServer, name, record, reply_to};

/// How a resolver fails.
#[derive(Clone, Copy, Debug)]
enum Resolver {
    /// At one name, and at its validation alone.
    Bogus,
    /// For a while.
    Once,
    /// At all that it is asked.
    Always,
    /// With these extended errors: the first time, and again.
    Explained([&'static [u16]; 2]),
    /// First, and then it is silent.
    ThenSilent,
    /// First, and then it refuses.
    ThenRefused,
}

impl Resolver {
    /// Answers the question of that number.
    fn answer(self, asked: &Message, number: usize) -> Option<Message> {
        let query = asked.queries.first().expect("one question");
        let is_root = query.name().is_root() && query.query_type() == WireType::NS;
        let is_off = asked.metadata.checking_disabled;
        let fail = |codes: &[u16]| {
            let mut reply = reply_to(asked, ResponseCode::ServFail);
            let mut edns = Edns::new();
            for code in codes {
                // A code and a text.
                let octets = [&code.to_be_bytes()[..], b"text"].concat();
                edns.options_mut().insert(EdnsOption::Unknown(15, octets));
            }
            reply.edns = Some(edns);
            reply
        };
        let ok = || {
            let mut reply = reply_to(asked, ResponseCode::NoError);
            reply.answers.push(if is_root {
                record(".", 60, RData::NS(NS(name("ns.test."))))
            } else {
                record("a.test.", 60, RData::A(A::new(192, 0, 2, 1)))
            });
            reply
        };
        let is_later = number > 0;
        Some(match self {
            Self::Always => fail(&[]),
            _ if is_root => ok(),
            Self::Bogus if is_off => ok(),
            Self::Once if is_later => ok(),
            Self::Explained([first, again]) => fail(if is_later { again } else { first }),
            Self::ThenSilent if is_later => return None,
            Self::ThenRefused if is_later => reply_to(asked, ResponseCode::Refused),
            Self::Bogus | Self::Once | Self::ThenSilent | Self::ThenRefused => fail(&[]),
        })
    }
}

#[tokio::test]
async fn a_servfail_is_asked_about_once_more_in_two_ways_and_the_root_with_it() {
    let extended = |codes: &[u16]| {
        let none = ExtendedErrors::default();
        codes.iter().copied().fold(none, ExtendedErrors::with)
    };
    let failed = |servfail| Err(DnsFailureKind::ServFail(servfail));
    for (resolver, expected) in [
        (
            Resolver::Bogus,
            failed(ServFail {
                answers_unchecked: true,
                ..ServFail::PLAIN
            }),
        ),
        (Resolver::Once, Ok(())),
        (
            Resolver::Always,
            failed(ServFail {
                root_fails: true,
                ..ServFail::PLAIN
            }),
        ),
        (
            Resolver::Explained([&[22, 6], &[23]]),
            failed(ServFail {
                extended: extended(&[6, 22, 23]),
                ..ServFail::PLAIN
            }),
        ),
        (Resolver::ThenSilent, failed(ServFail::PLAIN)),
        (Resolver::ThenRefused, Err(DnsFailureKind::Rcode(5))),
    ] {
        let asked = AtomicUsize::new(0);
        let server = DnsServer::start(move |question, _transport| {
            resolver.answer(question, asked.fetch_add(1, Ordering::SeqCst))
        })
        .await;
        let mut config = config(server.address, Roots::none());
        config.deadlines.dns_try = super::SHORT;
        config.deadlines.dns_lookup = super::SHORT;
        let network = Live::new(config).unwrap();
        let question = Question::new("a.test".parse().unwrap(), RecordType::A);
        let found = match network.lookup(&question).await.outcome {
            DnsOutcome::Records { .. } => Ok(()),
            DnsOutcome::Failed(failure) => Err(failure.kind),
            other @ (DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. }) => {
                panic!("{resolver:?}: {other:?}")
            }
        };
        assert_eq!(found, expected, "{resolver:?}");
    }
}
