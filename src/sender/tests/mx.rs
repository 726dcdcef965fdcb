//! §4.1, §5.1, RFC 5321 §5.1, RFC 7505: which hosts are tried, in which order, and what ends the search.
//!
//! V1 and the like are numbers of requirements: `sts/requirements.md` lists them.

use crate::facts::dns::{DnsFailureKind, DnsOutcome, Record, RecordType, TxtRecord};
use crate::model::stage::{Stage, name, told, warm};
use crate::sender::candidates::{Candidate, Exchangers, ImplicitMx, find_exchangers};
use crate::sender::{Limits, Mail, PolicyState, Trace};

type Row = (&'static str, fn(&mut Stage), &'static str);

const ANSWERS: &[Row] = &[
    (
        "the least preference first",
        |stage| {
            stage.mx(&["20 mx1.corp.test", "10 mx2.corp.test"]);
        },
        "deliver via mx2.corp.test 192.0.2.2 validated; live policy 1 enforce",
    ),
    (
        "an unlisted host is skipped",
        |stage| {
            stage.mx(&["10 mx3.corp.test", "20 mx2.corp.test"]);
        },
        "deliver via mx2.corp.test 192.0.2.2 validated; live policy 1 enforce",
    ),
    (
        "a wildcard covers one label",
        |stage| {
            stage
                .policy("enforce", &["*.corp.test"], 60)
                .mx(&["10 mx3.corp.test"]);
        },
        "deliver via mx3.corp.test 192.0.2.3 validated; live policy 1 enforce",
    ),
    (
        "a wildcard covers no two labels",
        |stage| {
            stage
                .policy("enforce", &["*.corp.test"], 60)
                .server("a.b.corp.test", &["192.0.2.9"])
                .mx(&["10 a.b.corp.test", "20 mx3.corp.test"]);
        },
        "deliver via mx3.corp.test 192.0.2.3 validated; live policy 1 enforce",
    ),
    (
        "nothing is listed",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
        },
        "defer; live policy 1 enforce",
    ),
    (
        "an implicit MX that the policy lists",
        |stage| {
            stage
                .outcome(
                    "corp.test",
                    RecordType::Mx,
                    DnsOutcome::NoData { ttl: None },
                )
                .server("corp.test", &["192.0.2.9"])
                .policy("enforce", &["corp.test"], 60);
        },
        "deliver via corp.test 192.0.2.9 validated; live policy 1 enforce",
    ),
    (
        "an implicit MX that the policy does not list",
        |stage| {
            stage
                .outcome(
                    "corp.test",
                    RecordType::Mx,
                    DnsOutcome::NoData { ttl: None },
                )
                .server("corp.test", &["192.0.2.9"]);
        },
        "defer; live policy 1 enforce",
    ),
    (
        "an answer without a single MX record means the implicit MX",
        |stage| {
            let records = vec![Record::Txt(TxtRecord::from_text(b"odd"))];
            let ttl = stage.ttl;
            stage
                .outcome(
                    "corp.test",
                    RecordType::Mx,
                    DnsOutcome::Records { records, ttl },
                )
                .server("corp.test", &["192.0.2.9"])
                .policy("enforce", &["corp.test"], 60);
        },
        "deliver via corp.test 192.0.2.9 validated; live policy 1 enforce",
    ),
    (
        "a null MX",
        |stage| {
            stage.mx(&["0 ."]);
        },
        "bounce; live policy 1 enforce",
    ),
    (
        "the root among others is no host",
        |stage| {
            stage.mx(&["0 .", "10 mx1.corp.test"]);
        },
        "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 enforce",
    ),
    (
        "no such domain",
        |stage| {
            stage.absent("corp.test");
        },
        "bounce; live policy 1 enforce",
    ),
    (
        "SERVFAIL for the MX",
        |stage| {
            stage.fail("corp.test", DnsFailureKind::SERVFAIL);
        },
        "defer; live policy 1 enforce",
    ),
    (
        "no answer for the MX",
        |stage| {
            stage.fail("corp.test", DnsFailureKind::TimedOut);
        },
        "defer (ours); live policy 1 enforce",
    ),
    (
        "a target that looks like an address, though the policy lists it and a server is there",
        |stage| {
            stage
                .policy("enforce", &["192.0.2.1"], 60)
                .addresses("192.0.2.1", &["192.0.2.1"])
                .at("192.0.2.1", |receiver| {
                    receiver.certificate.names = vec!["192.0.2.1".into()];
                })
                .mx(&["10 192.0.2.1"]);
        },
        "bounce; live policy 1 enforce",
    ),
    (
        "a target that is no name",
        |stage| {
            stage.mx(&["10 mx 1", "20 mx2.corp.test"]);
        },
        "deliver via mx2.corp.test 192.0.2.2 validated; live policy 1 enforce",
    ),
    (
        "a host that does not exist",
        |stage| {
            stage.absent("mx1.corp.test");
        },
        "deliver via mx2.corp.test 192.0.2.2 validated; live policy 1 enforce",
    ),
    (
        "no host has an address",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]).absent("mx1.corp.test");
        },
        "bounce; live policy 1 enforce",
    ),
    (
        "the only host's address is not to be had from here",
        |stage| {
            stage
                .mx(&["10 mx1.corp.test"])
                .fail("mx1.corp.test", DnsFailureKind::TimedOut);
        },
        "defer (ours); live policy 1 enforce",
    ),
    (
        "the only host's address is not to be had by anybody",
        |stage| {
            stage
                .mx(&["10 mx1.corp.test"])
                .fail("mx1.corp.test", DnsFailureKind::SERVFAIL);
        },
        "defer; live policy 1 enforce",
    ),
    (
        "the MX name is an alias: its own name is matched and asked for, not the target's",
        |stage| {
            stage
                .mx(&["10 mail.corp.test"])
                .alias("mail.corp.test", "mx3.corp.test")
                .policy("enforce", &["mail.corp.test"], 60)
                .at("192.0.2.3", |receiver| {
                    receiver.certificate.names = vec!["mail.corp.test".into()];
                });
        },
        "deliver via mail.corp.test 192.0.2.3 validated; live policy 1 enforce",
    ),
    (
        "testing skips nothing: the first takes the mail, listed or not",
        |stage| {
            stage
                .policy("testing", &["mx1.corp.test"], 60)
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"]);
        },
        "deliver-unprotected via mx3.corp.test 192.0.2.3; live policy 1 testing",
    ),
    (
        "testing without a fault is protected",
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], 60);
        },
        "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 testing",
    ),
    (
        "mode none asks for nothing",
        |stage| {
            stage.policy("none", &["mx1.corp.test"], 60);
        },
        "deliver-unprotected via mx1.corp.test 192.0.2.1; live policy 1 none",
    ),
];

/// V1, V2, A1–A3, A6, A9: the MX answer under a policy that lists `mx1` and `mx2.corp.test`.
#[tokio::test]
async fn candidates_are_tried_in_order_and_one_that_fails_is_passed_over() {
    for (case, change, expected) in ANSWERS {
        let stage = Stage::with(*change);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(told(&attempt), *expected, "{case}");
    }
}

/// D12, D13: the next hop is the policy domain, and nobody's parent or recipient is asked.
#[tokio::test]
async fn the_next_hop_is_the_policy_domain_and_its_parent_is_not() {
    let mut stage = Stage::new();
    stage
        .server("sub.corp.test", &["192.0.2.9"])
        .absent("_mta-sts.sub.corp.test");
    let next_hop = name("sub.corp.test");
    let attempt = stage
        .attempt(
            "strict",
            Mail::probe(&next_hop),
            &mut PolicyState::default(),
        )
        .await;
    assert_eq!(
        (told(&attempt).as_str(), stage.asked()),
        (
            "deliver-unprotected via sub.corp.test 192.0.2.9; no policy: there is no MTA-STS record",
            vec![
                "TXT _mta-sts.sub.corp.test".to_owned(),
                "MX sub.corp.test".to_owned(),
                "SMTP sub.corp.test 192.0.2.9".to_owned(),
            ]
        )
    );
    assert_eq!(stage.model.unannounced(), vec![], "all names were declared");
}

/// A domain at the limit of the DNS has no room for `_mta-sts`, so it has no record, and mail still goes.
#[tokio::test]
async fn a_name_without_room_for_the_prefix_has_no_policy() {
    let label = "a".repeat(61);
    let long = format!("{label}.{label}.{label}.{label}");
    let mut stage = Stage::new();
    stage.server(&long, &["192.0.2.9"]);
    let next_hop = name(&long);
    for (mut state, expected) in [
        (
            PolicyState::default(),
            "no policy: there is no MTA-STS record",
        ),
        (warm("1", &[&long]), "cached policy 1 enforce"),
    ] {
        let attempt = stage
            .attempt("strict", Mail::probe(&next_hop), &mut state)
            .await;
        assert!(told(&attempt).ends_with(expected), "{}", told(&attempt));
    }
}

#[tokio::test]
async fn equal_preferences_can_be_rotated() {
    for (rotation, expected) in [
        (0, ["mx1", "mx2", "mx3", "mx4"]),
        (1, ["mx1", "mx3", "mx2", "mx4"]),
        (2, ["mx1", "mx2", "mx3", "mx4"]),
        (usize::MAX, ["mx1", "mx3", "mx2", "mx4"]),
    ] {
        let mut stage = Stage::with(|stage| {
            stage
                .mx(&[
                    "5 mx1.corp.test",
                    "10 mx2.corp.test",
                    "10 mx3.corp.test",
                    "20 mx4.corp.test",
                ])
                .absent("mx4.corp.test")
                .policy("none", &[], 60);
            stage.state.receivers.clear();
        });
        stage.pass(1);
        let next_hop = name("corp.test");
        let mail = Mail {
            rotation,
            ..Mail::probe(&next_hop)
        };
        let attempt = stage
            .attempt("strict", mail, &mut PolicyState::default())
            .await;
        let tried: Vec<_> = attempt
            .delivery
            .tries
            .iter()
            .map(|tried| tried.candidate.exchange.to_string())
            .collect();
        assert_eq!(
            tried,
            expected.map(|host| format!("{host}.corp.test")),
            "rotated by {rotation}"
        );
    }
}

#[tokio::test]
async fn only_so_many_hosts_are_tried() {
    let mut stage = Stage::new();
    let records: Vec<String> = (0..5)
        .map(|i| format!("{} mx{i}.corp.test", 50 - i))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    stage.mx(&records);
    stage.model.apply(stage.state.clone());
    let hosts = |hosts: &[u16]| -> Vec<Candidate> {
        hosts
            .iter()
            .map(|host| Candidate {
                preference: 50 - host,
                exchange: crate::facts::dns::Exchange::Host(name(&format!("mx{host}.corp.test"))),
            })
            .collect()
    };
    for (most, tried, left) in [
        (0, &[][..], &[4, 3, 2, 1, 0][..]),
        (2, &[4, 3], &[2, 1, 0]),
        (5, &[4, 3, 2, 1, 0], &[]),
        (32, &[4, 3, 2, 1, 0], &[]),
    ] {
        let limits = Limits {
            mx_hosts: most,
            ..Limits::default()
        };
        let mut trace = Trace::default();
        let found = find_exchangers(
            &stage.model.through("resolver"),
            &name("corp.test"),
            (limits, ImplicitMx::AliasEnd),
            &mut trace,
        )
        .await;
        assert_eq!(
            found,
            Exchangers::Candidates {
                candidates: hosts(tried),
                not_tried: hosts(left),
                implicit: false
            },
            "at most {most}"
        );
        assert_eq!(
            &*trace.steps()[0].concluded,
            if left.is_empty() {
                "tried in this order"
            } else {
                "tried in this order; there are more than a sender should try"
            },
            "at most {most}"
        );
    }
}

#[tokio::test]
async fn the_trace_names_the_first_eight_hosts() {
    for (count, expected) in [
        (1, "0 mx0.corp.test"),
        (2, "0 mx0.corp.test, 1 mx1.corp.test"),
        (
            8,
            "0 mx0.corp.test, 1 mx1.corp.test, 2 mx2.corp.test, 3 mx3.corp.test, \
             4 mx4.corp.test, 5 mx5.corp.test, 6 mx6.corp.test, 7 mx7.corp.test",
        ),
        (
            9,
            "0 mx0.corp.test, 1 mx1.corp.test, 2 mx2.corp.test, 3 mx3.corp.test, \
             4 mx4.corp.test, 5 mx5.corp.test, 6 mx6.corp.test, 7 mx7.corp.test, …",
        ),
    ] {
        let mut stage = Stage::new();
        let records: Vec<String> = (0..count).map(|i| format!("{i} mx{i}.corp.test")).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        stage.mx(&records);
        stage.model.apply(stage.state.clone());
        let mut trace = Trace::default();
        let network = stage.model.through("resolver");
        let how = (Limits::default(), ImplicitMx::AliasEnd);
        find_exchangers(&network, &name("corp.test"), how, &mut trace).await;
        assert_eq!(&*trace.steps()[0].answered, expected, "{count} hosts");
    }
}
