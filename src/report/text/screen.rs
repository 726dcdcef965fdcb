//! The first screen: the verdict, why, and what to do first, in the first lines and again in the last.

use super::{findings, mx, policy, senders};
use crate::diagnose::document::{Action, DomainReport, FirstAction, Severity};
use crate::report::page::{Page, Place};
use crate::report::{Company, Context, Detail, Steps, Tone, escape, words};
use crate::sender::Verdict;
use crate::sts::transport::Certainty;

/// How much of a domain is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    /// The headline: nothing is to be done.
    Line,
    /// The headline and what to do: there is nothing else to tell of a domain that does not exist, or where
    /// nothing could be looked up.
    TwoLines,
    /// A screen.
    Screen,
}

impl Extent {
    /// Returns how much of a domain is shown where not everything is asked for.
    pub(super) fn of(report: &DomainReport, context: &Context) -> Self {
        if context.detail == Detail::Full || context.steps == Steps::Shown {
            return Self::Screen;
        }
        let is_alone = report
            .findings
            .iter()
            .filter(|finding| finding.severity < Severity::Note)
            .count()
            <= 1;
        match report.first_action.as_ref().map(|first| first.action) {
            Some(Action::CheckNetwork) => Self::TwoLines,
            Some(Action::CheckSpelling) if is_alone => Self::TwoLines,
            Some(_) | None if context.company == Company::Alone || is_open(report, context) => {
                Self::Screen
            }
            Some(_) | None => Self::Line,
        }
    }
}

/// Returns whether a domain fails a run: mail is held, or that could not be seen, or a finding is bad enough.
fn is_open(report: &DomainReport, context: &Context) -> bool {
    !is_delivered(report) || failing(report, context).is_some()
}

/// Returns whether mail goes out, or the domain wants none.
fn is_delivered(report: &DomainReport) -> bool {
    match report.verdict {
        Verdict::Deliver | Verdict::DeliverUnprotected => true,
        Verdict::Bounce => report.is_declared(),
        Verdict::Undetermined | Verdict::Defer => false,
    }
}

/// Says why a run fails beside the verdict: `1 error`, and what it is; or why it is left open.
fn failing(report: &DomainReport, context: &Context) -> Option<(String, String)> {
    let not_taken = report.sent.as_ref().filter(|sent| !sent.delivered);
    if let Some(sent) = not_taken {
        let reason = "the probe message was not taken".to_owned();
        return Some((reason, sent.reply.clone()));
    }
    let worst = report
        .worst_severity()
        .filter(|worst| *worst <= context.fail_on);
    let Some(worst) = worst else {
        return left_open(report);
    };
    let count = report
        .findings
        .iter()
        .filter(|finding| finding.severity == worst)
        .count();
    let first = *words::worst_first(report).first()?;
    let why = match &first.host {
        Some(host) => format!("{} ({host})", first.title),
        None => first.title.clone(),
    };
    Some((words::counted(count, words::severity(worst)), why))
}

/// Says which of the intended hosts could not be judged from here.
fn left_open(report: &DomainReport) -> Option<(String, String)> {
    let intended = report.intended.as_ref()?;
    let hosts: Vec<&str> = intended
        .undetermined()
        .map(|host| host.host.as_str())
        .collect();
    let what = words::counted(hosts.len(), "intended host");
    (!hosts.is_empty()).then(|| {
        let reason = format!("{what} could not be judged from here");
        (reason, escape::list(&hosts, SHOWN_HOSTS))
    })
}

/// How many hosts the headline names.
const SHOWN_HOSTS: usize = 4;

/// Writes the first line: the verdict, and what it means or why it is so.
pub(super) fn head(page: &mut Page<'_>, report: &DomainReport, extent: Extent) {
    let context = page.context;
    let verdict = format!(
        "{}: {}{}",
        report.domain,
        words::verdict(report),
        words::unasked(report)
    );
    let reason = || context.say(&report.reason);
    if is_delivered(report) {
        match failing(report, context) {
            Some((count, why)) => {
                page.item(0, tone(report), format!("{verdict}, but {count}:"), why);
                page.labelled(Tone::Strong, "because", reason());
            }
            None => page.headline(
                tone(report),
                verdict,
                with_warnings(report, reason(), extent),
            ),
        }
        return;
    }
    let means = match report.verdict {
        Verdict::Defer => means(
            report,
            "strict senders (Gmail, Outlook) keep the mail, then bounce it",
        ),
        Verdict::Bounce => means(report, "senders give the mail back at once"),
        Verdict::Undetermined | Verdict::Deliver | Verdict::DeliverUnprotected => {
            "what strict senders do cannot be told from here".to_owned()
        }
    };
    if extent == Extent::TwoLines {
        let why = report.mx_error.as_ref().map(|error| context.say(error));
        page.headline(tone(report), verdict, why.unwrap_or_else(reason));
        return;
    }
    page.headline(tone(report), verdict, means);
    page.labelled(Tone::Strong, "because", reason());
}

/// Says what senders do, and whether all of them do.
fn means(report: &DomainReport, what: &str) -> String {
    let all = senders::do_all_the_same(report);
    let who = if all { "" } else { "some " };
    format!("{who}{what}")
}

/// A line has room for the first warning.
fn with_warnings(report: &DomainReport, reason: String, extent: Extent) -> String {
    match (
        words::worst_count(report),
        words::worst_first(report).first(),
    ) {
        (Some(count), Some(first)) if extent == Extent::Line => {
            format!("{reason}; {count}: {}", first.title)
        }
        (Some(_) | None, _) => reason,
    }
}

/// Writes what to do where nothing else is known.
pub(super) fn second_line(page: &mut Page<'_>, report: &DomainReport) {
    if let Some(first) = &report.first_action {
        page.labelled(
            Tone::Strong,
            "do now",
            words::first_action(first, &report.domain),
        );
    }
}

/// Writes all between the first line and the last.
pub(super) fn body(page: &mut Page<'_>, report: &DomainReport) {
    let groups = findings::group(report);
    let first = report.first_action.as_ref();
    let opening = first.and_then(|first| findings::opening(&groups, first));
    if let Some(group) = opening {
        group.tell(page);
    }
    if let Some(first) = first {
        do_now(page, report, first, opening);
    }
    senders::by_what_they_do(page, report);
    mx::lines(page, report);
    policy::lines(page, report);
    policy::place_line(page, report);
    for group in &groups {
        if opening != Some(group) {
            group.write(page);
        }
    }
}

fn do_now(
    page: &mut Page<'_>,
    report: &DomainReport,
    first: &FirstAction,
    opening: Option<&findings::Group<'_>>,
) {
    let domain = &report.domain;
    match opening.and_then(|group| group.fix.as_ref()) {
        Some(fix) => findings::write_fix(page, "do now", &words::first_action(first, domain), fix),
        None => {
            page.labelled(Tone::Strong, "do now", words::first_action(first, domain));
            // Of a closed port the finding says it, and no time-out helps.
            if report.certainty == Certainty::Ours && !report.smtp.state.is_silence() {
                page.prose(Place::Beside, MAY_BE_OURS);
            }
        }
    }
    // From here another check would see the same.
    if !first.action.is_to_see()
        && let Some(check) = report.retest()
    {
        page.paste("then", check);
    }
}

/// What to think of before anything is changed.
const MAY_BE_OURS: &str = "What failed may be our own network: check from another host, or with another --resolver \
     or --source, or a longer --timeout, before you change anything.";

/// Says what else there is to see.
pub(super) fn also(page: &mut Page<'_>, report: &DomainReport) {
    let mut more = Vec::new();
    if page.context.detail == Detail::Brief {
        let notes = report
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Note)
            .count();
        more.push(match notes {
            0 => "details (-v)".to_owned(),
            notes => format!("{} and details (-v)", words::counted(notes, "note")),
        });
    }
    if page.context.steps == Steps::Left && report.first_action.is_some() {
        more.push("the nine steps (--steps)".to_owned());
    }
    if !more.is_empty() {
        page.labelled(Tone::Faint, "also", more.join(", "));
    }
}

/// Repeats the verdict and what to do first, nearest to the prompt.
pub(super) fn last(page: &mut Page<'_>, report: &DomainReport) {
    let Some(first) = &report.first_action else {
        return;
    };
    let count = match failing(report, page.context) {
        Some((count, _)) if is_delivered(report) => format!(", but {count}"),
        Some(_) | None => {
            words::worst_count(report).map_or_else(String::new, |count| format!(", {count}"))
        }
    };
    page.item(
        0,
        tone(report),
        format!("{}: {}{count}:", report.domain, words::verdict(report)),
        words::first_action(first, &report.domain),
    );
}

/// Returns the tone of the verdict.
pub(super) fn tone(report: &DomainReport) -> Tone {
    match report.verdict {
        Verdict::Deliver => Tone::Good,
        Verdict::Bounce if report.is_declared() => Tone::Good,
        Verdict::DeliverUnprotected | Verdict::Undetermined => Tone::Warn,
        Verdict::Defer | Verdict::Bounce => Tone::Bad,
    }
}
