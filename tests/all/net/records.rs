//! What the records of an answer turn into.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, AAAA, MX};
use hickory_proto::rr::{Name, RData};
use stickler::facts::dns::{DnsOutcome, Exchange, MxRecord, RecordType};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::config;
use super::dns::{labels, network, question};
use crate::support::dns::{DnsServer, Transport, name, record, reply_to};

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
