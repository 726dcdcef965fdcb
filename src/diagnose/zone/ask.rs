//! The facts: what each server says of the MX records and of the MTA-STS record.

use std::net::IpAddr;

use futures_util::future::join_all;

use super::asked::{AskedServer, AskedZone};
use super::judge::JudgedZone;
use crate::facts::DnsName;
use crate::facts::dns::{DnsFailure, DnsOutcome, NsRecord, Question, RecordType};
use crate::sender::Authorities;

/// How many servers of a zone are asked; zones have two to eight, and the root has thirteen.
pub const MAX_SERVERS: usize = 8;

/// How many labels a zone begins at most above the domain.
const MAX_LABELS_ABOVE: usize = 3;

/// Asks each server of the zone that `domain` lies in; `None` if nobody knows any.
///
/// That takes a question for the zone (one more for each label that it begins above the domain), and for each server
/// two to itself, three where servers differ. An address that came along with the names of the servers is used as it
/// is. A server with none, and one that does not answer there, takes one question more, two if it has no address of
/// IPv4, and each only once in a run.
///
/// A check of a domain with two MX hosts asks 11 questions besides. With two servers it asks 16 in all, with three 18,
/// with four 20, with five 22, which is twice as many, and with [`MAX_SERVERS`] 28; where no address came along 18, 21,
/// 24, 27 and 36.
///
/// # Errors
///
/// When it cannot be looked up which servers the zone has.
pub async fn ask_servers<N: Authorities>(
    network: &N,
    domain: &DnsName,
) -> Result<Option<AskedZone>, DnsFailure> {
    let Some((name, mut servers)) = find_zone(network, domain).await? else {
        return Ok(None);
    };
    let not_asked = servers.len().saturating_sub(MAX_SERVERS);
    servers.truncate(MAX_SERVERS);
    let servers = servers.into_iter();
    let servers = join_all(servers.map(|server| ask(network, &name, server, domain))).await;
    let mut zone = AskedZone {
        name,
        servers,
        not_asked,
    };
    let judged = JudgedZone::new(&zone);
    if judged.splits_over_mx() || judged.splits_over_record() {
        let serials = zone.servers.iter();
        let serials = join_all(serials.map(|server| serial(network, server, &zone.name))).await;
        for (server, serial) in zone.servers.iter_mut().zip(serials) {
            server.serial = serial;
        }
    }
    Ok(Some(zone))
}

/// Finds where the zone of a name begins, and its servers, sorted.
async fn find_zone<N: Authorities>(
    network: &N,
    domain: &DnsName,
) -> Result<Option<(DnsName, Vec<NsRecord>)>, DnsFailure> {
    let mut name = domain.clone();
    for _ in 0..=MAX_LABELS_ABOVE {
        let question = Question::new(name.clone(), RecordType::Ns);
        let answer = network.lookup(&question).await;
        match answer.outcome {
            // The zone of an alias's target says nothing of the domain.
            _ if !answer.aliases.is_empty() => return Ok(None),
            DnsOutcome::Records { .. } => {
                let mut servers: Vec<NsRecord> = answer.name_servers().cloned().collect();
                servers.sort_by(|one, other| one.host.cmp(&other.host));
                servers.dedup_by(|one, other| one.host == other.host);
                return Ok((!servers.is_empty()).then_some((name, servers)));
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

/// Asks one server: where it is said to be that came along with its name, and else where its address is looked up.
///
/// What came along is nobody's answer, so no server is judged by it: one that does not answer there is looked up.
async fn ask<N: Authorities>(
    network: &N,
    zone: &DnsName,
    server: NsRecord,
    domain: &DnsName,
) -> AskedServer {
    let questions = Questions::about(domain);
    let mut asked: Vec<AskedServer> = Vec::new();
    for address in server.addresses() {
        let at_address = questions.ask(network, &server.host, address).await;
        if at_address.answers() {
            // Of other names a zone says what it likes, and the next domain is not to hear of it.
            if server.host.is_within(zone.as_str()) {
                network.note_server(&server.host, address);
            }
            return at_address;
        }
        let is_out_of_reach = at_address.is_out_of_reach();
        asked.push(at_address);
        if !is_out_of_reach {
            break;
        }
    }
    let mut found = None;
    for family in [RecordType::A, RecordType::Aaaa] {
        let question = Question::new(server.host.clone(), family);
        let answer = network.find_server(&question).await;
        let Some(address) = answer.addresses().next() else {
            continue;
        };
        let known = (asked.iter())
            .find(|known| (answer.addresses()).any(|address| known.address == Some(address)));
        let at_address = match known {
            Some(known) => known.clone(),
            None => questions.ask(network, &server.host, address).await,
        };
        let is_out_of_reach = at_address.is_out_of_reach();
        found = Some(at_address);
        // This host may have the other family alone.
        if !is_out_of_reach {
            break;
        }
    }
    found
        .or_else(|| asked.pop())
        .unwrap_or_else(|| AskedServer::without_address(server.host))
}

/// What each server is asked.
struct Questions {
    mx: Question,
    /// `None` if the name at which it stands is too long to exist.
    record: Option<Question>,
}

impl Questions {
    fn about(domain: &DnsName) -> Self {
        let name = domain.prefixed("_mta-sts").ok();
        Self {
            mx: Question::new(domain.clone(), RecordType::Mx),
            record: name.map(|name| Question::new(name, RecordType::Txt)),
        }
    }

    async fn ask<N: Authorities>(
        &self,
        network: &N,
        host: &DnsName,
        address: IpAddr,
    ) -> AskedServer {
        let (mx, record) = tokio::join!(network.ask_server(host, address, &self.mx), async {
            let question = self.record.as_ref()?;
            Some(network.ask_server(host, address, question).await)
        });
        AskedServer {
            host: host.clone(),
            address: Some(address),
            mx: Some(mx),
            record,
            serial: None,
        }
    }
}

/// Asks a server that has answered which copy of the zone that was.
async fn serial<N: Authorities>(network: &N, server: &AskedServer, zone: &DnsName) -> Option<u32> {
    if !server.has_answered() {
        return None;
    }
    let question = Question::new(zone.clone(), RecordType::Soa);
    let answer = network
        .ask_server(&server.host, server.address?, &question)
        .await;
    answer.serial()
}
