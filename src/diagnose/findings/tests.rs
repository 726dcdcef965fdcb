//! Findings about facts made by hand: no sender, no network.

use std::net::IpAddr;
use std::time::Duration;

use super::find;
use crate::diagnose::case::Case;
use crate::diagnose::document::Finding;
use crate::diagnose::fix::Fix;
use crate::diagnose::judged::Judged;
use crate::diagnose::survey::{MxHost, PolicyHost, Survey};
use crate::facts::UnixTime;
use crate::facts::certificate::PeerCertificate;
use crate::facts::dns::{DnsAnswer, DnsOutcome, Exchange, MxRecord, Record, TxtRecord};
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::facts::smtp::SmtpPort;
use crate::sender::candidates::{Candidate, Exchangers, HostAddresses};
use crate::sender::memo::MxHosts;

const NOW: UnixTime = UnixTime::from_secs(1_772_438_400);

const MX: &str = "mx.new.test";

const GOOD: &str = "version: STSv1\nmode: enforce\nmx: *.new.test\nmax_age: 604800\n";

const STALE: &str = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";

/// What one address of the policy host does.
enum Edge {
    Answers(u16),
    Serves(String),
    Fails(HttpFailureKind),
}

use Edge::{Answers, Fails, Serves};

fn findings(edges: &[Edge]) -> Vec<Finding> {
    let survey = survey(edges);
    let domain = "corp.test".parse().unwrap();
    find(&Case {
        judged: &Judged::new(&domain, &survey),
        now: NOW,
        rows: &[],
        held: &[],
        ledger: None,
        allowed: &[],
        cut_short: None,
        intended: None,
        waited: None,
    })
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .filter(|code| !code.starts_with("TLSRPT"))
        .collect()
}

fn survey(edges: &[Edge]) -> Survey {
    let records = |record| {
        DnsAnswer::plain(DnsOutcome::Records {
            records: vec![record],
            ttl: Duration::from_secs(300),
        })
    };
    let exchange = Exchange::Host(MX.parse().unwrap());
    let candidate = Candidate {
        preference: 10,
        exchange: exchange.clone(),
    };
    let edges: Vec<HttpExchange> = (1..)
        .zip(edges)
        .map(|(i, edge)| exchange_with(i, edge))
        .collect();
    Survey {
        zone: Ok(None),
        record: Some(records(Record::Txt(TxtRecord::from_text(
            b"v=STSv1; id=1;",
        )))),
        policy_host: Some(PolicyHost {
            name: "mta-sts.corp.test".parse().unwrap(),
            addresses: addresses(edges.iter().map(|edge| edge.address)),
            edges,
            any_other_name: None,
        }),
        mx: records(Record::Mx(MxRecord {
            preference: 10,
            exchange,
        })),
        exchangers: Exchangers::Candidates {
            candidates: vec![candidate.clone()],
            not_tried: Vec::new(),
            implicit: false,
        },
        mx_hosts: MxHosts::Probed,
        port_answers: true,
        smtp_port: SmtpPort::default(),
        hosts: vec![MxHost {
            candidate,
            addresses: Some(addresses([[192, 0, 2, 25].into()])),
            probes: Vec::new(),
            has_tlsa: false,
        }],
        standby: Vec::new(),
        tlsrpt: None,
        report_hosts: Vec::new(),
    }
}

fn addresses(addresses: impl IntoIterator<Item = IpAddr>) -> HostAddresses {
    HostAddresses {
        aliases: Vec::new(),
        addresses: addresses.into_iter().collect(),
        not_tried: Vec::new(),
        failure: None,
        no_such_name: false,
    }
}

fn exchange_with(number: u8, edge: &Edge) -> HttpExchange {
    let response = |status, body: &str| HttpResponse {
        status,
        content_types: vec![(*b"text/plain").into()],
        location: None,
        headers: Headers::default(),
        body: body.as_bytes().into(),
        body_end: BodyEnd::Complete,
    };
    HttpExchange {
        address: [192, 0, 2, number].into(),
        certificate: Some(PeerCertificate::default()),
        outcome: match edge {
            Answers(status) => Ok(response(*status, "")),
            Serves(body) => Ok(response(200, body)),
            Fails(kind) => Err(HttpFailure {
                kind: *kind,
                detail: "".into(),
            }),
        },
    }
}

#[test]
fn a_tolerated_policy_is_never_rewritten_without_the_hosts_that_it_lacks() {
    for (body, expected) in [
        (STALE, "mx: mx.old.test\nmx: mx.new.test\n"),
        (GOOD, "mx: *.new.test\n"),
    ] {
        let found = findings(&[Serves(format!("{body}\n"))]);
        let policies: Vec<String> = found
            .iter()
            .filter_map(|finding| finding.fix.as_ref())
            .flat_map(Fix::bodies)
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            policies.len(),
            1,
            "{body}: one corrected policy, {found:#?}"
        );
        assert!(policies[0].contains(expected), "{body}: {}", policies[0]);
        assert!(codes(&found).contains(&"STS-POLICY-TOLERATED"), "{body}");
    }
}

#[test]
fn edges_differ_only_where_we_could_ask_them() {
    let good = || Serves(GOOD.to_owned());
    for (other, expected) in [
        (good(), [].as_slice()),
        // Our own missing IPv6, say.
        (Fails(HttpFailureKind::Unreachable), &[]),
        (Fails(HttpFailureKind::FamilyOff), &[]),
        (Fails(HttpFailureKind::ConnectTimedOut), &["STS-EDGE-SPLIT"]),
        (Fails(HttpFailureKind::Refused), &["STS-EDGE-SPLIT"]),
    ] {
        let found = findings(&[good(), other]);
        assert_eq!(codes(&found), expected, "{found:#?}");
        // The policy itself is right: there is no other id to publish.
        for fix in found.iter().filter_map(|finding| finding.fix.as_ref()) {
            let fix = fix.to_string();
            assert!(
                !fix.contains("192.0.2.1 ") && !fix.contains("v=STSv1"),
                "{fix}"
            );
        }
    }
}

#[test]
fn where_no_edge_serves_a_policy_none_is_old() {
    for (edges, expected) in [
        (
            [Answers(404), Answers(503)],
            "None of these addresses serves a policy",
        ),
        (
            [Answers(404), Fails(HttpFailureKind::Refused)],
            "None of these addresses serves a policy",
        ),
        (
            [Answers(404), Serves(GOOD.to_owned())],
            "the policy that the others serve",
        ),
        (
            [Serves(STALE.to_owned()), Serves(GOOD.to_owned())],
            "may hold the old body",
        ),
    ] {
        let found = findings(&edges);
        let split = found
            .iter()
            .find(|finding| finding.code == "STS-EDGE-SPLIT")
            .unwrap();
        let fix = split.fix.as_ref().unwrap();
        assert!(fix.to_string().contains(expected), "{fix}");
        assert_eq!(
            fix.record().is_some(),
            expected.contains("old body"),
            "{fix}"
        );
    }
}

#[test]
fn the_order_of_the_edges_changes_no_finding() {
    for bodies in [[GOOD, STALE], [STALE, GOOD]] {
        let found = findings(&bodies.map(|body| Serves(body.to_owned())));
        let mut seen = codes(&found);
        seen.sort_unstable();
        assert_eq!(
            seen,
            ["STS-EDGE-SPLIT", "STS-MX-UNCOVERED", "STS-PATTERN-UNUSED"],
            "{bodies:?}"
        );
    }
}
