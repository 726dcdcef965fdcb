//! Results as text: what a mail engineer reads at three in the morning.
//!
//! A headline with the verdict and the reason; then who does what, the MX hosts beside the policies, their
//! transport, the policy and where it comes from; then the findings, the worst first; and at the end, nearest
//! to the prompt, what to do. Where all is well it is a few lines.

mod audit;
mod beside;
mod certificate;
mod far;
mod findings;
mod mx;
mod policy;
mod render;
mod replay;
mod senders;
mod steps;
mod story;
mod summary;
mod told;
mod trace;

pub use audit::{score, self_test};
pub use far::far;
pub use replay::{ReplayTally, broken, problem, replay_summary, scenario_line, why_skipped};
pub use story::story;
pub use summary::{Tally, summary};

use render::render;

use super::page::Page;
use super::{Company, Context, Detail, Tone, words};
use crate::diagnose::document::{DomainReport, Severity};
use crate::sender::Verdict;

/// Returns all that is to say of one domain.
#[must_use]
pub fn domain(report: &DomainReport, context: &Context) -> String {
    let mut page = Page::new(context);
    page.title(
        tone(report),
        format!("{}: {}", report.domain, report.verdict),
        words::certainty(report.certainty),
    );
    if let Some(served) = words::next_hop_of(report) {
        page.prose(1, served);
    }
    page.prose(1, context.say(&report.reason));
    match context.detail {
        Detail::Brief if !needs_action(report) => {
            page.blank();
            senders::one_line(&mut page, report);
            policy::brief(&mut page, report);
            mx::brief(&mut page, report);
            policy::tlsrpt(&mut page, report);
            findings::titles(&mut page, report);
        }
        Detail::Brief | Detail::Full => {
            senders::table(&mut page, report);
            mx::table(&mut page, report);
            mx::transport(&mut page, report);
            policy::full(&mut page, report);
            findings::full(&mut page, report);
            if context.detail == Detail::Full
                || (needs_action(report) && context.company == Company::Alone)
            {
                steps::full(&mut page, report);
            }
        }
    }
    if let Some(sent) = &report.sent {
        trace::sent(&mut page, sent);
    }
    if context.detail == Detail::Full {
        trace::full(&mut page, report);
    }
    render(&page)
}

/// Returns whether somebody should do something: mail is not delivered, or a finding is more than a note.
fn needs_action(report: &DomainReport) -> bool {
    report
        .worst_severity()
        .is_some_and(|severity| severity < Severity::Note)
        || match report.verdict {
            Verdict::Deliver | Verdict::DeliverUnprotected => false,
            Verdict::Undetermined | Verdict::Defer => true,
            Verdict::Bounce => !report.is_declared(),
        }
}

fn tone(report: &DomainReport) -> Tone {
    match report.verdict {
        Verdict::Deliver => Tone::Good,
        Verdict::Bounce if report.is_declared() => Tone::Good,
        Verdict::DeliverUnprotected | Verdict::Undetermined => Tone::Warn,
        Verdict::Defer | Verdict::Bounce => Tone::Bad,
    }
}
