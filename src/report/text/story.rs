//! One scenario as a whole story: its steps, who would have deferred, from when to when, and why.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::beside;
use super::render::render;
use super::replay::{not_excused, outcome, seconds, why_skipped};
use super::wording::{become_of, moment};
use crate::facts::UnixTime;
use crate::replay::outcome::{AttemptOutcome, CheckOutcome, Failure, MomentOutcome, RefreshResult};
use crate::replay::shadow::{Course, Span};
use crate::replay::{Outcome, Replayed};
use crate::report::page::{Item, Page, Place};
use crate::report::time::span;
use crate::report::{Charset, Context, Detail, Tone, escape};
use crate::scenario;
use crate::sender::Verdict;
use crate::story::NetworkKind;

/// Returns all that is to say of a scenario: its steps, what would have become of mail, and what failed.
#[must_use]
pub fn story(report: &Replayed, context: &Context) -> String {
    let mut page = Page::new(context);
    let (tone, _) = outcome(report.outcome);
    let verdict = match report.outcome {
        Outcome::Holds => "holds",
        Outcome::Fails => "fails",
        Outcome::FailsAsKnown => "fails, as is known",
        Outcome::HoldsUnexpectedly => "holds, though it is known to fail",
        Outcome::Skipped => "skipped",
    };
    let networks: Vec<&str> = report
        .networks
        .iter()
        .map(|network| match network {
            NetworkKind::Lab => "lab",
            NetworkKind::Model => "model",
        })
        .collect();
    let how = match &networks[..] {
        [] => String::new(),
        networks => format!(
            "({}, {})",
            networks.join(" and "),
            seconds(report.elapsed_secs)
        ),
    };
    page.title(tone, format!("{}: {verdict}", report.id), how);
    page.prose(1, &*report.title);
    if report.outcome == Outcome::Skipped {
        page.prose(1, why_skipped(report));
        return render(&page);
    }
    if let Some(reason) = &report.only_because {
        page.prose(1, format!("on one network alone: {reason}"));
    }
    if let Some(reason) = &report.xfail {
        page.prose(1, format!("known to fail: {reason}"));
    }
    if let Some(remark) = not_excused(report) {
        page.prose(1, remark);
    }
    page.section("What happens (times are UTC)");
    for step in &report.steps {
        write_step(&mut page, step);
        write_failures(&mut page, step, &report.failures);
    }
    if !report.courses.is_empty() {
        page.section("What would have become of mail");
        for course in &report.courses {
            write_course(&mut page, course);
        }
    }
    if report
        .sidecar
        .as_ref()
        .is_some_and(|found| !found.is_empty())
    {
        page.section("What the sidecar does otherwise than strict");
        beside::write(&mut page, report, 2);
    }
    let failures = report.complaints();
    if !failures.is_empty() {
        page.section("What did not hold");
        for failure in failures {
            page.verbatim(2, escape::line(&failure));
        }
    }
    render(&page)
}

fn write_step(page: &mut Page<'_>, step: &MomentOutcome) {
    for refresh in &step.refreshes {
        let result = match &refresh.result {
            RefreshResult::Fetched { id } => format!(": id {id}"),
            RefreshResult::Failed(error) => format!(", failed: {error}"),
            RefreshResult::RanOut => format!(", failed: {}", refresh.result),
        };
        let title = format!(
            "{} refreshes its policy of {}{result}",
            refresh.sender, refresh.domain
        );
        // Thirty days of refreshes say what one says, unless somebody asks.
        if page.context.detail == Detail::Full {
            page.item(2, Tone::Faint, moment(refresh.at), title);
            if !refresh.seen.is_empty() {
                page.prose(6, list(&refresh.seen, "; "));
            }
        }
    }
    if page.context.detail == Detail::Brief && !step.refreshes.is_empty() {
        let count = step.refreshes.len();
        let plural = if count == 1 { "" } else { "es" };
        page.prose(2, format!("... {count} refresh{plural} of cached policies"));
    }
    let after = match step.after {
        Duration::ZERO => "start".to_owned(),
        after => format!("+{}", scenario::span::format(after)),
    };
    let rest = if step.title.is_empty() {
        after
    } else {
        format!("{after}: {}", step.title)
    };
    page.item(2, Tone::Strong, moment(step.at), rest);
    for attempt in &step.attempts {
        write_attempt(page, attempt);
    }
    for check in &step.checks {
        write_check(page, check);
    }
}

/// Marks where something else was expected, once if both networks say it.
fn write_failures(page: &mut Page<'_>, step: &MomentOutcome, failures: &[Failure]) {
    let mut marked = BTreeSet::new();
    for failure in failures
        .iter()
        .filter(|failure| failure.after == step.after && marked.insert(&failure.message))
    {
        let place = match &*failure.place {
            "" => String::new(),
            place => format!("{place}: "),
        };
        let rest = format!("{place}{}", failure.message);
        page.push(Item::new(4, Tone::Bad, "FAILS", rest).in_columns(WORD_CHARS));
    }
}

fn write_attempt(page: &mut Page<'_>, attempt: &AttemptOutcome) {
    let (tone, word) = become_of(attempt.verdict);
    let waited = match attempt.queued_for {
        Duration::ZERO => String::new(),
        waited => format!(", queued for {}", span(waited)),
    };
    let mut rest = format!(
        "{} {} {}{waited}: {}",
        attempt.sender,
        arrow(page.context),
        attempt.domain,
        attempt.reason
    );
    if !attempt.result_types.is_empty() {
        rest.push_str(&format!(" [{}]", list(&attempt.result_types, ", ")));
    }
    page.push(Item::new(4, tone, word, rest).in_columns(WORD_CHARS));
    if page.context.detail == Detail::Brief {
        return;
    }
    if let Some(error) = &attempt.fetch_error
        && !attempt.reason.names_fetch_error()
    {
        let text = format!("the policy could not be fetched: {error}");
        page.prose(6, text);
    }
    if !attempt.seen.is_empty() {
        page.prose(6, list(&attempt.seen, "; "));
    }
}

fn write_check(page: &mut Page<'_>, check: &CheckOutcome) {
    let (tone, _) = become_of(check.verdict);
    let mut rest = format!("{}: {}", check.domain, check.verdict);
    for code in &check.findings {
        rest.push_str(&format!(", {code}"));
    }
    page.push(Item::new(4, tone, "check", rest).in_columns(WORD_CHARS));
}

fn write_course(page: &mut Page<'_>, course: &Course) {
    let title = format!(
        "{} {} {}",
        course.sender,
        arrow(page.context),
        course.domain
    );
    page.item(2, Tone::Strong, title, "");
    for span in &course.spans {
        write_span(page, span);
    }
}

fn write_span(page: &mut Page<'_>, of: &Span) {
    let (tone, word) = become_of(of.verdict);
    let time = match of.until {
        Some(until) => {
            let length = span(until.saturating_duration_since(of.from));
            format!("{} ({length})", from_until(of.from, of.until))
        }
        None => from_until(of.from, None),
    };
    page.push(Item::new(4, tone, word, time).in_columns(WORD_CHARS));
    let (because, is_shown) = match of.verdict {
        Verdict::Defer | Verdict::Bounce | Verdict::Undetermined => ("because ", true),
        Verdict::Deliver | Verdict::DeliverUnprotected => ("", page.context.detail == Detail::Full),
    };
    for reason in of.reasons.iter().filter(|_| is_shown) {
        let text = format!("{because}{}", reason.text);
        // The only one holds as long as the span.
        page.prose(
            Place::Beside,
            match of.reasons.len() {
                1 => text,
                _ => format!("{}: {text}", from_until(reason.from, reason.until)),
            },
        );
    }
    if let Some(bounces) = of.bounces_from {
        page.prose(
            Place::Beside,
            format!(
                "mail that waits that long bounces from {} on",
                moment(bounces)
            ),
        );
    }
}

/// The words for what becomes of mail are no longer.
const WORD_CHARS: usize = 11;

const fn arrow(context: &Context) -> &'static str {
    match context.charset {
        Charset::Ascii => "->",
        Charset::Utf8 => "\u{2192}",
    }
}

fn from_until(from: UnixTime, until: Option<UnixTime>) -> String {
    match until {
        Some(until) => format!("from {} until {}", moment(from), moment(until)),
        None => format!("from {} on", moment(from)),
    }
}

fn list(items: &[impl fmt::Display], between: &str) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    words.join(between)
}
