//! The facts: what each server says of the MX records and of the MTA-STS record.

use std::net::IpAddr;

use futures_util::future::join_all;

use super::said::Said;
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, RecordType};
use crate::sender::Authorities;

/// How many servers of a zone are asked; zones have two to eight, and the root has thirteen.
pub const MAX_SERVERS: usize = 8;

/// How many labels a zone begins at most above the domain.
const MAX_LABELS_ABOVE: usize = 3;

/// A zone and what its servers said.
#[derive(Clone, Debug)]
pub struct AskedZone {
    /// Where it begins.
    pub name: DnsName,
    /// Its servers, by name; at most [`MAX_SERVERS`].
    pub servers: Vec<AskedServer>,
    /// How many more servers it has.
    pub not_asked: usize,
}

/// One server, asked at one of its addresses.
#[derive(Clone, Debug)]
pub struct AskedServer {
    /// Its name.
    pub host: DnsName,
    /// Where it was asked; `None` if it has no address.
    pub address: Option<IpAddr>,
    /// Its answer for the domain's MX records; `None` if it has no address.
    pub mx: Option<DnsAnswer>,
    /// Its answer for the record at `_mta-sts`; `None` also if that name is too long to exist.
    pub record: Option<DnsAnswer>,
    /// The serial of its copy of the zone, which is asked for only where servers differ.
    pub serial: Option<u32>,
}

/// Asks each server of the zone that `domain` lies in; `None` if nobody knows any.
///
/// That takes a question for the zone, and for each server one for its address (two if it has none of IPv4) and
/// two to itself, three where servers differ.
///
/// # Errors
///
/// When it cannot be looked up which servers the zone has.
pub async fn ask_servers<N: Authorities>(
    network: &N,
    domain: &DnsName,
) -> Result<Option<AskedZone>, DnsFailure> {
    let Some((name, mut hosts)) = find_zone(network, domain).await? else {
        return Ok(None);
    };
    let not_asked = hosts.len().saturating_sub(MAX_SERVERS);
    hosts.truncate(MAX_SERVERS);
    let mut servers = join_all(hosts.into_iter().map(|host| ask(network, host, domain))).await;
    let differ = servers
        .iter()
        .zip(servers.iter().skip(1))
        .any(|(one, other)| !one.says_the_same(other));
    if differ {
        let serials = join_all(servers.iter().map(|server| serial(network, server, &name))).await;
        for (server, serial) in servers.iter_mut().zip(serials) {
            server.serial = serial;
        }
    }
    Ok(Some(AskedZone {
        name,
        servers,
        not_asked,
    }))
}

/// Finds where the zone of a name begins, and its servers, sorted.
async fn find_zone<N: Authorities>(
    network: &N,
    domain: &DnsName,
) -> Result<Option<(DnsName, Vec<DnsName>)>, DnsFailure> {
    let mut name = domain.clone();
    for _ in 0..=MAX_LABELS_ABOVE {
        let question = Question::new(name.clone(), RecordType::Ns);
        let answer = network.lookup(&question).await;
        match answer.outcome {
            // The zone of an alias's target says nothing of the domain.
            _ if !answer.aliases.is_empty() => return Ok(None),
            DnsOutcome::Records { .. } => {
                let servers = answer.name_servers().map(|server| server.host.clone());
                let mut hosts: Vec<DnsName> = servers.collect();
                hosts.sort();
                hosts.dedup();
                return Ok((!hosts.is_empty()).then_some((name, hosts)));
            }
            DnsOutcome::NoData { .. } | DnsOutcome::NxDomain { .. } => {}
            DnsOutcome::Failed(failure) => return Err(failure),
        }
        // What is public above it is nobody's zone here.
        if name.registrable() == name.as_str() {
            return Ok(None);
        }
        let parent = name.split_first_label().map(|(_, parent)| parent.parse());
        let Some(Ok(parent)) = parent else {
            return Ok(None);
        };
        name = parent;
    }
    Ok(None)
}

async fn ask<N: Authorities>(network: &N, host: DnsName, domain: &DnsName) -> AskedServer {
    let mut server = AskedServer {
        address: None,
        mx: None,
        record: None,
        serial: None,
        host,
    };
    let about_mx = Question::new(domain.clone(), RecordType::Mx);
    let name = domain.prefixed("_mta-sts").ok();
    let about_record = name.map(|name| Question::new(name, RecordType::Txt));
    for family in [RecordType::A, RecordType::Aaaa] {
        let addresses = Question::new(server.host.clone(), family);
        let answer = network.find_server(&addresses).await;
        let Some(address) = answer.addresses().next() else {
            continue;
        };
        let (mx, record) = tokio::join!(
            network.ask_server(&server.host, address, &about_mx),
            async {
                let question = about_record.as_ref()?;
                Some(network.ask_server(&server.host, address, question).await)
            }
        );
        let is_out_of_reach = is_unreachable(&mx);
        server.address = Some(address);
        server.mx = Some(mx);
        server.record = record;
        // This host may have the other family alone.
        if !is_out_of_reach {
            break;
        }
    }
    server
}

async fn serial<N: Authorities>(network: &N, server: &AskedServer, zone: &DnsName) -> Option<u32> {
    let question = Question::new(zone.clone(), RecordType::Soa);
    let answer = network
        .ask_server(&server.host, server.address?, &question)
        .await;
    answer.serial()
}

fn is_unreachable(answer: &DnsAnswer) -> bool {
    matches!(&answer.outcome, DnsOutcome::Failed(failure) if failure.kind == DnsFailureKind::Unreachable)
}

impl AskedServer {
    fn says_the_same(&self, other: &Self) -> bool {
        let mx = [self, other].map(|server| Said::of_mx(server.mx.as_ref()));
        let record = [self, other].map(|server| Said::of_texts(server.record.as_ref()));
        let ([mx, other_mx], [record, other_record]) = (mx, record);
        !mx.differs_from(&other_mx) && !record.differs_from(&other_record)
    }
}
