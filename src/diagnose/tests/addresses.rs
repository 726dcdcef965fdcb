//! Hosts with many addresses, bad ones among them, or of two families.

use super::{Story, WEEK, move_mx, play};
use crate::facts::http::HttpFailureKind;
use crate::model::stage::{Stage, body, ip, name};
use crate::sender::Verdict;

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

#[tokio::test]
async fn no_address_is_left_out_in_silence() {
    play(STORIES).await;
}
