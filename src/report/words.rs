//! Enum values as people read them, and findings in one line: shared by text and `JUnit`.

use super::escape;
use crate::diagnose::document::{
    CacheReport, DomainReport, Finding, MxVerdict, PolicySourceReport, Severity,
};
use crate::facts::DnsName;
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Says for which domains the report is about their next hop; `None` if it is about the domain itself.
pub(super) fn next_hop_of(report: &DomainReport) -> Option<String> {
    let domains: Vec<&str> = report.for_domains.iter().map(DnsName::as_str).collect();
    (!domains.is_empty()).then(|| format!("next hop of mail for {}", domains.join(", ")))
}

pub(super) const fn mx_verdict(verdict: MxVerdict) -> &'static str {
    match verdict {
        MxVerdict::Accepted => "accepted",
        MxVerdict::Refused => "refused",
        MxVerdict::Undetermined => "undetermined",
        MxVerdict::RejectedUs => "rejected us",
        MxVerdict::Unreachable => "unreachable",
        MxVerdict::NotTried => "not tried",
    }
}

pub(super) const fn cache(cache: CacheReport) -> &'static str {
    match cache {
        CacheReport::Empty => "empty",
        CacheReport::Stored => "stored",
    }
}

pub(super) const fn reading(reading: Reading) -> &'static str {
    match reading {
        Reading::Letter => "letter",
        Reading::Tolerant => "tolerant",
    }
}

pub(super) const fn source(source: PolicySourceReport) -> &'static str {
    match source {
        PolicySourceReport::Live => "live",
        PolicySourceReport::None => "none",
        PolicySourceReport::Stored => "stored",
    }
}

/// Returns what to put after a verdict that may not hold elsewhere.
pub(super) const fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Definite => "",
        Certainty::Ours => " (seen from here only)",
    }
}

/// Returns a finding as `error STS-MX-UNCOVERED (step 2, RFC 8461 §4.1): title`.
pub(super) fn finding(finding: &Finding) -> String {
    format!("{} {}", severity(finding.severity), after_severity(finding))
}

/// Returns what follows the severity in the line of a finding.
pub(super) fn after_severity(finding: &Finding) -> String {
    format!(
        "{} (step {}, RFC {}): {}",
        escape::line(&finding.code),
        finding.step,
        escape::line(&finding.rfc),
        escape::line(&finding.title)
    )
}

/// Returns the findings, the worst first, otherwise in their order.
pub(super) fn worst_first(report: &DomainReport) -> Vec<&Finding> {
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}
