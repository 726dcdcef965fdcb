//! What each DNS answer and each fault of one is to a sender.

use std::sync::Arc;
use std::time::Duration;

use super::hosted;
use crate::clock::Clock;
use crate::facts::dns::{
    Alias, DnsAnswer, DnsFailureKind, DnsOutcome, Exchange, ExtendedErrors, MxRecord, Question,
    Record, RecordType, ServFail, TlsaRecord, TxtRecord,
};
use crate::fakes::{
    Answer, DnsFault, Internet, Name, NameServer, Rcode, RecordData, RecordFault, RecordKind, View,
};
use crate::model::servers::{Said, Servers as _};
use crate::model::stage::{START, dns_failure, ip, name};
use crate::model::{Model, ModelRequest};
use crate::sender::Authorities as _;

const TTL: Duration = Duration::from_secs(60);
const NEGATIVE_TTL: Duration = Duration::from_secs(900);

fn view(name: &str, what: Name) -> View {
    let named = Name {
        negative_ttl: Some(NEGATIVE_TTL),
        ..what
    };
    View {
        names: [(name.to_owned(), named)].into(),
        ..View::default()
    }
}

/// What the DNS says of the TXT records of a name in one zone.
fn say(dns: View, resolver: Option<&str>, owner: &str) -> Option<Said> {
    let internet = Internet {
        dns,
        ..Internet::default()
    };
    hosted(internet).say(resolver, &Question::new(name(owner), RecordType::Txt))
}

fn text() -> Answer {
    Answer::new([RecordData::txt("text")], TTL)
}

fn texts() -> DnsOutcome {
    DnsOutcome::Records {
        records: vec![Record::Txt(TxtRecord {
            strings: vec![(*b"text").into()],
        })],
        ttl: TTL,
    }
}

fn failed(kind: DnsFailureKind) -> DnsOutcome {
    DnsOutcome::Failed(dns_failure(kind))
}

/// A fault of one type may be remembered as long as its records might, one of the whole name as long as the
/// name says.
#[test]
fn each_fault_of_a_dns_answer_is_a_fact() {
    for fault in DnsFault::all() {
        let outcome = |ttl, root_fails| match fault {
            DnsFault::NoData => DnsOutcome::NoData { ttl: Some(ttl) },
            DnsFault::Rcode(Rcode::Nxdomain) => DnsOutcome::NxDomain { ttl: Some(ttl) },
            DnsFault::Rcode(Rcode::Refused) => failed(DnsFailureKind::Rcode(5)),
            DnsFault::Rcode(rcode) => failed(DnsFailureKind::ServFail(ServFail {
                extended: rcode
                    .extended_error()
                    .into_iter()
                    .fold(ExtendedErrors::default(), ExtendedErrors::with),
                root_fails,
                ..ServFail::PLAIN
            })),
            DnsFault::Spoiled(RecordFault::Bogus) => failed(DnsFailureKind::ServFail(ServFail {
                answers_unchecked: true,
                ..ServFail::PLAIN
            })),
            DnsFault::Silence => failed(DnsFailureKind::TimedOut),
            DnsFault::Spoiled(RecordFault::Truncated | RecordFault::ExtraRecords) => texts(),
            DnsFault::Spoiled(RecordFault::TruncatedOnTcp) => failed(DnsFailureKind::Truncated),
            DnsFault::Spoiled(RecordFault::WrongOwner | RecordFault::WrongType) => {
                DnsOutcome::NoData { ttl: None }
            }
        };
        let of_type = Answer {
            fault: Some(fault),
            ..text()
        };
        let of_name = Name {
            fault: Some(fault),
            ..Name::new([(RecordKind::Txt, text())])
        };
        let of_view = View {
            fault: Some(fault),
            ..view("a.test", Name::new([(RecordKind::Txt, text())]))
        };
        for (dns, ttl, root_fails) in [
            (
                view("a.test", Name::new([(RecordKind::Txt, of_type)])),
                TTL,
                false,
            ),
            (view("a.test", of_name), NEGATIVE_TTL, false),
            // A resolver that fails whatever it is asked.
            (of_view, NEGATIVE_TTL, true),
        ] {
            let expected = Some(Said::Outcome(outcome(ttl, root_fails)));
            assert_eq!(say(dns.clone(), None, "a.test"), expected, "{dns:?}");
        }
    }
}

#[test]
fn a_name_answers_with_its_records_its_alias_or_nothing() {
    let alias = |target: &str| Name::alias(target, TTL);
    for (name_of, what, asked, expected) in [
        (
            "a.test",
            Name::new([(RecordKind::Txt, text())]),
            "a.test",
            Some(Said::Outcome(texts())),
        ),
        (
            "*.test",
            Name::new([(RecordKind::Txt, text())]),
            "a.b.test",
            Some(Said::Outcome(texts())),
        ),
        (
            "a.test",
            Name::default(),
            "a.test",
            Some(Said::Outcome(DnsOutcome::NoData {
                ttl: Some(NEGATIVE_TTL),
            })),
        ),
        (
            "a.test",
            Name::new([(RecordKind::Txt, Answer::default())]),
            "a.test",
            Some(Said::Outcome(DnsOutcome::NoData { ttl: None })),
        ),
        (
            "*.test",
            alias("b.test"),
            "a.test",
            Some(Said::Alias(Alias {
                owner: name("a.test"),
                target: name("b.test"),
                ttl: TTL,
            })),
        ),
        (
            "a.test",
            alias("b..test"),
            "a.test",
            Some(Said::Outcome(failed(DnsFailureKind::Malformed))),
        ),
        ("a.test", Name::default(), "b.test", None),
    ] {
        let dns = view(name_of, what);
        assert_eq!(say(dns.clone(), None, asked), expected, "{asked} {dns:?}");
    }
}

/// What a view does not declare is as everybody sees it, and suffers what the view suffers.
#[test]
fn a_resolver_with_a_view_sees_its_own_names_first() {
    let both = |fault| Internet {
        dns: View {
            names: ["a.test", "b.test"]
                .map(|name| (name.to_owned(), Name::new([(RecordKind::Txt, text())])))
                .into(),
            ..View::default()
        },
        views: [(
            "office".into(),
            View {
                fault,
                ..view("a.test", Name::default())
            },
        )]
        .into(),
        ..Internet::default()
    };
    let nothing = DnsOutcome::NoData {
        ttl: Some(NEGATIVE_TTL),
    };
    for (fault, resolver, owner, expected) in [
        (None, None, "a.test", texts()),
        (None, Some("home"), "a.test", texts()),
        (None, Some("office"), "a.test", nothing),
        (None, Some("office"), "b.test", texts()),
        (
            Some(DnsFault::Silence),
            Some("office"),
            "b.test",
            failed(DnsFailureKind::TimedOut),
        ),
        (Some(DnsFault::Silence), Some("home"), "b.test", texts()),
    ] {
        let question = Question::new(name(owner), RecordType::Txt);
        assert_eq!(
            hosted(both(fault)).say(resolver, &question),
            Some(Said::Outcome(expected)),
            "{owner} through {resolver:?}, {fault:?}"
        );
    }
}

/// A server of a zone says what it has itself: records, or the alias and nothing more.
#[tokio::test]
async fn a_name_server_answers_with_records_or_an_alias_alone() {
    let server = ip("192.0.2.53");
    let suffering = |fault| Name {
        fault: Some(fault),
        ..Name::new([(RecordKind::Txt, text())])
    };
    let says = View {
        names: [
            ("a.test", Name::new([(RecordKind::Txt, text())])),
            ("b.test", Name::alias("a.test", TTL)),
            (
                "ede.test",
                suffering(DnsFault::Rcode(Rcode::ServfailNetworkError)),
            ),
            // It does not validate, so it notices nothing.
            (
                "bogus.test",
                suffering(DnsFault::Spoiled(RecordFault::Bogus)),
            ),
        ]
        .map(|(name, what)| (name.to_owned(), what))
        .into(),
        ..View::default()
    };
    let internet = Internet {
        name_servers: [(
            server,
            NameServer {
                says,
                ..NameServer::default()
            },
        )]
        .into(),
        ..Internet::default()
    };
    let model = Arc::new(Model::new(Clock::manual(START)));
    model.apply(hosted(internet));
    let alias = Alias {
        owner: name("b.test"),
        target: name("a.test"),
        ttl: TTL,
    };
    let network_error = failed(DnsFailureKind::ServFail(ServFail {
        extended: ExtendedErrors::default().with(23),
        ..ServFail::PLAIN
    }));
    for (owner, aliases, outcome) in [
        ("a.test", vec![], texts()),
        ("b.test", vec![alias], DnsOutcome::NoData { ttl: None }),
        ("c.test", vec![], DnsOutcome::NxDomain { ttl: None }),
        ("ede.test", vec![], network_error),
        ("bogus.test", vec![], texts()),
    ] {
        let question = Question::new(name(owner), RecordType::Txt);
        let expected = DnsAnswer {
            aliases,
            ..DnsAnswer::plain(outcome)
        };
        let network = model.through("r");
        let answer = network
            .ask_server(&name("ns.test"), server, &question)
            .await;
        assert_eq!(answer, expected, "{owner}");
        assert_eq!(model.drain_requests(), [ModelRequest::Dns(question)]);
    }
}

#[test]
fn each_record_is_a_fact() {
    let mx = |exchange: Exchange| {
        Record::Mx(MxRecord {
            preference: 10,
            exchange,
        })
    };
    let cname = RecordData::Cname("b.test".into());
    for (record_type, kind, data, expected) in [
        (
            RecordType::A,
            RecordKind::A,
            vec![cname, RecordData::of_address(ip("192.0.2.1"))],
            Record::A([192, 0, 2, 1].into()),
        ),
        (
            RecordType::Aaaa,
            RecordKind::Aaaa,
            vec![RecordData::of_address(ip("2001:db8::1"))],
            Record::Aaaa("2001:db8::1".parse().unwrap()),
        ),
        (
            RecordType::Mx,
            RecordKind::Mx,
            vec![RecordData::mx(10, "mx.corp.test")],
            mx(Exchange::Host(name("mx.corp.test"))),
        ),
        (
            RecordType::Mx,
            RecordKind::Mx,
            vec![RecordData::mx(10, ".")],
            mx(Exchange::Root),
        ),
        (
            RecordType::Mx,
            RecordKind::Mx,
            vec![RecordData::mx(10, "a b.test")],
            mx(Exchange::NotAHostName("a b.test".into())),
        ),
        (
            RecordType::Tlsa,
            RecordKind::Tlsa,
            vec![RecordData::tlsa("3 1 2 8cb0").unwrap()],
            Record::Tlsa(TlsaRecord {
                usage: 3,
                selector: 1,
                matching: 2,
                data: [0x8c, 0xb0].into(),
            }),
        ),
    ] {
        let internet = Internet {
            dns: view("a.test", Name::new([(kind, Answer::new(data, TTL))])),
            ..Internet::default()
        };
        assert_eq!(
            hosted(internet).say(None, &Question::new(name("a.test"), record_type)),
            Some(Said::Outcome(DnsOutcome::Records {
                records: vec![expected],
                ttl: TTL,
            }))
        );
    }
}

/// As the servers of the fake Internet send them: `tests/all/world/name_servers.rs`.
#[test]
fn the_sound_addresses_of_name_servers_come_along() {
    let address = |text: &str, secs| {
        let data = RecordData::of_address(ip(text));
        (data.kind(), Answer::new([data], Duration::from_secs(secs)))
    };
    let spoiled = |fault| {
        let (kind, answer) = address("192.0.2.9", 1);
        let answer = Answer {
            fault: Some(fault),
            ..answer
        };
        Name::new([(kind, answer)])
    };
    let servers = [
        "one.test",
        "spoiled.test",
        "failing.test",
        "alias.test",
        "a.wild.test",
        "undeclared.test",
    ];
    let of_zone = Answer::new(servers.map(|server| RecordData::Ns(server.into())), TTL);
    let names = [
        ("zone.test", Name::new([(RecordKind::Ns, of_zone)])),
        (
            "one.test",
            Name::new([address("192.0.2.1", 50), address("2001:db8::1", 40)]),
        ),
        (
            "spoiled.test",
            spoiled(DnsFault::Spoiled(RecordFault::Bogus)),
        ),
        ("failing.test", Name::faulty(DnsFault::Silence)),
        ("alias.test", Name::alias("one.test", TTL)),
        ("*.wild.test", Name::new([address("192.0.2.3", 45)])),
    ];
    let dns = View {
        names: names.map(|(name, what)| (name.to_owned(), what)).into(),
        ..View::default()
    };
    // A resolver with a view of its own takes from there what that has.
    let own = View {
        names: [("one.test".to_owned(), Name::new([address("192.0.2.4", 70)]))].into(),
        ..View::default()
    };
    let sparing = View {
        sends_addresses: false,
        ..View::default()
    };
    let internet = Internet {
        dns,
        views: [("own".into(), own), ("sparing".into(), sparing)].into(),
        ..Internet::default()
    };
    for (resolver, one, wild, secs) in [
        (
            "any",
            &["192.0.2.1", "2001:db8::1"][..],
            &["192.0.2.3"][..],
            40,
        ),
        ("own", &["192.0.2.4"], &["192.0.2.3"], 45),
        ("sparing", &[], &[], 60),
    ] {
        let question = Question::new(name("zone.test"), RecordType::Ns);
        let said = hosted(internet.clone()).say(Some(resolver), &question);
        let Some(Said::Outcome(outcome)) = said else {
            panic!("{resolver}: {said:?}");
        };
        let answer = DnsAnswer::plain(outcome);
        let addresses = (answer.name_servers())
            .map(|server| server.addresses().map(|ip| ip.to_string()).collect());
        let addresses: Vec<Vec<String>> = addresses.collect();
        let expected = [one, &[], &[], &[], wild, &[]];
        assert_eq!(addresses, expected, "{resolver}");
        assert_eq!(answer.ttl(), Some(Duration::from_secs(secs)), "{resolver}");
    }
}
