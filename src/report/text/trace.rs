//! The steps of the senders, and the message that was sent.

use crate::diagnose::document::{DomainReport, SentReport};
use crate::report::Tone;
use crate::report::escape;
use crate::report::page::Page;

/// Writes every step: what was asked, what came back, what was concluded.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    if report.trace.is_empty() {
        return;
    }
    page.section("Trace");
    let mut sender = None;
    for step in &report.trace {
        if sender != Some(&step.sender) {
            page.item(2, Tone::Strong, &step.sender, "");
            sender = Some(&step.sender);
        }
        page.prose(
            3,
            format!(
                "{} {}: {}; {} (RFC {})",
                page.context.local(step.at),
                escape::cut(&step.asked, MAX_CHARS),
                escape::cut(&step.answered, MAX_CHARS),
                escape::cut(&step.concluded, MAX_CHARS),
                step.rfc
            ),
        );
    }
}

/// Writes what became of the message of `--send`.
pub(super) fn sent(page: &mut Page<'_>, sent: &SentReport) {
    page.section("Message");
    let (tone, lead) = if sent.delivered {
        (Tone::Good, "delivered")
    } else {
        (Tone::Bad, "not delivered")
    };
    let place = match (&sent.host, sent.address) {
        (Some(host), Some(address)) => format!("to {host} ({address})"),
        (Some(host), None) => format!("to {host}"),
        (None, Some(address)) => format!("to {address}"),
        (None, None) => String::new(),
    };
    page.item(2, tone, lead, place);
    page.field("reply", escape::cut(&sent.reply, MAX_CHARS));
    page.field("id", escape::cut(&sent.message_id, MAX_CHARS));
}

/// How much of an answer is shown.
const MAX_CHARS: usize = 400;
