//! Findings about the servers of the domain's zone, which say what everybody is going to see.

use super::codes;
use super::found::{Findings, listed};
use crate::diagnose::case::Case;
use crate::diagnose::command::Command;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::Fix;
use crate::diagnose::zone::{JudgedServer, JudgedZone, Said};
use crate::facts::dns::{Exchange, MxRecord};
use crate::facts::{DnsName, Sentence};

/// How many records of one answer are reported.
const SHOWN_RECORDS: usize = 4;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let Some(zone) = &case.judged.zone else {
        return;
    };
    find_split(case, zone, found);
    find_lame(zone, found);
    find_behind(case, zone, found);
}

/// Tells of servers that disagree: which answer a sender gets is chance.
fn find_split(case: &Case<'_>, zone: &JudgedZone<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    let mut questions = Vec::new();
    let mut detail = Sentence::default();
    if zone.splits_over_mx() {
        questions.push(format!("MX {domain}"));
        detail
            .words("MX records: ")
            .words(each(zone, |server| told(&server.mx, record_of)));
    }
    if zone.splits_over_record() {
        questions.push(format!("TXT _mta-sts.{domain}"));
        detail
            .words(if questions.len() > 1 { "; " } else { "" })
            .words("MTA-STS record: ")
            .words(each(zone, |server| {
                told(&server.record, |text| text_of(text))
            }));
    }
    if questions.is_empty() {
        return;
    }
    let unlisted = unlisted(case, zone);
    if !unlisted.is_empty() {
        detail.words(format_args!(
            "; the policy does not list {}, which only some of them name",
            listed(&unlisted, 8)
        ));
    }
    let severity = if unlisted.is_empty() {
        Severity::Warning
    } else {
        Severity::Error
    };
    let asks = |server: &JudgedServer<'_>| {
        let address = server.address?;
        Some(Command::ask_server(
            server.host,
            address,
            format_args!("+noall +answer {}", questions.join(" ")),
        ))
    };
    let fix = Fix::from(format!(
        "Senders get the one or the other answer, and keep it for its TTL. Bring every server of {} to the \
         same copy of the zone (the primary's transfers, a change made at one provider of two), and change \
         the id only after that. Compare:",
        zone.asked.name
    ))
    .run(zone.servers.iter().filter_map(asks));
    found.add(&codes::DNS_SERVERS_SPLIT, severity, detail, Some(fix));
}

/// Returns the MX hosts that only a server names, the resolver not, and that the live policy does not list.
fn unlisted(case: &Case<'_>, zone: &JudgedZone<'_>) -> Vec<DnsName> {
    let Some(policy) = case.judged.listing_policy() else {
        return Vec::new();
    };
    let known: Vec<&Exchange> = case
        .judged
        .survey
        .mx
        .exchangers()
        .map(|mx| &mx.exchange)
        .collect();
    let mut unlisted: Vec<DnsName> = Vec::new();
    for server in &zone.servers {
        let Said::Records(records) = &server.mx else {
            continue;
        };
        for host in records
            .iter()
            .filter(|mx| !known.contains(&&mx.exchange))
            .filter_map(|mx| mx.exchange.name())
        {
            if policy.matching(host).is_none() && !unlisted.contains(host) {
                unlisted.push(host.clone());
            }
        }
    }
    unlisted
}

/// Tells of servers that are reached, and do not answer for the zone.
fn find_lame(zone: &JudgedZone<'_>, found: &mut Findings) {
    let lame: Vec<_> = zone.lame().collect();
    if lame.is_empty() {
        return;
    }
    let mut detail = Sentence::default();
    for (place, (server, failure)) in lame.iter().enumerate() {
        detail
            .words(if place > 0 { "; " } else { "" })
            .words(format_args!("{}: ", place_of(server)))
            .add(*failure);
    }
    let asked = Command::dig(format_args!("+short NS {}", zone.asked.name));
    found.add(
        &codes::DNS_SERVER_LAME,
        Severity::Warning,
        detail,
        Some(
            Fix::from(format!(
                "Resolvers that ask such a server first lose time, or fail. Configure {} there, or take the \
                 server out of its NS records, here and at the parent.",
                zone.asked.name
            ))
            .run([asked]),
        ),
    );
}

/// Tells what resolvers still hold, where every server has something newer.
fn find_behind(case: &Case<'_>, zone: &JudgedZone<'_>, found: &mut Findings) {
    let survey = case.judged.survey;
    let mut behind = Vec::new();
    let mx = Said::of_mx(Some(&survey.mx));
    if zone.is_ahead_over_mx(&mx) {
        behind.push((format!("MX {}", told(&mx, record_of)), survey.mx.ttl()));
    }
    let record = Said::of_texts(survey.record.as_ref());
    if zone.is_ahead_over_record(&record) {
        let ttl = survey.record.as_ref().and_then(|answer| answer.ttl());
        behind.push((
            format!("_mta-sts {}", told(&record, |text| text_of(text))),
            ttl,
        ));
    }
    if behind.is_empty() {
        return;
    }
    let mut detail = Sentence::from("our resolver still says ");
    for (place, (what, ttl)) in behind.into_iter().enumerate() {
        detail.words(if place > 0 { "; " } else { "" }).words(what);
        if let Some(ttl) = ttl {
            detail
                .words(", until ")
                .moment(case.now.saturating_add(ttl));
        }
    }
    detail.words("; the name servers of the zone say something else by now");
    found.add(
        &codes::DNS_RESOLVER_BEHIND,
        Severity::Note,
        detail,
        Some(Fix::from(
            "Wait for the TTL: senders see the old answer as long as their own resolvers keep it. Until then leave \
             everything in its place that the old answer leads to.",
        )),
    );
}

/// Says what each server that answered says: `ns1.corp.test (192.0.2.1, serial 7) says …`.
fn each(zone: &JudgedZone<'_>, told: impl Fn(&JudgedServer<'_>) -> String) -> String {
    let said: Vec<String> = zone
        .servers
        .iter()
        .map(|server| format!("{} says {}", place_of(server), told(server)))
        .collect();
    said.join(", ")
}

fn place_of(server: &JudgedServer<'_>) -> String {
    let address = server.address.map(|address| address.to_string());
    let serial = server.serial.map(|serial| format!("serial {serial}"));
    let particulars: Vec<String> = [address, serial].into_iter().flatten().collect();
    if particulars.is_empty() {
        return server.host.to_string();
    }
    format!("{} ({})", server.host, particulars.join(", "))
}

fn told<T>(said: &Said<'_, T>, text: impl Fn(&T) -> String) -> String {
    match said {
        Said::Alias(target) => format!("CNAME {target}"),
        Said::Records(records) if records.is_empty() => "no record".to_owned(),
        Said::Records(records) => listed(records.iter().map(text), SHOWN_RECORDS),
        Said::Failed(failure) => failure.kind.to_string(),
        Said::NotAsked => "nothing, for it has no address".to_owned(),
    }
}

fn record_of(mx: &MxRecord) -> String {
    format!("{} {}", mx.preference, mx.exchange)
}

/// How much of one text is reported, in octets.
const SHOWN_OCTETS: usize = 80;

fn text_of(text: &[u8]) -> String {
    let shown = text.get(..SHOWN_OCTETS).unwrap_or(text);
    format!("`{}`", shown.escape_ascii())
}
