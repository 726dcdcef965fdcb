//! Stories built in code: what is refused, and what a step leaves to the next.

use std::time::Duration;

use super::state::Deadlines;
use super::{
    Asked, Builder, CheckExpectation, Expectation, Head, Moment, Origin, Received, Source, Story,
    StoryFault, World,
};
use crate::facts::UnixTime;
use crate::fakes::{
    Answer, Certificate, DEFAULT_TTL, Edge, Identity, ListenerFault, Name, Page, RecordData,
    RecordKind, Response, SmtpFault, View,
};
use crate::sender::Verdict;
use crate::sender::memo::MxHosts;

const DAY: Duration = Duration::from_secs(86_400);

fn healthy(world: &mut World) {
    world.domain("corp.test").mx(&[(10, "mx.corp.test")]);
    world.server("mx.corp.test");
}

fn begun() -> Builder {
    Story::builder("b", UnixTime::from_secs(1_772_438_400))
        .sender("strict", "strict")
        .step(Duration::ZERO, "begin", healthy)
}

fn expecting(change: impl FnOnce(&mut Expectation)) -> Builder {
    let mut expectation = Expectation::about("corp.test".parse().unwrap());
    change(&mut expectation);
    begun().expecting(expectation)
}

#[test]
fn what_cannot_be_played_is_refused_with_its_place() {
    let deliver = Verdict::Deliver;
    let good = || begun().expect("corp.test", deliver);
    let rows: [(Builder, &str); 13] = [
        (begun(), "b: the story expects nothing"),
        (
            Story::builder("b", UnixTime::from_secs(0)),
            "b: the story has no step",
        ),
        (
            Story::builder("b", UnixTime::from_secs(0)).expect("corp.test", deliver),
            "b: something is expected before the first step",
        ),
        (
            good().step(Duration::ZERO, "again", |_| {}),
            "b, step 2 (again): the step does not lie after the one before it",
        ),
        (
            good().sender("x", "stern"),
            "b, step 1 (begin): no class of sender is named `stern`",
        ),
        (
            begun().expect("cor.test", deliver),
            "b, step 1 (begin): no domain is named `cor.test`",
        ),
        (
            expecting(|expectation| expectation.senders.push("lazy".into())),
            "b, step 1 (begin): no sender is named `lazy`",
        ),
        (
            expecting(|expectation| expectation.via.push("mx.old.test".parse().unwrap())),
            "b, step 1 (begin): no server is named `mx.old.test`",
        ),
        (
            expecting(|expectation| {
                let asked: Asked = "MX gone.test".parse().unwrap();
                expectation.not_asked.push(asked);
            }),
            "b, step 1 (begin): no name `gone.test` is declared",
        ),
        (
            good().step(DAY, "a name", |world| {
                world.domain("a..b");
            }),
            "b, step 2 (a name): `a..b`: the name has an empty label (two dots in a row, or a dot at the start)",
        ),
        (
            expecting(|expectation| {
                expectation.received.push(Received {
                    server: "mx.old.test".parse().unwrap(),
                    tls: None,
                    version: None,
                    count: 1,
                });
            }),
            "b, step 1 (begin): no server is named `mx.old.test`",
        ),
        (
            expecting(|expectation| {
                let asked: Asked = "GET mta-sts.gone.test".parse().unwrap();
                expectation.asked.push(asked);
            }),
            "b, step 1 (begin): no name `mta-sts.gone.test` is declared",
        ),
        (
            expecting(|expectation| expectation.domain = "mx.corp.test".parse().unwrap()),
            "b, step 1 (begin): no domain is named `mx.corp.test`",
        ),
    ];
    for (builder, expected) in rows {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    assert!(good().build().is_ok());
}

/// What is served is served on real sockets, so neither a name nor an address may be somebody's.
#[test]
fn a_name_or_an_address_that_may_be_somebodys_is_refused() {
    let good = || begun().expect("corp.test", Verdict::Deliver);
    let rows: [(Builder, &str); 6] = [
        (
            good().step(DAY, "a stranger", |world| {
                world.server("mx.outlook.com");
            }),
            "b, step 2 (a stranger): `mx.outlook.com` may be somebody's name: use one below `.test` or `.example`",
        ),
        (
            good().step(DAY, "a stranger's policy host", |world| {
                world
                    .internet
                    .dns
                    .names
                    .insert("contest".into(), Name::default());
            }),
            "b, step 2 (a stranger's policy host): `contest` may be somebody's name: use one below `.test` or `.example`",
        ),
        (
            good().step(DAY, "an address", |world| {
                let own = world.internet.smtp.values().next().unwrap().clone();
                world
                    .internet
                    .smtp
                    .insert("192.0.3.1".parse().unwrap(), own);
            }),
            "b, step 2 (an address): 192.0.3.1 may be somebody's address: use one that is kept for documentation",
        ),
        (
            good().step(DAY, "an address of DNS alone", |world| {
                let answer = Answer::new(
                    vec![RecordData::of_address("192.0.1.255".parse().unwrap())],
                    DEFAULT_TTL,
                );
                let names = &mut world.internet.dns.names;
                names
                    .get_mut("mx.corp.test")
                    .unwrap()
                    .answers
                    .insert(RecordKind::A, answer);
            }),
            "b, step 2 (an address of DNS alone): 192.0.1.255 may be somebody's address: use one that is kept for documentation",
        ),
        (
            good().step(DAY, "an edge", |world| {
                world
                    .internet
                    .https
                    .insert("::1".parse().unwrap(), Edge::default());
            }),
            "b, step 2 (an edge): ::1 may be somebody's address: use one that is kept for documentation",
        ),
        (
            good().step(DAY, "a resolver's name", |world| {
                let name = ("outlook.com".to_owned(), Name::default());
                let view = View {
                    names: [name].into(),
                    ..View::default()
                };
                world.internet.views.insert("office".into(), view);
            }),
            "b, step 2 (a resolver's name): `outlook.com` may be somebody's name: use one below `.test` or `.example`",
        ),
    ];
    for (builder, expected) in rows {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

/// A flush or a check is as good an expectation as a fresh message, and what it names is looked up too.
#[test]
fn whatever_a_step_expects_is_looked_at() {
    let check = |domain: &str| CheckExpectation {
        origin: Origin::new(7),
        domain: domain.parse().unwrap(),
        remember: None,
        mx_hosts: MxHosts::Probed,
        deadlines: Deadlines::default(),
        intention: None,
        everywhere: None,
        class: None,
        verdict: None,
        findings: Vec::new(),
        no_findings: Vec::new(),
        place: None,
        exit: None,
    };
    let flush = |domain: &str| Expectation {
        origin: Origin::new(8),
        ..Expectation::about(domain.parse().unwrap())
    };
    let rows: [(Vec<_>, Vec<_>, Option<&str>); 4] = [
        (vec![flush("corp.test")], vec![], None),
        (vec![], vec![check("corp.test")], None),
        (
            vec![flush("cor.test")],
            vec![],
            Some("b.toml:8: no domain is named `cor.test`"),
        ),
        (
            vec![],
            vec![check("cor.test")],
            Some("b.toml:7: no domain is named `cor.test`"),
        ),
    ];
    let good = begun().expect("corp.test", Verdict::Deliver);
    let good = good.build().unwrap();
    for (flush, check, expected) in rows {
        let moment = Moment {
            flush,
            expect: Vec::new(),
            check,
            ..good.moments[0].clone()
        };
        let told = Story::new(head(&good), vec![moment]).map_err(|error| error.to_string());
        assert_eq!(told.err().as_deref(), expected);
    }
}

/// A fault or a certificate of a server is that of all its addresses, and of no other server.
#[test]
fn a_server_changes_at_each_of_its_addresses() {
    let other = Certificate::new(["mx.third.test"]);
    let story = begun()
        .expect("corp.test", Verdict::Defer)
        .step(DAY, "a second address, a second server", |world| {
            world.server("mx.other.test");
            let own = world.internet.smtp.values().next().unwrap().clone();
            let second = "192.0.2.99".parse().unwrap();
            world.internet.smtp.insert(second, own);
            let server = world.server("MX.corp.test");
            server.fault(ListenerFault::Refused).certificate(&other);
        })
        .build()
        .unwrap();
    let receivers = story.moments[1].state.internet.smtp.values();
    let held: Vec<_> = receivers
        .map(|receiver| {
            let changed = receiver.identity == Identity::of(other.clone());
            (receiver.host.as_str(), receiver.fault, changed)
        })
        .collect();
    let changed = (
        "mx.corp.test",
        Some(SmtpFault::Listener(ListenerFault::Refused)),
        true,
    );
    assert_eq!(held, [changed, ("mx.other.test", None, false), changed,]);
}

/// The host has one edge, with a certificate for its name, whatever it serves there.
#[test]
fn the_first_page_makes_the_policy_host_and_the_next_one_changes_it() {
    let story = begun()
        .expect("corp.test", Verdict::Deliver)
        .step(DAY, "pages", |world| {
            world.domain("corp.test").page(Response::new(503, "Busy"));
            world.domain("Corp.test").page(Response::ok("one"));
            world.domain("other.test").policy("two");
        })
        .build()
        .unwrap();
    let state = &story.moments[1].state;
    let hosts: Vec<_> = state
        .policy_hosts
        .iter()
        .map(|host| host.as_str())
        .collect();
    assert_eq!(hosts, ["mta-sts.corp.test", "mta-sts.other.test"]);
    let edge = |host: &str, body: &str| Edge {
        identity: Identity::of(Certificate::new([host])),
        pages: [(host.to_owned(), Page::from(Response::ok(body)))].into(),
        ..Edge::default()
    };
    let edges: Vec<_> = state.internet.https.values().cloned().collect();
    assert_eq!(
        edges,
        [
            edge("mta-sts.corp.test", "one"),
            edge("mta-sts.other.test", "two"),
        ]
    );
}

/// Gives what a story is called again, as a text that is read.
fn head(story: &Story) -> Head {
    Head {
        id: story.id.clone(),
        title: story.title.clone(),
        rfc: story.rfc.clone(),
        start: story.start,
        only_on: story.only_on.clone(),
        xfail: story.xfail.clone(),
        source: Source::Text("b.toml".into()),
    }
}

#[test]
fn the_first_fault_is_told() {
    let error = begun()
        .sender("x", "stern")
        .expect("a..b", Verdict::Deliver)
        .build()
        .unwrap_err();
    assert_eq!(error.fault, StoryFault::Class("stern".into()));
}

#[test]
fn a_step_changes_what_the_one_before_it_left() {
    let story = begun()
        .expect("corp.test", Verdict::DeliverUnprotected)
        .step(DAY, "a policy", |world| {
            let corp = world.domain("corp.test").txt(&["v=STSv1; id=1;"]);
            corp.policy("one").policy("two");
        })
        .build()
        .unwrap();
    let [first, second] = story.moments.as_slice() else {
        panic!("{story:#?}");
    };
    let held = |moment: &Moment| {
        let internet = &moment.state.internet;
        (
            internet.https.len(),
            internet.smtp.len(),
            internet.dns.names["_mta-sts.corp.test"].fault.is_some(),
        )
    };
    assert_eq!((held(first), held(second)), ((0, 1, true), (1, 1, false)));
    assert_eq!(second.at, story.start.saturating_add(DAY));
    assert_eq!(second.state.policy_hosts.len(), 1);
}

/// `expect` speaks of every sender that there is by then, in the last step.
#[test]
fn an_expectation_is_about_every_sender_so_far() {
    let story = begun()
        .expect("corp.test", Verdict::Deliver)
        .sender("lazy", "lazy")
        .step(DAY, "later", |_| {})
        .expect("corp.test", Verdict::Defer)
        .build()
        .unwrap();
    let expected = |step: usize, senders: &[&str], verdict| {
        vec![Expectation {
            origin: story.moments[step].origin,
            senders: senders.iter().copied().map(Into::into).collect(),
            verdict: Some(verdict),
            ..Expectation::about("corp.test".parse().unwrap())
        }]
    };
    let told: Vec<_> = story
        .moments
        .iter()
        .map(|moment| moment.expect.clone())
        .collect();
    assert_eq!(
        told,
        [
            expected(0, &["strict"], Verdict::Deliver),
            expected(1, &["strict", "lazy"], Verdict::Defer),
        ]
    );
    assert_eq!(story.told_in(), "b");
    let read = Story::new(head(&story), story.moments).unwrap();
    assert_eq!(read.told_in(), "b.toml");
}

/// A resolver that the story does not declare sees what most see; a request may be about a name that only one
/// resolver sees.
#[test]
fn a_state_declares_what_any_resolver_sees() {
    let office = View {
        names: [("inside.test".to_owned(), Name::default())].into(),
        ..View::default()
    };
    let view = office.clone();
    let story = begun()
        .expect("corp.test", Verdict::Deliver)
        .step(DAY, "an office", |world| {
            world.internet.views.insert("office".into(), view);
        })
        .build()
        .unwrap();
    let state = &story.moments[1].state;
    assert!(!state.internet.dns.names.is_empty());
    for (resolver, expected) in [("office", &office), ("strict", &state.internet.dns)] {
        assert_eq!(state.view_of(resolver), expected, "{resolver}");
    }
    for (name, expected) in [
        ("corp.test", true),
        ("inside.test", true),
        ("gone.test", false),
    ] {
        assert_eq!(state.declares(&name.parse().unwrap()), expected, "{name}");
    }
}
