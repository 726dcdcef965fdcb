//! Scenarios as text: a line each, or the whole story with who would have deferred, from when to when, and why.

use std::time::Duration;

use super::page::Page;
use crate::facts::UnixTime;
use crate::report::context::Colour;
use crate::report::replay::{
    AttemptReport, CheckReport, CourseReport, NetworkReport, OutcomeReport, ProblemReport,
    ScenarioReport, SpanReport, StepReport,
};
use crate::report::time::span;
use crate::report::{Charset, Context, Detail, escape};
use crate::scenario;
use crate::sender::Verdict;

/// How many of the slowest scenarios a summary names.
const SLOWEST: usize = 5;

/// Counts scenarios and remembers those that somebody has to look at.
#[derive(Clone, Debug, Default)]
pub struct ReplayTally {
    held: usize,
    failed: Vec<String>,
    known: usize,
    skipped: usize,
    broken: Vec<String>,
    times: Vec<(f64, String)>,
}

impl ReplayTally {
    /// Counts a scenario.
    pub fn add(&mut self, report: &ScenarioReport) {
        match report.outcome {
            OutcomeReport::Holds => self.held += 1,
            OutcomeReport::FailsAsKnown => self.known += 1,
            OutcomeReport::Skipped => self.skipped += 1,
            OutcomeReport::Fails | OutcomeReport::HoldsUnexpectedly => {
                self.failed.push(report.id.clone());
            }
        }
        self.times.push((report.elapsed_secs, report.id.clone()));
    }

    /// Counts the files that cannot be played.
    pub fn refuse(&mut self, problems: &[ProblemReport]) {
        for problem in problems {
            if !self.broken.contains(&problem.file) {
                self.broken.push(problem.file.clone());
            }
        }
    }

    /// Returns how many scenarios were played.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.times.len()
    }
}

/// Returns what is wrong with a file as `file:line:column: message`, and below it what would be right.
#[must_use]
pub fn problem(problem: &ProblemReport) -> String {
    let place = format!("{}:{}:{}", problem.file, problem.line, problem.column);
    let mut text = escape::line(&format!("{place}: {}", problem.message));
    if let Some(help) = &problem.help {
        text.push_str(&format!("\n    {}", escape::line(help)));
    }
    text
}

/// Returns a problem as lines of text.
#[must_use]
pub fn broken(problem: &ProblemReport, context: &Context) -> String {
    let mut page = Page::new(context);
    page.verbatim("", &self::problem(problem));
    page.into_text()
}

/// Returns what failed, each as `file:line: message`; empty if nothing did.
#[must_use]
pub fn failures(report: &ScenarioReport) -> Vec<String> {
    if report.outcome == OutcomeReport::HoldsUnexpectedly {
        return vec![escape::line(&format!(
            "{}:1: all that was expected came, though `xfail` says that it is known to fail ({}): take the mark away",
            report.file,
            report.xfail.as_deref().unwrap_or_default()
        ))];
    }
    report
        .failures
        .iter()
        .map(|failure| {
            let place = match failure.network {
                Some(NetworkReport::Lab) => "on the lab, ",
                Some(NetworkReport::Model) => "on the model, ",
                None => "",
            };
            let after = scenario::span::format(Duration::from_secs(failure.after_secs));
            escape::line(&format!(
                "{}:{}: {place}after {after}: {}",
                report.file, failure.line, failure.message
            ))
        })
        .collect()
}

/// Returns a scenario in a line, and below it what failed.
#[must_use]
pub fn scenario_line(report: &ScenarioReport, context: &Context) -> String {
    let mut page = Page::new(context);
    let (colour, word) = outcome(report.outcome);
    page.item(
        "",
        colour,
        &format!("{word:<5}"),
        &format!("{} ({})", report.id, seconds(report.elapsed_secs)),
    );
    match report.outcome {
        OutcomeReport::Fails | OutcomeReport::HoldsUnexpectedly => {
            page.verbatim("      ", &report.title);
            if let Some(remark) = not_excused(report) {
                page.verbatim("      ", remark);
            }
            for failure in failures(report) {
                page.verbatim("      ", &failure);
            }
        }
        OutcomeReport::FailsAsKnown => page.verbatim(
            "      ",
            &format!(
                "known to fail: {}",
                report.xfail.as_deref().unwrap_or_default()
            ),
        ),
        OutcomeReport::Skipped => page.verbatim("      ", &why_skipped(report)),
        OutcomeReport::Holds => {}
    }
    page.into_text()
}

/// Says that a known failure is none, if what failed is the play itself.
fn not_excused(report: &ScenarioReport) -> Option<&'static str> {
    (report.outcome == OutcomeReport::Fails && report.xfail.is_some()).then_some(
        "`xfail` excuses expectations, neither networks that disagree nor requests that are not announced",
    )
}

/// Returns why a scenario was not played.
#[must_use]
pub fn why_skipped(report: &ScenarioReport) -> String {
    format!(
        "it is told on the other network alone: {}",
        report.only_because.as_deref().unwrap_or_default()
    )
}

/// Returns all that is to say of a scenario: its steps, what would have become of mail, and what failed.
#[must_use]
pub fn story(report: &ScenarioReport, context: &Context) -> String {
    let mut page = Page::new(context);
    let (colour, _) = outcome(report.outcome);
    let verdict = match report.outcome {
        OutcomeReport::Holds => "holds",
        OutcomeReport::Fails => "fails",
        OutcomeReport::FailsAsKnown => "fails, as is known",
        OutcomeReport::HoldsUnexpectedly => "holds, though it is known to fail",
        OutcomeReport::Skipped => "skipped",
    };
    let networks: Vec<&str> = report
        .networks
        .iter()
        .map(|network| match network {
            NetworkReport::Lab => "lab",
            NetworkReport::Model => "model",
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
    page.item("", colour, &format!("{}: {verdict}", report.id), &how);
    page.prose("  ", &report.title);
    if report.outcome == OutcomeReport::Skipped {
        page.prose("  ", &why_skipped(report));
        return page.into_text();
    }
    if let Some(reason) = &report.only_because {
        page.prose("  ", &format!("on one network alone: {reason}"));
    }
    if let Some(reason) = &report.xfail {
        page.prose("  ", &format!("known to fail: {reason}"));
    }
    if let Some(remark) = not_excused(report) {
        page.prose("  ", remark);
    }
    page.section("What happens (times are UTC)");
    for step in &report.steps {
        write_step(&mut page, step);
    }
    if !report.courses.is_empty() {
        page.section("What would have become of mail");
        for course in &report.courses {
            write_course(&mut page, course);
        }
    }
    let failures = failures(report);
    if !failures.is_empty() {
        page.section("What was expected in vain");
        for failure in failures {
            page.verbatim("    ", &failure);
        }
    }
    page.into_text()
}

fn write_step(page: &mut Page<'_>, step: &StepReport) {
    for refresh in &step.refreshes {
        let result = match (&refresh.id, &refresh.error) {
            (Some(id), _) => format!(": id {id}"),
            (None, Some(error)) => format!(", in vain: {error}"),
            (None, None) => String::new(),
        };
        let title = format!(
            "{} refreshes its policy of {}{result}",
            refresh.sender, refresh.domain
        );
        // Thirty days of refreshes say what one says, unless somebody asks.
        if page.context.detail == Detail::Full {
            page.item("    ", Colour::Dim, &moment(refresh.at), &title);
            if !refresh.requests.is_empty() {
                page.prose("            ", &refresh.requests.join("; "));
            }
        }
    }
    if page.context.detail == Detail::Brief && !step.refreshes.is_empty() {
        let count = step.refreshes.len();
        let plural = if count == 1 { "" } else { "es" };
        page.prose(
            "    ",
            &format!("... {count} refresh{plural} of cached policies"),
        );
    }
    let after = match step.after_secs {
        0 => "start".to_owned(),
        secs => format!("+{}", scenario::span::format(Duration::from_secs(secs))),
    };
    let rest = if step.title.is_empty() {
        after
    } else {
        format!("{after}: {}", step.title)
    };
    page.item("    ", Colour::Bold, &moment(step.at), &rest);
    for attempt in &step.attempts {
        write_attempt(page, attempt);
    }
    for check in &step.checks {
        write_check(page, check);
    }
}

fn write_attempt(page: &mut Page<'_>, attempt: &AttemptReport) {
    let (colour, word) = become_of(attempt.verdict);
    let lead = format!("{word:<11}");
    let waited = match attempt.queued_secs {
        0 => String::new(),
        secs => format!(", queued for {}", span(Duration::from_secs(secs))),
    };
    let mut rest = format!(
        "{} {} {}{waited}: {}",
        attempt.sender,
        arrow(page.context),
        attempt.domain,
        attempt.reason
    );
    if !attempt.result_types.is_empty() {
        rest.push_str(&format!(" [{}]", attempt.result_types.join(", ")));
    }
    page.item("        ", colour, &lead, &rest);
    if page.context.detail == Detail::Brief {
        return;
    }
    if let Some(error) = &attempt.fetch_error
        && !attempt.reason.contains(error)
    {
        let text = format!("the policy could not be fetched: {error}");
        page.prose("            ", &text);
    }
    if !attempt.requests.is_empty() {
        page.prose("            ", &attempt.requests.join("; "));
    }
}

fn write_check(page: &mut Page<'_>, check: &CheckReport) {
    let (colour, _) = become_of(check.verdict);
    page.item(
        "        ",
        colour,
        &format!("{:<11}", "check"),
        &format!(
            "{}: {}{}",
            check.domain,
            check.verdict,
            check
                .findings
                .iter()
                .map(|code| format!(", {code}"))
                .collect::<String>()
        ),
    );
}

fn write_course(page: &mut Page<'_>, course: &CourseReport) {
    let title = format!(
        "{} {} {}",
        course.sender,
        arrow(page.context),
        course.domain
    );
    page.item("    ", Colour::Bold, &title, "");
    for span in &course.spans {
        write_span(page, span);
    }
}

fn write_span(page: &mut Page<'_>, of: &SpanReport) {
    let (colour, word) = become_of(of.verdict);
    let time = match of.until {
        Some(until) => {
            let length = span(until.saturating_duration_since(of.from));
            format!("{} ({length})", from_until(of.from, of.until))
        }
        None => from_until(of.from, None),
    };
    page.item("        ", colour, &format!("{word:<11}"), &time);
    let below = " ".repeat(20);
    let (because, is_shown) = match of.verdict {
        Verdict::Defer | Verdict::Bounce | Verdict::Undetermined => ("because ", true),
        Verdict::Deliver | Verdict::DeliverUnprotected => ("", page.context.detail == Detail::Full),
    };
    for reason in of.reasons.iter().filter(|_| is_shown) {
        let text = format!("{because}{}", reason.reason);
        // The only one holds as long as the span.
        page.prose(
            &below,
            &match of.reasons.len() {
                1 => text,
                _ => format!("{}: {text}", from_until(reason.from, reason.until)),
            },
        );
    }
    if let Some(bounces) = of.bounces_from {
        page.prose(
            &below,
            &format!(
                "mail that waits that long bounces from {} on",
                moment(bounces)
            ),
        );
    }
}

/// Returns the end of a run over many scenarios; nothing if it had one or none.
#[must_use]
pub fn replay_summary(tally: &ReplayTally, elapsed: Duration, context: &Context) -> String {
    let mut page = Page::new(context);
    if tally.scenarios() + tally.broken.len() < 2 {
        return String::new();
    }
    page.blank();
    let counts = [
        (tally.held, "held"),
        (tally.known, "failed as known"),
        (tally.skipped, "skipped"),
        (tally.failed.len(), "failed"),
        (tally.broken.len(), "broken"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let all = tally.scenarios() + tally.broken.len();
    page.item(
        "",
        Colour::Bold,
        &format!("{all} scenarios:"),
        &format!(
            "{}, in {}",
            counts.join(", "),
            seconds(elapsed.as_secs_f64())
        ),
    );
    for failed in &tally.failed {
        page.item("  ", Colour::Bad, "FAIL", failed);
    }
    for broken in &tally.broken {
        page.item("  ", Colour::Bad, "broken", broken);
    }
    let mut times: Vec<&(f64, String)> = tally.times.iter().collect();
    times.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let slowest: Vec<String> = times
        .iter()
        .take(SLOWEST)
        .map(|(time, id)| format!("{id} {}", seconds(*time)))
        .collect();
    if !slowest.is_empty() {
        page.item("", Colour::Dim, "slowest:", &slowest.join(", "));
    }
    page.into_text()
}

const fn outcome(outcome: OutcomeReport) -> (Colour, &'static str) {
    match outcome {
        OutcomeReport::Holds => (Colour::Good, "ok"),
        OutcomeReport::Fails | OutcomeReport::HoldsUnexpectedly => (Colour::Bad, "FAIL"),
        OutcomeReport::FailsAsKnown => (Colour::Warn, "xfail"),
        OutcomeReport::Skipped => (Colour::Dim, "skip"),
    }
}

/// Returns what becomes of mail: loud where it does not arrive.
const fn become_of(verdict: Verdict) -> (Colour, &'static str) {
    match verdict {
        Verdict::Deliver => (Colour::Good, "delivered"),
        Verdict::DeliverUnprotected => (Colour::Warn, "unprotected"),
        Verdict::Defer => (Colour::Bad, "DEFERRED"),
        Verdict::Bounce => (Colour::Bad, "BOUNCED"),
        Verdict::Undetermined => (Colour::Warn, "unknown"),
    }
}

const fn arrow(context: &Context) -> &'static str {
    match context.charset {
        Charset::Ascii => "->",
        Charset::Utf8 => "\u{2192}",
    }
}

/// Returns a moment of the story: `2026-03-02 08:00`, with seconds where they count.
fn moment(time: UnixTime) -> String {
    let format = if time.as_secs().is_multiple_of(60) {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    time.to_timestamp().strftime(format).to_string()
}

fn from_until(from: UnixTime, until: Option<UnixTime>) -> String {
    match until {
        Some(until) => format!("from {} until {}", moment(from), moment(until)),
        None => format!("from {} on", moment(from)),
    }
}

/// Returns a real span of time as people compare them.
fn seconds(secs: f64) -> String {
    if secs < 0.1 {
        format!("{:.0} ms", secs * 1000.0)
    } else {
        format!("{secs:.1} s")
    }
}
