//! What is judged per domain stays in bounds: held policies, readings, classes, edges, orders of preference and
//! families multiply, and most of what they give is the same.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{WEEK, report};
use crate::diagnose::document::{CacheReport, DomainReport};
use crate::diagnose::{Options, check};
use crate::facts::DnsName;
use crate::facts::UnixTime;
use crate::facts::dns::{DnsAnswer, Question};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::model::ModelNetwork;
use crate::model::stage::scripted::Scripted;
use crate::model::stage::{START, Stage, body, name};
use crate::sender::memo::Probes;
use crate::sender::{Network, Verdict};
use crate::sts::ledger::{Ledger, SeenPolicy};

/// How many MX hosts of one preference there are.
const HOSTS: usize = 32;

/// How many addresses of the policy host.
const EDGES: usize = 8;

/// How many policies senders may hold.
const HELD: usize = 64;

/// Counts how often the time is asked for: several times in each attempt.
struct Counted {
    network: ModelNetwork<Scripted>,
    count: AtomicUsize,
}

impl Network for Counted {
    fn now(&self) -> UnixTime {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.network.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        self.network.lookup(question).await
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.network.get_policy(host, address).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        self.network.smtp(request).await
    }
}

fn host(number: usize) -> String {
    format!("in{number}.corp.test")
}

/// A policy that lists every host, and a name that makes it different from others.
fn policy(mark: &str) -> String {
    let hosts: Vec<String> = (0..HOSTS).map(host).collect();
    let mut names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    names.push(mark);
    body("testing", &names, WEEK)
}

/// As many MX hosts of one preference as are tried, and a policy in testing that differs at each edge.
fn crowd(stage: &mut Stage) {
    let mut records = Vec::new();
    for number in 0..HOSTS {
        stage.server(&host(number), &[&format!("198.51.100.{number}")]);
        records.push(format!("10 {}", host(number)));
    }
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    stage.mx(&records);
    let edges: Vec<String> = (1..=EDGES)
        .map(|edge| format!("203.0.113.{edge}"))
        .collect();
    for edge in &edges {
        stage.edge_at(edge, "mta-sts.corp.test");
        let at_edge = stage.state.edges.get_mut(&edge.parse().unwrap()).unwrap();
        let response = at_edge.responses.get_mut(&name("mta-sts.corp.test"));
        response.unwrap().body = policy(&format!("at-{}.test", edge.replace('.', "-")))
            .into_bytes()
            .into();
    }
    let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
    stage.addresses("mta-sts.corp.test", &edges);
}

fn ledger() -> Ledger {
    let hour = Duration::from_secs(3_600);
    let seen = (0..HELD).map(|number| SeenPolicy {
        id: format!("held{number}").parse().unwrap(),
        body: policy(&format!("held{number}.test")).into_bytes().into(),
        first_seen: START.saturating_sub(hour * 5),
        last_seen_live: START.saturating_sub(hour * 3),
        gone_by: Some(START.saturating_sub(hour * 2)),
    });
    Ledger::new(seen.collect())
}

#[tokio::test]
async fn what_multiplies_is_judged_once_for_each_outcome() {
    let stage = Stage::with(crowd);
    stage.model.apply(stage.state.clone());
    let network = Counted {
        network: stage.model.through("observer"),
        count: AtomicUsize::new(0),
    };
    let checked = check(
        &network,
        &Probes::default(),
        &name("corp.test"),
        Some(&ledger()),
        &Options::default(),
    )
    .await;
    let held = checked.report.senders.iter();
    let held = held.filter(|sender| sender.cache == CacheReport::Stored);
    // The policies of the edges, seen just now, push the oldest out of the ledger.
    assert_eq!(held.count(), 2 * (HELD - EDGES));
    assert_eq!(checked.report.verdict, Verdict::Deliver);
    let count = network.count.into_inner();
    // Several times in each attempt; see `Counted`.
    assert!(count < 2_500, "the time was asked for {count} times");
}

/// Whatever is folded, the worst order is among those that are judged.
#[tokio::test]
async fn the_worst_host_of_many_comes_first_for_somebody() {
    let expired = |stage: &mut Stage, number: usize| {
        stage.at(&format!("198.51.100.{number}"), |mx| {
            mx.certificate.not_after = START.saturating_sub(Duration::from_secs(1));
        });
    };
    for (bad, expected) in [
        (None, Verdict::Deliver),
        (Some(0), Verdict::DeliverUnprotected),
        (Some(17), Verdict::DeliverUnprotected),
        (Some(HOSTS - 1), Verdict::DeliverUnprotected),
    ] {
        let mut stage = Stage::with(crowd);
        if let Some(bad) = bad {
            expired(&mut stage, bad);
            // More kinds of hosts than orders that are judged: other addresses behind the good one.
            for number in (1..HOSTS).filter(|number| *number != bad) {
                let addresses: Vec<String> = (0..=number % 7)
                    .map(|more| format!("198.51.{}.{number}", 100 + more))
                    .collect();
                let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
                stage.server(&host(number), &addresses);
            }
        }
        let report = report(&stage, None).await;
        assert_eq!(report.verdict, expected, "{bad:?}");
    }
}

/// A sender that holds a policy and finds another id still goes by what it holds where its edge serves nothing.
#[tokio::test]
async fn an_edge_that_serves_nothing_leaves_senders_with_what_they_hold() {
    let strict = |report: &DomainReport| {
        let mut senders = report.senders.iter();
        let sender =
            senders.find(|sender| sender.cache == CacheReport::Stored && sender.class == "strict");
        sender.map(|sender| sender.verdict)
    };
    for (fails, expected) in [(false, Verdict::Deliver), (true, Verdict::Defer)] {
        let mut stage = Stage::new();
        super::move_mx(&mut stage);
        stage.policy("enforce", &["mx3.corp.test"], WEEK);
        stage.id("2");
        stage.edge_at("203.0.113.2", "mta-sts.corp.test");
        let good = body("enforce", &["mx3.corp.test"], WEEK).into_bytes();
        let second = stage.state.edges.get_mut(&"203.0.113.2".parse().unwrap());
        let response = second
            .unwrap()
            .responses
            .get_mut(&name("mta-sts.corp.test"));
        let response = response.unwrap();
        response.body = good.into();
        if fails {
            response.status = 404;
        }
        stage.addresses("mta-sts.corp.test", &["203.0.113.1", "203.0.113.2"]);
        let held = super::warm::old_policy(Duration::from_secs(3_600 * 2));
        let report = report(&stage, Some(&held)).await;
        assert_eq!(strict(&report), Some(expected), "{fails}");
    }
}
