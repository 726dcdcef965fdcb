//! The findings so far.

use super::codes::Code;
use crate::diagnose::alias::Aliases;
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix::Fix;
use crate::facts::{DnsName, Sentence};

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one.
    pub(super) fn add(
        &mut self,
        code: &Code,
        severity: Severity,
        detail: impl Into<Sentence>,
        fix: Option<Fix>,
    ) {
        self.0.push(Finding::new(code, severity, detail, fix));
    }

    /// Adds those that were found elsewhere.
    pub(super) fn extend(&mut self, findings: Vec<Finding>) {
        self.0.extend(findings);
    }

    /// Returns them, the worst first; no fix wants a record where a CNAME stands.
    pub(super) fn worst_first(self, domain: &DnsName, aliases: &Aliases) -> Vec<Finding> {
        let mut findings = self.0;
        for finding in &mut findings {
            finding.fix = finding
                .fix
                .take()
                .map(|fix| fix.past_aliases(domain, aliases));
        }
        findings.sort_by_key(|finding| (finding.severity, finding.step));
        findings
    }
}

/// Joins at most `most` texts, and counts the rest.
pub(super) fn listed<T: ToString>(items: impl IntoIterator<Item = T>, most: usize) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let shown = items.get(..most).unwrap_or(&items).join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}
