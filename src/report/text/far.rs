//! A story through mail servers, as a table: a row for each step, a column for each mail server.

use super::render::render;
use crate::replay::far::outcome::{Cell, FarReplayed, Fate};
use crate::report::page::Page;
use crate::report::{Context, Tone};
use crate::scenario;

/// Returns the table, and below it what lies behind its words.
#[must_use]
pub fn far(report: &FarReplayed, context: &Context) -> String {
    let mut page = Page::new(context);
    let (tone, verdict) = if report.holds() {
        (Tone::Good, "holds")
    } else {
        (Tone::Bad, "fails")
    };
    let remark = format!(
        "({} times as fast as it is told, {:.0} s)",
        report.factor, report.story.elapsed_secs
    );
    page.title(tone, format!("{}: {verdict}", report.story.id), remark);
    page.prose(1, &*report.story.title);
    table(&mut page, report);
    waiting(&mut page, report);
    let faults: Vec<String> = report
        .cells
        .iter()
        .flat_map(|cell| {
            let who = move |fault| format!("{}, {}: {fault}", cell.sender, step(cell));
            cell.faults.iter().map(who)
        })
        .chain(report.story.complaints())
        .collect();
    if !faults.is_empty() {
        page.section("What is wrong");
        for fault in faults {
            page.item(2, Tone::Bad, "RED", fault);
        }
    }
    if !report.left_out.is_empty() {
        page.section("What is left out at this pace");
        for left_out in &report.left_out {
            page.item(
                2,
                Tone::Faint,
                format!("line {}", left_out.line),
                &*left_out.why,
            );
        }
    }
    let is_not_seen = |cell: &Cell| {
        let Fate::Arrived { protected, .. } = &cell.fate else {
            return false;
        };
        protected.is_none()
    };
    if report.cells.iter().any(is_not_seen) {
        page.section("What is not seen from outside");
        page.prose(2, NOT_SEEN);
    }
    if !report.unannounced.is_empty() {
        page.section("What mail servers asked besides");
        page.prose(2, report.unannounced.join(", "));
    }
    render(&page)
}

/// What nobody can tell of a mail server who sees nothing of it but what it sends.
const NOT_SEEN: &str = "whether it checked a certificate where mail arrived; whether it keeps mail that has not \
                        arrived, or gave it up without a word to its author";

fn table(page: &mut Page<'_>, report: &FarReplayed) {
    let header = ["step".to_owned()]
        .into_iter()
        .chain(report.senders.iter().map(ToString::to_string));
    let mut steps: Vec<(usize, bool)> = report
        .cells
        .iter()
        .map(|cell| (cell.line, !cell.queued))
        .collect();
    steps.sort_unstable();
    steps.dedup();
    let rows = steps.into_iter().filter_map(|(line, is_fresh)| {
        let of_step = |cell: &&Cell| cell.line == line && cell.queued != is_fresh;
        let first = report.cells.iter().find(of_step)?;
        let cells = report.senders.iter().map(|sender| {
            let found: Vec<String> = report
                .cells
                .iter()
                .filter(of_step)
                .filter(|cell| cell.sender == *sender)
                .map(word)
                .collect();
            found.join(", ")
        });
        Some([step(first)].into_iter().chain(cells).collect())
    });
    page.blank();
    page.table(header, rows.collect());
}

/// Names a step, and whether its messages had waited.
fn step(cell: &Cell) -> String {
    let after = scenario::span::format(cell.after);
    let queued = if cell.queued { ", queue" } else { "" };
    format!("{after}{queued}")
}

/// Says in a few words what became of a message.
fn word(cell: &Cell) -> String {
    let red = if cell.faults.is_empty() { "" } else { "RED " };
    let word = match &cell.fate {
        Fate::Arrived {
            via,
            tls: None,
            protected: None,
            ..
        } => format!("{via} in clear text"),
        Fate::Arrived {
            via,
            protected: Some(true) | None,
            ..
        } => via.to_string(),
        Fate::Arrived {
            via,
            protected: Some(false),
            ..
        } => format!("{via} unprotected"),
        Fate::Deferred { .. } => "DEFERRED".to_owned(),
        Fate::Bounced { .. } => "BOUNCED".to_owned(),
        Fate::Unheard => "nothing".to_owned(),
    };
    format!("{red}{word}")
}

/// Tells with which words mail was deferred.
fn waiting(page: &mut Page<'_>, report: &FarReplayed) {
    let mut told: Vec<(String, &str)> = Vec::new();
    for cell in &report.cells {
        if let Fate::Deferred { reply } | Fate::Bounced { reply } = &cell.fate {
            let who = format!("{}, {}:", cell.sender, step(cell));
            told.push((who, reply));
        }
    }
    if !told.is_empty() {
        page.section("Why mail waits");
        for (who, reply) in told {
            page.item(2, Tone::Warn, who, reply);
        }
    }
}
