//! The end of a run from outside, as by Ctrl-C.

use std::future::pending;

use tokio::sync::watch;

/// Ends all waiting for the network; its users go on with what is known. Clones share one state.
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
            // Nobody is left to set it.
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::Stop;

    #[tokio::test]
    async fn a_stop_ends_the_waiting_of_all_that_share_it() {
        let stop = Stop::default();
        let shared = stop.clone();
        assert!(!shared.is_stopped());
        let mut waiting = pin!(shared.stopped());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        stop.stop();
        assert!(shared.is_stopped());
        waiting.await;
        shared.stopped().await;
    }
}
