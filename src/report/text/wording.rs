//! Verdicts and moments as stories write them.

use crate::facts::UnixTime;
use crate::report::Tone;
use crate::sender::Verdict;

/// Returns what becomes of mail: loud where it does not arrive.
pub(super) const fn become_of(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Deliver => (Tone::Good, "delivered"),
        Verdict::DeliverUnprotected => (Tone::Warn, "unprotected"),
        Verdict::Defer => (Tone::Bad, "DEFERRED"),
        Verdict::Bounce => (Tone::Bad, "BOUNCED"),
        Verdict::Undetermined => (Tone::Warn, "unknown"),
    }
}

/// Returns a moment of the story: `2026-03-02 08:00`, with seconds where they count.
pub(super) fn moment(time: UnixTime) -> String {
    let format = if time.as_secs().is_multiple_of(60) {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    time.to_timestamp().strftime(format).to_string()
}
