//! Findings about the transport to an MX host: what a sender gets to see of it, address by address.

use super::certificate;
use super::codes::{self, Code};
use super::found::{Findings, listed};
use crate::diagnose::command::Command;
use crate::diagnose::document::{Finding, MxVerdict, Severity};
use crate::diagnose::fix::{self, Fix, Holder};
use crate::diagnose::judged::{Address, Host};
use crate::diagnose::port::is_given_up;
use crate::facts::certificate::CertificateFault;
use crate::facts::smtp::{SmtpFailureKind, SmtpPort, TlsFailureKind};
use crate::facts::tls::SmallerHello;
use crate::facts::{DnsName, Say, Sentence};
use crate::sender::Families;
use crate::sts::certificate::matches_patterns;
use crate::sts::policy::{Mode, Policy};
use crate::sts::transport::{Certainty, Transport, TransportFault};

/// How many addresses of a host are reported each by itself.
const SHOWN_ADDRESSES: usize = 8;

/// How many addresses of a host there is a command for.
const SHOWN_COMMANDS: usize = 4;

/// An MX host that fails wherever its transport could be judged: of any preference, since the others may be
/// down one day.
pub(super) fn find_refused(
    hosts: &[Host<'_>],
    name: &DnsName,
    host: &Host<'_>,
    severity: Severity,
    found: &mut Findings,
) {
    let faults = faults_of(host.addresses.iter());
    let look = |options| vec![Command::smtp_handshake(name, host.port, options)];
    let (code, fix) = remedy(name, host.port, &faults, look);
    let detail = each_address(name, host);
    let first = certificate_faults(&faults).find(|fault| !fault.is_ours());
    let Some(first) = first.filter(|_| *code == codes::MX_CERTIFICATE) else {
        found.push(Finding::new(code, severity, detail, Some(fix)).about(name));
        return;
    };
    let fix = match certificate::common_stranger(hosts) {
        Some(issuer) => Fix::from(format!(
            "Every MX host shows a certificate from {issuer}, which senders do not know: is something between us \
             and them, a firewall or a proxy that ends TLS? Check from another network first."
        ))
        .continued_by(fix),
        None => fix,
    };
    let title = certificate::title(Holder::MxHost(name, host.port), first);
    let finding = Finding::new(code, severity, detail, Some(fix)).titled(title);
    found.push(finding.about(name));
}

/// An MX host with good addresses and bad ones: what becomes of a message hangs on which of them a sender has,
/// and tries.
pub(super) fn find_split(
    name: &DnsName,
    host: &Host<'_>,
    severity: Severity,
    found: &mut Findings,
) {
    let bad: Vec<&Address<'_>> = host.bad_addresses().collect();
    let mut detail = Sentence::from(match (host.families, host.verdict) {
        (Families::Ipv4, MxVerdict::Refused) => "senders without IPv6 cannot deliver: ",
        (Families::Ipv4, _) => "senders without IPv6 may not get through: ",
        (Families::Both | Families::Ipv6, _) => "",
    });
    detail.add(&each_address(name, host));
    let mut fix = Fix::from(format!(
        "Mend {} of {name}, or take {} out of its A and AAAA records: senders try addresses in any order, and \
         some give up after the first.",
        listed(bad.iter().map(|address| address.probe.address), 4),
        if bad.len() == 1 { "it" } else { "them" },
    ));
    let look = |options| {
        let at = |bad: &&Address<'_>| {
            Command::smtp_handshake_at(name, bad.probe.address, host.port, options)
        };
        bad.iter().take(SHOWN_COMMANDS).map(at).collect()
    };
    let mut verdicts: Vec<MxVerdict> = bad.iter().map(|address| address.verdict).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    for advice in verdicts.into_iter().filter_map(advice_beside_good) {
        fix = fix.line(advice);
    }
    let faults = faults_of(bad.iter().copied());
    fix = if faults.is_empty() {
        fix.line("By hand:").run(look(""))
    } else {
        fix.continued_by(remedy(name, host.port, &faults, look).1)
    };
    let finding = Finding::new(&codes::MX_ADDRESS_SPLIT, severity, detail, Some(fix));
    found.push(finding.about(name));
}

/// Returns what to look for at an address that fails where another one of the host does not; of one that is
/// refused its faults say it.
const fn advice_beside_good(verdict: MxVerdict) -> Option<&'static str> {
    match verdict {
        MxVerdict::RejectedUs => Some(
            "Where it turns clients away that another address serves, compare what the two let in: block lists, \
             limits, a server that is shutting down.",
        ),
        MxVerdict::Undetermined => Some(
            "Where the handshake ends without a reason, compare its log and its TLS settings with those of the \
             good address.",
        ),
        MxVerdict::Unreachable => Some(
            "Where nothing answers, or the session stalls: is the server up, is port 25 open, does a balancer \
             send clients to a dead one?",
        ),
        MxVerdict::Accepted | MxVerdict::NotAsked | MxVerdict::NotTried | MxVerdict::Refused => {
            None
        }
    }
}

fn faults_of<'h>(addresses: impl Iterator<Item = &'h Address<'h>>) -> Vec<&'h TransportFault> {
    addresses
        .filter_map(|address| match &address.transport {
            Transport::Refused(faults) => Some(faults),
            Transport::Accepted(_)
            | Transport::NotAsked
            | Transport::RejectedUs(_)
            | Transport::Undetermined { .. }
            | Transport::Unreachable { .. } => None,
        })
        .flatten()
        .collect()
}

fn certificate_faults<'f>(
    faults: &[&'f TransportFault],
) -> impl Iterator<Item = &'f CertificateFault> {
    faults.iter().filter_map(|fault| match fault {
        TransportFault::Certificate(fault) => Some(fault),
        TransportFault::Alert(_)
        | TransportFault::HandshakeFailed { .. }
        | TransportFault::Injected
        | TransportFault::OldTls
        | TransportFault::StarttlsNotOffered
        | TransportFault::StarttlsRefused(_) => None,
    })
}

/// Returns under which code faults of a transport are reported, and what to do about them; `look` gives the
/// commands that show them.
fn remedy(
    name: &DnsName,
    port: SmtpPort,
    faults: &[&TransportFault],
    look: impl Fn(&'static str) -> Vec<Command>,
) -> (&'static Code, Fix) {
    let of_certificates: Vec<&CertificateFault> = certificate_faults(faults).collect();
    // What our own checks alone refuse is reported only where nothing else is wrong.
    let is_certificate = !of_certificates.is_empty()
        && (of_certificates.len() == faults.len()
            || of_certificates.iter().any(|fault| !fault.is_ours()));
    let is_starttls = |fault: &&TransportFault| {
        matches!(
            fault,
            TransportFault::StarttlsNotOffered | TransportFault::StarttlsRefused(_)
        )
    };
    let alert = faults.iter().find_map(|fault| match fault {
        TransportFault::Alert(alert) => Some(*alert),
        TransportFault::Certificate(_)
        | TransportFault::HandshakeFailed { .. }
        | TransportFault::Injected
        | TransportFault::OldTls
        | TransportFault::StarttlsNotOffered
        | TransportFault::StarttlsRefused(_) => None,
    });
    if faults.contains(&&TransportFault::Injected) {
        (
            &codes::MX_TLS,
            Fix::from(format!(
                "This is STARTTLS injection: what came in clear before the handshake would count as though it \
                 came inside (RFC 3207, Section 6). Update the mail server of {name}, or the box before it."
            )),
        )
    } else if is_certificate {
        (
            &codes::MX_CERTIFICATE,
            fix::certificate(Holder::MxHost(name, port), of_certificates),
        )
    } else if faults.iter().any(is_starttls) {
        (
            &codes::MX_STARTTLS,
            Fix::from(
                "Switch STARTTLS on, and look for a firewall that strips it on the way; try:",
            )
            .run(look("")),
        )
    } else if faults.contains(&&TransportFault::OldTls) {
        (
            &codes::MX_TLS,
            Fix::from("Offer TLS 1.2 or 1.3; try:").run(look(" -tls1_2")),
        )
    } else if let Some(alert) = alert {
        (
            &codes::MX_TLS,
            fix::alert(name.as_str(), alert).run(look("")),
        )
    } else {
        (
            &codes::MX_TLS,
            Fix::from(
                "The handshake breaks at the host, or at a box before it: look at its log; try:",
            )
            .run(look("")),
        )
    }
}

/// Hosts that we could not see, each with the reason; a warning, because another vantage may see them.
pub(super) fn find_unseen(name: &DnsName, host: &Host<'_>, found: &mut Findings) {
    if host.has(MxVerdict::Accepted) {
        return;
    }
    // What lies out of reach adds nothing to what was proven at the other addresses.
    let is_proven = host.verdict == MxVerdict::Refused;
    let adds_nothing = |address: &Address<'_>| {
        matches!(address.verdict, MxVerdict::Refused | MxVerdict::NotTried)
            || address.is_out_of_reach()
    };
    if is_proven && host.addresses.iter().all(adds_nothing) {
        return;
    }
    let faults = faults_of(host.addresses.iter());
    if host.has(MxVerdict::Undetermined)
        && TransportFault::certainty(faults.iter().copied()) == Certainty::Ours
    {
        let remedy = fix::certificate(Holder::MxHost(name, host.port), certificate_faults(&faults));
        let detail = each_address(name, host);
        let finding = Finding::new(
            &codes::MX_UNDETERMINED,
            Severity::Warning,
            detail,
            Some(remedy),
        );
        found.push(finding.about(name));
        return;
    }
    let (code, advice) = if host.has(MxVerdict::RejectedUs) {
        (&codes::MX_REJECTED_US, FROM_ANOTHER_HOST)
    } else if host.has(MxVerdict::Undetermined) {
        (
            &codes::MX_UNDETERMINED,
            if host.addresses.iter().any(is_broken_in_handshake) {
                "It breaks the connection in the handshake without a word: look at its log; try:"
            } else if host.addresses.iter().any(takes_smaller_hellos) {
                fix::LARGE_HELLO
            } else {
                "What this server offers only some TLS libraries have. Offer TLS 1.3, or in TLS 1.2 cipher \
                 suites with ECDHE and AEAD (RFC 9325, Section 4.2), which all of them have; look at what it \
                 offers with:"
            },
        )
    } else if host.has(MxVerdict::Unreachable) {
        (
            &codes::MX_UNREACHABLE,
            if host.addresses.iter().all(is_switched_off) {
                "It has no address of the family that is left: drop -4 or -6. By hand:"
            } else if host.facts.probes.iter().all(is_given_up) {
                "The check ended before it answered: check again, with more time (--deadline). By hand:"
            } else {
                FROM_ANOTHER_HOST
            },
        )
    } else {
        return;
    };
    let finding = Finding::new(
        code,
        Severity::Warning,
        each_address(name, host),
        Some(Fix::from(advice).run([Command::smtp_handshake(name, host.port, "")])),
    );
    found.push(finding.about(name));
}

fn failure_of(address: &Address<'_>) -> Option<TlsFailureKind> {
    let tls = address.probe.tls.as_ref()?;
    tls.outcome.as_ref().err().map(|failure| failure.kind)
}

fn is_broken_in_handshake(address: &Address<'_>) -> bool {
    matches!(
        failure_of(address),
        Some(TlsFailureKind::Closed | TlsFailureKind::Reset)
    )
}

fn takes_smaller_hellos(address: &Address<'_>) -> bool {
    matches!(
        failure_of(address),
        Some(TlsFailureKind::Alert(received))
            if received.smaller_hello != SmallerHello::NotTried
    )
}

fn is_switched_off(address: &Address<'_>) -> bool {
    address
        .probe
        .failure
        .as_ref()
        .is_some_and(|failure| failure.kind == SmtpFailureKind::FamilyOff)
}

const FROM_ANOTHER_HOST: &str = "Check from a host that may send mail, under its full name (--helo): port 25 \
     is often closed to others, and hosts without reverse DNS are turned away:";

/// Says what was seen at each address of a host.
pub(super) fn each_address(name: &DnsName, host: &Host<'_>) -> Sentence {
    let mut sentence = Sentence::from(format!("{name}: "));
    let all: Vec<Sentence> = host
        .addresses
        .iter()
        .map(|address| address.transport.sentence())
        .collect();
    match (all.as_slice(), host.addresses.as_slice()) {
        ([says], [address]) => sentence
            .add(says)
            .words(format_args!(" [{}]", address.probe.address)),
        ([first, rest @ ..], _) if rest.iter().all(|says| says == first) => sentence
            .add(first)
            .words(format_args!(" (at each of its {} addresses)", all.len())),
        _ => {
            let each = host.addresses.iter().zip(&all).take(SHOWN_ADDRESSES);
            for (place, (address, says)) in each.enumerate() {
                sentence
                    .words(if place > 0 { ", " } else { "" })
                    .words(format_args!("[{}] ", address.probe.address))
                    .add(says);
            }
            match all.len().saturating_sub(SHOWN_ADDRESSES) {
                0 => &mut sentence,
                more => sentence.words(format_args!(" and {more} more")),
            }
        }
    };
    sentence
}

/// Postfix before 3.10.5, whatever its plugin, compares the certificate with the policy's patterns instead
/// of the host's name.
pub(super) fn find_other_reading(
    policy: &Policy,
    name: &DnsName,
    host: &Host<'_>,
    found: &mut Findings,
) {
    if policy.mode() != Mode::Enforce || policy.matching(name).is_none() {
        return;
    }
    for address in &host.addresses {
        let Some(peer) = address.probe.certificate() else {
            continue;
        };
        if address.verdict == MxVerdict::Accepted
            && matches_patterns(peer, policy.patterns()) == Some(false)
        {
            found.add(
                &codes::CERTIFICATE_PATTERN,
                Severity::Note,
                format!(
                    "{name} [{}] passes RFC 8461, but its certificate ({}) matches no pattern of the policy: \
                     Postfix before 3.10.5 with an MTA-STS plugin defers",
                    address.probe.address,
                    listed(peer.dns_names(), 4)
                ),
                None,
            );
            return;
        }
    }
}
