//! Enum values as people read them, and findings in one line: shared by text and `JUnit`.

use super::{Tone, escape};
use crate::diagnose::document::{
    Action, CacheReport, DomainReport, Finding, FirstAction, MxVerdict, PolicySourceReport,
    PortState, Severity,
};
use crate::facts::DnsName;
use crate::sender::{SenderClass, Verdict};
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Returns the verdict, loud where mail does not arrive that the domain wants.
pub(super) fn verdict(report: &DomainReport) -> &'static str {
    match report.verdict {
        Verdict::Bounce if !report.is_declared() => "BOUNCE",
        Verdict::Defer => "DEFER",
        quiet @ (Verdict::Bounce
        | Verdict::Deliver
        | Verdict::DeliverUnprotected
        | Verdict::Undetermined) => quiet.as_str(),
    }
}

/// Returns how many findings there are of the worst severity: `2 errors`; `None` if they are notes.
pub(super) fn worst_count(report: &DomainReport) -> Option<String> {
    let worst = report
        .worst_severity()
        .filter(|worst| *worst < Severity::Note)?;
    let of_worst = report
        .findings
        .iter()
        .filter(|finding| finding.severity == worst);
    Some(counted(of_worst.count(), severity(worst)))
}

/// Returns `1 note`, `2 notes`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Says what to do first, in a few words.
pub(super) fn first_action(first: &FirstAction, domain: &DnsName) -> String {
    action(first.action, first.host.as_ref(), domain)
}

/// Says what to do, in a few words.
pub(super) fn action(action: Action, at: Option<&DnsName>, domain: &DnsName) -> String {
    let host = at.map_or("the MX hosts", DnsName::as_str);
    match action {
        Action::AlignEdges => {
            format!("let every address of mta-sts.{domain} serve the same policy")
        }
        Action::ChangeAlias => "mend the alias (CNAME)".to_owned(),
        Action::ChangeId => format!("publish a new id at _mta-sts.{domain}"),
        Action::CheckElsewhere => "check from another host or network".to_owned(),
        Action::CheckNetwork => {
            "see to the network of this host, or name another resolver with --resolver".to_owned()
        }
        Action::CheckSpelling => "check the spelling".to_owned(),
        Action::CorrectMx => match at {
            Some(host) => format!("correct the MX records or the addresses of {host}"),
            None => "correct the MX records".to_owned(),
        },
        Action::CorrectPolicy => "correct the policy".to_owned(),
        Action::CorrectRecord => format!("correct the record at _mta-sts.{domain}"),
        Action::CorrectTlsRpt => format!("correct the record at _smtp._tls.{domain}"),
        Action::MendDns => "have the zone's name servers or signatures repaired".to_owned(),
        Action::MendPolicyHost => format!("let mta-sts.{domain} serve the policy"),
        Action::MendTls => format!("mend STARTTLS at {host}"),
        Action::ReplaceCertificate => match at {
            Some(host) => format!("give {host} a certificate that senders accept"),
            None => "renew the certificate".to_owned(),
        },
        Action::ServePolicy => "serve the new policy first".to_owned(),
        Action::Wait => "move no MX record until senders have let go of the old policy".to_owned(),
    }
}

/// Returns what a sender does, loud where mail does not arrive.
pub(super) const fn sender_verdict(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Bounce => (Tone::Bad, "BOUNCE"),
        Verdict::Defer => (Tone::Bad, "DEFER"),
        Verdict::Deliver => (Tone::Good, verdict.as_str()),
        Verdict::DeliverUnprotected | Verdict::Undetermined => (Tone::Warn, verdict.as_str()),
    }
}

/// Returns when senders of a class fetch a policy that they hold.
pub(super) fn class(name: &str) -> Option<String> {
    let class = SenderClass::judged()
        .iter()
        .find(|class| class.name == name)?;
    Some(match class.refresh_after {
        Some(_) => "fetch it anew each day".to_owned(),
        None => "keep it until max_age ends".to_owned(),
    })
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
        MxVerdict::NotAsked => "not looked at",
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

/// Returns what to put after a verdict that no MX host was asked for.
pub(super) const fn unasked(report: &DomainReport) -> &'static str {
    match report.smtp.state {
        PortState::NotAsked => " (certificates not looked at)",
        PortState::DownOrBlocked
        | PortState::Open
        | PortState::SeemsBlocked
        | PortState::Unknown => "",
    }
}

/// Returns what to put after a verdict that may not hold elsewhere.
pub(super) const fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Definite => "",
        Certainty::Assumed => " (certificates not looked at)",
        Certainty::Ours => " (seen from here only)",
    }
}

/// Returns the code of a finding and the section behind it: `STS-MX-UNCOVERED (RFC 8461 §4.1)`.
pub(super) fn code(finding: &Finding) -> String {
    format!(
        "{} (RFC {})",
        escape::line(&finding.code),
        escape::line(&finding.rfc)
    )
}

/// Returns a finding as `error STS-MX-UNCOVERED (step 2, RFC 8461 §4.1): title`.
pub(super) fn finding(finding: &Finding) -> String {
    format!("{} {}", severity(finding.severity), after_severity(finding))
}

/// Returns what follows the severity in the line of a finding.
fn after_severity(finding: &Finding) -> String {
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
