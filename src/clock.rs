//! The one reader of civil time: the system's clock, or one that moves when a story says so.
//!
//! Policies, DNS answers and certificates age by a [`Clock`]; deadlines of I/O do not, they are real time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::facts::UnixTime;

/// A clock. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// The system's clock, moved by a fixed number of seconds.
    System {
        offset_secs: i64,
    },
    Manual(Arc<watch::Sender<UnixTime>>),
}

impl Clock {
    /// Makes a clock that shows the system's time.
    #[must_use]
    pub const fn system() -> Self {
        Self(Kind::System { offset_secs: 0 })
    }

    /// Makes a clock that shows `start` now and runs on at the system's pace.
    #[must_use]
    pub fn starting_at(start: UnixTime) -> Self {
        Self(Kind::System {
            offset_secs: start
                .as_secs()
                .cast_signed()
                .saturating_sub(system_secs().cast_signed()),
        })
    }

    /// Makes a clock that stands at `start` until [`Clock::advance_to`] moves it.
    #[must_use]
    pub fn manual(start: UnixTime) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        match &self.0 {
            Kind::System { offset_secs } => {
                UnixTime::from_secs(system_secs().saturating_add_signed(*offset_secs))
            }
            Kind::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock forward to `time` and wakes who sleeps until then; a clock never goes back,
    /// and the system's clock is not ours to move: both leave it as it is.
    pub fn advance_to(&self, time: UnixTime) {
        match &self.0 {
            Kind::System { .. } => {}
            Kind::Manual(shown) => {
                shown.send_if_modified(|now| {
                    let moves = time > *now;
                    if moves {
                        *now = time;
                    }
                    moves
                });
            }
        }
    }

    /// Waits until the clock shows `time`.
    pub async fn sleep_until(&self, time: UnixTime) {
        match &self.0 {
            Kind::System { .. } => {
                // The system's clock may be set while we sleep, so look again at the end.
                loop {
                    let rest = time.saturating_duration_since(self.now());
                    if rest.is_zero() {
                        return;
                    }
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "this is the clock that others wait for"
                    )]
                    tokio::time::sleep(rest.min(Duration::from_secs(60))).await;
                }
            }
            Kind::Manual(shown) => {
                let mut shown = shown.subscribe();
                // An error says that the clock is gone: nobody can move it any more, and we hold it.
                let _still_there = shown.wait_for(|now| *now >= time).await.is_ok();
            }
        }
    }

    /// Begins to measure how long something takes by this clock.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Kind::System { .. } => Since::Started(Instant::now()),
            Kind::Manual(_) => Since::Shown(self.clone(), self.now()),
        })
    }
}

/// Measures a span of time by a clock. The system's clock may be set meanwhile, back or forth: a span that is
/// measured gets neither shorter nor longer by that.
#[derive(Clone, Debug)]
pub struct Stopwatch(Since);

#[derive(Clone, Debug)]
enum Since {
    Started(Instant),
    Shown(Clock, UnixTime),
}

impl Stopwatch {
    /// Returns how much time has passed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Since::Started(began) => began.elapsed(),
            Since::Shown(clock, began) => clock.now().saturating_duration_since(*began),
        }
    }

    /// Waits until `span` has passed since the beginning.
    pub async fn passed(&self, span: Duration) {
        match &self.0 {
            Since::Started(began) => {
                if let Some(end) = began.checked_add(span) {
                    tokio::time::sleep_until(end).await;
                } else {
                    std::future::pending::<()>().await;
                }
            }
            Since::Shown(clock, began) => clock.sleep_until(began.saturating_add(span)).await,
        }
    }
}

impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        Some(self.now().into())
    }
}

fn system_secs() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    rustls_pki_types::UnixTime::now().as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;
    use crate::facts::UnixTime;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let start = UnixTime::from_secs(1_000);
        let clock = Clock::manual(start);
        let later = start.saturating_add(Duration::from_secs(60));
        let mut set = tokio::task::JoinSet::new();
        set.spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(later).await;
                clock.now()
            }
        });
        clock.advance_to(start.saturating_add(Duration::from_secs(59)));
        clock.advance_to(later);
        assert_eq!(set.join_next().await.unwrap().unwrap(), later);
    }

    #[test]
    fn a_clock_never_goes_back() {
        let start = UnixTime::from_secs(1_000);
        let clock = Clock::manual(start);
        clock.advance_to(UnixTime::from_secs(10));
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_clock_can_start_elsewhere_and_run_on() {
        let start = UnixTime::from_secs(1_772_438_400);
        let shown = Clock::starting_at(start).now();
        assert!(shown.saturating_duration_since(start) < Duration::from_secs(5));
        assert!(shown >= start);
    }

    #[test]
    fn the_systems_clock_runs_and_is_not_ours_to_move() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance_to(UnixTime::MAX);
        let passed = clock.now().saturating_duration_since(before);
        assert!(passed < Duration::from_secs(60), "{passed:?}");
        // No machine that builds this stands before 2026.
        assert!(before > UnixTime::from_secs(1_767_225_600));
    }

    #[tokio::test]
    async fn a_span_is_measured_by_the_clock_that_it_began_on() {
        let start = UnixTime::from_secs(1_000);
        let clock = Clock::manual(start);
        let watch = clock.stopwatch();
        assert_eq!(watch.elapsed(), Duration::ZERO);
        let minute = Duration::from_secs(60);
        let mut set = tokio::task::JoinSet::new();
        set.spawn({
            let watch = watch.clone();
            async move { watch.passed(minute).await }
        });
        clock.advance_to(start.saturating_add(minute));
        set.join_next().await.unwrap().unwrap();
        assert_eq!(watch.elapsed(), minute);
        // The system's runs on by itself, and what has passed is not waited for.
        let watch = Clock::system().stopwatch();
        watch.passed(Duration::from_millis(1)).await;
        assert!(watch.elapsed() >= Duration::from_millis(1));
    }

    #[tokio::test]
    async fn nobody_sleeps_until_what_has_come() {
        for clock in [
            Clock::system(),
            Clock::manual(UnixTime::from_secs(1_000)),
            Clock::starting_at(UnixTime::from_secs(1_000)),
        ] {
            clock.sleep_until(UnixTime::from_secs(1_000)).await;
        }
    }

    #[tokio::test]
    async fn a_running_clock_wakes_its_sleepers() {
        let clock = Clock::starting_at(UnixTime::from_secs(1_000));
        let later = clock.now().saturating_add(Duration::from_secs(1));
        clock.sleep_until(later).await;
        assert!(clock.now() >= later);
    }

    #[test]
    fn tls_reads_the_same_clock() {
        use rustls::time_provider::TimeProvider as _;
        let start = UnixTime::from_secs(1_772_438_400);
        let clock = Clock::manual(start);
        let shown = clock.current_time().map(|time| time.as_secs());
        assert_eq!(shown, Some(start.as_secs()));
    }
}
