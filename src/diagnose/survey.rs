//! Everything there is to see of one domain, gathered once, whatever a sender would have skipped.

use std::net::IpAddr;

use futures_util::future::join_all;

use super::report_hosts::{self, ReportHost};
use super::zone::{AskedZone, ask_servers};
use crate::facts::DnsName;
use crate::facts::certificate::CertificateFault;
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsOutcome, Exchange, Question, RecordType};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpPort, SmtpRequest, TlsUse};
use crate::sender::candidates::{
    Candidate, Exchangers, Families, HostAddresses, ImplicitMx, MxUse, find_addresses,
    find_exchangers,
};
use crate::sender::memo::MxHosts;
use crate::sender::{Authorities, Limits, Network, Trace};
use crate::tlsrpt;

/// The facts about one domain.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The answer for the TXT record at `_mta-sts`; `None` if that name is too long to exist.
    pub record: Option<DnsAnswer>,
    /// The policy host; `None` if its name is too long to exist.
    pub policy_host: Option<PolicyHost>,
    /// The zone that the domain lies in, and what its servers say themselves; `None` if nobody knows any, a failure
    /// where they could not be looked up.
    pub zone: Result<Option<AskedZone>, DnsFailure>,
    /// The answer for the MX records.
    pub mx: DnsAnswer,
    /// Where mail may go.
    pub exchangers: Exchangers,
    /// The port at which they are spoken to.
    pub smtp_port: SmtpPort,
    /// Whether the MX hosts were spoken to.
    pub mx_hosts: MxHosts,
    /// Whether an address of any MX host of the run has answered there.
    pub port_answers: bool,
    /// Each MX host, in the order of preference, those that were not tried among them; of an implicit MX that is
    /// an alias both names.
    pub hosts: Vec<MxHost>,
    /// Each intended MX host that no MX record names yet.
    pub standby: Vec<MxHost>,
    /// The answer for the TLSRPT record; `None` if its name is too long to exist.
    pub tlsrpt: Option<DnsAnswer>,
    /// Who gets the reports that it asks for.
    pub report_hosts: Vec<ReportHost>,
}

/// The policy host, asked at each of its addresses.
#[derive(Clone, Debug)]
pub struct PolicyHost {
    /// Its name.
    pub name: DnsName,
    /// Its addresses, and the CNAMEs that led to them.
    pub addresses: HostAddresses,
    /// What each address answered, in order.
    pub edges: Vec<HttpExchange>,
    /// The answer about the addresses of [`ANY_OTHER_NAME`]; `None` where nobody asked, since the policy host shows
    /// a certificate for itself.
    pub any_other_name: Option<DnsAnswer>,
}

/// The label of a name beside the policy host that nobody has: where it is answered like the policy host, a
/// wildcard of the zone answers both (RFC 4592).
pub const ANY_OTHER_NAME: &str = "any-other-name";

/// An MX host, probed at each of its addresses.
#[derive(Clone, Debug)]
pub struct MxHost {
    /// The record.
    pub candidate: Candidate,
    /// Its addresses; `None` if the record names no host, or one beyond those that are tried.
    pub addresses: Option<HostAddresses>,
    /// What each address did, in order.
    pub probes: Vec<SmtpExchange>,
    /// Whether there is a TLSA record.
    pub has_tlsa: bool,
}

impl MxHost {
    const fn not_asked(candidate: Candidate) -> Self {
        Self {
            candidate,
            addresses: None,
            probes: Vec::new(),
            has_tlsa: false,
        }
    }

    /// Returns whether it is one of those that are tried.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.addresses.is_some() || self.candidate.host().is_none()
    }
}

impl Survey {
    /// Looks at everything, as far as `limits` go. Refused MX hosts too are probed to the end: whether they
    /// would pass if the policy listed them is the next question. So are the `intended` ones, before the DNS names
    /// them.
    pub async fn gather<N: Authorities>(
        network: &N,
        domain: &DnsName,
        limits: Limits,
        smtp_port: SmtpPort,
        intended: &[DnsName],
    ) -> Self {
        let (
            record,
            policy_host,
            zone,
            (mx, exchangers, hosts),
            mut standby,
            (tlsrpt, report_hosts),
        ) = tokio::join!(
            look_up_text(network, domain, "_mta-sts"),
            ask_policy_host(network, domain, limits),
            ask_servers(network, domain),
            probe_exchangers(network, domain, limits),
            probe_intended(network, intended, limits),
            look_at_reports(network, domain, limits),
        );
        let is_live = |standby: &MxHost| {
            let mut live = hosts.iter();
            live.any(|live| live.candidate.exchange == standby.candidate.exchange)
        };
        standby.retain(|host| !is_live(host));
        Self {
            record,
            policy_host,
            zone,
            mx,
            exchangers,
            smtp_port,
            mx_hosts: MxHosts::Probed,
            port_answers: false,
            hosts,
            standby,
            tlsrpt,
            report_hosts,
        }
    }

    /// Returns the zone, where it is known.
    #[must_use]
    pub fn known_zone(&self) -> Option<&AskedZone> {
        self.zone.as_ref().ok()?.as_ref()
    }

    /// Returns the MX hosts, live ones first, then those that are meant to be.
    pub fn all_hosts(&self) -> impl Iterator<Item = &MxHost> {
        self.hosts.iter().chain(&self.standby)
    }
}

pub(super) async fn look_up_text<N: Network>(
    network: &N,
    domain: &DnsName,
    prefix: &str,
) -> Option<DnsAnswer> {
    let name = domain.prefixed(prefix).ok()?;
    Some(network.lookup(&Question::new(name, RecordType::Txt)).await)
}

async fn look_at_reports<N: Network>(
    network: &N,
    domain: &DnsName,
    limits: Limits,
) -> (Option<DnsAnswer>, Vec<ReportHost>) {
    let answer = look_up_text(network, domain, "_smtp._tls").await;
    let texts = answer.iter().flat_map(DnsAnswer::texts);
    let report_hosts = match tlsrpt::record::select(texts) {
        tlsrpt::record::Selection::Record(record) => {
            report_hosts::look_at(network, &record, limits).await
        }
        tlsrpt::record::Selection::NoRecord | tlsrpt::record::Selection::Unusable(_) => Vec::new(),
    };
    (answer, report_hosts)
}

pub(super) async fn ask_policy_host<N: Network>(
    network: &N,
    domain: &DnsName,
    limits: Limits,
) -> Option<PolicyHost> {
    let name = domain.prefixed("mta-sts").ok()?;
    let addresses = find_addresses(network, &name, limits.edges, Families::Both).await;
    let edges = join_all(
        addresses
            .addresses
            .iter()
            .map(|&address| network.get_policy(&name, address)),
    )
    .await;
    let any_other_name = if edges.iter().any(is_made_out_to_others) {
        ask_any_other_name(network, domain, &addresses).await
    } else {
        None
    };
    Some(PolicyHost {
        name,
        addresses,
        edges,
        any_other_name,
    })
}

fn is_made_out_to_others(edge: &HttpExchange) -> bool {
    let faults = edge.certificate.iter().flat_map(|shown| &shown.faults);
    faults
        .into_iter()
        .any(|fault| matches!(fault, CertificateFault::NameMismatch { .. }))
}

/// Asks one question: of the two families one that the policy host has.
async fn ask_any_other_name<N: Network>(
    network: &N,
    domain: &DnsName,
    addresses: &HostAddresses,
) -> Option<DnsAnswer> {
    let name = domain.prefixed(ANY_OTHER_NAME).ok()?;
    let family = if addresses.addresses.iter().any(IpAddr::is_ipv4) {
        RecordType::A
    } else {
        RecordType::Aaaa
    };
    Some(network.lookup(&Question::new(name, family)).await)
}

async fn probe_exchangers<N: Network>(
    network: &N,
    domain: &DnsName,
    limits: Limits,
) -> (DnsAnswer, Exchangers, Vec<MxHost>) {
    let exchangers = find_exchangers(
        network,
        domain,
        (limits, ImplicitMx::AliasEnd),
        &mut Trace::default(),
    )
    .await;
    let mx = match limits.mx {
        MxUse::LookedUp => {
            network
                .lookup(&Question::new(domain.clone(), RecordType::Mx))
                .await
        }
        MxUse::PassedOver => DnsAnswer::plain(DnsOutcome::NoData { ttl: None }),
    };
    let (mut candidates, not_tried) = match &exchangers {
        Exchangers::Candidates {
            candidates,
            not_tried,
            ..
        } => (candidates.clone(), not_tried.as_slice()),
        Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => (Vec::new(), &[][..]),
    };
    if let Exchangers::Candidates { implicit: true, .. } = exchangers {
        candidates.extend(ImplicitMx::BOTH.map(|reading| reading.candidate(domain, &mx.aliases)));
        candidates.dedup();
    }
    let mut hosts = join_all(
        candidates
            .iter()
            .map(|candidate| probe_host(network, candidate, limits)),
    )
    .await;
    hosts.extend(not_tried.iter().cloned().map(MxHost::not_asked));
    (mx, exchangers, hosts)
}

/// Probes hosts that no MX record need name, as many as MX hosts are tried.
async fn probe_intended<N: Network>(
    network: &N,
    intended: &[DnsName],
    limits: Limits,
) -> Vec<MxHost> {
    let candidates: Vec<Candidate> = intended
        .iter()
        .map(|host| Candidate {
            preference: 0,
            exchange: Exchange::Host(host.clone()),
        })
        .collect();
    let (tried, left_out) = candidates.split_at(candidates.len().min(limits.mx_hosts));
    let probes = tried
        .iter()
        .map(|candidate| probe_host(network, candidate, limits));
    let mut hosts = join_all(probes).await;
    hosts.extend(left_out.iter().cloned().map(MxHost::not_asked));
    hosts
}

async fn probe_host<N: Network>(network: &N, candidate: &Candidate, limits: Limits) -> MxHost {
    let Some(host) = candidate.host() else {
        return MxHost::not_asked(candidate.clone());
    };
    let (addresses, has_tlsa) = tokio::join!(
        find_addresses(network, host, limits.addresses, Families::Both),
        has_tlsa(network, host)
    );
    let probes = join_all(addresses.addresses.iter().map(|&address| {
        let request = SmtpRequest {
            host: host.clone(),
            address,
            tls: TlsUse::Verified,
            message: None,
        };
        async move { network.smtp(&request).await }
    }))
    .await;
    MxHost {
        candidate: candidate.clone(),
        addresses: Some(addresses),
        probes,
        has_tlsa,
    }
}

async fn has_tlsa<N: Network>(network: &N, host: &DnsName) -> bool {
    match host.prefixed("_25._tcp") {
        Ok(name) => {
            let answer = network.lookup(&Question::new(name, RecordType::Tlsa)).await;
            matches!(answer.outcome, DnsOutcome::Records { .. })
        }
        Err(_too_long) => false,
    }
}
