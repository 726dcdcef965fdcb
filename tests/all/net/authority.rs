//! Servers of zones, asked by themselves.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, NS};
use hickory_proto::rr::{self as wire, RData};
use stickler::diagnose::zone::ask_servers;
use stickler::facts::DnsName;
use stickler::facts::dns::{DnsFailureKind, DnsOutcome, Question, RecordType};
use stickler::net::Live;
use stickler::sender::Authorities as _;
use stickler::sts::certificate::Roots;

use super::{SHORT, config};
use crate::support::dns::{DnsServer, cname, name, record, reply_to, soa};

/// How a server answers.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// For its zone.
    Healthy,
    /// With an alias that leads out of its zone.
    Alias,
    /// With nothing, for its zone.
    Empty,
    /// With an answer that somebody else gave it.
    Recursive,
    /// With the servers that do have the zone.
    Referring,
    /// Not at all, by RCODE.
    Refusing,
    /// Not before it is asked again.
    Hesitant,
    /// Never.
    Silent,
}

impl Server {
    fn answer(self, asked: &Message, number: usize) -> Option<Message> {
        assert!(!asked.metadata.recursion_desired, "{self:?}");
        let mut reply = reply_to(asked, ResponseCode::NoError);
        reply.metadata.recursion_available = false;
        reply.metadata.authoritative = true;
        let address = record("a.test.", 60, RData::A(A::new(192, 0, 2, 1)));
        match self {
            Self::Healthy => reply.answers.push(address),
            Self::Alias => reply.answers.push(cname("a.test.", 60, "b.other.test.")),
            Self::Empty => reply.authorities.push(soa(60, 60)),
            Self::Recursive => {
                reply.metadata.authoritative = false;
                reply.answers.push(address);
            }
            Self::Referring => {
                reply.metadata.authoritative = false;
                let elsewhere = RData::NS(NS(name("ns.other.test.")));
                reply.authorities.push(record("a.test.", 60, elsewhere));
            }
            Self::Refusing => {
                reply.metadata.authoritative = false;
                reply.metadata.response_code = ResponseCode::Refused;
            }
            Self::Hesitant if number == 0 => return None,
            Self::Hesitant => reply.answers.push(address),
            Self::Silent => return None,
        }
        Some(reply)
    }
}

#[tokio::test]
async fn a_server_of_a_zone_says_what_it_has_itself() {
    for (server, aliases, expected) in [
        (Server::Healthy, 0, Ok(1)),
        (Server::Alias, 1, Ok(0)),
        (Server::Empty, 0, Ok(0)),
        (Server::Recursive, 0, Err(DnsFailureKind::NotAuthoritative)),
        (Server::Referring, 0, Err(DnsFailureKind::NotAuthoritative)),
        (Server::Refusing, 0, Err(DnsFailureKind::Rcode(5))),
        (Server::Hesitant, 0, Ok(1)),
        (Server::Silent, 0, Err(DnsFailureKind::TimedOut)),
    ] {
        let asked = AtomicUsize::new(0);
        let running = DnsServer::start(move |question, _transport| {
            server.answer(question, asked.fetch_add(1, Ordering::SeqCst))
        })
        .await;
        let mut config = config(running.address, Roots::none());
        config.deadlines.dns_try = SHORT;
        config.deadlines.dns_lookup = SHORT * 3;
        let network = Live::new(config).unwrap();
        let host: DnsName = "ns.test".parse().unwrap();
        let question = Question::new("a.test".parse().unwrap(), RecordType::A);
        let address = [192, 0, 2, 53].into();
        let answer = network.ask_server(&host, address, &question).await;
        assert_eq!(answer.aliases.len(), aliases, "{server:?}");
        let found = match answer.outcome {
            DnsOutcome::Records { records, .. } => Ok(records.len()),
            DnsOutcome::NoData { .. } => Ok(0),
            DnsOutcome::Failed(failure) => Err(failure.kind),
            DnsOutcome::NxDomain { .. } => panic!("{server:?}: no such name"),
        };
        assert_eq!(found, expected, "{server:?}");
    }
}

#[tokio::test]
async fn a_server_at_an_address_of_nobody_is_not_asked() {
    let silent = DnsServer::start(|_question, _transport| None).await;
    let mut config = config(silent.address, Roots::none());
    config.routes = Default::default();
    let network = Live::new(config).unwrap();
    let host: DnsName = "ns.test".parse().unwrap();
    let question = Question::new("a.test".parse().unwrap(), RecordType::Mx);
    for (address, why) in [("127.0.0.1", "own"), ("10.0.0.1", "10.0.0.0/8")] {
        let answer = network
            .ask_server(&host, address.parse().unwrap(), &question)
            .await;
        let DnsOutcome::Failed(failure) = answer.outcome else {
            panic!("{address} was asked");
        };
        assert_eq!(failure.kind, DnsFailureKind::Unreachable);
        assert!(failure.detail.contains(why), "{address}: {failure}");
    }
}

#[tokio::test]
async fn an_address_of_nobody_that_came_along_is_not_asked_either() {
    for (address, why) in [
        ([127, 0, 0, 1], "own"),
        ([10, 0, 0, 1], "10.0.0.0/8"),
        ([0, 0, 0, 0], "own"),
    ] {
        let looked_up = Arc::new(Mutex::new(Vec::new()));
        let resolver = DnsServer::start({
            let looked_up = Arc::clone(&looked_up);
            move |asked, _transport| {
                let mut reply = reply_to(asked, ResponseCode::NoError);
                let asked_for = asked.queries[0].query_type();
                looked_up.lock().unwrap().push(asked_for.to_string());
                let at = record("ns.a.test.", 60, RData::A(A::from(Ipv4Addr::from(address))));
                match asked_for {
                    wire::RecordType::NS => {
                        let server = RData::NS(NS(name("ns.a.test.")));
                        reply.answers.push(record("a.test.", 60, server));
                        reply.additionals.push(at);
                    }
                    wire::RecordType::A => reply.answers.push(at),
                    _ => reply.authorities.push(soa(60, 60)),
                }
                Some(reply)
            }
        })
        .await;
        let mut config = config(resolver.address, Roots::none());
        config.routes = Default::default();
        let network = Live::new(config).unwrap();
        let zone = ask_servers(&network, &"a.test".parse().unwrap()).await;
        let servers = zone.unwrap().unwrap().servers;
        let [server] = &servers[..] else {
            panic!("{servers:?}");
        };
        let DnsOutcome::Failed(failure) = &server.mx.as_ref().unwrap().outcome else {
            panic!("{address:?} was asked");
        };
        assert_eq!(failure.kind, DnsFailureKind::Unreachable);
        assert!(failure.detail.contains(why), "{address:?}: {failure}");
        // As for any server that is out of reach, the other family is tried.
        assert_eq!(*looked_up.lock().unwrap(), ["NS", "A", "AAAA"]);
    }
}
