//! The findings so far.

use std::collections::BTreeMap;

use super::codes::Code;
use crate::diagnose::alias::Aliases;
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix::Fix;
use crate::diagnose::hosting::places::Place;
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

    /// Adds one that was made elsewhere.
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Adds those that were found elsewhere.
    pub(super) fn extend(&mut self, findings: Vec<Finding>) {
        self.0.extend(findings);
    }

    /// Returns them as they were found.
    pub(super) fn into_all(self) -> Vec<Finding> {
        self.0
    }

    /// Returns them, the worst first; no fix wants a record where a CNAME stands. `policy_place` is what the policy
    /// host is an alias of.
    pub(super) fn worst_first(
        self,
        domain: &DnsName,
        aliases: &Aliases,
        policy_place: Option<&Place>,
    ) -> Vec<Finding> {
        let mut findings = self.0;
        for finding in &mut findings {
            finding.fix = finding
                .fix
                .take()
                .map(|fix| fix.past_aliases(domain, aliases, policy_place));
        }
        findings.sort_by_key(|finding| (finding.severity, finding.step));
        keep_some_of_each_code(findings)
    }
}

/// How many findings of one code are reported: a domain with hundreds of hosts has the same to say of each.
const MAX_OF_ONE_CODE: usize = 16;

/// Drops what is beyond the limit, and says in the last one that stays how many there were.
fn keep_some_of_each_code(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.code.clone()).or_default();
        *count += 1;
        if *count <= MAX_OF_ONE_CODE {
            kept.push(finding);
        }
    }
    for (code, count) in counts {
        let last = kept.iter_mut().rfind(|finding| finding.code == code);
        if let (Some(more), Some(last)) = (count.checked_sub(MAX_OF_ONE_CODE), last)
            && more > 0
        {
            last.detail
                .words(format_args!("; and {more} more findings of this kind"));
        }
    }
    kept
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

#[cfg(test)]
mod tests {
    use super::{Findings, MAX_OF_ONE_CODE};
    use crate::diagnose::alias::Aliases;
    use crate::diagnose::document::Severity;
    use crate::diagnose::findings::codes;

    #[test]
    fn so_many_findings_of_one_code_are_told_and_the_rest_counted() {
        let domain = "corp.test".parse().unwrap();
        for (made, told, end) in [
            (MAX_OF_ONE_CODE, MAX_OF_ONE_CODE, "host 15"),
            (
                MAX_OF_ONE_CODE + 3,
                MAX_OF_ONE_CODE,
                "host 15; and 3 more findings of this kind",
            ),
        ] {
            let mut found = Findings::default();
            for number in 0..made {
                let detail = format!("host {number}");
                found.add(&codes::MX_TLS, Severity::Error, detail, None);
            }
            found.add(&codes::NO_RECORD, Severity::Note, "none", None);
            let findings = found.worst_first(&domain, &Aliases::default(), None);
            assert_eq!(findings.len(), told + 1);
            assert_eq!(findings[told - 1].detail.to_string(), end);
        }
    }
}
