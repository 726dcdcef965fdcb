//! Findings about the transport to an MX host: what a sender gets to see of it, address by address.

use super::codes;
use super::hosts::active_policy;
use super::{Case, Findings, listed};
use crate::diagnose::assemble::probe_verdict;
use crate::diagnose::document::{MxVerdict, Severity};
use crate::diagnose::survey::MxHost;
use crate::facts::http::FAMILY_OFF;
use crate::facts::smtp::{SmtpExchange, TlsFailureKind};
use crate::sts::certificate::matches_patterns;
use crate::sts::policy::Mode;
use crate::sts::transport::{self, Transport, TransportFault};

/// An MX host that fails at each of its addresses: of any preference, since the others may be down one day.
pub(super) fn find_refused(host: &MxHost, severity: Severity, found: &mut Findings) {
    let Some(name) = host.candidate.host() else {
        return;
    };
    let faults: Vec<TransportFault> = host
        .probes
        .iter()
        .filter_map(|probe| match transport::judge(probe) {
            Transport::Refused(faults) => Some(faults),
            Transport::Accepted(_)
            | Transport::RejectedUs(_)
            | Transport::Undetermined { .. }
            | Transport::Unreachable { .. } => None,
        })
        .flatten()
        .collect();
    let detail = format!("{name}: {}", each_address(host));
    let is_certificate = |fault: &TransportFault| matches!(fault, TransportFault::Certificate(_));
    let is_starttls = |fault: &TransportFault| {
        matches!(
            fault,
            TransportFault::StarttlsNotOffered | TransportFault::StarttlsRefused(_)
        )
    };
    let look =
        format!("openssl s_client -connect {name}:25 -starttls smtp -servername {name} </dev/null");
    if faults.contains(&TransportFault::Injected) {
        found.add(
            &codes::MX_TLS,
            severity,
            detail,
            Some(format!(
                "This is STARTTLS injection: what came in clear before the handshake would count as though it \
                 came inside (RFC 3207, Section 6). Update the mail server of {name}, or the box before it."
            )),
        );
    } else if faults.iter().any(is_certificate) {
        found.add(
            &codes::MX_CERTIFICATE,
            severity,
            detail,
            Some(format!(
                "Install a certificate from a public CA with {name} among its DNS names, with its \
                 intermediates, on every address; look at it with:\n\n{look}"
            )),
        );
    } else if faults.iter().any(is_starttls) {
        found.add(
            &codes::MX_STARTTLS,
            severity,
            detail,
            Some(format!(
                "Switch STARTTLS on at {name}, and look for a firewall that strips it on the way; try:\n\n{look}"
            )),
        );
    } else {
        found.add(
            &codes::MX_TLS,
            severity,
            detail,
            Some(if faults.contains(&TransportFault::OldTls) {
                format!("Offer TLS 1.2 or 1.3 at {name}; try:\n\n{look} -tls1_2")
            } else {
                format!(
                    "The handshake breaks at {name}, or at a box before it: look at its log; try:\n\n{look}"
                )
            }),
        );
    }
}

/// Hosts that we could not see, each with the reason; a warning, because another vantage may see them.
pub(super) fn find_unseen(host: &MxHost, verdicts: &[MxVerdict], found: &mut Findings) {
    if verdicts.contains(&MxVerdict::Accepted) {
        return;
    }
    let Some(name) = host.candidate.host() else {
        return;
    };
    let (code, advice) = match verdicts {
        _ if verdicts.contains(&MxVerdict::RejectedUs) => {
            (&codes::MX_REJECTED_US, FROM_ANOTHER_HOST)
        }
        _ if verdicts.contains(&MxVerdict::Undetermined) => (
            &codes::MX_UNDETERMINED,
            if host.probes.iter().any(is_closed_in_handshake) {
                "It closes the connection in the handshake without a word: look at its log; try:"
            } else {
                "What this server offers only some TLS libraries have. Offer TLS 1.3, or in TLS 1.2 cipher \
                 suites with ECDHE and AEAD (RFC 9325, Section 4.2), which all of them have; look at what it \
                 offers with:"
            },
        ),
        _ if verdicts.contains(&MxVerdict::Unreachable) => (
            &codes::MX_UNREACHABLE,
            if host.probes.iter().all(is_switched_off) {
                "It has no address of the family that is left: drop -4 or -6. By hand:"
            } else {
                FROM_ANOTHER_HOST
            },
        ),
        _ => return,
    };
    found.add(
        code,
        Severity::Warning,
        format!("{name}: {}", each_address(host)),
        Some(format!(
            "{advice}\n\nopenssl s_client -connect {name}:25 -starttls smtp -servername {name} </dev/null"
        )),
    );
}

fn is_closed_in_handshake(probe: &SmtpExchange) -> bool {
    probe
        .tls
        .as_ref()
        .and_then(|tls| tls.outcome.as_ref().err())
        .is_some_and(|failure| failure.kind == TlsFailureKind::Closed)
}

fn is_switched_off(probe: &SmtpExchange) -> bool {
    probe
        .failure
        .as_ref()
        .is_some_and(|failure| failure.detail.contains(FAMILY_OFF))
}

const FROM_ANOTHER_HOST: &str = "Check from a host that may send mail, under its full name (--helo): port 25 \
     is often closed to others, and hosts without reverse DNS are turned away:";

pub(super) fn each_address(host: &MxHost) -> String {
    let all: Vec<(String, String)> = host
        .probes
        .iter()
        .map(|probe| {
            (
                probe.address.to_string(),
                transport::judge(probe).to_string(),
            )
        })
        .collect();
    match all.as_slice() {
        [(address, says)] => format!("{says} [{address}]"),
        [(_, first), rest @ ..] if rest.iter().all(|(_, says)| says == first) => {
            format!("{first} (at each of its {} addresses)", all.len())
        }
        _ => listed(
            all.iter()
                .map(|(address, says)| format!("[{address}] {says}")),
            8,
        ),
    }
}

/// Postfix before 3.10.5, whatever its plugin, compares the certificate with the policy's patterns instead
/// of the host's name.
pub(super) fn find_other_reading(case: &Case<'_>, host: &MxHost, found: &mut Findings) {
    let (Some(name), Some(policy)) = (host.candidate.host(), active_policy(case)) else {
        return;
    };
    if policy.mode() != Mode::Enforce {
        return;
    }
    for probe in &host.probes {
        let Some(peer) = probe.tls.as_ref().and_then(|tls| tls.certificate.as_ref()) else {
            continue;
        };
        let passes_rfc =
            probe_verdict(probe) == MxVerdict::Accepted && policy.matching(name).is_some();
        let passes_patterns = matches_patterns(peer, policy.patterns());
        if passes_rfc && !passes_patterns {
            found.add(
                &codes::CERTIFICATE_PATTERN,
                Severity::Note,
                format!(
                    "{name} [{}] passes RFC 8461, but its certificate ({}) matches no pattern of the policy: \
                     Postfix before 3.10.5 with an MTA-STS plugin defers",
                    probe.address,
                    listed(&peer.subject_alt_names, 4)
                ),
                None,
            );
            return;
        }
    }
}
