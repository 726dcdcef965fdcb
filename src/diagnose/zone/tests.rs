//! Which server of a zone is asked where, and what has to be looked up for that.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use super::{AskedServer, ask_servers};
use crate::facts::dns::{
    DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, NsRecord, Question, Record, RecordType,
    TxtRecord,
};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, UnixTime};
use crate::model::stage::{START, dns_failure, ip, name};
use crate::sender::memo::{Memo, Probes};
use crate::sender::{Authorities, Network};

const LAME: DnsFailureKind = DnsFailureKind::NotAuthoritative;
const OUT_OF_REACH: DnsFailureKind = DnsFailureKind::Unreachable;
const SILENT: DnsFailureKind = DnsFailureKind::TimedOut;

/// A resolver, and the servers of zones.
#[derive(Debug, Default)]
struct Scene {
    zones: BTreeMap<DnsName, Vec<NsRecord>>,
    /// The addresses of servers, as they are looked up.
    addresses: BTreeMap<DnsName, Vec<IpAddr>>,
    /// Those that answer nothing, and why.
    failing: BTreeMap<IpAddr, DnsFailureKind>,
    /// Those that have an id of their own.
    ids: BTreeMap<IpAddr, &'static str>,
    /// What was asked, but for the name servers and the records at `_mta-sts`.
    asked: Mutex<Vec<String>>,
}

impl Scene {
    fn zone(mut self, zone: &str, servers: &[(&str, &[&str])]) -> Self {
        let servers = servers.iter().map(|(host, came_along)| {
            let mut server = NsRecord::new(name(host));
            for address in *came_along {
                match ip(address) {
                    IpAddr::V4(address) => server.ipv4 = Some(address),
                    IpAddr::V6(address) => server.ipv6 = Some(address),
                }
            }
            server
        });
        self.zones.insert(name(zone), servers.collect());
        self
    }

    fn host(mut self, host: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| ip(address)).collect();
        self.addresses.insert(name(host), addresses);
        self
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn found(records: Vec<Record>) -> DnsAnswer {
    DnsAnswer::plain(if records.is_empty() {
        DnsOutcome::NoData { ttl: None }
    } else {
        DnsOutcome::Records {
            records,
            ttl: Duration::ZERO,
        }
    })
}

impl Network for Scene {
    fn now(&self) -> UnixTime {
        START
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        if question.record_type == RecordType::Ns {
            let servers = self.zones[&question.name].iter().cloned();
            return found(servers.map(Record::Ns).collect());
        }
        self.note(question.to_string());
        let addresses = self.addresses.get(&question.name).into_iter().flatten();
        let records = addresses.filter_map(|address| match (question.record_type, address) {
            (RecordType::A, IpAddr::V4(address)) => Some(Record::A(*address)),
            (RecordType::Aaaa, IpAddr::V6(address)) => Some(Record::Aaaa(*address)),
            _ => None,
        });
        found(records.collect())
    }

    async fn get_policy(&self, host: &DnsName, _address: IpAddr) -> HttpExchange {
        unreachable!("{host} has no policy");
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        unreachable!("{} takes no mail", request.host);
    }
}

impl Authorities for Scene {
    async fn ask_server(&self, _host: &DnsName, address: IpAddr, question: &Question) -> DnsAnswer {
        match question.record_type {
            RecordType::Mx => self.note(address.to_string()),
            RecordType::Soa => self.note(format!("SOA {address}")),
            _ => {}
        }
        if let Some(kind) = self.failing.get(&address) {
            return DnsAnswer::plain(DnsOutcome::Failed(dns_failure(*kind)));
        }
        match question.record_type {
            RecordType::Txt => {
                let id = self.ids.get(&address).copied().unwrap_or_default();
                found(vec![Record::Txt(TxtRecord::from_text(id.as_bytes()))])
            }
            RecordType::Soa => found(vec![Record::Soa(7)]),
            _ => found(vec![]),
        }
    }
}

async fn ask<N: Authorities>(network: &N, domain: &str) -> Vec<AskedServer> {
    let zone = ask_servers(network, &name(domain)).await.unwrap();
    zone.unwrap().servers
}

/// Why a server did not answer.
fn failure(server: &AskedServer) -> Option<DnsFailureKind> {
    match &server.mx.as_ref()?.outcome {
        DnsOutcome::Failed(DnsFailure { kind, .. }) => Some(*kind),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_is_asked_where_it_came_along_and_judged_where_it_is_looked_up() {
    let (v4, other, v6) = ("192.0.2.1", "192.0.2.2", "2001:db8::1");
    let (a, aaaa) = ("A ns.corp.test", "AAAA ns.corp.test");
    // What came along, what is looked up, which addresses fail; what is asked, where it is asked in the end, and why
    // it does not answer there.
    for (came_along, addresses, failing, asked, at, why) in [
        (&[v4][..], &[][..], &[][..], &[v4][..], Some(v4), None),
        (&[v4, v6], &[], &[], &[v4], Some(v4), None),
        (&[v6], &[v4], &[], &[v6], Some(v6), None),
        (
            &[v4, v6],
            &[],
            &[(v4, OUT_OF_REACH)],
            &[v4, v6],
            Some(v6),
            None,
        ),
        (
            &[v4],
            &[v4, v6],
            &[(v4, OUT_OF_REACH)],
            &[v4, a, aaaa, v6],
            Some(v6),
            None,
        ),
        // One that has moved, and whose old address is still about.
        (
            &[v4],
            &[other],
            &[(v4, LAME)],
            &[v4, a, other],
            Some(other),
            None,
        ),
        (
            &[v4],
            &[other],
            &[(v4, SILENT)],
            &[v4, a, other],
            Some(other),
            None,
        ),
        (&[v6], &[v4], &[(v6, SILENT)], &[v6, a, v4], Some(v4), None),
        // One that fails, and is nowhere else: not asked twice.
        (&[v4], &[v4], &[(v4, LAME)], &[v4, a], Some(v4), Some(LAME)),
        (
            &[v4],
            &[other, v4],
            &[(v4, SILENT)],
            &[v4, a],
            Some(v4),
            Some(SILENT),
        ),
        (
            &[v4],
            &[],
            &[(v4, SILENT)],
            &[v4, a, aaaa],
            Some(v4),
            Some(SILENT),
        ),
        // Nothing came along.
        (&[], &[v4], &[], &[a, v4], Some(v4), None),
        (&[], &[v6], &[], &[a, aaaa, v6], Some(v6), None),
        (
            &[],
            &[v4],
            &[(v4, OUT_OF_REACH)],
            &[a, v4, aaaa],
            Some(v4),
            Some(OUT_OF_REACH),
        ),
        (&[], &[], &[], &[a, aaaa], None, None),
    ] {
        let mut scene = Scene::default()
            .zone("corp.test", &[("ns.corp.test", came_along)])
            .host("ns.corp.test", addresses);
        scene.failing = failing.iter().map(|(at, why)| (ip(at), *why)).collect();
        let servers = ask(&scene, "corp.test").await;
        let what = format!("{came_along:?} came along, {addresses:?} found, {failing:?} fail");
        assert_eq!(scene.take_asked(), asked, "{what}");
        assert_eq!(servers[0].address, at.map(ip), "{what}");
        assert_eq!(failure(&servers[0]), why, "{what}");
    }
}

/// What a zone says of names of its own the next domain of the run may use; of others it says what it likes.
#[tokio::test]
async fn only_an_address_from_its_own_zone_is_remembered() {
    let servers = ["ns.corp.test", "ns.victim.test"];
    let scene = Scene::default()
        .zone(
            "corp.test",
            &[(servers[0], &["192.0.2.1"]), (servers[1], &["192.0.2.66"])],
        )
        .zone("other.test", &[(servers[0], &[]), (servers[1], &[])])
        .host(servers[0], &["192.0.2.1"])
        .host(servers[1], &["192.0.2.2"]);
    let probes = Probes::default();
    for (domain, asked) in [
        ("corp.test", &["192.0.2.1", "192.0.2.66"][..]),
        (
            "other.test",
            &["192.0.2.1", "192.0.2.2", "A ns.victim.test"],
        ),
        ("other.test", &["192.0.2.1", "192.0.2.2"]),
    ] {
        ask(&Memo::new(&scene, &probes), domain).await;
        let mut found = scene.take_asked();
        found.sort();
        assert_eq!(found, asked, "{domain}");
    }
}

#[tokio::test]
async fn only_servers_that_answer_are_asked_for_serials_and_only_where_they_differ() {
    let [one, two, three] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    for (ids, failing, serials) in [
        ([(one, "1"), (two, "1"), (three, "1")], vec![], vec![]),
        (
            [(one, "1"), (two, "1"), (three, "2")],
            vec![],
            vec![one, two, three],
        ),
        // One that does not answer stands between two that differ.
        (
            [(one, "1"), (two, ""), (three, "2")],
            vec![(two, LAME)],
            vec![one, three],
        ),
        (
            [(one, "1"), (two, ""), (three, "1")],
            vec![(two, SILENT)],
            vec![],
        ),
    ] {
        let mut scene = Scene::default().zone(
            "corp.test",
            &[
                ("ns1.corp.test", &[one]),
                ("ns2.corp.test", &[two]),
                ("ns3.corp.test", &[three]),
            ],
        );
        scene.failing = failing.iter().map(|(at, why)| (ip(at), *why)).collect();
        scene.ids = ids.map(|(at, id)| (ip(at), id)).into();
        let servers = ask(&scene, "corp.test").await;
        let mut asked = scene.take_asked();
        asked.retain(|asked| asked.starts_with("SOA"));
        let expected: Vec<String> = serials.iter().map(|at| format!("SOA {at}")).collect();
        assert_eq!(asked, expected, "{ids:?} {failing:?}");
        let known = servers.iter().filter(|server| server.serial == Some(7));
        assert_eq!(known.count(), serials.len(), "{ids:?} {failing:?}");
    }
}
