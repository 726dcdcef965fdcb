//! Hosts with many addresses, bad ones among them, or of two families.

use super::{Options, Story, WEEK, check, move_mx, play, report};
use crate::diagnose::document::MxVerdict;
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{Stage, body, ip, name};
use crate::sender::memo::Probes;
use crate::sender::{Families, Verdict};

fn address(number: u8) -> String {
    format!("198.51.100.{number}")
}

/// A policy host of so many addresses, which all serve the same.
fn edges(stage: &mut Stage, count: u8) {
    let addresses: Vec<String> = (1..=count).map(address).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    for address in &addresses {
        stage.edge_at(address, "mta-sts.corp.test");
    }
    stage.addresses("mta-sts.corp.test", &addresses);
    stage.mx(&["10 mx1.corp.test"]);
}

fn kill_edges(stage: &mut Stage, count: u8) {
    for number in 1..=count {
        let edge = stage.state.edges.get_mut(&ip(&address(number))).unwrap();
        edge.fault = Some(HttpFailureKind::Refused);
    }
}

/// As many MX hosts as are tried, then one more.
fn many_hosts(stage: &mut Stage, last: &str) {
    let mut records = Vec::new();
    for number in 1..=32 {
        let host = format!("mx{number}.many.test");
        stage.server(&host, &[&address(number)]);
        records.push(format!("10 {host}"));
    }
    records.push(last.to_owned());
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    stage.mx(&records);
}

const STORIES: &[Story] = &[
    (
        "the ninth address of the policy host serves the old policy",
        |stage| {
            edges(stage, 9);
            let body = body("enforce", &["mx.old.test"], WEEK);
            let edge = stage.state.edges.get_mut(&ip(&address(9))).unwrap();
            let response = edge.responses.get_mut(&name("mta-sts.corp.test"));
            response.unwrap().body = body.into_bytes().into();
        },
        Verdict::Defer,
        &["STS-MX-UNCOVERED", "STS-EDGE-SPLIT"],
        &[],
        1,
    ),
    (
        "eight addresses of the policy host are dead, the ninth serves the policy",
        |stage| {
            edges(stage, 9);
            kill_edges(stage, 8);
        },
        Verdict::Deliver,
        &[],
        &["STS-EDGE-SPLIT"],
        0,
    ),
    (
        "the policy host has more addresses than are asked",
        |stage| edges(stage, 33),
        Verdict::Undetermined,
        &[],
        &["STS-EDGE-NOT-TRIED"],
        3,
    ),
    (
        "as many addresses of the policy host as are asked are dead, and there are more",
        |stage| {
            edges(stage, 33);
            kill_edges(stage, 32);
        },
        Verdict::Undetermined,
        &[],
        &["STS-FETCH-UNKNOWN", "STS-EDGE-NOT-TRIED"],
        3,
    ),
    (
        "more addresses than are asked, and one that was defers",
        |stage| {
            edges(stage, 33);
            move_mx(stage);
        },
        Verdict::Defer,
        &["STS-MX-UNCOVERED"],
        &["STS-EDGE-NOT-TRIED"],
        1,
    ),
    (
        "the policy does not list the thirty-third MX host",
        |stage| {
            stage.policy("enforce", &["*.many.test"], WEEK);
            many_hosts(stage, "20 mx3.corp.test");
        },
        Verdict::Deliver,
        &["STS-MX-UNCOVERED"],
        &["MX-NOT-TRIED"],
        1,
    ),
    (
        "the thirty-third MX host is one that a sender may begin with, in testing",
        |stage| {
            stage.policy("testing", &["*.many.test"], WEEK);
            many_hosts(stage, "10 mx33.many.test");
        },
        Verdict::Undetermined,
        &[],
        &["MX-NOT-TRIED"],
        3,
    ),
];

/// One MX host, at an IPv4 and an IPv6 address.
fn dual(stage: &mut Stage) {
    stage.server("mx1.corp.test", &["2001:db8::1", "192.0.2.1"]);
    stage.mx(&["10 mx1.corp.test"]);
}

/// Gives the host at an address a certificate for another name.
fn misname(stage: &mut Stage, address: &str) {
    stage.at(address, |mx| {
        mx.certificate.names = vec!["other.test".into()];
    });
}

/// Lets a connection to an address fail.
fn fail(stage: &mut Stage, address: &str, kind: SmtpFailureKind) {
    stage.at(address, |mx| mx.connect = Some(kind));
}

const FAMILIES: &[Story] = &[
    (
        "bad over IPv6, good over IPv4",
        |stage| {
            dual(stage);
            misname(stage, "2001:db8::1");
        },
        Verdict::Deliver,
        &[],
        &["STS-MX-ADDRESS-SPLIT"],
        0,
    ),
    (
        "good over IPv6, bad over IPv4: a sender without IPv6 defers",
        |stage| {
            dual(stage);
            misname(stage, "192.0.2.1");
        },
        Verdict::Defer,
        &["STS-MX-ADDRESS-SPLIT"],
        &[],
        1,
    ),
    (
        "the same in testing",
        |stage| {
            dual(stage);
            misname(stage, "192.0.2.1");
            stage.policy("testing", &["mx1.corp.test"], WEEK);
        },
        Verdict::DeliverUnprotected,
        &[],
        &["STS-MX-ADDRESS-SPLIT"],
        0,
    ),
    (
        "good over IPv6, bad over IPv4, and another MX host that has no IPv6",
        |stage| {
            dual(stage);
            misname(stage, "192.0.2.1");
            stage.mx(&["10 mx1.corp.test", "20 mx2.corp.test"]);
        },
        Verdict::Deliver,
        &["STS-MX-ADDRESS-SPLIT"],
        &[],
        1,
    ),
    (
        "good over IPv6, nothing heard over IPv4",
        |stage| {
            dual(stage);
            fail(stage, "192.0.2.1", SmtpFailureKind::TimedOut);
        },
        Verdict::Undetermined,
        &[],
        &["STS-MX-ADDRESS-SPLIT"],
        3,
    ),
    (
        "bad over IPv4, and IPv6 cannot be had from here",
        |stage| {
            dual(stage);
            misname(stage, "192.0.2.1");
            fail(stage, "2001:db8::1", SmtpFailureKind::Unreachable);
        },
        Verdict::Defer,
        &["STS-MX-CERTIFICATE"],
        &[],
        1,
    ),
    (
        "good over IPv4, and IPv6 cannot be had from here",
        |stage| {
            dual(stage);
            fail(stage, "2001:db8::1", SmtpFailureKind::Unreachable);
        },
        Verdict::Deliver,
        &[],
        &[],
        0,
    ),
    (
        "bad over IPv6, and IPv4 cannot be had from here",
        |stage| {
            dual(stage);
            misname(stage, "2001:db8::1");
            fail(stage, "192.0.2.1", SmtpFailureKind::Unreachable);
        },
        Verdict::Defer,
        &["STS-MX-CERTIFICATE"],
        &[],
        1,
    ),
    (
        "good over IPv6, and IPv4 cannot be had from here",
        |stage| {
            dual(stage);
            fail(stage, "192.0.2.1", SmtpFailureKind::Unreachable);
        },
        Verdict::Deliver,
        &[],
        &[],
        0,
    ),
    (
        "one address refused, the other unheard: what was seen keeps its finding",
        |stage| {
            stage.server("mx1.corp.test", &["192.0.2.1", "192.0.2.2"]);
            stage.mx(&["10 mx1.corp.test"]);
            misname(stage, "192.0.2.1");
            fail(stage, "192.0.2.2", SmtpFailureKind::TimedOut);
        },
        Verdict::Undetermined,
        &[],
        &["STS-MX-CERTIFICATE", "MX-UNREACHABLE"],
        3,
    ),
    (
        "an MX host of IPv6 alone is judged over that",
        |stage| {
            dual(stage);
            stage.addresses("mx1.corp.test", &["2001:db8::1"]);
            stage.mx(&["10 mx1.corp.test", "20 mx2.corp.test"]);
        },
        Verdict::Deliver,
        &[],
        &[],
        0,
    ),
];

const SPECIAL: &[Story] = &[
    (
        "the only MX host has a special-purpose address",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]);
            fail(stage, "192.0.2.1", SmtpFailureKind::NotGlobal);
        },
        Verdict::Undetermined,
        &[],
        &["MX-SPECIAL"],
        3,
    ),
    (
        "a special-purpose address beside a good one",
        |stage| {
            stage.server("mx1.corp.test", &["192.0.2.1", "192.0.2.2"]);
            stage.mx(&["10 mx1.corp.test"]);
            fail(stage, "192.0.2.1", SmtpFailureKind::NotGlobal);
        },
        Verdict::Deliver,
        &[],
        &["MX-SPECIAL"],
        0,
    ),
    (
        "special-purpose over IPv4, good over IPv6",
        |stage| {
            dual(stage);
            fail(stage, "192.0.2.1", SmtpFailureKind::NotGlobal);
        },
        Verdict::Undetermined,
        &[],
        &["MX-SPECIAL"],
        3,
    ),
    (
        "the policy host has a special-purpose address",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::NotGlobal));
        },
        Verdict::Undetermined,
        &[],
        &["STS-EDGE-SPECIAL"],
        3,
    ),
    (
        "the policy host has a special-purpose address beside a good one",
        |stage| {
            edges(stage, 2);
            let edge = stage.state.edges.get_mut(&ip(&address(1))).unwrap();
            edge.fault = Some(HttpFailureKind::NotGlobal);
        },
        Verdict::Deliver,
        &[],
        &["STS-EDGE-SPECIAL"],
        0,
    ),
];

#[tokio::test]
async fn no_address_is_left_out_in_silence() {
    play(STORIES).await;
}

#[tokio::test]
async fn senders_without_ipv6_count_and_what_cannot_be_had_from_here_does_not() {
    play(FAMILIES).await;
}

#[tokio::test]
async fn special_purpose_addresses_are_named_and_leave_open_what_hangs_on_them() {
    play(SPECIAL).await;
}

#[tokio::test]
async fn what_was_admitted_is_a_note() {
    let stage = Stage::with(dual);
    stage.model.apply(stage.state.clone());
    let options = Options {
        allowed: vec!["192.0.2.0/24".parse().unwrap()],
        ..Options::default()
    };
    let network = stage.model.through("observer");
    let domain = name("corp.test");
    let checked = check(&network, &Probes::default(), &domain, None, &options).await;
    let notes: Vec<String> = checked
        .report
        .findings
        .iter()
        .filter(|finding| finding.code.ends_with("-SPECIAL"))
        .map(|finding| {
            format!(
                "{:?} {}: {}",
                finding.severity, finding.code, finding.detail
            )
        })
        .collect();
    assert_eq!(
        notes,
        [
            "Note MX-SPECIAL: mx1.corp.test: 192.0.2.1 (192.0.2.0/24, Documentation (TEST-NET-1)); connected to, \
             as --allow-net says: senders outside reach no such address"
        ]
    );
}

#[tokio::test]
async fn the_row_says_over_which_addresses_it_is_judged() {
    let stage = Stage::with(|stage| {
        dual(stage);
        misname(stage, "192.0.2.1");
    });
    let report = report(&stage, None).await;
    assert!(
        report
            .reason
            .to_string()
            .starts_with("over IPv4 alone, no MX host can be used: mx1.corp.test: "),
        "{}",
        report.reason
    );
    let families = report.senders.iter().map(|sender| sender.address_families);
    assert!(families.clone().count() > 0);
    assert!(families.clone().all(|families| families == Families::Ipv4));
    let [host] = report.mx.as_slice() else {
        panic!("{:?}", report.mx)
    };
    assert_eq!(
        (host.verdict, host.address_families, host.addresses_bad),
        (MxVerdict::Refused, Families::Ipv4, 1)
    );
}
