//! The MX hosts and their transport, whatever a policy says of them.

use super::certificate;
use crate::diagnose::case::Case;
use crate::diagnose::document::{AddressReport, MxReport, MxVerdict};
use crate::diagnose::survey::MxHost;
use crate::facts::smtp::SmtpExchange;
use crate::sender::candidates::Exchangers;
use crate::sts::certificate::matches_patterns;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;
use crate::sts::transport::{self, Certainty, Transport};
use crate::tlsrpt::result_type::ResultType;

/// Lays out the hosts in the order of preference, those that were not tried last.
pub(super) fn lay_out(case: &Case<'_>) -> Vec<MxReport> {
    let ttl_secs = case.survey.mx.ttl().map(|ttl| ttl.as_secs());
    let (implicit, not_tried) = match &case.survey.exchangers {
        Exchangers::Candidates {
            implicit,
            not_tried,
            ..
        } => (*implicit, not_tried.as_slice()),
        Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => {
            (false, [].as_slice())
        }
    };
    let patterns = case.live_policy().map(Policy::patterns);
    let mut reports: Vec<MxReport> = case
        .survey
        .hosts
        .iter()
        .map(|host| {
            let verdict = host_verdict(host);
            MxReport {
                host: host.candidate.exchange.to_string(),
                preference: host.candidate.preference,
                ttl_secs,
                implicit,
                verdict,
                would_pass_if_listed: match verdict {
                    MxVerdict::Accepted => Some(true),
                    MxVerdict::Refused => Some(false),
                    MxVerdict::Undetermined
                    | MxVerdict::RejectedUs
                    | MxVerdict::Unreachable
                    | MxVerdict::NotTried => None,
                },
                addresses: host
                    .probes
                    .iter()
                    .map(|probe| address(probe, patterns))
                    .collect(),
                has_tlsa: host.has_tlsa,
                error: host_error(host),
            }
        })
        .collect();
    reports.extend(not_tried.iter().map(|candidate| MxReport {
        host: candidate.exchange.to_string(),
        preference: candidate.preference,
        ttl_secs,
        implicit: false,
        verdict: MxVerdict::NotTried,
        would_pass_if_listed: None,
        addresses: Vec::new(),
        has_tlsa: false,
        error: None,
    }));
    reports
}

/// What an MX host is worth by its transport alone: accepted if any of its addresses is, refused if one is and
/// others too could use none.
#[must_use]
pub fn host_verdict(host: &MxHost) -> MxVerdict {
    let verdicts: Vec<MxVerdict> = host.probes.iter().map(probe_verdict).collect();
    let Some(first) = verdicts.first().copied() else {
        return MxVerdict::Unreachable;
    };
    let is_definite = host
        .probes
        .iter()
        .all(|probe| transport::judge(probe).certainty() == Certainty::Definite);
    if verdicts.contains(&MxVerdict::Accepted) {
        MxVerdict::Accepted
    } else if verdicts.iter().all(|verdict| *verdict == first) {
        first
    } else if is_definite {
        // Some broken, some refused: no sender gets mail to this host.
        MxVerdict::Refused
    } else {
        // Some addresses refused, others unknown to us: they might have been accepted elsewhere.
        MxVerdict::Undetermined
    }
}

/// What one address is worth.
#[must_use]
pub fn probe_verdict(probe: &SmtpExchange) -> MxVerdict {
    match transport::judge(probe) {
        Transport::Accepted(_) => MxVerdict::Accepted,
        Transport::Refused(_) => MxVerdict::Refused,
        Transport::RejectedUs(_) => MxVerdict::RejectedUs,
        Transport::Undetermined { .. } => MxVerdict::Undetermined,
        Transport::Unreachable { .. } => MxVerdict::Unreachable,
    }
}

fn host_error(host: &MxHost) -> Option<String> {
    match &host.addresses {
        None => Some("the MX record does not name a host".to_owned()),
        Some(found) if found.addresses.is_empty() => Some(match &found.failure {
            Some(failure) => format!("its address could not be looked up: {failure}"),
            None => "it has no address".to_owned(),
        }),
        Some(_) => None,
    }
}

fn address(probe: &SmtpExchange, patterns: Option<&[MxPattern]>) -> AddressReport {
    let judged = transport::judge(probe);
    let mut result_types: Vec<String> = Vec::new();
    let detail = match &judged {
        Transport::Accepted(_) => "TLS with a valid certificate".to_owned(),
        Transport::Refused(faults) => {
            for fault in faults {
                let name = ResultType::from(fault).to_string();
                if !result_types.contains(&name) {
                    result_types.push(name);
                }
            }
            let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
            texts.join("; ")
        }
        Transport::RejectedUs(reply) => format!("it greets us with {reply}"),
        Transport::Undetermined { detail } => detail.to_string(),
        Transport::Unreachable { failure, .. } => failure.to_string(),
    };
    let peer = probe.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
    AddressReport {
        address: probe.address,
        verdict: probe_verdict(probe),
        result_types,
        starttls: probe.ehlo.as_ref().map(|_| probe.offers_starttls()),
        tls_version: probe
            .tls
            .as_ref()
            .and_then(|tls| tls.outcome.as_ref().ok())
            .map(|session| session.version.to_string()),
        certificate: peer.map(certificate),
        detail,
        certificate_matches_patterns: peer
            .zip(patterns)
            .map(|(peer, patterns)| matches_patterns(peer, patterns)),
    }
}

/// Returns why there are no MX hosts.
pub(super) fn error(exchangers: &Exchangers) -> Option<String> {
    match exchangers {
        Exchangers::Candidates { .. } => None,
        Exchangers::NullMx => Some("null MX: the domain takes no mail".to_owned()),
        Exchangers::NoDomain => Some("the domain does not exist (NXDOMAIN)".to_owned()),
        Exchangers::Unknown(failure) => Some(failure.to_string()),
    }
}
