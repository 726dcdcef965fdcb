//! How lint shows findings.

use std::io::{self, Write};

use crate::cli::exit::Exit;
use crate::cli::output_args::FailOn;
use crate::diagnose::document::{Finding, Severity};
use crate::report::{Style, Tone, escape};

/// Returns how lint ends: with success if what it read is valid and no finding is as bad as `threshold`.
pub(super) fn exit(is_valid: bool, findings: &[Finding], threshold: FailOn) -> Exit {
    let threshold = Severity::from(threshold);
    if is_valid && findings.iter().all(|finding| finding.severity > threshold) {
        Exit::Success
    } else {
        Exit::Failure
    }
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
    let fix = finding.fix.as_ref().map(ToString::to_string);
    let lines = fix.iter().flat_map(|fix| fix.lines());
    let filled = lines.filter(|line| !line.is_empty());
    for (place, line) in filled.enumerate() {
        let lead = if place == 0 { "fix:" } else { "    " };
        writeln!(output, "    {lead} {}", escape::line(line))?;
    }
    Ok(())
}
