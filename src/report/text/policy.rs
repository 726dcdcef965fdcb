//! The TXT record, the policies and where they come from, and the TLSRPT record.

use std::time::Duration;

use super::certificate;
use crate::diagnose::document::{
    DomainReport, EdgeReport, HostingReport, PolicyReport, PolicySourceReport,
};
use crate::facts::sentence::Failure;
use crate::facts::{Sentence, UnixTime};
use crate::report::page::{Page, Place};
use crate::report::{Context, Detail, Tone, escape, time, words};
use crate::sts::reading::Reading;

/// A policy with the readings in which it is the same.
pub(super) struct Seen<'a> {
    pub(super) policy: &'a PolicyReport,
    readings: Vec<Reading>,
}

impl<'a> Seen<'a> {
    /// Returns what to call it: `live policy`, or `live policy (tolerant)` if the readings differ.
    pub(super) fn title(&self) -> String {
        format!(
            "{} policy{}",
            words::source(self.policy.source),
            self.note()
        )
    }

    /// Returns what to call it beside other stored policies: by its id.
    pub(super) fn title_by_id(&self) -> String {
        match (self.policy.source, &self.policy.id) {
            (PolicySourceReport::Stored, Some(id)) => {
                format!("stored {}{}", escape::cut(id, 32), self.note())
            }
            (_, _) => self.title(),
        }
    }

    /// Returns what its two readings have in common.
    fn key(&self) -> (PolicySourceReport, Option<&'a str>, Option<&'a str>) {
        let stored = (self.policy.source == PolicySourceReport::Stored).then_some(self.policy);
        (
            self.policy.source,
            stored.and_then(|policy| policy.id.as_deref()),
            stored.and_then(|policy| policy.body_sha256.as_deref()),
        )
    }

    fn note(&self) -> String {
        match self.readings.as_slice() {
            [reading] => format!(" ({})", words::reading(*reading)),
            _ => String::new(),
        }
    }
}

/// Folds the readings of each policy that agree; a stored one that is live is reported as that.
pub(super) fn fold(policies: &[PolicyReport]) -> Vec<Seen<'_>> {
    let mut folded: Vec<Seen<'_>> = Vec::new();
    let is_told = |policy: &PolicyReport| {
        let is_same = |live: &PolicyReport| {
            live.source == PolicySourceReport::Live
                && live.body_sha256.is_some()
                && (&live.body_sha256, &live.id) == (&policy.body_sha256, &policy.id)
        };
        policy.source == PolicySourceReport::Stored && policies.iter().any(is_same)
    };
    for policy in policies.iter().filter(|policy| !is_told(policy)) {
        let same = folded.iter_mut().find(|seen| {
            PolicyReport {
                reading: policy.reading,
                ..seen.policy.clone()
            } == *policy
        });
        match same {
            Some(seen) => seen.readings.push(policy.reading),
            None => folded.push(Seen {
                policy,
                readings: vec![policy.reading],
            }),
        }
    }
    // What tolerant senders read is reported only where it differs.
    let sources: Vec<_> = folded.iter().map(Seen::key).collect();
    for seen in &mut folded {
        let of_source = sources.iter().filter(|source| **source == seen.key());
        if seen.readings == [Reading::Letter] && of_source.count() == 1 {
            seen.readings.push(Reading::Tolerant);
        }
    }
    folded
}

/// Returns the policies to write: of many stored ones those that are held longest, and how many more there are.
fn shown<'r>(page: &mut Page<'_>, report: &'r DomainReport) -> Vec<Seen<'r>> {
    let limit = page.context.list_limit();
    let mut folded = fold(&report.policies);
    let is_stored = |seen: &Seen<'_>| seen.policy.source == PolicySourceReport::Stored;
    let count = folded.iter().filter(|seen| is_stored(seen)).count();
    if count > limit {
        let mut ends: Vec<_> = folded
            .iter()
            .filter(|seen| is_stored(seen))
            .map(|seen| seen.policy.held_possibly_until)
            .collect();
        ends.sort();
        let from = ends.get(count - limit).copied().flatten();
        folded.retain(|seen| !is_stored(seen) || seen.policy.held_possibly_until >= from);
        page.labelled(
            Tone::Strong,
            "held",
            format!("{count} policies, those that are held longest:"),
        );
    }
    folded
}

/// Writes each policy in a line: what it says, which hosts it lists, until when a stored one lasts.
pub(super) fn lines(page: &mut Page<'_>, report: &DomainReport) {
    for seen in shown(page, report) {
        let label = match seen.policy.source {
            PolicySourceReport::Live => "policy",
            PolicySourceReport::Stored => "held",
            PolicySourceReport::None => continue,
        };
        // Why one cannot be used is said where it is judged.
        if !seen.policy.valid {
            continue;
        }
        let mut text = describe(page.context, &seen);
        if !seen.policy.mx.is_empty() {
            let limit = page.context.list_limit();
            text.push_str(&format!("; lists {}", escape::list(&seen.policy.mx, limit)));
        }
        page.labelled(Tone::Strong, label, text);
    }
}

/// Writes in a line where the policy has to be changed, if something has to be and it is known.
pub(super) fn place_line(page: &mut Page<'_>, report: &DomainReport) {
    let hosting = &report.fetch.hosting;
    if report.first_action.is_some() && hosting.place.is_some() {
        page.labelled(Tone::Strong, "place", place(hosting));
    }
}

/// Writes the record, each policy, each edge and the TLSRPT record.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    page.section("Policy");
    record(page, report);
    zone(page, report);
    for seen in shown(page, report) {
        page.field(
            words::source(seen.policy.source),
            describe(page.context, &seen),
        );
        if !seen.policy.mx.is_empty() {
            page.field(
                "",
                format!(
                    "mx: {}",
                    escape::list(&seen.policy.mx, page.context.list_limit())
                ),
            );
        }
    }
    fetch(page, report);
    tlsrpt(page, report);
}

/// Writes the TLSRPT record in a line.
fn tlsrpt(page: &mut Page<'_>, report: &DomainReport) {
    let text = match (&report.tlsrpt.record, &report.tlsrpt.error) {
        (Some(record), None) => escape::cut(record, MAX_CHARS),
        (Some(record), Some(error)) => format!(
            "{} ({})",
            escape::cut(record, MAX_CHARS),
            escape::cut(&page.context.say(error), MAX_CHARS)
        ),
        (None, Some(error)) => escape::cut(&unless_told(page, report, error), MAX_CHARS),
        (None, None) => "no record: nobody reports failures to you".to_owned(),
    };
    page.field("tlsrpt", text);
    if !report.tlsrpt.cname.is_empty() {
        page.field(
            "",
            format!(
                "by CNAME from {}",
                names(&report.tlsrpt.cname, page.context.list_limit())
            ),
        );
    }
}

/// Returns an error, or that it is the record's: a resolver that is silent is so whatever it is asked.
fn unless_told(page: &Page<'_>, report: &DomainReport, error: &Sentence) -> String {
    let mut told = report.record.error.iter().flat_map(Sentence::failures);
    let is_told = told.any(|told| {
        !told.particulars.is_empty() && error.failures().any(|failure| is_as(failure, told))
    });
    if is_told {
        "its lookup failed in the same way".to_owned()
    } else {
        page.context.say(error)
    }
}

/// Whether a failure is that one, or of a lookup that it stands for.
fn is_as(failure: &Failure, told: &Failure) -> bool {
    let (what, told_what) = (failure.what.to_string(), told.what.to_string());
    failure.particulars == told.particulars && what.ends_with(&told_what)
}

fn record(page: &mut Page<'_>, report: &DomainReport) {
    let record = &report.record;
    let limit = page.context.list_limit();
    for text in record.texts.iter().take(limit) {
        let ttl = record.ttl_secs.map_or_else(String::new, |secs| {
            format!(" (TTL {})", time::span(Duration::from_secs(secs)))
        });
        page.field("record", format!("{}{ttl}", escape::cut(text, MAX_CHARS)));
    }
    if record.texts.len() > limit {
        page.field("record", format!("and {} more", record.texts.len() - limit));
    }
    if !record.cname.is_empty() {
        let label = if record.texts.is_empty() {
            "record"
        } else {
            ""
        };
        page.field(
            label,
            format!("by CNAME from {}", names(&record.cname, limit)),
        );
    }
    if let Some(error) = &record.error {
        let tolerant = if record.tolerant_only {
            " (tolerant senders read it all the same)"
        } else {
            ""
        };
        page.field(
            if record.texts.is_empty() {
                "record"
            } else {
                ""
            },
            format!(
                "{}{tolerant}",
                escape::cut(&page.context.say(error), MAX_CHARS)
            ),
        );
    }
}

/// Writes what each name server of the zone says itself of the MX records and of the MTA-STS record.
fn zone(page: &mut Page<'_>, report: &DomainReport) {
    let servers = report.zone.iter().flat_map(|zone| &zone.servers);
    for (number, server) in servers.take(page.context.list_limit()).enumerate() {
        let mut said = server.host.to_string();
        if let Some(address) = server.address {
            said.push_str(&format!(" [{address}]"));
        }
        if let Some(mx) = &server.mx {
            said.push_str(&format!("; MX {}", any(mx)));
        }
        if let Some(target) = &server.record_cname {
            said.push_str(&format!("; _mta-sts CNAME {target}"));
        }
        if let Some(record) = &server.record {
            said.push_str(&format!("; _mta-sts {}", any(record)));
        }
        if let Some(error) = &server.error {
            said.push_str(&format!("; {}", page.context.say(error)));
        }
        let label = if number == 0 { "zone" } else { "" };
        page.field(label, escape::cut(&said, MAX_CHARS));
    }
}

fn any(records: &[String]) -> String {
    if records.is_empty() {
        "none".to_owned()
    } else {
        records.join(", ")
    }
}

fn fetch(page: &mut Page<'_>, report: &DomainReport) {
    let fetch = &report.fetch;
    page.field("url", escape::cut(&fetch.url, MAX_CHARS));
    if !fetch.cname.is_empty() {
        page.field(
            "",
            format!(
                "really hosted at {} (CNAME)",
                names(&fetch.cname, page.context.list_limit())
            ),
        );
    }
    page.field("place", place(&fetch.hosting));
    if let Some(error) = &fetch.error {
        let error = unless_told(page, report, error);
        page.field("", escape::cut(&error, MAX_CHARS));
    }
    for (addresses, edge) in fold_edges(&fetch.edges) {
        let mut facts = Vec::new();
        // Of any other status the error says it.
        facts.extend(
            edge.status
                .filter(|status| *status == 200 || edge.error.is_none())
                .map(|status| format!("status {status}")),
        );
        facts.extend(
            edge.content_type
                .as_deref()
                .map(|found| escape::cut(found, 80)),
        );
        facts.extend(
            edge.body_sha256
                .as_deref()
                .map(|digest| format!("sha256 {}", digest.chars().take(12).collect::<String>())),
        );
        facts.extend(edge.age_secs.map(|secs| {
            let age = time::span(Duration::from_secs(secs));
            match edge.kept_until {
                Some(until) => format!(
                    "a cache's copy of {age}, kept until {}",
                    page.context.moment(until)
                ),
                None => format!("a cache's copy of {age}"),
            }
        }));
        facts.extend(
            edge.error
                .as_ref()
                .map(|error| escape::cut(&page.context.say(error), MAX_CHARS)),
        );
        page.field(
            "from",
            format!(
                "{}: {}",
                escape::list(&addresses, page.context.list_limit()),
                facts.join(", ")
            ),
        );
        let Some(presented) = &edge.certificate else {
            continue;
        };
        if page.context.detail == Detail::Full || !presented.faults.is_empty() {
            page.field("", certificate::describe(page.context, presented));
        }
        certificate::faults(page, Place::Beside, presented);
    }
    if fetch.edges_not_tried > 0 {
        page.field("", format!("and {} more, not asked", fetch.edges_not_tried));
    }
}

/// Returns which place keeps the policy, and who takes the mail: `EasyDMARC; mail at Microsoft 365: two providers`.
fn place(hosting: &HostingReport) -> String {
    let name = hosting.name();
    match hosting.mail().map(|mail| format!("{name}; {mail}")) {
        Some(both) if both.chars().count() <= MAX_PLACE_CHARS => both,
        // Who takes the mail stands at the third step too.
        Some(_) | None => name.chars().take(MAX_PLACE_CHARS).collect(),
    }
}

/// Returns `enforce, id 20260301T080000, max_age 7 d`, or why it cannot be used.
fn describe(context: &Context, seen: &Seen<'_>) -> String {
    let policy = seen.policy;
    let mut facts = Vec::new();
    facts.extend(policy.mode.map(|mode| mode.to_string()));
    facts.extend(
        policy
            .id
            .as_deref()
            .map(|id| format!("id {}", escape::cut(id, 80))),
    );
    facts.extend(
        policy
            .max_age_secs
            .map(|secs| format!("max_age {}", time::span(Duration::from_secs(secs.into())))),
    );
    match policy.source {
        PolicySourceReport::Stored => facts.extend(held(context, policy)),
        PolicySourceReport::Live => facts.extend(
            policy
                .first_seen
                .filter(|since| Some(*since) < policy.fetched_at)
                .map(|since| format!("live since {}", context.moment(since))),
        ),
        PolicySourceReport::None => {}
    }
    if let Some(error) = &policy.error {
        let line = error
            .line
            .map_or_else(String::new, |line| format!("line {line}: "));
        facts.push(format!(
            "cannot be used: {line}{}",
            escape::cut(&error.message, MAX_CHARS)
        ));
    }
    format!("{}{}", facts.join(", "), seen.note())
}

/// Says when a stored policy was seen, and until when senders hold it.
fn held(context: &Context, policy: &PolicyReport) -> Vec<String> {
    let moment = |time: Option<UnixTime>| time.map(|time| context.moment(time));
    let Some(gone_by) = moment(policy.gone_by) else {
        let since = moment(policy.first_seen);
        return since
            .map(|since| format!("live since {since}"))
            .into_iter()
            .collect();
    };
    let mut facts = vec![format!("gone by {gone_by}")];
    let is_certain = policy.held_certainly_until >= Some(context.now);
    facts.extend(
        moment(policy.held_certainly_until)
            .filter(|_| is_certain)
            .map(|end| format!("held until {end}")),
    );
    facts.extend(moment(policy.held_possibly_until).map(|end| format!("possibly until {end}")));
    facts
}

/// Folds edges that answer the same.
fn fold_edges(edges: &[EdgeReport]) -> Vec<(Vec<String>, &EdgeReport)> {
    let mut folded: Vec<(Vec<String>, &EdgeReport)> = Vec::new();
    for edge in edges {
        let same = folded.iter_mut().find(|(_, what)| {
            EdgeReport {
                address: edge.address,
                ..(*what).clone()
            } == *edge
        });
        match same {
            Some((addresses, _)) => addresses.push(edge.address.to_string()),
            None => folded.push((vec![edge.address.to_string()], edge)),
        }
    }
    folded
}

fn names(names: &[crate::facts::DnsName], limit: usize) -> String {
    let texts: Vec<_> = names.iter().map(crate::facts::DnsName::as_str).collect();
    escape::list(&texts, limit)
}

/// What fits into a line of 80 characters behind its label.
const MAX_PLACE_CHARS: usize = 66;

/// How much of one text from the network is shown.
const MAX_CHARS: usize = 256;
