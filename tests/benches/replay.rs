//! How long it takes to replay all shipped scenarios: on the model alone, and on both networks in parallel.
//!
//! `cargo bench --bench replay`

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "machine.rs"]
mod machine;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use machine::{Spread, introduce};
use stickler::replay::{Networks, replay};
use stickler::scenario::{Scenario, discover, load_all};

/// How often everything is replayed.
const ROUNDS: usize = 3;

/// How many of the slowest are named.
const SLOWEST: usize = 5;

fn main() {
    introduce(
        "replay of all shipped scenarios",
        "cargo bench --bench replay",
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = discover(&[folder]).expect("the scenarios are there");
    let began = Instant::now();
    let scenarios = load_all(&files).expect("the linter has nothing to say");
    println!(
        "  reading {} files: {:.3} s",
        files.len(),
        began.elapsed().as_secs_f64()
    );
    measure("on the model", Networks::Model, 1.0, &scenarios);
    measure("on both networks", Networks::Both, 30.0, &scenarios);
}

fn measure(what: &str, networks: Networks, goal_secs: f64, scenarios: &[Scenario]) {
    let mut walls = Vec::new();
    let mut slowest: Vec<(Duration, &str)> = Vec::new();
    for _round in 0..ROUNDS {
        let began = Instant::now();
        let mut times = run_all(networks, scenarios);
        walls.push(began.elapsed().as_secs_f64());
        times.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        times.truncate(SLOWEST);
        slowest = times;
    }
    let spread = Spread::new(walls);
    let verdict = if spread.median() < goal_secs {
        "met"
    } else {
        "MISSED"
    };
    println!(
        "  {what}: {:.3} s (median of {ROUNDS}; {:.3} to {:.3}); goal: under {goal_secs} s: {verdict}",
        spread.median(),
        spread.least(),
        spread.most(),
    );
    for (time, id) in slowest {
        println!("    {:>8.1} ms  {id}", time.as_secs_f64() * 1e3);
    }
}

/// Replays every scenario, one on each core at a time, and returns how long each took.
fn run_all(networks: Networks, scenarios: &[Scenario]) -> Vec<(Duration, &str)> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_core| {
                scope.spawn(|| {
                    let mut times = Vec::new();
                    while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                        times.push((run(networks, scenario), &*scenario.story.id));
                    }
                    times
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("no scenario panics"))
            .collect()
    })
}

fn run(networks: Networks, scenario: &Scenario) -> Duration {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("sockets can be waited for");
    let replayed = runtime
        .block_on(replay(&scenario.story, networks))
        .expect("the scenario can be laid out");
    let holds = replayed.holds() || scenario.story.xfail.is_some();
    assert!(holds, "{replayed}");
    began.elapsed()
}
