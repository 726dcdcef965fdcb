//! The TXT record, the policies and where they come from, and the TLSRPT record.

use std::time::Duration;

use super::certificate;
use crate::diagnose::document::{DomainReport, EdgeReport, PolicyReport, PolicySourceReport};
use crate::facts::Sentence;
use crate::facts::sentence::Failure;
use crate::report::page::{Page, Place};
use crate::report::{Context, Detail, escape, time, words};
use crate::sts::reading::Reading;

/// A policy with the readings in which it is the same.
pub(super) struct Seen<'a> {
    pub(super) policy: &'a PolicyReport,
    readings: Vec<Reading>,
}

impl Seen<'_> {
    /// Returns what to call it: `live policy`, or `live policy (tolerant)` if the readings differ.
    pub(super) fn title(&self) -> String {
        format!(
            "{} policy{}",
            words::source(self.policy.source),
            self.note()
        )
    }

    fn note(&self) -> String {
        match self.readings.as_slice() {
            [reading] => format!(" ({})", words::reading(*reading)),
            _ => String::new(),
        }
    }
}

/// Folds the readings of each policy that agree.
pub(super) fn fold(policies: &[PolicyReport]) -> Vec<Seen<'_>> {
    let mut folded: Vec<Seen<'_>> = Vec::new();
    for policy in policies {
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
    // What tolerant senders read is told only where it differs.
    let sources: Vec<_> = folded.iter().map(|seen| seen.policy.source).collect();
    for seen in &mut folded {
        let of_source = sources
            .iter()
            .filter(|source| **source == seen.policy.source);
        if seen.readings == [Reading::Letter] && of_source.count() == 1 {
            seen.readings.push(Reading::Tolerant);
        }
    }
    folded
}

/// Writes the live policy in a line, and until when a stored one lasts.
pub(super) fn brief(page: &mut Page<'_>, report: &DomainReport) {
    for seen in fold(&report.policies) {
        match seen.policy.source {
            PolicySourceReport::Live => {
                let mut text = describe(page.context, &seen);
                let edges: Vec<_> = served(&report.fetch.edges);
                if !edges.is_empty() {
                    text.push_str(&format!(
                        "; from {}",
                        escape::list(&edges, page.context.list_limit())
                    ));
                }
                page.field("policy", text);
            }
            PolicySourceReport::Stored => page.field("stored", describe(page.context, &seen)),
            PolicySourceReport::None => {}
        }
    }
}

/// Writes the record, each policy, each edge and the TLSRPT record.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    page.section("Policy");
    record(page, report);
    for seen in fold(&report.policies) {
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
pub(super) fn tlsrpt(page: &mut Page<'_>, report: &DomainReport) {
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
    // A live policy was fetched just now, and its life would begin there.
    match policy.source {
        PolicySourceReport::Stored => {
            facts.extend(
                policy
                    .fetched_at
                    .map(|time| format!("fetched {}", context.moment(time))),
            );
            facts.extend(
                policy
                    .expires_at
                    .map(|time| format!("ends {}", context.moment(time))),
            );
        }
        PolicySourceReport::Live | PolicySourceReport::None => {}
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

/// Returns the addresses that serve a policy.
fn served(edges: &[EdgeReport]) -> Vec<String> {
    edges
        .iter()
        .filter(|edge| edge.error.is_none())
        .map(|edge| edge.address.to_string())
        .collect()
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

/// How much of one text from the network is shown.
const MAX_CHARS: usize = 256;
