//! The end of a run from outside, as by Ctrl-C.

use std::future::pending;

use tokio::sync::watch;

/// Tells whoever waits for the network to wait no longer, and to go on with what is known. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    is_stopped: watch::Sender<bool>,
}

impl Stop {
    /// Stops, for good.
    pub fn stop(&self) {
        self.is_stopped.send_replace(true);
    }

    /// Returns whether that was told.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.is_stopped.borrow()
    }

    /// Waits until it is told.
    pub async fn stopped(&self) {
        if self
            .is_stopped
            .subscribe()
            .wait_for(|stopped| *stopped)
            .await
            .is_err()
        {
            // Nobody is left to tell it.
            pending::<()>().await;
        }
    }
}
