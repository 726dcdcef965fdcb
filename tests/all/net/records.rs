//! What the records of an answer turn into.

use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, AAAA, MX, NS};
use hickory_proto::rr::{DNSClass, Name, RData};
use stickler::facts::dns::{DnsOutcome, Exchange, MxRecord, RecordType};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::config;
use super::dns::{labels, network, question};
use crate::support::dns::{DnsServer, Transport, cname, name, record, reply_to};

#[tokio::test]
async fn mx_targets_of_every_shape_are_kept() {
    let server = DnsServer::start(|asked, _transport| {
        let mut reply = reply_to(asked, ResponseCode::NoError);
        for (preference, target) in [
            (10, name("MX.Example.TEST.")),
            (20, Name::root()),
            (30, name("192.0.2.1.")),
            (40, name("_mx.test.")),
            (50, labels(b"a.b")),
            (60, labels(b"a b")),
            (70, labels(b"m\xc3\xbcnchen")),
        ] {
            let data = RData::MX(MX::new(preference, target));
            reply.answers.push(record("corp.test.", 60, data));
        }
        Some(reply)
    })
    .await;
    let (network, _clock) = network(&[server.address]);
    let found = network.lookup(&question(RecordType::Mx, "corp.test")).await;
    let host = |text: &str| Exchange::Host(text.parse().unwrap());
    let other = |text: &str| Exchange::NotAHostName(text.into());
    let expected: Vec<MxRecord> = [
        (10, host("mx.example.test")),
        (20, Exchange::Root),
        (30, host("192.0.2.1")),
        (40, host("_mx.test")),
        (50, other("a\\.b.test")),
        (60, other("a\\032b.test")),
        (70, other("m\\195\\188nchen.test")),
    ]
    .map(|(preference, exchange)| MxRecord {
        preference,
        exchange,
    })
    .into();
    let found: Vec<MxRecord> = found.exchangers().cloned().collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn addresses_of_both_families_are_read() {
    let server = DnsServer::start(|asked, _transport| {
        let mut reply = reply_to(asked, ResponseCode::NoError);
        // Both in each reply: only those asked for count.
        let v4 = RData::A(A::new(192, 0, 2, 1));
        let v6 = RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
        reply
            .answers
            .extend([record("mx.test.", 60, v4), record("mx.test.", 60, v6)]);
        Some(reply)
    })
    .await;
    let (network, _clock) = network(&[server.address]);
    for (record_type, expected) in [
        (RecordType::A, "192.0.2.1"),
        (RecordType::Aaaa, "2001:db8::1"),
    ] {
        let found = network.lookup(&question(record_type, "mx.test")).await;
        let found: Vec<String> = found.addresses().map(|ip| ip.to_string()).collect();
        assert_eq!(found, [expected]);
    }
}

#[tokio::test]
async fn an_answer_that_fills_a_message_is_read() {
    let server = DnsServer::start(|asked, transport| {
        let mut reply = reply_to(asked, ResponseCode::NoError);
        if transport == Transport::Udp {
            reply.metadata.truncation = true;
            return Some(reply);
        }
        for number in 0..1_500 {
            let data = RData::MX(MX::new(10, name(&format!("mx{number}.corp.test."))));
            reply.answers.push(record("corp.test.", 60, data));
        }
        Some(reply)
    })
    .await;
    let mut config = config(server.address, Roots::none());
    config.deadlines.dns_try = super::PATIENT;
    let network = Live::new(config).unwrap();
    let found = network.lookup(&question(RecordType::Mx, "corp.test")).await;
    let outcome = match &found.outcome {
        DnsOutcome::Failed(failure) => failure.to_string(),
        _ => String::new(),
    };
    assert_eq!((found.exchangers().count(), &*outcome), (1_500, ""));
}

#[tokio::test]
async fn addresses_that_come_along_stay_with_their_name_server() {
    let v4 = |last| RData::A(A::new(192, 0, 2, last));
    let v6 = |last| RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last));
    let mut elsewhere = record("ns1.test.", 60, v4(9));
    elsewhere.dns_class = DNSClass::CH;
    for (what, additional, expected, ttl) in [
        ("nothing came", vec![], ["- -", "- -"], 300),
        (
            "both families, in any case and order, and a TTL of their own",
            vec![
                record("NS2.Test.", 60, v6(2)),
                record("ns1.test.", 400, v4(1)),
                record("ns2.test.", 400, v4(2)),
            ],
            ["192.0.2.1 -", "192.0.2.2 2001:db8::2"],
            60,
        ),
        (
            "of many the first",
            (1..20)
                .map(|last| record("ns1.test.", 600 - u32::from(last), v4(last)))
                .collect(),
            ["192.0.2.1 -", "- -"],
            300,
        ),
        (
            "of no other name, class or type",
            vec![
                record("corp.test.", 60, v4(7)),
                record("ns3.test.", 60, v4(8)),
                elsewhere,
                record("ns1.test.", 60, RData::NS(NS(name("ns2.test.")))),
            ],
            ["- -", "- -"],
            300,
        ),
        (
            "not of an alias, nor of its target",
            vec![
                record("ns1.test.", 60, v4(1)),
                cname("ns1.test.", 60, "other.test."),
                record("other.test.", 60, v4(8)),
                record("ns2.test.", 200, v4(2)),
            ],
            ["- -", "192.0.2.2 -"],
            200,
        ),
    ] {
        let server = DnsServer::start(move |asked, _transport| {
            let mut reply = reply_to(asked, ResponseCode::NoError);
            for host in ["ns1.test.", "ns2.test."] {
                let server = RData::NS(NS(name(host)));
                reply.answers.push(record("corp.test.", 300, server));
            }
            reply.additionals.extend(additional.iter().cloned());
            Some(reply)
        })
        .await;
        let (network, _clock) = network(&[server.address]);
        // The second time from the cache.
        for _ in 0..2 {
            let found = network.lookup(&question(RecordType::Ns, "corp.test")).await;
            let servers = found.name_servers().map(|server| {
                let text = |address: Option<String>| address.unwrap_or_else(|| "-".to_owned());
                let v4 = text(server.ipv4.map(|address| address.to_string()));
                format!(
                    "{v4} {}",
                    text(server.ipv6.map(|address| address.to_string()))
                )
            });
            assert_eq!(servers.collect::<Vec<_>>(), expected, "{what}");
            assert_eq!(found.ttl(), Some(Duration::from_secs(ttl)), "{what}");
        }
    }
}
