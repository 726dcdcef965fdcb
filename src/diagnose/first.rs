//! Of all there is to do about a domain, what comes first.

use super::document::{Action, DomainReport, Finding, FirstAction, Severity};
use super::fix::Fix;
use crate::sender::Verdict;

/// Returns what to do first; `None` where nothing need be done.
#[must_use]
pub fn first_action(report: &DomainReport) -> Option<FirstAction> {
    match decisive(report) {
        Some(finding) => Some(FirstAction {
            action: finding.action,
            host: finding.host.clone(),
            finding: Some(finding.code.clone()),
        }),
        None => (report.verdict == Verdict::Undetermined)
            .then(|| FirstAction::without_finding(Action::CheckElsewhere)),
    }
}

/// Returns the finding to begin with: of the worst ones the first in the order of the steps that has its fix with
/// it. Where nothing is proven, it is one that keeps us from seeing more.
fn decisive(report: &DomainReport) -> Option<&Finding> {
    let worst = report
        .worst_severity()
        .filter(|worst| *worst < Severity::Note)?;
    let mut of_worst = report
        .findings
        .iter()
        .filter(|finding| finding.severity == worst);
    let to_see = of_worst
        .clone()
        .find(|finding| finding.action.is_to_see())
        .filter(|_| report.verdict == Verdict::Undetermined && worst > Severity::Error);
    let stands_here = |finding: &&Finding| !finding.fix.as_ref().is_some_and(Fix::stands_elsewhere);
    to_see
        .or_else(|| of_worst.clone().find(stands_here))
        .or_else(|| of_worst.next())
}
