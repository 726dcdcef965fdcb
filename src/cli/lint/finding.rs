//! How lint shows findings.

use std::io::{self, Write};

use crate::cli::output_args::FailOn;
use crate::diagnose::document::{Finding, Severity};
use crate::report::{Style, Tone, escape};

/// Returns whether any finding is at least as bad as `threshold`.
pub(super) fn any_reaches(findings: &[Finding], threshold: FailOn) -> bool {
    let threshold = Severity::from(threshold);
    findings.iter().any(|finding| finding.severity <= threshold)
}

/// Writes a finding for people.
pub(super) fn write(finding: &Finding, output: &mut impl Write, style: Style) -> io::Result<()> {
    let severity = match finding.severity {
        Severity::Error => style.paint(Tone::Bad, "error"),
        Severity::Warning => style.paint(Tone::Warn, "warning"),
        Severity::Note => "note".to_owned(),
    };
    writeln!(
        output,
        "{severity} {}: {} (RFC {})\n    {}",
        finding.code,
        finding.title,
        finding.rfc,
        escape::line(&finding.detail.to_string())
    )?;
    match &finding.fix {
        Some(fix) => writeln!(output, "    fix: {}", escape::line(&fix.to_string())),
        None => Ok(()),
    }
}
