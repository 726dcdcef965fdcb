//! How answers, failures and records are read and written.

use std::time::Duration;

use super::{
    Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Exchange, ExtendedErrors, MxRecord,
    Question, Record, RecordType, ServFail, TlsaRecord, TxtRecord,
};
use crate::facts::DnsName;

fn records() -> Vec<Record> {
    vec![
        Record::A([192, 0, 2, 1].into()),
        Record::Aaaa([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
        Record::Mx(MxRecord {
            preference: 10,
            exchange: Exchange::Root,
        }),
        Record::Tlsa(TlsaRecord {
            usage: 3,
            selector: 1,
            matching: 1,
            data: Box::default(),
        }),
        Record::Txt(TxtRecord::from_text(b"text")),
    ]
}

fn some(ttl_secs: u64) -> DnsOutcome {
    DnsOutcome::Records {
        records: records(),
        ttl: Duration::from_secs(ttl_secs),
    }
}

#[test]
fn an_answer_is_read_by_type() {
    let answer = DnsAnswer::plain(some(60));
    assert_eq!(answer.records(), records());
    assert_eq!(
        answer
            .addresses()
            .map(|ip| ip.to_string())
            .collect::<Vec<_>>(),
        ["192.0.2.1", "2001:db8::1"]
    );
    let exchangers: Vec<_> = answer.exchangers().map(|mx| mx.preference).collect();
    assert_eq!(exchangers, [10]);
    let texts: Vec<_> = answer.texts().map(TxtRecord::joined).collect();
    assert_eq!(texts, [b"text"]);
    for none in [
        DnsOutcome::NxDomain { ttl: None },
        DnsOutcome::NoData { ttl: None },
    ] {
        assert_eq!(DnsAnswer::plain(none).records(), []);
    }
}

#[test]
fn an_answer_may_be_kept_as_long_as_its_shortest_part() {
    let alias = |ttl_secs| Alias {
        owner: "a.test".parse().unwrap(),
        target: "b.test".parse().unwrap(),
        ttl: Duration::from_secs(ttl_secs),
    };
    let failed = || {
        DnsOutcome::Failed(DnsFailure {
            kind: DnsFailureKind::SERVFAIL,
            detail: Box::default(),
        })
    };
    let secs = Duration::from_secs;
    for (aliases, outcome, expected) in [
        (vec![], some(60), Some(60)),
        (vec![alias(30), alias(90)], some(60), Some(30)),
        (vec![alias(90)], some(60), Some(60)),
        (vec![], DnsOutcome::NxDomain { ttl: Some(secs(5)) }, Some(5)),
        (vec![], DnsOutcome::NoData { ttl: Some(secs(6)) }, Some(6)),
        (vec![alias(1)], DnsOutcome::NoData { ttl: None }, None),
        (vec![alias(1)], failed(), None),
    ] {
        let answer = DnsAnswer {
            aliases,
            outcome,
            authenticated: false,
        };
        assert_eq!(answer.ttl(), expected.map(secs), "{answer:?}");
    }
}

#[test]
fn failures_say_what_happened_and_whose_it_may_be() {
    use DnsFailureKind as Kind;
    for (kind, is_ours, expected) in [
        (Kind::ChainTooLong, false, "more than 16 CNAMEs in a row"),
        (Kind::CnameLoop, false, "CNAME loop"),
        (Kind::Malformed, false, "malformed reply"),
        (
            Kind::NoSocket,
            true,
            "no socket left to ask the resolver with",
        ),
        (Kind::Rcode(1), true, "FORMERR"),
        (Kind::Rcode(4), true, "NOTIMP"),
        (Kind::Rcode(5), true, "REFUSED"),
        (Kind::Rcode(9), false, "RCODE 9"),
        (
            Kind::Referral,
            true,
            "resolver does not recurse: referral, no answer",
        ),
        (Kind::SERVFAIL, false, "SERVFAIL"),
        (Kind::TimedOut, true, "no reply in time"),
        (Kind::Truncated, false, "truncated reply, over TCP too"),
        (Kind::Unreachable, true, "resolver unreachable"),
        (Kind::Unreadable, true, "unreadable reply"),
    ] {
        assert_eq!(
            (kind.is_ours(), kind.to_string().as_str()),
            (is_ours, expected)
        );
        assert!(!kind.is_bogus(), "{kind}");
        let leads_nowhere = matches!(kind, Kind::ChainTooLong | Kind::CnameLoop);
        assert_eq!(kind.is_published(), leads_nowhere, "{kind}");
        for (detail, expected) in [
            ("", expected.to_owned()),
            ("192.0.2.53", format!("{expected} (192.0.2.53)")),
        ] {
            let failure = DnsFailure {
                kind,
                detail: detail.into(),
            };
            assert_eq!(failure.to_string(), expected);
        }
    }
}

#[test]
fn a_servfail_is_about_dnssec_where_what_came_with_it_says_so() {
    let extended = ExtendedErrors::default().with(7);
    let kind = DnsFailureKind::ServFail(ServFail {
        extended,
        ..ServFail::PLAIN
    });
    assert!(kind.is_bogus());
}

#[test]
fn aliases_end_at_the_last_target_unless_they_end_nowhere() {
    let aliases = ["a.test", "b.test"].map(|owner| Alias {
        owner: owner.parse().unwrap(),
        target: format!("to.{owner}").parse().unwrap(),
        ttl: Duration::from_secs(60),
    });
    let failed = |kind| {
        DnsOutcome::Failed(DnsFailure {
            kind,
            detail: Box::default(),
        })
    };
    for (outcome, has_end) in [
        (some(60), true),
        (DnsOutcome::NxDomain { ttl: None }, true),
        (DnsOutcome::NoData { ttl: None }, true),
        (failed(DnsFailureKind::TimedOut), true),
        (failed(DnsFailureKind::CnameLoop), false),
        (failed(DnsFailureKind::ChainTooLong), false),
    ] {
        for aliases in [&[], &aliases[..]] {
            let answer = DnsAnswer {
                aliases: aliases.to_vec(),
                outcome: outcome.clone(),
                authenticated: false,
            };
            let end = answer.end_of_aliases().map(DnsName::as_str);
            let expected = (has_end && !aliases.is_empty()).then_some("to.b.test");
            assert_eq!(end, expected, "{answer:?}");
        }
    }
}

#[test]
fn questions_and_exchanges_are_written_as_in_a_zone_file() {
    for (record_type, expected) in [
        (RecordType::A, "A a.test"),
        (RecordType::Aaaa, "AAAA a.test"),
        (RecordType::Mx, "MX a.test"),
        (RecordType::Tlsa, "TLSA a.test"),
        (RecordType::Txt, "TXT a.test"),
    ] {
        let question = Question::new("a.test".parse().unwrap(), record_type);
        assert_eq!(question.to_string(), expected);
    }
    for (exchange, expected) in [
        (Exchange::Host("mx.test".parse().unwrap()), "mx.test"),
        (Exchange::NotAHostName("a b".into()), "a b"),
        (Exchange::Root, "."),
    ] {
        assert_eq!(exchange.to_string(), expected);
        let is_host = matches!(exchange, Exchange::Host(_));
        assert_eq!(
            exchange.name().map(DnsName::as_str),
            is_host.then_some(expected)
        );
    }
}

#[test]
fn a_long_text_is_split_and_joined_again() {
    for (octets, strings) in [(0, 1), (1, 1), (255, 1), (256, 2), (510, 2), (511, 3)] {
        let text = vec![b'x'; octets];
        let record = TxtRecord::from_text(&text);
        assert_eq!(
            (record.strings.len(), record.joined()),
            (strings, text),
            "{octets} octets"
        );
    }
}
