//! Facts and judgements, laid out as the document that reports print: each part of the document has its file.

mod hosts;
mod policies;
mod sources;

pub use hosts::{host_verdict, probe_verdict};

use super::case::Case;
use super::document::{
    CertaintyReport, CertificateReport, DomainReport, PolicySourceReport, ReadingReport,
    SenderReport, TraceReport,
};
use super::findings;
use super::judge::Row;
use crate::facts::certificate::PeerCertificate;
use crate::sender::Verdict;
use crate::sender::found::PolicyInUse;
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

/// Lays everything out.
#[must_use]
pub fn report(case: &Case<'_>) -> DomainReport {
    let worst = case.worst_row();
    DomainReport {
        domain: case.domain.clone(),
        for_domains: Vec::new(),
        checked_at: case.now,
        verdict: worst.map_or(Verdict::Undetermined, |row| row.verdict),
        certainty: worst.map_or(CertaintyReport::Ours, |row| {
            certainty(row.attempt.certainty)
        }),
        reason: worst.map_or_else(String::new, Row::reason),
        senders: case.rows.iter().map(sender).collect(),
        record: sources::record(case.survey.record.as_ref()),
        fetch: sources::fetch(case.domain, case.survey.policy_host.as_ref()),
        policies: policies::lay_out(case),
        mx: hosts::lay_out(case),
        mx_error: hosts::error(&case.survey.exchangers),
        tlsrpt: sources::tlsrpt(case.survey.tlsrpt.as_ref()),
        findings: findings::find(case),
        sent: None,
        trace: case.rows.iter().flat_map(trace).collect(),
    }
}

fn sender(row: &Row) -> SenderReport {
    SenderReport {
        class: row.class.name.to_owned(),
        cache: row.cache,
        reading: reading_report(row.reading),
        verdict: row.verdict,
        certainty: certainty(row.attempt.certainty),
        policy: match &row.attempt.discovery.policy {
            PolicyInUse::None(_) => PolicySourceReport::None,
            PolicyInUse::Policy { .. } if row.uses_stored() => PolicySourceReport::Stored,
            PolicyInUse::Policy { .. } => PolicySourceReport::Live,
        },
        delivered_via: match row.attempt.certainty {
            Certainty::Definite => row.attempt.walk.via.as_ref().map(|via| via.host.clone()),
            Certainty::Ours => None,
        },
        until: row.until.map(|(until, _)| until),
        until_event: row.until.map(|(_, event)| event),
        reason: row.reason(),
    }
}

fn trace(row: &Row) -> impl Iterator<Item = TraceReport> {
    let sender = row.name();
    row.attempt
        .trace
        .steps()
        .iter()
        .map(move |step| TraceReport {
            sender: sender.clone(),
            at: step.at,
            asked: step.asked.to_string(),
            answered: step.answered.to_string(),
            concluded: step.concluded.to_string(),
            rfc: step.rfc.to_owned(),
        })
}

const fn certainty(certainty: Certainty) -> CertaintyReport {
    match certainty {
        Certainty::Definite => CertaintyReport::Definite,
        Certainty::Ours => CertaintyReport::Ours,
    }
}

const fn reading_report(reading: Reading) -> ReadingReport {
    match reading {
        Reading::Letter => ReadingReport::Letter,
        Reading::Tolerant => ReadingReport::Tolerant,
    }
}

fn certificate(peer: &PeerCertificate) -> CertificateReport {
    CertificateReport {
        subject_alt_names: peer
            .subject_alt_names
            .iter()
            .map(ToString::to_string)
            .collect(),
        issuer: peer.issuer.to_string(),
        not_before: peer.not_before,
        not_after: peer.not_after,
        faults: peer.faults.iter().map(ToString::to_string).collect(),
    }
}
