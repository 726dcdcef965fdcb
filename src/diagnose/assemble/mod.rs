//! Facts and judgements, laid out as the document that reports print: each part of the document has its file.

mod certificate;
mod hosts;
mod intended;
mod policies;
mod sources;

use super::case::Case;
use super::document::{
    Action, CutShortReport, DomainReport, FirstAction, PolicySourceReport, PortReport,
    SenderReport, StoredReport, TraceReport, Why, ZoneReport, sha256,
};
use super::findings;
use super::first;
use super::outcome::SenderOutcome;
use super::steps;
use super::vantage::Vantage;
use crate::sender::Verdict;
use crate::sender::found::PolicyInUse;
use crate::sts::transport::Certainty;

/// Lays everything out; commands are those that work from `vantage`.
#[must_use]
pub fn report(case: &Case<'_>, vantage: &Vantage) -> DomainReport {
    let judged = case.judged;
    let worst = case.worst_row();
    let mut report = DomainReport {
        domain: judged.domain.clone(),
        for_domains: Vec::new(),
        checked_at: case.now,
        cut_short: case.cut_short,
        verdict: worst.map_or(Verdict::Undetermined, |row| row.verdict),
        certainty: worst.map_or(Certainty::Ours, |row| row.attempt.certainty),
        reason: worst.map_or_else(Why::default, |row| row.why(&judged.port)),
        first_action: None,
        senders: case
            .rows
            .iter()
            .map(|row| sender(row, &judged.port))
            .collect(),
        record: sources::record(judged),
        fetch: sources::fetch(case),
        zone: judged.zone.as_ref().map(ZoneReport::of),
        policies: policies::lay_out(case),
        mx: hosts::lay_out(judged),
        mx_left_out: judged.hosts.len().saturating_sub(hosts::MAX_HOSTS),
        mx_error: hosts::error(&judged.survey.exchangers),
        smtp: judged.port.clone(),
        tlsrpt: sources::tlsrpt(judged),
        findings: findings::find(case),
        intended: intended::lay_out(case),
        waited: case.waited.cloned(),
        steps: Vec::new(),
        sent: None,
        trace: case.rows.iter().flat_map(trace).collect(),
    };
    let seen = steps::seen(&report);
    for finding in &mut report.findings {
        finding.fix = finding
            .fix
            .take()
            .and_then(|fix| fix.led_by(vantage, &seen));
    }
    report.first_action = match case.cut_short {
        // What was not waited for is no reason to look elsewhere.
        Some(CutShortReport::Interrupted) => {
            first::first_action(&report).filter(|first| !first.action.is_to_see())
        }
        Some(CutShortReport::Deadline) | None if judged.is_cut_off() => {
            Some(FirstAction::without_finding(Action::CheckNetwork))
        }
        Some(CutShortReport::Deadline) | None => first::first_action(&report),
    };
    report.steps = steps::steps(&report, vantage).into();
    report
}

fn sender(row: &SenderOutcome<'_>, port: &PortReport) -> SenderReport {
    SenderReport {
        class: row.class.name.to_owned(),
        cache: row.cache(),
        address_families: row.families,
        reading: row.reading,
        verdict: row.verdict,
        certainty: row.attempt.certainty,
        stored: row.held.map(StoredReport::of),
        policy: match &row.attempt.discovery.policy {
            PolicyInUse::None(_) => PolicySourceReport::None,
            PolicyInUse::Policy { .. } if row.uses_stored() => PolicySourceReport::Stored,
            PolicyInUse::Policy { .. } => PolicySourceReport::Live,
        },
        policy_sha256: row.attempt.policy().map(|policy| sha256(&policy.body)),
        delivered_via: match row.attempt.certainty {
            Certainty::Assumed | Certainty::Definite => row
                .attempt
                .delivery
                .via
                .as_ref()
                .map(|via| via.host.clone()),
            Certainty::Ours => None,
        },
        until: row.until.map(|(until, _)| until),
        until_event: row.until.map(|(_, event)| event),
        reason: row.why(port),
    }
}

/// How much of one text a trace shows, in characters: it is what strangers say, for each row and each address.
const SHOWN_CHARS: usize = 512;

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn trace(row: &SenderOutcome<'_>) -> impl Iterator<Item = TraceReport> {
    let sender = row.name();
    row.attempt
        .trace
        .steps()
        .iter()
        .map(move |step| TraceReport {
            sender: sender.clone(),
            at: step.at,
            asked: cut(&step.asked),
            answered: cut(&step.answered),
            concluded: cut(&step.concluded),
            rfc: step.rfc.to_owned(),
        })
}
