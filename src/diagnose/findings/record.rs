//! Findings about the TXT record at `_mta-sts`.

use super::aliases;
use super::codes;
use super::found::Findings;
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::command::{Command, policy_url};
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix::{self, Fix};
use crate::facts::dns::{DnsFailure, DnsOutcome, TxtRecord};
use crate::facts::{Say, Sentence};
use crate::sender::Verdict;
use crate::sts::excerpt::excerpt;
use crate::sts::fields::Foreign;
use crate::sts::reading::{ByReading, Reading};
use crate::sts::record::{self, SelectError, Selection};

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let (domain, now) = (case.judged.domain, case.now);
    let Some(answer) = &case.judged.survey.record else {
        return;
    };
    if let DnsOutcome::Failed(failure) = &answer.outcome {
        find_failed(case, failure, found);
        return;
    }
    let texts: Vec<&TxtRecord> = answer.texts().collect();
    match judge(&texts, &case.judged.record) {
        Some(Fault::Tolerated(detail)) => found.add(
            &codes::RECORD_TOLERATED,
            severity_of_split(case),
            detail,
            Some(Fix::publishing(fix::record(domain, now))),
        ),
        Some(Fault::Unusable(error)) => found.add(
            &codes::RECORD_INVALID,
            Severity::Error,
            answered(case, error),
            Some(match error {
                SelectError::Several { .. } => {
                    let meant = texts.iter().filter(|text| record::is_meant(text));
                    let meant: Vec<Vec<u8>> = meant.map(|text| text.joined()).collect();
                    fix::one_record(domain, &meant, now)
                }
                SelectError::Invalid(_) => Fix::publishing(fix::record(domain, now)),
            }),
        ),
        None if case.judged.live_id().is_none() => find_missing(case, &texts, found),
        None => {}
    }
    let severity = match case.judged.record.tolerant {
        Selection::Record(_) => Severity::Warning,
        Selection::NoRecord | Selection::Unusable(_) => severity_of_split(case),
    };
    found.extend(seconds(&texts, &case.judged.record, severity));
}

/// Finds the records beside the one that counts which somebody meant to be the record.
pub(in crate::diagnose) fn seconds(
    texts: &[&TxtRecord],
    read: &ByReading<Selection>,
    severity: Severity,
) -> Vec<Finding> {
    let Some(counts) = read.letter.record() else {
        return Vec::new();
    };
    let split = match read.tolerant {
        Selection::Record(_) => "",
        Selection::NoRecord | Selection::Unusable(_) => {
            "; tolerant senders may take both for records, and use none"
        }
    };
    record::discarded(texts)
        .map(|(text, why)| {
            let mut detail = Sentence::from(format!(
                "`{}` is ignored beside the record with the id {}: ",
                excerpt(&text.joined()),
                counts.id()
            ));
            detail.add(&why).words(split);
            Finding::new(
                &codes::RECORD_SECOND,
                severity,
                detail,
                Some(
                    "Delete it: there may be one record, and a change of its id counts alone."
                        .into(),
                ),
            )
        })
        .collect()
}

/// What is wrong with the records of one name.
pub(in crate::diagnose) enum Fault<'a> {
    /// Somebody meant one of them to be the record, and no sender can use it.
    Unusable(&'a SelectError),
    /// Some senders find the record, others do not, and why.
    Tolerated(Sentence),
}

/// Judges the records of one name; `None` if they are right, or if nobody meant any of them to be the record.
pub(in crate::diagnose) fn judge<'a>(
    texts: &[&TxtRecord],
    read: &'a ByReading<Selection>,
) -> Option<Fault<'a>> {
    match (&read.letter, &read.tolerant) {
        (Selection::Record(_), _) => texts.iter().all(|text| record::is_filtered_by_some(text)).then(|| {
            Fault::Tolerated(
                "there is white space before the first `;`, and senders that ask for `v=STSv1;` at the \
                 beginning, as chasquid and Halon do, find no record"
                    .into(),
            )
        }),
        (Selection::Unusable(error), Selection::Record(_)) => {
            let mut detail = Sentence::from("strict senders find no record: ");
            detail.add(error);
            Some(Fault::Tolerated(detail))
        }
        (Selection::Unusable(error), _) => Some(Fault::Unusable(error)),
        // What the letter does not take for a record meant to be one, the tolerant reading does not either.
        (Selection::NoRecord, _) => None,
    }
}

/// Says what is published in the place of a record that is looked for, if that says what it is.
pub(in crate::diagnose) fn what_stands_there(texts: &[&TxtRecord]) -> Option<String> {
    let (kind, octets) = texts
        .iter()
        .map(|text| text.joined())
        .find_map(|octets| Some((Foreign::of(&octets)?, octets)))?;
    let from = match kind {
        Foreign::Dkim | Foreign::Dmarc | Foreign::Spf => ", as from a wildcard of the zone",
        Foreign::Sts | Foreign::TlsRpt => ", at the wrong name",
    };
    Some(format!("{kind} (`{}`){from}", excerpt(&octets)))
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
    let look_up = Fix::command(Command::dig(format_args!("TXT _mta-sts.{domain}")));
    let finding = Finding::new(
        &codes::RECORD_UNKNOWN,
        Severity::Warning,
        detail,
        Some(look_up),
    );
    found.push(finding.mended_by(if failure.kind.is_ours() {
        Action::CheckElsewhere
    } else {
        Action::MendDns
    }));
}

fn find_missing(case: &Case<'_>, texts: &[&TxtRecord], found: &mut Findings) {
    let domain = case.judged.domain;
    let record = Fix::publishing(fix::record(domain, case.now));
    let instead = what_stands_there(texts)
        .map_or_else(String::new, |what| format!("; what stands there is {what}"));
    if case.judged.live_policy().is_some() {
        found.add(
            &codes::POLICY_WITHOUT_RECORD,
            Severity::Warning,
            format!(
                "{} serves a policy, and no record at _mta-sts.{domain} tells senders to fetch it{}{instead}",
                policy_url(domain),
                alias_after(case)
            ),
            Some(record),
        );
    } else if !aliases::find_gone(case.judged.aliases.record.as_ref(), record, found) {
        found.add(
            &codes::NO_RECORD,
            Severity::Note,
            format!("no TXT record at _mta-sts.{domain} begins with `v=STSv1;`{instead}"),
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
