//! Where the sidecar makes a difference, in words.

use super::wording::{become_of, moment};
use crate::replay::Replayed;
use crate::report::page::{Item, Page};

/// Writes a line for each span in which mail fares otherwise, and why.
pub(super) fn write(page: &mut Page<'_>, report: &Replayed, indent: u8) {
    for difference in report.sidecar.iter().flatten() {
        let (tone, word) = become_of(difference.sidecar);
        let (_, instead) = become_of(difference.strict);
        let until = difference
            .until
            .map_or_else(|| "on".to_owned(), |until| format!("to {}", moment(until)));
        let rest = format!(
            "instead of {instead}, from {} {until}: {} to {}",
            moment(difference.from),
            difference.sender,
            difference.domain
        );
        page.push(Item::new(indent, tone, word, rest));
        page.prose(
            indent.saturating_add(2),
            format!("because {}", difference.because),
        );
    }
}
