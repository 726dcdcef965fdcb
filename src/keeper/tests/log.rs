//! A day in the log, under a clock that the test moves.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::super::{Keeper, Persistence, Settings};
use crate::clock::Clock;
use crate::model::stage::{Stage, name};

/// The lines that were written.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time of the keeper in the place of the system's.
struct Time(Clock);

impl FormatTime for Time {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", self.0.now())
    }
}

/// Lets all tasks come to where they wait: nothing on the model takes time.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// What changes in the world.
type Change = fn(&mut Stage);

/// What changes, and how many hours after the start.
const DAY: [(u32, Change); 8] = [
    (2, |stage| {
        stage.id("2").policy("enforce", &["mx1.corp.test"], 28_800);
    }),
    // A new id, and a policy host that fails in two ways.
    (4, |stage| {
        stage.id("3").response(|response| response.status = 503);
    }),
    (5, |stage| {
        stage.response(|response| {
            response.status = 200;
            response.content_types = vec![(*b"text/html\x1b[2J\n").into()];
        });
    }),
    (6, |stage| {
        stage.response(|response| response.content_types = vec![(*b"text/plain").into()]);
    }),
    // A refresh that fails once.
    (10, |stage| {
        stage.response(|response| response.status = 500);
    }),
    (11, |stage| {
        stage.response(|response| response.status = 200);
    }),
    // And until the end of the policy.
    (13, |stage| {
        stage.response(|response| response.status = 500);
    }),
    (23, |stage| {
        stage.response(|response| response.status = 200);
    }),
];

#[tokio::test]
async fn a_day_is_a_line_an_event_and_none_a_question() {
    let mut stage = Stage::with(|stage| {
        stage.ttl = Duration::from_secs(3_600);
        stage.id("1");
        stage.policy("enforce", &["mx1.corp.test", "mx2.corp.test"], 28_800);
    });
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_target(false)
        .with_timer(Time(stage.clock.clone()))
        .with_writer(move || writer.clone())
        .finish();
    let _logs_here = tracing::subscriber::set_default(log);
    let settings = Settings {
        refresh_spread: Duration::ZERO,
        ..Settings::default()
    };
    stage.model.apply(stage.state.clone());
    let network = (stage.model.through("resolver"), stage.clock.clone());
    let (keeper, jobs) = Keeper::new(network, Persistence::Memory, settings, 1_000);
    let keeper = Arc::new(keeper);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(Arc::clone(&keeper).run(jobs, std::future::pending()));

    let mut gets = 0;
    for minute in (0..=24 * 60).step_by(5) {
        for (_, change) in DAY.iter().filter(|(hour, _)| hour * 60 == minute) {
            change(&mut stage);
            stage.model.apply(stage.state.clone());
        }
        keeper.ask(&name("corp.test")).await;
        settle().await;
        gets += stage
            .asked()
            .iter()
            .filter(|asked| asked.starts_with("GET "))
            .count();
        stage
            .clock
            .advance_to(stage.clock.now().saturating_add(FIVE_MINUTES));
        settle().await;
    }
    // Most of them fail. More in so short a time the gate would hold back, which goes by real time.
    assert!((50..100).contains(&gets), "{gets}");
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    insta::assert_snapshot!(told, @r"
    2026-03-02T08:00:00Z  INFO policy 1, mode enforce, mx mx1.corp.test mx2.corp.test domain=corp.test
    2026-03-02T10:00:00Z  INFO policy 2, mode enforce, mx mx1.corp.test domain=corp.test
    2026-03-02T12:00:00Z  WARN the policy holds until 2026-03-02T18:00:00Z, and cannot be fetched again: status 503 domain=corp.test
    2026-03-02T13:00:00Z  WARN the policy holds until 2026-03-02T18:00:00Z, and cannot be fetched again: media type is text/html\u{1b}[2J\n, not text/plain domain=corp.test
    2026-03-02T14:05:00Z  INFO policy 3, mode enforce, mx mx1.corp.test domain=corp.test
    2026-03-02T18:05:00Z  WARN the policy holds until 2026-03-02T22:05:00Z, and cannot be fetched again: status 500 domain=corp.test
    2026-03-02T20:05:00Z  INFO the policy could be fetched again, and holds until 2026-03-03T04:05:00Z domain=corp.test
    2026-03-03T00:05:00Z  WARN the policy holds until 2026-03-03T04:05:00Z, and cannot be fetched again: status 500 domain=corp.test
    2026-03-03T03:05:00Z ERROR the policy runs out at 2026-03-03T04:05:00Z and cannot be fetched again: status 500 domain=corp.test
    2026-03-03T04:10:00Z  WARN no policy: the policy could not be fetched: status 500 domain=corp.test
    2026-03-03T07:00:00Z  INFO policy 3, mode enforce, mx mx1.corp.test domain=corp.test
    ");
}
