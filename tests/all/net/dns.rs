//! What a DNS answer turns into, whatever the server does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, NS, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record as WireRecord};
use stickler::clock::Clock;
use stickler::facts::dns::{
    Alias, DnsAnswer, DnsFailureKind, DnsOutcome, Question, Record, RecordType, TxtRecord,
};
use stickler::net::{Live, ResolverConfig};
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::{SHORT, config};
use crate::support::dns::{DnsServer, Transport, cname, name, record, reply_to, soa};

pub(super) fn network(servers: &[SocketAddr]) -> (Live, Clock) {
    let mut config = config(servers[0], Roots::none());
    config.resolver = ResolverConfig::Addresses(servers.to_vec());
    config.deadlines.dns_try = SHORT;
    let clock = config.clock.clone();
    (Live::new(config).unwrap(), clock)
}

pub(super) fn question(record_type: RecordType, text: &str) -> Question {
    Question::new(text.parse().unwrap(), record_type)
}

fn text(owner: &str, ttl: u32) -> WireRecord {
    record(
        owner,
        ttl,
        RData::TXT(TXT::from_bytes(vec![b"v=STSv1; ", b"id=1;"])),
    )
}

/// Makes a name whose first label holds any octets.
pub(super) fn labels(first: &[u8]) -> Name {
    Name::from_labels([first, b"test"]).unwrap()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn texts(ttl: u64) -> DnsOutcome {
    DnsOutcome::Records {
        records: vec![Record::Txt(TxtRecord {
            strings: vec![b"v=STSv1; ".as_slice().into(), b"id=1;".as_slice().into()],
        })],
        ttl: secs(ttl),
    }
}

fn alias(owner: &str, target: &str, ttl: u64) -> Alias {
    Alias {
        owner: owner.parse().unwrap(),
        target: target.parse().unwrap(),
        ttl: secs(ttl),
    }
}

/// One server that has an answer of each kind, by the first label.
fn answer(asked: &Message, transport: Transport) -> Option<Message> {
    let query = asked.queries.first().expect("one question");
    assert!(asked.metadata.recursion_desired);
    let asked_name = query.name().to_ascii();
    let kind = asked_name.split('.').next().unwrap_or_default();
    let knows_edns = !matches!(kind, "formerr" | "notimp" | "old" | "older");
    let edns = asked.edns.as_ref();
    assert!(
        edns.map_or(!knows_edns, |edns| edns.flags().dnssec_ok),
        "EDNS is not used, or DO is not set"
    );
    let rcode = match kind {
        "nxdomain" | "nosoa" | "aliasnx" => ResponseCode::NXDomain,
        "servfail" => ResponseCode::ServFail,
        "refused" => ResponseCode::Refused,
        "formerr" => ResponseCode::FormErr,
        "notimp" => ResponseCode::NotImp,
        "old" if edns.is_some() => ResponseCode::FormErr,
        "older" if edns.is_some() => ResponseCode::NotImp,
        _ => ResponseCode::NoError,
    };
    let mut reply = reply_to(asked, rcode);
    match kind {
        "silent" => return None,
        "old" | "older" if edns.is_some() => {}
        "ok" | "old" | "older" | "localhost" | "invalid" => {
            reply.answers.push(text(&asked_name, 300));
        }
        "long" => reply.answers.push(text(&asked_name, 700_000)),
        "negative" => reply.answers.push(text(&asked_name, 0x8000_0001)),
        "uneven" => reply
            .answers
            .extend([text(&asked_name, 300), text(&asked_name, 60)]),
        "signed" => {
            reply.metadata.authentic_data = true;
            reply.answers.push(text(&asked_name, 300));
        }
        "absent" => {
            reply.metadata.authentic_data = true;
            reply.authorities.push(soa(900, 60));
        }
        "nxdomain" => reply.authorities.push(soa(30, 60)),
        "cut" => match transport {
            Transport::Udp => reply.metadata.truncation = true,
            Transport::Tcp => reply.answers.push(text(&asked_name, 300)),
        },
        "cutclosed" if transport == Transport::Tcp => return None,
        "cutclosed" => reply.metadata.truncation = true,
        "referral" => {
            let data = RData::NS(NS(name("ns.test.")));
            reply.authorities.push(record("test.", 600, data));
        }
        "lame" => reply.metadata.recursion_available = false,
        "chaos" => {
            let mut record = text(&asked_name, 300);
            record.dns_class = DNSClass::CH;
            reply.answers.push(record);
            reply.authorities.push(soa(60, 60));
        }
        "cutagain" => reply.metadata.truncation = true,
        "alias" => {
            reply.answers.push(cname(&asked_name, 600, "next.test."));
            reply.answers.push(cname("next.test.", 60, "End.Test."));
            reply.answers.push(text("end.test.", 300));
        }
        "aliasnx" => {
            reply.answers.push(cname(&asked_name, 600, "gone.test."));
            reply.authorities.push(soa(900, 900));
        }
        "aliasnodata" => {
            reply.answers.push(cname(&asked_name, 600, "bare.test."));
            reply.authorities.push(soa(900, 900));
        }
        // A server that does not follow.
        "half" => reply.answers.push(cname(&asked_name, 600, "ok.test.")),
        "halfsigned" => {
            reply.metadata.authentic_data = true;
            reply.answers.push(cname(&asked_name, 600, "signed.test."));
        }
        "round" => {
            reply.answers.push(cname(&asked_name, 600, "trip.test."));
            reply.answers.push(cname("trip.test.", 600, &asked_name));
        }
        "self" => reply.answers.push(cname(&asked_name, 600, &asked_name)),
        "strange" => {
            let data = RData::CNAME(CNAME(labels(b"a b")));
            reply.answers.push(record(&asked_name, 600, data));
        }
        kind if kind.starts_with('c') => {
            let number: u32 = kind[1..].parse().expect("a number");
            match number {
                0 => reply.answers.push(text(&asked_name, 300)),
                _ => {
                    let next = format!("c{}.test.", number - 1);
                    reply.answers.push(cname(&asked_name, 600, &next));
                }
            }
        }
        _ => {}
    }
    Some(reply)
}

#[tokio::test]
async fn every_kind_of_answer_is_told_apart() {
    let server = DnsServer::start(answer).await;
    let (network, _clock) = network(&[server.address]);
    let plain = DnsAnswer::plain;
    for (asked, expected) in [
        ("ok.test", plain(texts(300))),
        ("long.test", plain(texts(700_000))),
        ("negative.test", plain(texts(0))),
        ("localhost", plain(texts(300))),
        ("invalid", plain(texts(300))),
        ("cut.test", plain(texts(300))),
        ("old.test", plain(texts(300))),
        ("older.test", plain(texts(300))),
        (
            "chaos.test",
            plain(DnsOutcome::NoData {
                ttl: Some(secs(60)),
            }),
        ),
        (
            "signed.test",
            DnsAnswer {
                authenticated: true,
                ..plain(texts(300))
            },
        ),
        (
            "nxdomain.test",
            plain(DnsOutcome::NxDomain {
                ttl: Some(secs(30)),
            }),
        ),
        ("nosoa.test", plain(DnsOutcome::NxDomain { ttl: None })),
        ("nodata.test", plain(DnsOutcome::NoData { ttl: None })),
        (
            "absent.test",
            DnsAnswer {
                authenticated: true,
                ..plain(DnsOutcome::NoData {
                    ttl: Some(secs(60)),
                })
            },
        ),
        (
            "alias.test",
            DnsAnswer {
                aliases: vec![
                    alias("alias.test", "next.test", 600),
                    alias("next.test", "end.test", 60),
                ],
                ..plain(texts(300))
            },
        ),
        (
            "aliasnx.test",
            DnsAnswer {
                aliases: vec![alias("aliasnx.test", "gone.test", 600)],
                ..plain(DnsOutcome::NxDomain {
                    ttl: Some(secs(900)),
                })
            },
        ),
        (
            "aliasnodata.test",
            DnsAnswer {
                aliases: vec![alias("aliasnodata.test", "bare.test", 600)],
                ..plain(DnsOutcome::NoData {
                    ttl: Some(secs(900)),
                })
            },
        ),
        (
            "half.test",
            DnsAnswer {
                aliases: vec![alias("half.test", "ok.test", 600)],
                ..plain(texts(300))
            },
        ),
        (
            "halfsigned.test",
            DnsAnswer {
                aliases: vec![alias("halfsigned.test", "signed.test", 600)],
                authenticated: true,
                ..plain(texts(300))
            },
        ),
    ] {
        network.flush_dns();
        let found = network.lookup(&question(RecordType::Txt, asked)).await;
        assert_eq!(found, expected, "{asked}");
    }
    let uneven = network
        .lookup(&question(RecordType::Txt, "uneven.test"))
        .await;
    assert_eq!((uneven.records().len(), uneven.ttl()), (2, Some(secs(60))));
}

#[tokio::test]
async fn every_kind_of_failure_is_told_apart() {
    let server = DnsServer::start(answer).await;
    let (network, _clock) = network(&[server.address]);
    for (asked, kind, aliases) in [
        ("servfail.test", DnsFailureKind::SERVFAIL, 0),
        ("refused.test", DnsFailureKind::Rcode(5), 0),
        ("notimp.test", DnsFailureKind::Rcode(4), 0),
        ("formerr.test", DnsFailureKind::Rcode(1), 0),
        ("referral.test", DnsFailureKind::Referral, 0),
        ("lame.test", DnsFailureKind::Referral, 0),
        ("cutclosed.test", DnsFailureKind::Unreachable, 0),
        ("silent.test", DnsFailureKind::TimedOut, 0),
        ("cutagain.test", DnsFailureKind::Truncated, 0),
        ("round.test", DnsFailureKind::CnameLoop, 2),
        ("self.test", DnsFailureKind::CnameLoop, 1),
        ("strange.test", DnsFailureKind::Malformed, 0),
        ("c17.test", DnsFailureKind::ChainTooLong, 16),
    ] {
        let found = network.lookup(&question(RecordType::Txt, asked)).await;
        let DnsOutcome::Failed(failure) = &found.outcome else {
            panic!("{asked}: {found:?}");
        };
        assert_eq!(
            (failure.kind, found.aliases.len(), found.authenticated),
            (kind, aliases, false),
            "{asked}: {failure}"
        );
        assert!(!failure.detail.is_empty(), "{asked}");
    }
    let found = network.lookup(&question(RecordType::Txt, "c16.test")).await;
    assert_eq!((found.aliases.len(), found.records().len()), (16, 1));
}

/// The first question's answer must not change what the second one asks, however fast it comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_asked_at_once_do_not_see_each_others_answers() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let server = DnsServer::start(move |asked, transport| {
        let query = asked.queries.first().expect("one question");
        let question = format!("{} {}", query.query_type(), query.name());
        noted.lock().unwrap().push(question);
        answer(asked, transport)
    })
    .await;
    for round in 0..200 {
        let (network, _clock) = network(&[server.address]);
        let [v6, v4] =
            [RecordType::Aaaa, RecordType::A].map(|family| question(family, "aliasnodata.test"));
        let _answers = tokio::join!(network.lookup(&v6), network.lookup(&v4));
        let mut asked = std::mem::take(&mut *asked.lock().unwrap());
        asked.sort();
        asked.dedup();
        assert_eq!(
            asked,
            ["A aliasnodata.test.", "AAAA aliasnodata.test."],
            "round {round}"
        );
    }
}

#[tokio::test]
async fn what_is_no_dns_message_is_no_word_of_the_domain() {
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (network, _clock) = network(&[server.local_addr().unwrap()]);
    let asked = question(RecordType::Txt, "ok.test");
    let answer = async {
        let mut octets = [0; 512];
        let (length, from) = server.recv_from(&mut octets).await.unwrap();
        // A reply with one answer, of which nothing came.
        octets[2] |= 0x80;
        octets[7] = 1;
        octets[11] = 0;
        server.send_to(&octets[..length], from).await.unwrap();
    };
    let (found, ()) = tokio::join!(network.lookup(&asked), answer);
    let DnsOutcome::Failed(failure) = found.outcome else {
        panic!("{:?}", found.outcome);
    };
    assert_eq!(failure.kind, DnsFailureKind::Unreadable, "{failure}");
    assert!(failure.kind.is_ours());
}

#[tokio::test]
async fn the_next_resolver_is_asked_when_one_fails() {
    let good = DnsServer::start(answer).await;
    for (rcode, expected) in [
        (None, texts(300)),
        (Some(ResponseCode::ServFail), texts(300)),
        (Some(ResponseCode::Refused), texts(300)),
        (
            Some(ResponseCode::NXDomain),
            DnsOutcome::NxDomain { ttl: None },
        ),
    ] {
        let bad = DnsServer::start(move |asked, _transport| Some(reply_to(asked, rcode?))).await;
        let (network, _clock) = network(&[bad.address, good.address]);
        let found = network.lookup(&question(RecordType::Txt, "ok.test")).await;
        assert_eq!(found.outcome, expected, "{rcode:?}");
    }
    // Of failures, an answer says more than silence.
    let silent = DnsServer::start(|_asked, _transport| None).await;
    for servers in [
        [silent.address, good.address],
        [good.address, silent.address],
    ] {
        let (network, _clock) = network(&servers);
        let found = network
            .lookup(&question(RecordType::Txt, "servfail.test"))
            .await;
        let DnsOutcome::Failed(failure) = found.outcome else {
            panic!("{:?}", found.outcome);
        };
        assert_eq!(failure.kind, DnsFailureKind::SERVFAIL);
    }
}

#[tokio::test]
async fn answers_are_kept_for_their_ttl_by_the_clock() {
    let questions = Arc::new(AtomicUsize::new(0));
    let server = DnsServer::start({
        let questions = Arc::clone(&questions);
        move |asked, transport| {
            questions.fetch_add(1, Ordering::SeqCst);
            answer(asked, transport)
        }
    })
    .await;
    let (network, clock) = network(&[server.address]);
    let ok = question(RecordType::Txt, "ok.test");
    for (later, ttl, expected) in [(0, 300, 1), (0, 300, 1), (299, 1, 1), (1, 300, 2)] {
        clock.advance_to(clock.now().saturating_add(secs(later)));
        let found = network.lookup(&ok).await;
        assert_eq!(found.ttl(), Some(secs(ttl)));
        assert_eq!(questions.load(Ordering::SeqCst), expected);
    }
    // A failure is asked about again each time, SERVFAIL by four questions.
    let servfail = question(RecordType::Txt, "servfail.test");
    for expected in [6, 10] {
        network.lookup(&servfail).await;
        assert_eq!(questions.load(Ordering::SeqCst), expected);
    }
}
