//! What a scenario expects, held against what came of it.

use std::collections::BTreeMap;

use super::outcome::{AttemptOutcome, list};
use super::stage::Seen;
use crate::diagnose;
use crate::diagnose::document::{DomainReport, Severity};
use crate::facts::tls::version_in_words;
use crate::sender::Verdict;
use crate::story::{Asked, CheckExpectation, Expectation, Received};

/// Returns what an attempt did not do as expected.
pub(super) fn differences(expected: &Expectation, actual: &AttemptOutcome) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(verdict) = expected.verdict
        && verdict != actual.verdict
    {
        found.push(format!(
            "verdict {verdict} was expected, it is {} ({})",
            actual.verdict, actual.reason
        ));
    }
    if !expected.via.is_empty()
        && !actual
            .via
            .as_ref()
            .is_some_and(|via| expected.via.contains(via))
    {
        let hosts: Vec<String> = expected.via.iter().map(ToString::to_string).collect();
        found.push(format!(
            "delivery via {} was expected, it is via {}",
            hosts.join(" or "),
            actual
                .via
                .as_ref()
                .map_or_else(|| "no host".to_owned(), ToString::to_string)
        ));
    }
    if let Some(address) = expected.via_address
        && actual.via_address != Some(address)
    {
        found.push(format!(
            "delivery to {address} was expected, it is to {}",
            actual
                .via_address
                .map_or_else(|| "none".to_owned(), |address| address.to_string())
        ));
    }
    if let Some(types) = &expected.result_types
        && *types != actual.result_types
    {
        found.push(format!(
            "result types [{}] were expected, they are [{}]",
            list(types),
            list(&actual.result_types)
        ));
    }
    if let Some(source) = expected.policy
        && source != actual.policy
    {
        found.push(format!(
            "policy \"{source}\" was expected, it is \"{}\"",
            actual.policy
        ));
    }
    if let Some(reason) = &expected.reason
        && !actual.reason.to_string().contains(&**reason)
    {
        found.push(format!(
            "a reason with `{reason}` was expected, it is `{}`",
            actual.reason
        ));
    }
    found
}

/// Returns what did not reach the servers as expected: from one sender, by all the messages that the
/// expectation is about.
pub(super) fn request_differences(
    expected: &Expectation,
    actual: &[AttemptOutcome],
) -> Vec<String> {
    let mut found = Vec::new();
    let seen = || actual.iter().flat_map(|attempt| &attempt.seen);
    let asked = |wanted: &Asked| {
        seen().any(|seen| matches!(seen, Seen::Asked(made) if wanted.covers(made)))
    };
    for wanted in expected.asked.iter().filter(|wanted| !asked(wanted)) {
        found.push(format!("`{wanted}` was expected to be asked, it was not"));
    }
    for unwanted in expected.not_asked.iter().filter(|unwanted| asked(unwanted)) {
        found.push(format!("`{unwanted}` was asked, it must not be"));
    }
    for wanted in &expected.received {
        let count = seen().filter(|seen| is_received(seen, wanted)).count();
        if u32::try_from(count) == Ok(wanted.count) {
            continue;
        }
        let (messages, were) = match wanted.count {
            1 => ("message", "was"),
            _ => ("messages", "were"),
        };
        let mut text = format!(
            "{} {messages}{} {were} expected at {}, {count} came",
            wanted.count,
            how(wanted),
            wanted.server
        );
        // The one that came another way is what somebody looks for.
        let mut others: BTreeMap<String, usize> = BTreeMap::new();
        for seen in seen().filter(|seen| !is_received(seen, wanted)) {
            if let Seen::Received { server, tls, .. } = seen
                && *server == wanted.server
            {
                let way = tls.as_deref().map_or_else(
                    || "in clear text".into(),
                    |tls| format!("over {}", version_in_words(tls)),
                );
                *others.entry(way).or_default() += 1;
            }
        }
        for (way, count) in others {
            text.push_str(&format!(", but {count} {way}"));
        }
        found.push(text);
    }
    found
}

/// Says how a message must come.
fn how(wanted: &Received) -> String {
    match (wanted.tls, wanted.version) {
        (_, Some(version)) => format!(" over TLS {version}"),
        (Some(true), None) => " over TLS".into(),
        (Some(false), None) => " in clear text".into(),
        (None, None) => String::new(),
    }
}

fn is_received(seen: &Seen, wanted: &Received) -> bool {
    match seen {
        Seen::Asked(_) => false,
        Seen::Received { server, tls, .. } => {
            *server == wanted.server
                && wanted.tls.is_none_or(|wanted| wanted == tls.is_some())
                && wanted
                    .version
                    .is_none_or(|version| tls.as_deref() == Some(&format!("TLSv{version}")))
        }
    }
}

/// Returns what a check did not find as expected.
pub(super) fn check_differences(expected: &CheckExpectation, report: &DomainReport) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(verdict) = expected.verdict {
        let actual = match &expected.class {
            None => Some(report.verdict),
            Some(class) => report
                .senders
                .iter()
                .filter(|sender| *sender.class == *class.name)
                .map(|sender| sender.verdict)
                .max(),
        };
        if actual != Some(verdict) {
            found.push(format!(
                "verdict {verdict} was expected, it is {} ({})",
                actual.map_or("that of no such class", Verdict::as_str),
                report.reason
            ));
        }
    }
    let codes: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    for code in &expected.findings {
        if !codes.contains(&code.code) {
            found.push(format!(
                "finding {} was expected, there are [{}]",
                code.code,
                codes.join(", ")
            ));
        }
    }
    for code in &expected.no_findings {
        if codes.contains(&code.code) {
            found.push(format!("finding {} must not come up", code.code));
        }
    }
    if let Some(place) = &expected.place {
        let actual = report.fetch.hosting.name();
        if actual != **place {
            found.push(format!("place `{place}` was expected, it is `{actual}`"));
        }
    }
    if let Some(exit) = expected.exit {
        let actual = diagnose::exit_code(report, Severity::Error);
        if actual != exit {
            found.push(format!("exit code {exit} was expected, it is {actual}"));
        }
    }
    found
}
