//! Whether MX hosts can be reached from here at all: many networks let nobody out to port 25.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the connections of a run to MX hosts came to, as far as it tells a closed port from a dead host. Clones
/// share it.
///
/// Whether an address is dead or the port is closed, its SYN goes unanswered. Only others tell: once any address
/// has answered, were it with RST, the port is open, and the next one that is silent is so by itself.
#[derive(Clone, Debug)]
pub struct Reach {
    seen: Arc<Seen>,
    /// How long the first connections wait for a first answer of any address.
    first: Duration,
    /// How long others wait after that.
    later: Duration,
}

#[derive(Debug, Default)]
struct Seen {
    has_answer: AtomicBool,
    has_silence: AtomicBool,
}

impl Reach {
    /// Four SYNs, sent after 0, 1, 3 and 7 seconds (RFC 6298: one second, doubled each time), and time for an
    /// answer to the last.
    pub const FIRST: Duration = Duration::from_millis(7_500);

    /// Two SYNs, and time for an answer to the second: for addresses that are tried when none has answered in
    /// [`Reach::FIRST`].
    pub const LATER: Duration = Duration::from_secs(2);

    /// Starts a run, with how long to wait while no address has answered: first, and after that.
    #[must_use]
    pub fn new(first: Duration, later: Duration) -> Self {
        Self {
            seen: Arc::default(),
            first,
            later,
        }
    }

    /// Notes that an address answered.
    pub fn note_answer(&self) {
        self.seen.has_answer.store(true, Ordering::Relaxed);
    }

    /// Notes that an address was silent as long as [`Reach::patience`] said.
    pub fn note_silence(&self) {
        self.seen.has_silence.store(true, Ordering::Relaxed);
    }

    /// Returns whether any address has answered.
    #[must_use]
    pub fn has_answer(&self) -> bool {
        self.seen.has_answer.load(Ordering::Relaxed)
    }

    /// Returns how long an address that is silent is waited for while none has answered; `None` once one has.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        if self.has_answer() {
            None
        } else if self.seen.has_silence.load(Ordering::Relaxed) {
            Some(self.later)
        } else {
            Some(self.first)
        }
    }
}

impl Default for Reach {
    fn default() -> Self {
        Self::new(Self::FIRST, Self::LATER)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Reach;

    #[test]
    fn an_address_is_waited_for_as_the_others_before_it_answered() {
        let [first, later] = [7, 2].map(Duration::from_secs);
        let reach = Reach::new(first, later);
        let shared = reach.clone();
        assert_eq!((reach.has_answer(), reach.patience()), (false, Some(first)));
        shared.note_silence();
        assert_eq!((reach.has_answer(), reach.patience()), (false, Some(later)));
        shared.note_answer();
        assert_eq!((reach.has_answer(), reach.patience()), (true, None));
        shared.note_silence();
        assert_eq!((reach.has_answer(), reach.patience()), (true, None));
    }
}
