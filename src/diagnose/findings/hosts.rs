//! Findings about the MX hosts.

use std::time::Duration;

use super::codes;
use super::{Case, Findings, listed, transport};
use crate::diagnose::assemble::{host_verdict, probe_verdict};
use crate::diagnose::document::{MxVerdict, Severity};
use crate::diagnose::explain::near_miss;
use crate::diagnose::fix;
use crate::diagnose::survey::MxHost;
use crate::facts::DnsName;
use crate::facts::certificate::PeerCertificate;
use crate::facts::dns::DnsFailure;
use crate::sender::candidates::Exchangers;
use crate::sts::policy::{Mode, Policy};

/// A certificate this close to its end, and past two thirds of its life, should have been renewed.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    match &case.survey.exchangers {
        Exchangers::Candidates { not_tried, .. } => {
            let addresses: usize = case
                .survey
                .hosts
                .iter()
                .filter_map(|host| host.addresses.as_ref())
                .map(|found| found.not_tried)
                .sum();
            if !not_tried.is_empty() || addresses > 0 {
                found.add(
                    &codes::MX_NOT_TRIED,
                    Severity::Warning,
                    format!(
                        "{} MX hosts and {addresses} addresses were left out: senders try few of so many",
                        not_tried.len()
                    ),
                    None,
                );
            }
        }
        Exchangers::NullMx => found.add(
            &codes::MX_NULL,
            Severity::Note,
            "the domain declares with a null MX that it takes no mail (RFC 7505)".to_owned(),
            None,
        ),
        Exchangers::NoDomain => found.add(
            &codes::MX_NO_DOMAIN,
            Severity::Error,
            format!(
                "{} does not exist (NXDOMAIN): mail for it bounces",
                case.domain
            ),
            Some(format!("dig MX {}", case.domain)),
        ),
        Exchangers::Unknown(failure) => find_unknown(case, failure, found),
    }
    find_uncovered(case, found);
    for host in &case.survey.hosts {
        find_for_host(case, host, found);
    }
    find_expiring(case, found);
    find_tlsa(case, found);
}

fn find_unknown(case: &Case<'_>, failure: &DnsFailure, found: &mut Findings) {
    let (severity, so) = if failure.kind.is_ours() {
        (Severity::Warning, "another resolver may know them")
    } else {
        (Severity::Error, "mail waits in the queue")
    };
    found.add(
        &codes::MX_UNKNOWN,
        severity,
        format!("MX {}: {failure}; {so}", case.domain),
        Some(format!("dig MX {}", case.domain)),
    );
}

/// The policy that bears on the hosts: the live one, else the stored one.
pub(super) fn active_policy(case: &Case<'_>) -> Option<Policy> {
    case.live_id()
        .and_then(|_| case.live_policy().cloned())
        .or_else(|| case.stored_policy().map(|cached| cached.policy))
        .filter(|policy| policy.mode() != Mode::None)
}

fn severity_under(policy: Option<&Policy>) -> Severity {
    match policy.map(Policy::mode) {
        Some(Mode::Enforce) => Severity::Error,
        Some(Mode::Testing) => Severity::Warning,
        Some(Mode::None) | None => Severity::Note,
    }
}

/// Returns the MX hosts that the live policy does not list, with that policy, if there are any.
pub(super) fn uncovered<'a>(case: &'a Case<'_>) -> Option<(&'a Policy, Vec<&'a MxHost>)> {
    let policy = case
        .live_policy()
        .filter(|policy| policy.mode() != Mode::None && case.live_id().is_some())?;
    let uncovered = uncovered_by(case, policy);
    (!uncovered.is_empty()).then_some((policy, uncovered))
}

/// Returns the MX hosts that a policy does not list.
pub(super) fn uncovered_by<'a>(case: &'a Case<'_>, policy: &Policy) -> Vec<&'a MxHost> {
    usable(case)
        .filter(|host| {
            host.candidate
                .host()
                .is_some_and(|name| policy.matching(name).is_none())
        })
        .collect()
}

/// Returns the MX hosts that a policy would list: a domain without MX record and without address has none.
fn usable<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a MxHost> {
    let hosts = if is_nowhere(case) {
        [].as_slice()
    } else {
        case.survey.hosts.as_slice()
    };
    hosts.iter()
}

/// Returns the names of the MX hosts that a first policy would list.
pub(super) fn usable_names<'a>(case: &'a Case<'_>) -> Vec<&'a DnsName> {
    names(usable(case))
}

pub(super) fn names<'a>(hosts: impl IntoIterator<Item = &'a MxHost>) -> Vec<&'a DnsName> {
    hosts
        .into_iter()
        .filter_map(|host| host.candidate.host())
        .collect()
}

/// Returns whether the domain certainly has no MX record and no address of its own.
fn is_nowhere(case: &Case<'_>) -> bool {
    let is_implicit = matches!(
        case.survey.exchangers,
        Exchangers::Candidates { implicit: true, .. }
    );
    is_implicit
        && case.survey.hosts.iter().all(|host| {
            host.addresses
                .as_ref()
                .is_some_and(|found| found.addresses.is_empty() && found.failure.is_none())
        })
}

fn find_uncovered(case: &Case<'_>, found: &mut Findings) {
    let Some((policy, uncovered)) = uncovered(case) else {
        return;
    };
    let names = names(uncovered.iter().copied());
    let would_fail: Vec<_> = uncovered
        .iter()
        .filter(|host| host_verdict(host) == MxVerdict::Refused)
        .filter_map(|host| host.candidate.host())
        .collect();
    let mut detail = format!(
        "{} (MX) {} matched by no pattern of the policy ({})",
        listed(&names, 8),
        if names.len() == 1 { "is" } else { "are" },
        listed(policy.patterns(), 8)
    );
    for why in names
        .iter()
        .filter_map(|name| near_miss(policy, name))
        .take(3)
    {
        detail.push_str(&format!("; {why}"));
    }
    if !would_fail.is_empty() {
        detail.push_str(&format!(
            "; {} would fail even if listed, see below",
            listed(&would_fail, 8)
        ));
    }
    found.add(
        &codes::MX_UNCOVERED,
        severity_under(Some(policy)),
        detail,
        Some(fix::cover(case.domain, policy, &names, case.now)),
    );
}

fn find_for_host(case: &Case<'_>, host: &MxHost, found: &mut Findings) {
    let policy = active_policy(case);
    let exchange = &host.candidate.exchange;
    let Some(name) = host.candidate.host() else {
        found.add(
            &codes::MX_NOT_A_HOST,
            Severity::Warning,
            format!(
                "MX {} {exchange}: no sender can use it",
                host.candidate.preference
            ),
            Some(format!(
                "Let the MX record of {} name a host that has A or AAAA records, not an address.",
                case.domain
            )),
        );
        return;
    };
    if let Some(addresses) = &host.addresses
        && addresses.addresses.is_empty()
    {
        let why = addresses
            .failure
            .as_ref()
            .map_or_else(|| "no A or AAAA record".to_owned(), ToString::to_string);
        if is_nowhere(case) {
            found.add(
                &codes::MX_NO_ADDRESS,
                Severity::Error,
                format!("{name} has no MX record and no address: mail for it has nowhere to go"),
                Some(format!(
                    "Publish an MX record for {name}; if it takes no mail, a null MX:\n\n\
                     {name}. 3600 IN MX 0 ."
                )),
            );
            return;
        }
        found.add(
            &codes::MX_NO_ADDRESS,
            Severity::Warning,
            format!("{name}: {why}"),
            Some(format!("dig A {name}; dig AAAA {name}")),
        );
        return;
    }
    let verdicts: Vec<MxVerdict> = host.probes.iter().map(probe_verdict).collect();
    if verdicts.contains(&MxVerdict::Accepted) && verdicts.contains(&MxVerdict::Refused) {
        found.add(
            &codes::MX_ADDRESS_SPLIT,
            Severity::Warning,
            format!("{name}: {}", transport::each_address(host)),
            Some(format!(
                "Bring every address of {name} to the same state, or take the bad ones out of its A and AAAA \
                 records: senders try them in any order, and some give up after the first."
            )),
        );
    } else if host_verdict(host) == MxVerdict::Refused {
        transport::find_refused(host, severity_under(policy.as_ref()), found);
    }
    transport::find_unseen(host, &verdicts, found);
    transport::find_other_reading(case, host, found);
}

fn find_expiring(case: &Case<'_>, found: &mut Findings) {
    let mut soon: Vec<String> = Vec::new();
    let mut look_at = |who: String, peer: &PeerCertificate| {
        let left = peer.not_after.saturating_duration_since(case.now);
        let life = peer.not_after.saturating_duration_since(peer.not_before);
        let is_soon = peer.faults.is_empty() && left < EXPIRES_SOON && left < life / 3;
        if is_soon {
            soon.push(format!("{who} on {}", peer.not_after));
        }
    };
    if let Some(host) = &case.survey.policy_host {
        for edge in &host.edges {
            if let Some(peer) = &edge.certificate {
                look_at(format!("{} [{}]", host.name, edge.address), peer);
            }
        }
    }
    for host in &case.survey.hosts {
        for probe in &host.probes {
            if let Some(peer) = probe.tls.as_ref().and_then(|tls| tls.certificate.as_ref()) {
                look_at(format!("{} [{}]", probe.host, probe.address), peer);
            }
        }
    }
    if !soon.is_empty() {
        found.add(
            &codes::CERTIFICATE_EXPIRES,
            Severity::Warning,
            format!("the certificate of {}", listed(&soon, 6)),
            Some("Renew it now, and find out why it was not renewed by itself.".to_owned()),
        );
    }
}

fn find_tlsa(case: &Case<'_>, found: &mut Findings) {
    let hosts: Vec<_> = case
        .survey
        .hosts
        .iter()
        .filter(|host| host.has_tlsa)
        .filter_map(|host| host.candidate.host())
        .collect();
    if !hosts.is_empty() {
        found.add(
            &codes::DANE_NOT_JUDGED,
            Severity::Note,
            format!(
                "TLSA at _25._tcp of {}: senders that do DANE judge these hosts by it first, and MTA-STS \
                 must not override a failure; DANE is not judged here",
                listed(&hosts, 8)
            ),
            None,
        );
    }
}
