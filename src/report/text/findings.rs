//! The findings, the worst first.

use crate::diagnose::document::{DomainReport, Severity};
use crate::diagnose::fix::Fix;
use crate::facts::Sentence;
use crate::facts::sentence::Failure;
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
    let told = told(report);
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
        for paragraph in page.context.say_after(&finding.detail, &told).lines() {
            page.prose(3, paragraph);
        }
        if let Some(fix) = &finding.fix {
            write_fix(page, fix);
        }
    }
}

/// Returns the failures that stand above: one silent server explains many findings.
fn told(report: &DomainReport) -> Vec<&Failure> {
    let edges = report.fetch.edges.iter().map(|edge| &edge.error);
    [&report.record.error, &report.mx_error, &report.fetch.error]
        .into_iter()
        .chain(edges)
        .flatten()
        .flat_map(Sentence::failures)
        .collect()
}

/// Writes a fix as it stands.
///
/// A policy pasted with blanks before its lines is no policy to those who read to the letter (RFC 8461,
/// Section 3.2), so a fix of several lines starts at the left edge.
fn write_fix(page: &mut Page<'_>, fix: &Fix) {
    let fix = fix.to_string();
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
