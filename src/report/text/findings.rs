//! The findings, the worst first.

use super::page::Page;
use crate::diagnose::document::{DomainReport, Severity};
use crate::report::context::Colour;
use crate::report::words;

/// Writes each finding in one line: for notes, where all is well.
pub(super) fn titles(page: &mut Page<'_>, report: &DomainReport) {
    for finding in words::worst_first(report) {
        page.item(
            "    ",
            colour(finding.severity),
            words::severity(finding.severity),
            &words::after_severity(finding),
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
            "    ",
            colour(finding.severity),
            words::severity(finding.severity),
            &words::after_severity(finding),
        );
        for paragraph in finding.detail.lines() {
            page.prose("      ", paragraph);
        }
        if let Some(fix) = &finding.fix {
            write_fix(page, fix);
        }
    }
}

/// Writes a fix as it stands.
///
/// A policy pasted with blanks before its lines is no policy to those who read to the letter (RFC 8461,
/// Section 3.2), so a fix of several lines starts at the left edge.
fn write_fix(page: &mut Page<'_>, fix: &str) {
    page.item("      ", Colour::Bold, "fix:", "");
    if fix.trim_end().contains('\n') {
        page.blank();
        page.verbatim("", fix.trim_end());
    } else {
        page.verbatim("        ", fix);
    }
}

const fn colour(severity: Severity) -> Colour {
    match severity {
        Severity::Error => Colour::Bad,
        Severity::Warning => Colour::Warn,
        Severity::Note => Colour::Dim,
    }
}
