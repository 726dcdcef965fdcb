//! Findings about special-purpose addresses: those that the Internet at large does not reach (RFC 6890).

use std::net::IpAddr;

use super::codes::{self, Code};
use super::found::{Findings, listed};
use crate::diagnose::case::Case;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::Fix;
use crate::facts::DnsName;
use crate::facts::smtp::SmtpFailureKind;
use crate::facts::special::special_purpose;

/// How many addresses of a host are named.
const SHOWN: usize = 8;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let survey = case.judged.survey;
    if let Some(host) = &survey.policy_host {
        let edges = host
            .edges
            .iter()
            .map(|edge| (edge.address, edge.is_special()));
        find_at(case, &codes::EDGE_SPECIAL, &host.name, edges, found);
    }
    for host in &survey.hosts {
        let Some(name) = host.candidate.host() else {
            continue;
        };
        let asked = host.probes.iter().filter(|probe| {
            (probe.failure.as_ref()).is_none_or(|failure| failure.kind != SmtpFailureKind::NotAsked)
        });
        let probes = asked.map(|probe| {
            let failure = probe.failure.as_ref();
            let was_left =
                failure.is_some_and(|failure| failure.kind == SmtpFailureKind::NotGlobal);
            (probe.address, was_left)
        });
        find_at(case, &codes::MX_SPECIAL, name, probes, found);
    }
}

/// Looks at each address of a host, with whether it was left out as a special-purpose one.
fn find_at(
    case: &Case<'_>,
    code: &'static Code,
    name: &DnsName,
    addresses: impl Iterator<Item = (IpAddr, bool)>,
    found: &mut Findings,
) {
    let (mut left, mut admitted) = (Vec::new(), Vec::new());
    for (address, was_left) in addresses {
        let Some(block) = special_purpose(address) else {
            continue;
        };
        let says = format!("{address} ({block})");
        if was_left {
            left.push(says);
        } else if case.allowed.iter().any(|prefix| prefix.contains(address)) {
            admitted.push(says);
        }
    }
    if !left.is_empty() {
        found.add(
            code,
            Severity::Warning,
            format!(
                "{name}: {}; not connected to, for the Internet at large reaches no such address",
                listed(&left, SHOWN)
            ),
            Some(Fix::from(format!(
                "Publish an address of {name} that others reach. If the DNS answers otherwise outside \
                 (split horizon), ask a resolver outside: --resolver ADDR:PORT. If this private network is what \
                 you mean to check, --allow-net PREFIX."
            ))),
        );
    }
    if !admitted.is_empty() {
        found.add(
            code,
            Severity::Note,
            format!(
                "{name}: {}; connected to, as --allow-net says: senders outside reach no such address",
                listed(&admitted, SHOWN)
            ),
            None,
        );
    }
}
