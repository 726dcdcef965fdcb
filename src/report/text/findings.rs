//! The findings, the worst first.

use crate::diagnose::document::{DomainReport, Severity};
use crate::report::Tone;
use crate::report::page::Page;
use crate::report::words;

/// Writes each finding in one line: for notes, where all is well.
pub(super) fn titles(page: &mut Page<'_>, report: &DomainReport) {
    for finding in words::worst_first(report) {
        page.item(
            2,
            tone(finding.severity),
            words::severity(finding.severity),
            words::after_severity(finding),
        );
    }
}

/// Writes each finding with what was seen and its fix.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    if report.findings.is_empty() {
        return;
    }
    page.section("Findings");
    for (place, finding) in words::worst_first(report).into_iter().enumerate() {
        if place > 0 {
            page.blank();
        }
        page.item(
            2,
            tone(finding.severity),
            words::severity(finding.severity),
            words::after_severity(finding),
        );
        for paragraph in finding.detail.lines() {
            let paragraph = page.context.localize(&once(report, paragraph));
            page.prose(3, paragraph);
        }
        if let Some(fix) = &finding.fix {
            write_fix(page, fix);
        }
    }
}

/// Leaves out the particulars of a failure that stand above already: one silent server explains many findings.
fn once(report: &DomainReport, detail: &str) -> String {
    let failures = report
        .record
        .error
        .iter()
        .chain(&report.mx_error)
        .chain(&report.fetch.error)
        .chain(
            report
                .fetch
                .edges
                .iter()
                .filter_map(|edge| edge.error.as_ref()),
        );
    let mut detail = detail.to_owned();
    for failure in failures {
        if let Some((what, _particulars)) = failure.split_once(" (")
            && failure.ends_with(')')
        {
            detail = detail.replace(failure.as_str(), what);
        }
    }
    detail
}

/// Writes a fix as it stands.
///
/// A policy pasted with blanks before its lines is no policy to those who read to the letter (RFC 8461,
/// Section 3.2), so a fix of several lines starts at the left edge.
fn write_fix(page: &mut Page<'_>, fix: &str) {
    page.item(3, Tone::Strong, "fix:", "");
    if fix.trim_end().contains('\n') {
        page.blank();
        page.verbatim(0, fix.trim_end());
    } else {
        page.verbatim(4, fix);
    }
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Faint,
    }
}
