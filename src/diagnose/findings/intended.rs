//! Findings about the intended MX hosts, beside the live policy, the live MX records and what they show when they are
//! spoken to.
//!
//! A host that an MX record names already is reported like any other MX host; what is said of it here is only that it
//! was intended.

use super::codes::{self, Code};
use super::coverage::severity_under;
use super::found::{Findings, listed};
use super::transport;
use crate::diagnose::case::Case;
use crate::diagnose::command::{Command, ZoneRecord};
use crate::diagnose::document::{Finding, MxVerdict, PortState, Severity};
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::hosting::providers::story_suffix;
use crate::diagnose::intended::{Intended, IntendedHost, Listing, Phase, Role};
use crate::diagnose::port;
use crate::facts::{DnsName, Sentence, UnixTime};
use crate::sts::policy::{Mode, Policy};

/// How many hosts, policies or patterns one finding names.
const NAMED: usize = 8;

/// How many MX records are proposed.
const SHOWN_RECORDS: usize = 8;

/// The preference of a proposed MX record where no live one shows what is used.
const PREFERENCE: u16 = 10;

pub(super) fn find(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    find_uncovered(case, intended, found);
    find_by_wildcard(intended, found);
    match intended.phase {
        Phase::Before => find_not_held(case, intended, found),
        Phase::After => {
            find_not_live(case, intended, found);
            find_foreign(case, intended, found);
        }
    }
    for host in &intended.hosts {
        if host.is_live != Some(true) {
            find_standby(case, intended, host, found);
        }
    }
}

/// Returns the record with the intended id, or with a new one where that is live already.
pub(super) fn record(case: &Case<'_>, intended: &Intended<'_>) -> ZoneRecord {
    match &intended.intention.id {
        Some(id) if case.judged.live_id() != Some(id) => ZoneRecord::Sts {
            domain: case.judged.domain.clone(),
            id: id.clone(),
        },
        Some(_) | None => fix::record(case.judged.domain, case.now),
    }
}

/// The hosts that the live policy does not list: mail for them waits from the moment the MX records move.
fn find_uncovered(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    let uncovered: Vec<&IntendedHost<'_>> = intended
        .hosts
        .iter()
        .filter(|host| host.is_uncovered())
        .collect();
    let Some(policy) = case
        .judged
        .listing_policy()
        .filter(|_| !uncovered.is_empty())
    else {
        return;
    };
    let missing: Vec<&DnsName> = uncovered.iter().map(|host| host.name).collect();
    let mut detail = format!(
        "{} ({}) {} matched by no pattern of the policy ({})",
        listed(&missing, NAMED),
        if uncovered.iter().all(|host| host.is_live == Some(true)) {
            "intended, and live"
        } else {
            "intended"
        },
        if missing.len() == 1 { "is" } else { "are" },
        listed(policy.patterns(), NAMED)
    );
    let near_misses = uncovered.iter().filter_map(|host| match &host.listing {
        Some(Listing::Missing { near_miss }) => near_miss.as_deref(),
        Some(Listing::ByName(_) | Listing::ByWildcard(_)) | None => None,
    });
    for why in near_misses.take(3) {
        detail.push_str(&format!("; {why}"));
    }
    for says in documented(&uncovered) {
        detail.push_str(&format!("; {says}"));
    }
    let record = record(case, intended);
    let to_publish = intended.intention.policy.as_ref();
    let fix = match to_publish.map(|to_publish| to_publish.policy()) {
        // The body in hand is the correction, if it leaves nobody out.
        Some(policy) if policy.mode() != Mode::None && intended.left_out(policy).is_empty() => {
            fix::publish(policy, record)
        }
        Some(_) | None => fix::overlap(policy, &missing, record),
    };
    let fix = match intended.phase {
        Phase::Before => fix.line(
            "Move the MX records only then, and once the TTL of the old record is over: a sender that has not seen \
             the new id keeps to the old policy.",
        ),
        Phase::After => fix,
    };
    found.add(
        &codes::INTENDED_MX_UNCOVERED,
        severity_under(Some(policy)),
        detail,
        Some(fix),
    );
}

/// Says of each provider that runs one of the hosts which lines it documents for a policy.
fn documented(hosts: &[&IntendedHost<'_>]) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for host in hosts {
        let Some(provider) = host.provider else {
            continue;
        };
        let suffix = story_suffix(host.name.as_str());
        let lines: Vec<String> = provider
            .policy
            .iter()
            .map(|line| format!("`mx: {line}{suffix}`"))
            .collect();
        let says = match lines.as_slice() {
            [] => format!("its name is one of {}'s", provider.name),
            lines => format!(
                "{} documents {} for a policy (seen {})",
                provider.name,
                lines.join(", "),
                provider.date
            ),
        };
        if !said.contains(&says) {
            said.push(says);
        }
    }
    said
}

/// The hosts that a wildcard alone lists: right if it was meant, luck if it was there for a sister host. One that
/// the provider documents is meant.
fn find_by_wildcard(intended: &Intended<'_>, found: &mut Findings) {
    let is_documented = |host: &IntendedHost<'_>, pattern: &str| {
        let suffix = story_suffix(host.name.as_str());
        let mut lines = host.provider.iter().flat_map(|provider| &provider.policy);
        lines.any(|line| format!("{line}{suffix}").eq_ignore_ascii_case(pattern))
    };
    let by_wildcard: Vec<String> = intended
        .hosts
        .iter()
        .filter_map(|host| match &host.listing {
            Some(Listing::ByWildcard(pattern)) => {
                let pattern = pattern.to_string();
                (!is_documented(host, &pattern)).then(|| format!("{} (`{pattern}`)", host.name))
            }
            Some(Listing::ByName(_) | Listing::Missing { .. }) | None => None,
        })
        .collect();
    if by_wildcard.is_empty() {
        return;
    }
    found.add(
        &codes::INTENDED_MX_BY_WILDCARD,
        Severity::Note,
        format!(
            "{}: a wildcard covers every name right below it, hosts of other customers among them",
            listed(by_wildcard, NAMED)
        ),
        Some(Fix::from(
            "If the wildcard was not put there for these hosts, list each by its own name; anyone who takes the \
             wildcard away one day takes them too.",
        )),
    );
}

/// Policies that senders may hold and that do not list every host.
///
/// A note: a sender that meets a host which its policy leaves out looks the id up and fetches again, so the new id is
/// what it takes; that an id was not changed is reported elsewhere.
fn find_not_held(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    let live = case.judged.listing_policy();
    let mut waiting: Vec<(&str, UnixTime)> = Vec::new();
    let mut missing: Vec<&DnsName> = Vec::new();
    for host in &intended.hosts {
        for one in &host.held {
            // Of the live one there is a finding already.
            let is_live = one.held.is_live() || Some(&one.policy) == live;
            if is_live || !one.listing.is_missing() {
                continue;
            }
            if !missing.contains(&host.name) {
                missing.push(host.name);
            }
            let held = (one.held.seen.id.as_str(), one.held.possibly_until);
            if !waiting.contains(&held) {
                waiting.push(held);
            }
        }
    }
    waiting.sort_by_key(|(_, until)| std::cmp::Reverse(*until));
    if waiting.is_empty() {
        return;
    }
    let mut detail = Sentence::from(format!(
        "senders may hold a policy that does not list {}: ",
        listed(&missing, NAMED)
    ));
    for (place, (id, until)) in waiting.iter().take(NAMED).enumerate() {
        detail
            .words(if place > 0 { ", " } else { "" })
            .words(format_args!("id {id} until "))
            .moment(*until);
    }
    found.add(
        &codes::INTENDED_MX_NOT_HELD,
        Severity::Note,
        detail,
        Some(Fix::from(
            "Move the MX records no sooner than the TTL of the old TXT record after the new id: by then a sender that \
             holds an old policy sees the new id when it needs it. One that fails to fetch keeps to the old policy, so \
             keep the old hosts in service until it has let go.",
        )),
    );
}

/// After the cutover: hosts that no MX record names.
fn find_not_live(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    let missing: Vec<&IntendedHost<'_>> = intended
        .hosts
        .iter()
        .filter(|host| host.is_live == Some(false))
        .collect();
    if missing.is_empty() {
        return;
    }
    let names: Vec<&DnsName> = missing.iter().map(|host| host.name).collect();
    let preference = case
        .judged
        .hosts
        .iter()
        .map(|host| host.facts.candidate.preference)
        .min();
    let fix = missing
        .iter()
        .filter(|host| host.passes() != Some(false) && !host.is_uncovered())
        .take(SHOWN_RECORDS)
        .fold(
            Fix::from("Publish their MX records, once the policy lists them and they pass:"),
            |fix, host| {
                fix.publish(ZoneRecord::Mx {
                    domain: case.judged.domain.clone(),
                    preference: preference.unwrap_or(PREFERENCE),
                    host: host.name.clone(),
                })
            },
        );
    found.add(
        &codes::INTENDED_MX_NOT_LIVE,
        Severity::Error,
        format!(
            "{} {} intended, and no MX record of {} names {}",
            listed(&names, NAMED),
            if names.len() == 1 { "is" } else { "are" },
            case.judged.domain,
            if names.len() == 1 { "it" } else { "them" },
        ),
        Some(fix),
    );
}

/// After the cutover: live MX hosts that nobody means any more, or never meant.
fn find_foreign(case: &Case<'_>, intended: &Intended<'_>, found: &mut Findings) {
    let foreign: Vec<String> = intended
        .live
        .iter()
        .filter(|live| live.role == Role::Foreign)
        .map(|live| {
            let candidate = &live.host.facts.candidate;
            format!("{} {}", candidate.preference, candidate.exchange)
        })
        .collect();
    if foreign.is_empty() {
        return;
    }
    found.add(
        &codes::INTENDED_MX_FOREIGN,
        Severity::Error,
        format!(
            "MX {}: neither intended nor still due after the cutover; it takes mail",
            listed(&foreign, NAMED)
        ),
        Some(
            Fix::from(
                "Take it out of the MX records if it is left over, or count it among the intended hosts if it is \
                 to stay; before the cutover, say so with --phase before. An MX record that nobody meant is also \
                 what an attack looks like.",
            )
            .run([Command::dig(format_args!("MX {}", case.judged.domain))]),
        ),
    );
}

/// What a host shows that no MX record names yet.
fn find_standby(
    case: &Case<'_>,
    intended: &Intended<'_>,
    host: &IntendedHost<'_>,
    found: &mut Findings,
) {
    let name = host.name;
    if host.is_nowhere() {
        let absence = match &host.host.facts.addresses {
            Some(found) if found.no_such_name && found.aliases.is_empty() => {
                "does not exist (NXDOMAIN)".to_owned()
            }
            Some(found) => found.absence(),
            None => "has no address".to_owned(),
        };
        let finding = Finding::new(
            &codes::INTENDED_MX_NO_ADDRESS,
            Severity::Error,
            format!("{name} (intended): it {absence}, so it can take no mail"),
            Some(
                Fix::from(
                    "Compare the name with what the provider says, or give the host its addresses before an MX \
                     record names it:",
                )
                .run([Command::dig(format_args!("+noall +answer {name} A {name} AAAA"))]),
            ),
        );
        found.push(finding.about(name));
        return;
    }
    let failure = host.host.facts.addresses.as_ref();
    if let Some(failure) = failure.and_then(|found| found.failure.as_ref())
        && host.host.addresses.is_empty()
    {
        let mut detail = Sentence::from(format!("{name} (intended): "));
        detail.add(failure);
        let finding = Finding::new(
            &codes::INTENDED_MX_UNKNOWN,
            Severity::Warning,
            detail,
            Some(Fix::command(Command::dig(format_args!(
                "+noall +answer {name} A {name} AAAA"
            )))),
        );
        found.push(finding.about(name));
        return;
    }
    let severity = severity_of_refusal(case, intended);
    let mut seen = Findings::default();
    let code = if host.host.bad_addresses().next().is_some() {
        let severity = if host.host.verdict == MxVerdict::Refused {
            severity.min(Severity::Warning)
        } else {
            Severity::Warning
        };
        transport::find_split(name, &host.host, severity, &mut seen);
        &codes::INTENDED_MX_REFUSED
    } else if host.host.verdict == MxVerdict::Refused {
        let alone = std::slice::from_ref(&host.host);
        transport::find_refused(alone, name, &host.host, severity, &mut seen);
        &codes::INTENDED_MX_REFUSED
    } else {
        // Of a closed port there is a finding of its own.
        let mut probes = host.host.facts.probes.iter();
        let is_told =
            case.judged.port.state == PortState::SeemsBlocked && probes.any(port::is_silent);
        if !is_told {
            transport::find_unseen(name, &host.host, &mut seen);
        }
        &codes::INTENDED_MX_UNKNOWN
    };
    for one in seen.into_all() {
        found.push(as_intended(one, code));
    }
}

/// How bad it is if senders refuse an intended host: the stricter counts of the policy that they go by now and
/// the one that is to be published.
fn severity_of_refusal(case: &Case<'_>, intended: &Intended<'_>) -> Severity {
    let to_publish = intended.intention.policy.as_ref();
    let to_publish = to_publish.map(|to_publish| severity_under(Some(to_publish.policy())));
    let active: Option<Policy> = case.active_policy();
    severity_under(active.as_ref()).min(to_publish.unwrap_or(Severity::Note))
}

/// Makes a finding about an MX host one about an intended MX host.
fn as_intended(finding: Finding, code: &Code) -> Finding {
    let mut detail = Sentence::from(format!("intended ({}): ", finding.code));
    detail.add(&finding.detail);
    Finding {
        code: code.code.to_owned(),
        step: code.step,
        detail,
        ..finding
    }
}
