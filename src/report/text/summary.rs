//! The end of a run over many domains: how many of each verdict, and which ones are bad.

use super::render::render;
use super::screen::tone;
use crate::diagnose::document::DomainReport;
use crate::report::page::Page;
use crate::report::{Context, Tone, words};
use crate::sender::Verdict;

/// Counts domains and remembers those that need somebody.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: [usize; Verdict::ALL.len()],
    /// The verdict of the last one, and what to do about it first.
    last: String,
    bad: Vec<Bad>,
}

#[derive(Clone, Debug)]
struct Bad {
    domain: String,
    verdict: Verdict,
    word: &'static str,
    tone: Tone,
    /// What to do first.
    action: String,
}

impl Tally {
    /// Counts one domain.
    pub fn add(&mut self, report: &DomainReport) {
        for (verdict, count) in Verdict::ALL.into_iter().zip(&mut self.counts) {
            if verdict == report.verdict {
                *count += 1;
            }
        }
        self.last = format!("{}: {}", report.domain, words::verdict(report));
        if let Some(first) = &report.first_action {
            let action = words::first_action(first, &report.domain);
            self.last.push_str(&format!(": {action}"));
            self.bad.push(Bad {
                domain: report.domain.to_string(),
                verdict: report.verdict,
                word: words::verdict(report),
                tone: tone(report),
                action,
            });
        }
    }

    /// Returns how many domains were counted.
    #[must_use]
    pub fn domains(&self) -> usize {
        self.counts.iter().sum()
    }
}

/// Returns what came of a run whose result goes elsewhere: its summary, or the verdict of its one domain.
#[must_use]
pub fn outcome(tally: &Tally, context: &Context) -> String {
    if tally.domains() == 1 {
        tally.last.clone()
    } else {
        summary(tally, context).trim().to_owned()
    }
}

/// Returns the summary of a run; nothing if it had one domain or none.
#[must_use]
pub fn summary(tally: &Tally, context: &Context) -> String {
    if tally.domains() < 2 {
        return String::new();
    }
    let mut page = Page::new(context);
    page.blank();
    let counts: Vec<_> = Verdict::ALL
        .into_iter()
        .zip(tally.counts)
        .rev()
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    page.item(
        0,
        Tone::Strong,
        format!("{} domains:", tally.domains()),
        counts.join(", "),
    );
    let mut bad: Vec<_> = tally.bad.iter().collect();
    bad.sort_by(|a, b| b.verdict.cmp(&a.verdict).then(a.domain.cmp(&b.domain)));
    for bad in bad {
        page.item(
            1,
            bad.tone,
            bad.word,
            format!("{}: {}", bad.domain, bad.action),
        );
    }
    render(&page)
}
