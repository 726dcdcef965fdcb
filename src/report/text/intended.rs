//! What is intended, beside the live MX hosts.

use super::transport::in_short;
use crate::diagnose::document::{DomainReport, IntendedReport, MxVerdict};
use crate::diagnose::intended::{
    IntendedHostReport, IntendedPolicyReport, MatchKind, Phase, PhaseSource, Role,
};
use crate::facts::dns::Exchange;
use crate::report::page::{Cell, Page};
use crate::report::{Tone, escape, words};

/// Returns what a live MX host is to what is intended.
pub(super) fn role(intended: &IntendedReport, host: &Exchange) -> Cell {
    match intended.role_of(host) {
        Some(Role::Due) => Cell::plain("still due"),
        Some(Role::Foreign) => Cell::toned(Tone::Bad, "NOT INTENDED"),
        Some(Role::Intended) => Cell::toned(Tone::Good, "intended"),
        None => Cell::plain(""),
    }
}

/// Returns a row for each host that no MX record names yet, at most as many as a list has.
pub(super) fn standby(
    page: &Page<'_>,
    intended: &IntendedReport,
    has_policy: bool,
) -> Vec<Vec<Cell>> {
    let limit = page.context.list_limit();
    let count = intended.standby().count();
    let rows = intended.standby().take(limit).map(|host| {
        let name = escape::cut(host.host.as_str(), MAX_CHARS);
        let mut cells = vec![
            Cell::plain(format!("-- {name}")),
            match intended.phase {
                Phase::Before => Cell::plain("intended"),
                Phase::After => Cell::toned(Tone::Bad, "NO MX RECORD"),
            },
        ];
        if has_policy {
            cells.push(match host.match_kind {
                Some(MatchKind::Exact | MatchKind::Wildcard) => Cell::toned(Tone::Good, "listed"),
                Some(MatchKind::None) => Cell::toned(Tone::Bad, "NOT LISTED"),
                None => Cell::plain(""),
            });
        }
        let transport = in_short(page, transport_word(host), &host.addresses);
        cells.push(Cell::plain(transport));
        cells
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    if count > limit {
        rows.push(vec![Cell::plain(format!("and {} more", count - limit))]);
    }
    rows
}

fn transport_word(host: &IntendedHostReport) -> String {
    match (host.verdict, &host.error) {
        (MxVerdict::Unreachable, Some(_)) => "no address".to_owned(),
        (verdict, _) => words::mx_verdict(verdict).to_owned(),
    }
}

/// Writes the table of intended hosts, and what is to be published.
pub(super) fn table(page: &mut Page<'_>, report: &DomainReport) {
    let Some(intended) = &report.intended else {
        return;
    };
    page.section("What is intended");
    let side = match intended.phase {
        Phase::Before => "before the cutover",
        Phase::After => "after the cutover",
    };
    page.prose(
        2,
        match intended.phase_source {
            PhaseSource::Assumed => {
                format!("{side}, as far as is known: there are no MX records to tell")
            }
            PhaseSource::Given => format!("{side} (--phase)"),
            PhaseSource::LiveMx => format!("{side}, by the live MX records"),
        },
    );
    let header = vec![
        "host",
        "MX record",
        "live policy",
        "transport",
        "passes",
        "provider",
    ];
    let rows = intended.hosts.iter().map(row).collect();
    page.table(header, rows);
    for host in &intended.hosts {
        if let Some(why) = &host.near_miss {
            page.prose(2, format!("{}: {why}", host.host));
        }
        for held in host.held.iter().filter(|held| held.pattern.is_none()) {
            page.prose(
                2,
                format!(
                    "{}: not in the policy with id {}, which senders may hold until {}",
                    host.host,
                    escape::cut(&held.id, MAX_CHARS),
                    page.context.moment(held.held_possibly_until)
                ),
            );
        }
        if let Some(provider) = &host.provider
            && !provider.policy_mx.is_empty()
        {
            page.prose(
                2,
                format!(
                    "{} documents for a policy: mx: {} (seen {}, {})",
                    provider.name,
                    provider.policy_mx.join(", mx: "),
                    provider.date,
                    provider.source
                ),
            );
        }
    }
    if let Some(policy) = &intended.policy {
        to_publish(page, policy);
    }
    if let (Some(id), is_live) = (&intended.id, intended.id_is_live) {
        page.prose(
            2,
            format!("id to be published: {id} ({})", is_it_live(is_live)),
        );
    }
    if let Some(from) = intended.old_patterns_safe_from {
        page.prose(
            2,
            format!(
                "old entries: {}, needed until {}",
                escape::list(&intended.old_patterns, page.context.list_limit()),
                page.context.moment(from)
            ),
        );
    }
}

fn row(host: &IntendedHostReport) -> Vec<String> {
    vec![
        escape::cut(host.host.as_str(), MAX_CHARS),
        match host.live {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        }
        .to_owned(),
        match (host.match_kind, &host.pattern) {
            (Some(MatchKind::None), _) => "NOT LISTED".to_owned(),
            (Some(MatchKind::Wildcard), Some(pattern)) => {
                format!("{} (wildcard)", escape::cut(pattern, MAX_CHARS))
            }
            (_, Some(pattern)) => escape::cut(pattern, MAX_CHARS),
            (_, None) => "none".to_owned(),
        },
        transport_word(host),
        match host.would_pass {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        }
        .to_owned(),
        host.provider
            .as_ref()
            .map_or_else(String::new, |provider| provider.name.clone()),
    ]
}

fn to_publish(page: &mut Page<'_>, policy: &IntendedPolicyReport) {
    let limit = page.context.list_limit();
    page.prose(
        2,
        format!(
            "policy to be published: {}, lists {} ({})",
            policy.mode,
            escape::list(&policy.mx, limit),
            is_it_live(policy.is_live)
        ),
    );
    if !policy.uncovered.is_empty() {
        let left_out: Vec<&str> = policy.uncovered.iter().map(|host| host.as_str()).collect();
        page.prose(
            2,
            format!("it leaves out {}", escape::list(&left_out, limit)),
        );
    }
}

const fn is_it_live(is_live: Option<bool>) -> &'static str {
    match is_live {
        Some(true) => "live",
        Some(false) => "not live",
        None => "not known whether live",
    }
}

/// How much of one text from the network is shown.
const MAX_CHARS: usize = 256;
