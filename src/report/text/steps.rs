//! What to do: the nine steps out of the outage, with something to paste for each.

use crate::diagnose::document::{DomainReport, StepState};
use crate::report::page::{Item, Page, Place};
use crate::report::{Tone, escape};
use crate::sts::transport::Certainty;

/// Writes the nine steps: which are well, which need somebody, in their order.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    page.section("What to do");
    if report.certainty == Certainty::Ours {
        page.prose(
            2,
            "What failed may be our own network: repeat the check from another host, or with another \
             --resolver or --source, or a longer --timeout, before you change anything.",
        );
    }
    for step in &report.steps {
        let (tone, word) = state(step.state);
        let item = Item::new(2, tone, word, step.title);
        page.push(item.numbered(step.step).in_columns(WORD_CHARS));
        if !step.findings.is_empty() {
            let codes = escape::list(&step.findings, step.findings.len());
            page.prose(Place::Beside, format!("see {codes} above"));
        }
        for sentence in [&step.seen, &step.todo].into_iter().flatten() {
            page.prose(Place::Beside, page.context.say(sentence));
        }
        page.verbatim(Place::Beside, step.commands.join("\n"));
    }
}

/// How long the words are that say how a step stands.
const WORD_CHARS: usize = 4;

const fn state(state: StepState) -> (Tone, &'static str) {
    match state {
        StepState::Ok => (Tone::Good, "done"),
        StepState::Todo => (Tone::Bad, "ACT"),
        StepState::Unknown => (Tone::Warn, "look"),
        StepState::NotAsked => (Tone::Faint, "then"),
    }
}
