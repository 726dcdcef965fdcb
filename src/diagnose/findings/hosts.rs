//! Findings about the MX hosts.

use std::time::Duration;

use super::aliases::Remedy;
use super::codes;
use super::coverage::{find_uncovered, severity_under};
use super::found::{Findings, listed};
use super::transport;
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::command::{Command, ZoneRecord};
use crate::diagnose::document::{CutShortReport, Finding, MxVerdict, Severity};
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judged::{Host, names};
use crate::diagnose::port::{self, PortState};
use crate::facts::certificate::PeerCertificate;
use crate::facts::dns::DnsFailure;
use crate::facts::{DnsName, Sentence, UnixTime};
use crate::sender::candidates::{Exchangers, HostAddresses};
use crate::sts::policy::Policy;

/// A certificate this close to its end, and past two thirds of its life, should have been renewed.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 86_400);

/// How many certificates that expire soon are named.
const SHOWN_CERTIFICATES: usize = 6;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    match &case.judged.survey.exchangers {
        // Names are matched all the same, and nothing is reported of connections that nobody was to make.
        Exchangers::Candidates { .. } if case.judged.port.state == PortState::NotAsked => {}
        Exchangers::Candidates { .. } => find_not_tried(case, found),
        Exchangers::NullMx => find_null(case, found),
        Exchangers::NoDomain => found.add(
            &codes::MX_NO_DOMAIN,
            Severity::Error,
            format!("{domain} does not exist (NXDOMAIN): mail for it bounces"),
            Some(look_up_mx(domain)),
        ),
        Exchangers::Unknown(failure) => find_unknown(domain, failure, found),
    }
    find_implicit_alias(case, found);
    find_uncovered(case, found);
    let policy = case.active_policy();
    if case.judged.is_nowhere() {
        find_nowhere(case, found);
    } else {
        for host in &case.judged.hosts {
            find_for_host(case, host, policy.as_ref(), found);
        }
    }
    find_expiring(case, found);
    find_tlsa(case, found);
}

/// A null MX beside a policy that lists MX hosts may be an accident, and so may one beside intended hosts.
fn find_null(case: &Case<'_>, found: &mut Findings) {
    let declares = "the domain declares with a null MX that it takes no mail (RFC 7505)";
    let (domain, now) = (case.judged.domain, case.now);
    if let Some(intended) = case.intended {
        let hosts = listed(intended.intention.hosts(), 8);
        found.add(
            &codes::MX_NULL,
            Severity::Error,
            format!("{declares}, and {hosts} is to take mail for it: all mail bounces"),
            Some(Fix::from(format!(
                "Publish the MX records of {domain} in the place of the null MX once a policy lists {hosts}; if the \
                 domain is to take no mail, mean no host for it."
            ))),
        );
        return;
    }
    let Some(policy) = case.policy_with_hosts() else {
        found.add(&codes::MX_NULL, Severity::Note, declares, None);
        return;
    };
    let hosts = listed(policy.patterns(), 8);
    found.add(
        &codes::MX_NULL,
        Severity::Error,
        format!("{declares}, and a policy of it lists {hosts}: all mail bounces"),
        Some(
            Fix::from(format!(
                "If {domain} is to take mail, publish its MX records again in the place of the null MX; the policy \
                 lists {hosts}."
            ))
            .and(fix::opt_out(domain, now)),
        ),
    );
}

/// What lies beyond the hosts and addresses that are tried: it is matched against the policy, and no more.
fn find_not_tried(case: &Case<'_>, found: &mut Findings) {
    let hosts = &case.judged.hosts;
    let beyond = hosts.iter().filter(|host| !host.facts.is_tried());
    let mut left_out: Vec<String> = names(beyond).map(ToString::to_string).collect();
    left_out.extend(hosts.iter().filter_map(|host| {
        let not_tried = host.facts.addresses.as_ref()?.not_tried.len();
        (not_tried > 0).then(|| {
            format!(
                "{not_tried} of the addresses of {}",
                host.facts.candidate.exchange
            )
        })
    }));
    if left_out.is_empty() {
        return;
    }
    found.add(
        &codes::MX_NOT_TRIED,
        Severity::Warning,
        format!(
            "not connected to: {}; senders try few of so many",
            listed(&left_out, 8)
        ),
        Some(Fix::from(
            "Publish fewer MX hosts, and fewer addresses of each: what senders do with the last of them nobody \
             can tell.",
        )),
    );
}

fn look_up_mx(domain: &DnsName) -> Fix {
    Fix::command(Command::dig(format_args!("MX {domain}")))
}

fn find_unknown(domain: &DnsName, failure: &DnsFailure, found: &mut Findings) {
    if failure.kind.is_bogus() {
        // That has a finding of its own.
        return;
    }
    let (severity, so, action) = if failure.kind.is_ours() {
        let so = "; another resolver may know them";
        (Severity::Warning, so, Action::CheckElsewhere)
    } else {
        (
            Severity::Error,
            "; mail waits in the queue",
            Action::MendDns,
        )
    };
    let mut detail = Sentence::from(format!("MX {domain}: "));
    detail.add(failure).words(so);
    let fix = Some(look_up_mx(domain));
    found.push(Finding::new(&codes::MX_UNKNOWN, severity, detail, fix).mended_by(action));
}

fn find_for_host(case: &Case<'_>, host: &Host<'_>, policy: Option<&Policy>, found: &mut Findings) {
    if !host.facts.is_tried() {
        return;
    }
    let candidate = &host.facts.candidate;
    let Some(name) = host.name() else {
        found.add(
            &codes::MX_NOT_A_HOST,
            severity_without(case),
            format!(
                "MX {} {}: no sender can use it",
                candidate.preference, candidate.exchange
            ),
            Some(Fix::from(format!(
                "Let the MX record of {} name a host that has A or AAAA records, not an address.",
                case.judged.domain
            ))),
        );
        return;
    };
    if let Some(addresses) = &host.facts.addresses
        && addresses.addresses.is_empty()
    {
        find_without_address(case, name, addresses, found);
        return;
    }
    let severity = severity_under(policy);
    if host.bad_addresses().next().is_some() {
        let severity = if host.verdict == MxVerdict::Refused {
            severity.min(Severity::Warning)
        } else {
            Severity::Warning
        };
        transport::find_split(name, host, severity, found);
    } else if host.verdict == MxVerdict::Refused {
        match Remedy::of(case, host) {
            Some(remedy) => remedy.find_refused(case, host, severity, found),
            None => transport::find_refused(&case.judged.hosts, name, host, severity, found),
        }
    } else if host.has(MxVerdict::Refused) {
        // Others may get through at the addresses that only we could not see.
        transport::find_refused(
            &case.judged.hosts,
            name,
            host,
            severity.max(Severity::Warning),
            found,
        );
    }
    // Of a closed port there is a finding of its own, and of what nobody waited for there is nothing to find.
    let mut probes = host.facts.probes.iter();
    let is_told = match (case.judged.port.state, case.cut_short) {
        (state, _) if state.is_silence() => probes.any(port::is_silent),
        (_, Some(CutShortReport::Interrupted)) => probes.all(port::is_given_up),
        (_, Some(CutShortReport::Deadline) | None) => false,
    };
    if !is_told {
        transport::find_unseen(name, host, found);
    }
    if let Some(policy) = policy {
        transport::find_other_reading(policy, name, host, found);
    }
}

/// An MX host without address is passed over; where none has one, mail bounces.
fn severity_without(case: &Case<'_>) -> Severity {
    if case.judged.leads_nowhere() {
        Severity::Error
    } else {
        Severity::Warning
    }
}

fn find_implicit_alias(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    let Some(target) = case.judged.implicit_alias() else {
        return;
    };
    found.add(
        &codes::MX_IMPLICIT_ALIAS,
        Severity::Warning,
        format!(
            "{domain} has no MX record and is an alias of {target}: some senders (mox) take {target} for its MX \
             host, others (Postfix, Exim) {domain}; policy and certificate are held against both names, and the \
             worse counts"
        ),
        Some(
            Fix::from(format!(
                "Name the MX host. A name with a CNAME can hold no MX record: put address records and an MX record \
                 that names {target} at {domain} in the place of the CNAME."
            ))
            .of_alias(Some(domain.clone())),
        ),
    );
}

fn find_nowhere(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    let detail = format!("{domain} has no MX record and no address: mail for it bounces");
    let fix = match case.judged.implicit_alias() {
        Some(target) => Fix::from(format!(
            "{domain} is an alias of {target}, which has neither: give {target} an MX record, or put one at \
             {domain} in the place of the CNAME."
        ))
        .of_alias(Some(domain.clone())),
        None => Fix::from(format!(
            "Publish an MX record for {domain}; if it takes no mail, a null MX:"
        ))
        .publish(ZoneRecord::NullMx {
            domain: domain.clone(),
        })
        .only_if("Only if the domain takes no mail."),
    };
    found.add(&codes::MX_NO_ADDRESS, Severity::Error, detail, Some(fix));
}

fn find_without_address(
    case: &Case<'_>,
    name: &DnsName,
    addresses: &HostAddresses,
    found: &mut Findings,
) {
    let mut detail = Sentence::from(format!("{name}: "));
    match &addresses.failure {
        Some(failure) => detail.add(failure),
        None if addresses.end_of_aliases().is_some() => detail.words(format_args!(
            "it {}{}",
            addresses.absence(),
            if addresses.no_such_name {
                ": anyone who can register that name receives the mail"
            } else {
                ""
            }
        )),
        None => detail.words("no A or AAAA record"),
    };
    if case.judged.leads_nowhere() {
        detail.words(", and no other MX host has one: mail bounces");
    }
    let finding = Finding::new(
        &codes::MX_NO_ADDRESS,
        severity_without(case),
        detail,
        Some(Fix::command(Command::dig(format_args!(
            "A {name}; dig AAAA {name}"
        )))),
    );
    found.push(finding.about(name));
}

fn find_expiring(case: &Case<'_>, found: &mut Findings) {
    let mut soon: Vec<(String, UnixTime)> = Vec::new();
    let mut look_at = |who: String, peer: &PeerCertificate| {
        let Some(leaf) = peer.leaf() else { return };
        let left = leaf.not_after.saturating_duration_since(case.now);
        let life = leaf.not_after.saturating_duration_since(leaf.not_before);
        if peer.faults.is_empty() && left < EXPIRES_SOON && left < life / 3 {
            soon.push((who, leaf.not_after));
        }
    };
    if let Some(host) = &case.judged.survey.policy_host {
        for edge in &host.edges {
            if let Some(peer) = &edge.certificate {
                look_at(format!("{} [{}]", host.name, edge.address), peer);
            }
        }
    }
    let hosts = case.judged.survey.all_hosts();
    for probe in hosts.flat_map(|host| &host.probes) {
        if let Some(peer) = probe.certificate() {
            look_at(format!("{} [{}]", probe.host, probe.address), peer);
        }
    }
    if soon.is_empty() {
        return;
    }
    let mut detail = Sentence::from("the certificate of ");
    for (place, (who, end)) in soon.iter().take(SHOWN_CERTIFICATES).enumerate() {
        detail
            .words(if place > 0 { ", " } else { "" })
            .words(format_args!("{who} on "))
            .moment(*end);
    }
    if soon.len() > SHOWN_CERTIFICATES {
        detail.words(format_args!(
            " and {} more",
            soon.len() - SHOWN_CERTIFICATES
        ));
    }
    found.add(
        &codes::CERTIFICATE_EXPIRES,
        Severity::Warning,
        detail,
        Some("Renew it now, and find out why it was not renewed by itself.".into()),
    );
}

fn find_tlsa(case: &Case<'_>, found: &mut Findings) {
    let with_tlsa = case.judged.hosts.iter().filter(|host| host.facts.has_tlsa);
    let hosts: Vec<_> = names(with_tlsa).collect();
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
