//! Findings about the TXT record at `_mta-sts`.

use super::aliases;
use super::codes;
use super::found::Findings;
use crate::diagnose::case::Case;
use crate::diagnose::command::{Command, policy_url};
use crate::diagnose::document::Severity;
use crate::diagnose::fix::{self, Fix};
use crate::facts::dns::{DnsFailure, DnsOutcome};
use crate::facts::{Say, Sentence};
use crate::sender::Verdict;
use crate::sts::reading::Reading;
use crate::sts::record::{SelectError, Selection};

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let (domain, now) = (case.judged.domain, case.now);
    let Some(answer) = &case.judged.survey.record else {
        return;
    };
    if let DnsOutcome::Failed(failure) = &answer.outcome {
        find_failed(case, failure, found);
        return;
    }
    let record = || Fix::publishing(fix::record(domain, now));
    let tolerated = |why: &dyn std::fmt::Display| format!("strict senders find no record: {why}");
    match (&case.judged.record.letter, &case.judged.record.tolerant) {
        (Selection::Record(_), _) => {}
        (Selection::Unusable(error), Selection::Record(_)) => found.add(
            &codes::RECORD_TOLERATED,
            severity_of_split(case),
            tolerated(error),
            Some(record()),
        ),
        (Selection::NoRecord, Selection::Record(_)) => found.add(
            &codes::RECORD_TOLERATED,
            severity_of_split(case),
            tolerated(&"none begins with `v=STSv1;`"),
            Some(record()),
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
            answered(case, error),
            Some(match error {
                SelectError::Several { .. } => fix::one_record(
                    domain,
                    answer
                        .texts()
                        .map(|text| text.joined())
                        .filter(|text| looks_like_sts(text)),
                    now,
                ),
                SelectError::Invalid(_) => record(),
            }),
        ),
        (Selection::NoRecord, _) => find_missing(case, found),
    }
}

fn answered(case: &Case<'_>, answer: &impl Say) -> Sentence {
    let mut sentence = Sentence::from(format!("TXT _mta-sts.{}: ", case.judged.domain));
    sentence.add(answer).words(alias_after(case));
    sentence
}

/// Returns `; _mta-sts.a.test is an alias (CNAME) of b.test`; nothing if it is none.
fn alias_after(case: &Case<'_>) -> String {
    let alias = case.judged.aliases.record.as_ref();
    alias.map_or_else(String::new, |alias| format!("; {alias}"))
}

fn find_failed(case: &Case<'_>, failure: &DnsFailure, found: &mut Findings) {
    if failure.kind.is_bogus() {
        // That has a finding of its own.
        return;
    }
    let (domain, now) = (case.judged.domain, case.now);
    let mut detail = answered(case, failure);
    if failure.kind.is_published() {
        let fix = Fix::from(format!(
            "Let the CNAME at _mta-sts.{domain} lead to a name that has the TXT record, or take it away and \
             publish the record itself:"
        ))
        .publish(fix::record(domain, now));
        found.add(&codes::RECORD_INVALID, Severity::Error, detail, Some(fix));
        return;
    }
    detail.words("; senders keep what they have cached");
    found.add(
        &codes::RECORD_UNKNOWN,
        Severity::Warning,
        detail,
        Some(Fix::command(Command::dig(format_args!(
            "TXT _mta-sts.{domain}"
        )))),
    );
}

/// Whether somebody meant a text to be an MTA-STS record.
fn looks_like_sts(text: &[u8]) -> bool {
    text.trim_ascii_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"v=sts"))
}

fn find_missing(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    let record = Fix::publishing(fix::record(domain, case.now));
    if case.judged.live_policy().is_some() {
        found.add(
            &codes::POLICY_WITHOUT_RECORD,
            Severity::Warning,
            format!(
                "{} serves a policy, and no record at _mta-sts.{domain} tells senders to fetch it{}",
                policy_url(domain),
                alias_after(case)
            ),
            Some(record),
        );
    } else if !aliases::find_gone(case.judged.aliases.record.as_ref(), record, found) {
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
