//! The MX hosts beside the policies, and their transport.

use super::policy::{self, Seen};
use super::transport::in_short;
use super::{certificate, intended};
use crate::diagnose::document::{
    AddressReport, DomainReport, MxReport, MxVerdict, PolicySourceReport, PortState,
};
use crate::diagnose::findings::codes::{self, Code};
use crate::facts::tls::version_in_words;
use crate::facts::{DnsName, Say, Sentence};
use crate::report::page::{Cell, Page, Place};
use crate::report::{Detail, Tone, escape, time, words};
use crate::sender::Families;
use crate::sts::policy::Mode;

/// Writes a line for each MX host: whether it is listed, and what its transport is worth.
pub(super) fn lines(page: &mut Page<'_>, report: &DomainReport) {
    if let Some(error) = error(report) {
        let error = escape::cut(&page.context.say(error), MAX_CHARS);
        page.labelled(Tone::Strong, "MX", error);
    }
    let policies: Vec<Seen<'_>> = policy::fold(&report.policies)
        .into_iter()
        .filter(|seen| seen.policy.valid && seen.policy.mode != Some(Mode::None))
        .collect();
    let limit = page.context.list_limit();
    let mut rows: Vec<Vec<Cell>> = report
        .mx
        .iter()
        .take(limit)
        .map(|host| {
            let name = escape::cut(&host.host.to_string(), MAX_CHARS);
            let mut cells = vec![Cell::plain(format!("{} {name}", host.preference))];
            if let Some(intended) = &report.intended {
                cells.push(intended::role(intended, &host.host));
            }
            if !policies.is_empty() {
                cells.push(listing(host, &policies));
            }
            let transport = in_short(page, transport_word(report, host), &host.addresses);
            cells.push(Cell::plain(transport));
            cells
        })
        .collect();
    if report.mx.len() > limit {
        let more = report.mx.len() - limit + report.mx_left_out;
        rows.push(vec![Cell::plain(format!("and {more} more"))]);
    }
    if let Some(intended) = &report.intended {
        rows.extend(intended::standby(page, intended, !policies.is_empty()));
    }
    page.columns("MX", rows);
}

/// Says whether the policies list a host, the live one first.
fn listing(host: &MxReport, policies: &[Seen<'_>]) -> Cell {
    let leaves_out = |seen: &&Seen<'_>| {
        let found = &seen.policy.mx_matches;
        let found = found.iter().find(|found| found.host == host.host);
        found.is_some_and(|found| found.pattern.is_none())
    };
    match policies.iter().find(leaves_out) {
        None => Cell::toned(Tone::Good, "listed"),
        Some(seen) if seen.policy.source == PolicySourceReport::Stored => {
            Cell::toned(Tone::Bad, "NOT LISTED (held policy)")
        }
        Some(_) => Cell::toned(Tone::Bad, "NOT LISTED"),
    }
}

/// Returns why there are no MX hosts, unless the first lines say it.
fn error(report: &DomainReport) -> Option<&Sentence> {
    let has = |code: &Code| {
        report
            .findings
            .iter()
            .any(|finding| finding.code == code.code)
    };
    if has(&codes::MX_NULL) || has(&codes::MX_NO_DOMAIN) {
        return None;
    }
    let reason = report.reason.sentence();
    let is_said = |error: &&Sentence| {
        **error == reason
            || error
                .failures()
                .any(|failure| reason.failures().any(|said| said == failure))
    };
    report.mx_error.as_ref().filter(|error| !is_said(error))
}

/// Writes the table of MX hosts × policies, and the patterns that match none of them.
pub(super) fn table(page: &mut Page<'_>, report: &DomainReport) {
    if report.mx.is_empty() {
        return;
    }
    page.section("MX hosts");
    let policies: Vec<_> = policy::fold(&report.policies)
        .into_iter()
        .filter(|seen| seen.policy.valid)
        .collect();
    // Stored policies that match the hosts alike share a column.
    let stored = policies
        .iter()
        .filter(|seen| seen.policy.source == PolicySourceReport::Stored)
        .count();
    let mut distinct: Vec<Seen<'_>> = Vec::new();
    for seen in policies {
        let is_repeated = seen.policy.source == PolicySourceReport::Stored
            && distinct.iter().any(|other| {
                other.policy.source == PolicySourceReport::Stored
                    && other.policy.mx_matches == seen.policy.mx_matches
                    && other.policy.unused_patterns == seen.policy.unused_patterns
            });
        if !is_repeated && distinct.len() < MAX_POLICIES {
            distinct.push(seen);
        }
    }
    let policies = distinct;
    let titles: Vec<_> = policies
        .iter()
        .map(|seen| {
            if stored > 1 {
                seen.title_by_id()
            } else {
                seen.title()
            }
        })
        .collect();
    let mut header = vec!["pref", "host"];
    header.extend(titles.iter().map(String::as_str));
    header.push("transport");
    // What an unlisted host would do is the next question; of a listed one it is known.
    let is_any_unlisted = policies.iter().any(|seen| {
        let found = &seen.policy.mx_matches;
        found.iter().any(|found| found.pattern.is_none())
    });
    if is_any_unlisted {
        header.push("passes if listed");
    }
    let rows: Vec<_> = report
        .mx
        .iter()
        .take(MAX_ROWS)
        .map(|host| {
            let mut cells = row(report, host, &policies);
            cells.truncate(header.len());
            cells
        })
        .collect();
    page.table(header, rows);
    if report.mx.len() > MAX_ROWS {
        page.prose(
            2,
            format!(
                "and {} more",
                report.mx.len() - MAX_ROWS + report.mx_left_out
            ),
        );
    }
    for seen in &policies {
        let unused = &seen.policy.unused_patterns;
        if !unused.is_empty() {
            page.prose(
                2,
                format!(
                    "unused in the {}, no MX host matches: {}",
                    seen.title(),
                    escape::list(unused, page.context.list_limit())
                ),
            );
        }
    }
}

fn row(report: &DomainReport, host: &MxReport, policies: &[Seen<'_>]) -> Vec<String> {
    let mut cells = vec![
        host.preference.to_string(),
        escape::cut(&host.host.to_string(), MAX_CHARS),
    ];
    for seen in policies {
        let found = seen
            .policy
            .mx_matches
            .iter()
            .find(|found| found.host == host.host);
        cells.push(match found {
            Some(found) => found.pattern.as_deref().map_or_else(
                || "NOT LISTED".to_owned(),
                |pattern| escape::cut(pattern, MAX_CHARS),
            ),
            None => "?".to_owned(),
        });
    }
    cells.push(transport_word(report, host));
    cells.push(
        match host.would_pass_if_listed {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        }
        .to_owned(),
    );
    cells
}

/// Returns what the transport to a host is worth: without STARTTLS it may well get mail, where no policy asks
/// for more.
fn transport_word(report: &DomainReport, host: &MxReport) -> String {
    let is_clear = !host.addresses.is_empty() && host.addresses.iter().all(is_without_tls);
    if is_clear {
        return NO_STARTTLS.to_owned();
    }
    if host.verdict == MxVerdict::Unreachable && is_left_unanswered(report) {
        return NO_ANSWER_YET.to_owned();
    }
    let word = words::mx_verdict(host.verdict);
    let over = match host.address_families {
        Families::Both => "",
        Families::Ipv4 => " over IPv4 alone",
        Families::Ipv6 => " over IPv6",
    };
    match host.addresses_bad {
        0 => format!("{word}{over}"),
        bad => format!(
            "{word}{over}, {bad} of {} addresses bad",
            host.addresses.len()
        ),
    }
}

/// Returns whether the check ended before any MX host answered.
fn is_left_unanswered(report: &DomainReport) -> bool {
    report.smtp.state == PortState::Unknown && report.smtp.addresses_tried > 0
}

fn is_without_tls(address: &AddressReport) -> bool {
    address.verdict == MxVerdict::Refused && address.starttls == Some(false)
}

const NO_STARTTLS: &str = "no STARTTLS";

const NO_ANSWER_YET: &str = "no answer yet";

/// Writes what was seen at each address, addresses that say the same in one paragraph.
pub(super) fn transport(page: &mut Page<'_>, report: &DomainReport) {
    let hosts: Vec<_> = report
        .mx
        .iter()
        .filter(|host| match host.verdict {
            MxVerdict::NotAsked => false,
            MxVerdict::NotTried => !host.addresses.is_empty(),
            MxVerdict::Accepted
            | MxVerdict::Refused
            | MxVerdict::RejectedUs
            | MxVerdict::Undetermined
            | MxVerdict::Unreachable => true,
        })
        .collect();
    if hosts.is_empty() {
        return;
    }
    page.section("Transport");
    for host in hosts {
        let mut about = vec![format!("preference {}", host.preference)];
        if host.implicit {
            about.push("no MX record: the domain stands for its own host".to_owned());
        }
        if let Some(secs) = host.ttl_secs {
            about.push(format!(
                "TTL {}",
                time::span(std::time::Duration::from_secs(secs))
            ));
        }
        if !host.cname.is_empty() {
            let names: Vec<_> = host.cname.iter().map(DnsName::as_str).collect();
            about.push(format!(
                "alias of {}",
                escape::list(&names, page.context.list_limit())
            ));
        }
        if host.has_tlsa {
            about.push("has TLSA, DANE not judged".to_owned());
        }
        page.item(
            2,
            Tone::Strong,
            escape::cut(&host.host.to_string(), MAX_CHARS),
            format!("({})", about.join(", ")),
        );
        if let Some(error) = &host.error {
            page.prose(3, escape::cut(&page.context.say(error), MAX_CHARS));
        }
        for (addresses, what) in fold(&host.addresses) {
            address(page, &addresses, what);
        }
        if host.addresses_not_tried > 0 {
            page.prose(
                3,
                format!("and {} more, not tried", host.addresses_not_tried),
            );
        }
    }
}

fn address(page: &mut Page<'_>, addresses: &[String], what: &AddressReport) {
    let verdict = if is_without_tls(what) {
        NO_STARTTLS
    } else {
        words::mx_verdict(what.verdict)
    };
    let mut facts = vec![escape::cut(&page.context.say(&what.detail), MAX_CHARS)];
    if what.starttls == Some(false) && verdict != NO_STARTTLS {
        facts.push(NO_STARTTLS.to_owned());
    }
    facts.extend(tls(page, what));
    if !what.result_types.is_empty() {
        let types: Vec<&str> = what.result_types.iter().map(|one| one.as_str()).collect();
        facts.push(format!("TLSRPT {}", types.join(", ")));
    }
    facts.retain(|fact| !fact.is_empty());
    page.item(
        3,
        tone(what.verdict),
        verdict,
        format!("{}: {}", addresses.join(", "), facts.join("; ")),
    );
    if let Some(presented) = &what.certificate {
        page.prose(4, certificate::describe(page.context, presented));
        certificate::faults(page, Place::Level(4), presented);
        if page.context.detail == Detail::Full && what.certificate_matches_patterns == Some(false) {
            page.prose(
                4,
                "no name in it matches a pattern of the live policy: Postfix before 3.10.5 refuses it",
            );
        }
    }
}

/// Returns `TLS 1.3`, and in full detail `TLS 1.3 (TLS_AES_256_GCM_SHA384, key exchange X25519)`.
fn tls(page: &Page<'_>, what: &AddressReport) -> Option<String> {
    let version = version_in_words(what.tls_version.as_deref()?);
    let mut more: Vec<String> = what.cipher_suite.clone().into_iter().collect();
    more.extend(
        what.key_exchange
            .as_ref()
            .map(|group| format!("key exchange {group}")),
    );
    Some(if page.context.detail == Detail::Full && !more.is_empty() {
        format!("{version} ({})", more.join(", "))
    } else {
        version
    })
}

/// Folds addresses at which the same was seen.
fn fold(addresses: &[AddressReport]) -> Vec<(Vec<String>, &AddressReport)> {
    let mut folded: Vec<(Vec<String>, &AddressReport)> = Vec::new();
    for address in addresses {
        let same = folded.iter_mut().find(|(_, what)| {
            AddressReport {
                address: address.address,
                ..(*what).clone()
            } == *address
        });
        match same {
            Some((names, _)) => names.push(address.address.to_string()),
            None => folded.push((vec![address.address.to_string()], address)),
        }
    }
    folded
}

const fn tone(verdict: MxVerdict) -> Tone {
    match verdict {
        MxVerdict::Accepted => Tone::Good,
        MxVerdict::Refused => Tone::Bad,
        MxVerdict::Undetermined | MxVerdict::RejectedUs | MxVerdict::Unreachable => Tone::Warn,
        MxVerdict::NotAsked | MxVerdict::NotTried => Tone::Faint,
    }
}

/// How many MX hosts the table shows: more than are ever spoken to.
const MAX_ROWS: usize = 40;

/// How many policies the table has columns for.
const MAX_POLICIES: usize = 5;

/// How much of one text from the network is shown.
const MAX_CHARS: usize = 256;
