//! What lint has to say besides valid or not.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::printable;
use crate::cli::output_args::FailOn;
use crate::cli::paint::Paint;

/// Something to know, and what to do about it.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) struct Finding {
    /// Its stable code.
    pub(super) code: &'static str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// Which of the nine steps out of the outage it belongs to.
    pub(super) step: u8,
    /// The section behind it.
    pub(super) rfc: &'static str,
    /// What it is, in a few words.
    pub(super) title: &'static str,
    /// What was seen.
    pub(super) detail: String,
    /// What to do; null if nothing need be done.
    pub(super) fix: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    fn painted(self, paint: Paint) -> String {
        match self {
            Self::Error => paint.bad(self.word()).to_string(),
            Self::Warning => paint.doubtful(self.word()).to_string(),
            Self::Note => self.word().to_owned(),
        }
    }

    const fn reaches(self, threshold: FailOn) -> bool {
        match (self, threshold) {
            (Self::Error, _)
            | (Self::Warning, FailOn::Warning | FailOn::Note)
            | (Self::Note, FailOn::Note) => true,
            (Self::Warning | Self::Note, FailOn::Error) | (Self::Note, FailOn::Warning) => false,
        }
    }
}

impl Finding {
    /// Returns whether any finding is at least as bad as `threshold`.
    pub(super) fn any_reaches(findings: &[Self], threshold: FailOn) -> bool {
        findings
            .iter()
            .any(|finding| finding.severity.reaches(threshold))
    }

    /// Writes the finding for people.
    pub(super) fn write(&self, output: &mut impl Write, paint: Paint) -> io::Result<()> {
        writeln!(
            output,
            "{} {}: {} (RFC {})\n    {}",
            self.severity.painted(paint),
            self.code,
            self.title,
            self.rfc,
            printable(&self.detail)
        )?;
        match &self.fix {
            Some(fix) => writeln!(output, "    fix: {}", printable(fix)),
            None => Ok(()),
        }
    }
}
