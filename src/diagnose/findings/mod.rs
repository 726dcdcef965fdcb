//! Findings: what to know and what to do, each with a stable code.
//!
//! The order of severities, then of the nine steps, is the order in which a reader should look at them.

mod cached;
pub mod codes;
mod hosts;
mod policy;
pub mod properties;
mod record;
mod served;
#[cfg(test)]
mod tests;
mod transport;

use super::case::Case;
use super::document::{Finding, Severity};
use codes::Code;

/// Finds everything, the worst first.
#[must_use]
pub fn find(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Findings::default();
    record::find(case, &mut found);
    policy::find(case, &mut found);
    hosts::find(case, &mut found);
    cached::find(case, &mut found);
    let mut findings = found.0;
    findings.sort_by_key(|finding| (finding.severity, finding.step));
    findings
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: &Code, severity: Severity, detail: String, fix: Option<String>) {
        self.0.push(code.finding(severity, detail, fix));
    }
}

/// Joins at most `most` texts, and counts the rest.
fn listed<T: ToString>(items: impl IntoIterator<Item = T>, most: usize) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let shown = items.get(..most).unwrap_or(&items).join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}
