//! What a run says while it waits: a line a change, or a few words beside the spinner.

use crate::cli::jobs::Progress;
use crate::diagnose::wait::Wait;
use crate::facts::DnsName;
use crate::report::Context;
use crate::report::text::{waiting, waiting_in_short};

/// Says what is still missing of a domain.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) progress: Progress,
    pub(super) context: Context,
}

impl Teller {
    /// Says what a look changed.
    pub(super) fn tell(&self, domain: &DnsName, wait: &Wait) {
        if self.progress.is_watched() {
            self.progress.show(waiting_in_short(domain, wait));
        } else {
            self.progress.tell(waiting(domain, wait, &self.context));
        }
    }
}
