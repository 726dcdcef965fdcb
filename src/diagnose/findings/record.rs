//! Findings about the TXT records.

use super::codes;
use super::{Case, Findings, listed};
use crate::diagnose::document::Severity;
use crate::diagnose::fix;
use crate::facts::dns::DnsOutcome;
use crate::sender::Verdict;
use crate::sts::reading::Reading;
use crate::sts::record::{SelectError, Selection, select};
use crate::tlsrpt;
use crate::tlsrpt::record::ReportUri;

/// The schemes of the addresses to which reports go (RFC 8460, Section 3).
const REPORTED_TO: [&str; 2] = ["https", "mailto"];

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    find_sts(case, found);
    find_tlsrpt(case, found);
}

fn find_sts(case: &Case<'_>, found: &mut Findings) {
    let domain = case.domain;
    let Some(answer) = &case.survey.record else {
        return;
    };
    if let DnsOutcome::Failed(failure) = &answer.outcome {
        if failure.kind.is_published() {
            found.add(
                &codes::RECORD_INVALID,
                Severity::Error,
                format!("TXT _mta-sts.{domain}: {failure}"),
                Some(format!(
                    "Let the CNAME at _mta-sts.{domain} lead to a name that has the TXT record, or take it \
                     away and publish the record itself:\n\n{}",
                    fix::record(domain, case.now)
                )),
            );
            return;
        }
        found.add(
            &codes::RECORD_UNKNOWN,
            Severity::Warning,
            format!("TXT _mta-sts.{domain}: {failure}; senders keep what they have cached"),
            Some(format!("dig TXT _mta-sts.{domain}")),
        );
        return;
    }
    let letter = select(answer.texts(), Reading::Letter);
    let tolerant = select(answer.texts(), Reading::Tolerant);
    match (letter, tolerant) {
        (Selection::Record(_), _) => {}
        (Selection::Unusable(error), Selection::Record(_)) => found.add(
            &codes::RECORD_TOLERATED,
            severity_of_split(case),
            format!("strict senders find no record: {error}"),
            Some(fix::record(domain, case.now)),
        ),
        (Selection::NoRecord, Selection::Record(_)) => found.add(
            &codes::RECORD_TOLERATED,
            severity_of_split(case),
            "strict senders find no record: none begins with `v=STSv1;`".to_owned(),
            Some(fix::record(domain, case.now)),
        ),
        // One TXT record of another kind, as under a wildcard: the domain does not publish MTA-STS.
        (Selection::Unusable(_), _)
            if !answer.texts().any(|text| looks_like_sts(&text.joined())) =>
        {
            find_missing(case, found);
        }
        (Selection::Unusable(error), _) => found.add(
            &codes::RECORD_INVALID,
            Severity::Error,
            format!("TXT _mta-sts.{domain}: {error}"),
            Some(match error {
                SelectError::Several { .. } => fix::one_record(
                    domain,
                    answer
                        .texts()
                        .map(|text| text.joined())
                        .filter(|text| looks_like_sts(text)),
                    case.now,
                ),
                SelectError::Invalid(_) => fix::record(domain, case.now),
            }),
        ),
        (Selection::NoRecord, _) => find_missing(case, found),
    }
}

/// Whether somebody meant a text to be an MTA-STS record.
fn looks_like_sts(text: &[u8]) -> bool {
    text.trim_ascii_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"v=sts"))
}

fn find_missing(case: &Case<'_>, found: &mut Findings) {
    let domain = case.domain;
    if case.live_policy().is_some() {
        found.add(
            &codes::POLICY_WITHOUT_RECORD,
            Severity::Warning,
            format!(
                "https://mta-sts.{domain}/.well-known/mta-sts.txt serves a policy, and no record at \
                 _mta-sts.{domain} tells senders to fetch it"
            ),
            Some(fix::record(domain, case.now)),
        );
    } else {
        found.add(
            &codes::NO_RECORD,
            Severity::Note,
            format!("no TXT record at _mta-sts.{domain} begins with `v=STSv1;`"),
            None,
        );
    }
}

/// A reading that only some senders share is worse where it decides over delivery.
pub(super) fn severity_of_split(case: &Case<'_>) -> Severity {
    let defers = |reading| {
        case.rows
            .iter()
            .filter(|row| row.reading == reading)
            .any(|row| row.verdict >= Verdict::Defer)
    };
    if defers(Reading::Letter) == defers(Reading::Tolerant) {
        Severity::Warning
    } else {
        Severity::Error
    }
}

fn find_tlsrpt(case: &Case<'_>, found: &mut Findings) {
    let domain = case.domain;
    let Some(answer) = &case.survey.tlsrpt else {
        return;
    };
    match tlsrpt::record::select(answer.texts()) {
        tlsrpt::record::Selection::Record(record) => {
            let others: Vec<&str> = record
                .uris()
                .iter()
                .filter(|uri| {
                    !REPORTED_TO
                        .iter()
                        .any(|to| uri.scheme().eq_ignore_ascii_case(to))
                })
                .map(ReportUri::as_str)
                .collect();
            if !others.is_empty() {
                found.add(
                    &codes::TLSRPT_SCHEME,
                    Severity::Warning,
                    format!(
                        "{}: senders report by mailto: and https: alone",
                        listed(&others, 4)
                    ),
                    Some(fix::tlsrpt(domain)),
                );
            }
        }
        tlsrpt::record::Selection::Unusable(error) => found.add(
            &codes::TLSRPT_INVALID,
            Severity::Warning,
            format!("TXT _smtp._tls.{domain}: {error}"),
            Some(fix::tlsrpt(domain)),
        ),
        // Without MTA-STS there is little to report; with it, a report is the only sign of trouble.
        tlsrpt::record::Selection::NoRecord if case.live_id().is_some() => found.add(
            &codes::TLSRPT_MISSING,
            Severity::Note,
            "nobody is told when senders cannot deliver; the receiver's own log shows nothing"
                .to_owned(),
            Some(fix::tlsrpt(domain)),
        ),
        tlsrpt::record::Selection::NoRecord => {}
    }
}
