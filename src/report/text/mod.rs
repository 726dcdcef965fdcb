//! Results as text: what a mail engineer reads at three in the morning.
//!
//! Of a domain a [`screen`]: the verdict, why, what to do first, and the verdict again, nearest to the prompt.
//! Between them the MX hosts, the policies and the findings in a line each, errors with all there is to them. What
//! else is known stands below when it is asked for: who does what, each address, each certificate, the trace;
//! the nine steps.

mod audit;
mod beside;
mod certificate;
mod far;
mod findings;
mod intended;
mod mx;
mod policy;
mod render;
mod replay;
mod screen;
mod senders;
mod steps;
mod story;
mod summary;
mod trace;
mod transport;
mod wait;
mod wording;

pub use audit::{score, self_test};
pub use far::far;
pub use replay::{Look, ReplayTally, broken, problem, replay_summary, scenario_line, why_skipped};
pub use story::story;
pub use summary::{Tally, outcome, summary};
pub use wait::{waiting, waiting_in_short};

use render::render;
use screen::Extent;

use super::page::Page;
use super::{Context, Detail, Steps, words};
use crate::diagnose::document::DomainReport;

/// Returns what is to say of one domain.
#[must_use]
pub fn domain(report: &DomainReport, context: &Context) -> String {
    let mut page = Page::new(context);
    let extent = Extent::of(report, context);
    screen::head(&mut page, report, extent);
    if let Some(served) = words::next_hop_of(report) {
        page.prose(1, served);
    }
    match extent {
        Extent::Line => {}
        Extent::TwoLines => screen::second_line(&mut page, report),
        Extent::Screen => {
            screen::body(&mut page, report);
            if context.detail == Detail::Full {
                senders::table(&mut page, report);
                mx::table(&mut page, report);
                intended::table(&mut page, report);
                mx::transport(&mut page, report);
                policy::full(&mut page, report);
                trace::full(&mut page, report);
            }
            if context.steps == Steps::Shown {
                steps::full(&mut page, report);
            }
            if let Some(sent) = &report.sent {
                trace::sent(&mut page, sent);
            }
            screen::also(&mut page, report);
            screen::last(&mut page, report);
        }
    }
    render(&page)
}

/// Returns whether there is but a line to say of a domain.
#[must_use]
pub fn is_a_line(report: &DomainReport, context: &Context) -> bool {
    Extent::of(report, context) == Extent::Line
}
