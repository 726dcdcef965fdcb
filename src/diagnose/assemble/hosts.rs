//! The MX hosts and their transport, whatever a policy says of them.

use super::certificate;
use super::sources::targets;
use crate::diagnose::document::{AddressReport, MxReport, MxVerdict};
use crate::diagnose::judged::{Address, Host, Judged};
use crate::diagnose::survey::MxHost;
use crate::facts::{Say, Sentence};
use crate::sender::candidates::Exchangers;
use crate::sts::certificate::matches_patterns;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;
use crate::sts::transport::Transport;
use crate::tlsrpt::result_type::ResultType;

/// How many MX hosts are laid out, those that were not tried last: an answer over TCP has room for thousands.
pub(super) const MAX_HOSTS: usize = 256;

/// Lays out the hosts in the order of preference, at most [`MAX_HOSTS`].
pub(super) fn lay_out(judged: &Judged<'_>) -> Vec<MxReport> {
    let ttl_secs = judged.survey.mx.ttl().map(|ttl| ttl.as_secs());
    let implicit = matches!(
        judged.survey.exchangers,
        Exchangers::Candidates { implicit: true, .. }
    );
    let patterns = judged.live_policy().map(Policy::patterns);
    let hosts = judged.hosts.iter().take(MAX_HOSTS).map(|host| MxReport {
        ttl_secs,
        implicit,
        ..report(host, patterns)
    });
    hosts.collect()
}

/// Lays out one host, as far as it stands by itself.
pub(super) fn report(host: &Host<'_>, patterns: Option<&[MxPattern]>) -> MxReport {
    MxReport {
        host: host.facts.candidate.exchange.clone(),
        preference: host.facts.candidate.preference,
        ttl_secs: None,
        implicit: false,
        verdict: host.verdict,
        would_pass_if_listed: match host.verdict {
            MxVerdict::Accepted => Some(true),
            MxVerdict::Refused => Some(false),
            MxVerdict::Undetermined
            | MxVerdict::NotAsked
            | MxVerdict::RejectedUs
            | MxVerdict::Unreachable
            | MxVerdict::NotTried => None,
        },
        addresses: host
            .addresses
            .iter()
            .map(|address| lay_out_address(address, patterns))
            .collect(),
        cname: host
            .facts
            .addresses
            .iter()
            .flat_map(|found| targets(&found.aliases))
            .collect(),
        addresses_not_tried: host
            .facts
            .addresses
            .as_ref()
            .map_or(0, |found| found.not_tried.len()),
        addresses_bad: host.bad_addresses().count(),
        address_families: host.families,
        has_tlsa: host.facts.has_tlsa,
        error: host_error(host.facts),
    }
}

fn host_error(host: &MxHost) -> Option<Sentence> {
    match &host.addresses {
        None if host.is_tried() => Some("the MX record does not name a host".into()),
        None => None,
        Some(found) if found.addresses.is_empty() => Some(match &found.failure {
            Some(failure) => {
                let mut sentence = Sentence::from("its address could not be looked up: ");
                sentence.add(failure);
                sentence
            }
            None => format!("it {}", found.absence()).into(),
        }),
        Some(_) => None,
    }
}

fn lay_out_address(address: &Address<'_>, patterns: Option<&[MxPattern]>) -> AddressReport {
    let probe = address.probe;
    let tls = probe.tls.as_ref();
    let session = tls.and_then(|tls| tls.outcome.as_ref().ok());
    let detail = match &address.transport {
        Transport::Accepted(_) => "TLS with a valid certificate".into(),
        Transport::NotAsked | Transport::Refused(_) => address.transport.sentence(),
        Transport::RejectedUs(reply) => format!("it greets us with {reply}").into(),
        Transport::Undetermined { detail } => detail.as_ref().into(),
        Transport::Unreachable { failure, .. } => failure.to_string().into(),
    };
    AddressReport {
        address: probe.address,
        verdict: address.verdict,
        result_types: ResultType::of(&address.transport),
        starttls: probe.ehlo.as_ref().map(|_| probe.offers_starttls()),
        tls_version: session.map(|session| session.version.to_string()),
        cipher_suite: session.map(|session| session.cipher_suite.to_string()),
        key_exchange: session.and_then(|session| Some(session.key_exchange.as_ref()?.to_string())),
        certificate: probe.certificate().map(certificate::lay_out),
        detail,
        certificate_matches_patterns: probe
            .certificate()
            .zip(patterns)
            .and_then(|(peer, patterns)| matches_patterns(peer, patterns)),
    }
}

/// Returns why there are no MX hosts.
pub(super) fn error(exchangers: &Exchangers) -> Option<Sentence> {
    match exchangers {
        Exchangers::Candidates { .. } => None,
        Exchangers::NullMx => Some("null MX: the domain takes no mail".into()),
        Exchangers::NoDomain => Some("the domain does not exist (NXDOMAIN)".into()),
        Exchangers::Unknown(failure) => Some(failure.sentence()),
    }
}
