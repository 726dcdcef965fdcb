//! What one hostile domain costs: the longest single judgement, memory, octets of JSON.
//!
//! `cargo bench --bench hostile`

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "internet.rs"]
mod internet;
#[path = "../machine.rs"]
mod machine;

use std::time::{Duration, Instant};

use internet::{DOMAIN, Hostile};
use machine::{Spread, field, introduce};
use stickler::diagnose::{Options, check};
use stickler::sender::memo::Probes;

/// How often the domain is checked.
const ROUNDS: usize = 3;

/// How long one judgement may keep its thread from others.
const JUDGEMENT_GOAL: Duration = Duration::from_millis(100);

const MEMORY_GOAL_KIB: u64 = 100_000;

const JSON_GOAL_OCTETS: usize = 5_000_000;

fn main() {
    introduce("one hostile domain", "cargo bench --bench hostile");
    let hostile = Hostile::new();
    let domain = DOMAIN.parse().expect("it is a name");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let before = peak_kib();
    let mut walls = Vec::new();
    let mut json = Vec::new();
    for _round in 0..ROUNDS {
        let began = Instant::now();
        let probes = Probes::default();
        let options = Options::default();
        let checked = runtime.block_on(check(&hostile, &probes, &domain, None, &options));
        walls.push(began.elapsed().as_secs_f64());
        json = serde_json::to_vec_pretty(&checked.report).expect("a report is JSON");
    }
    let walls = Spread::new(walls);
    let longest = hostile.longest_judgement();
    println!(
        "  the whole check: {:.3} s (median of {ROUNDS}; {:.3} to {:.3})",
        walls.median(),
        walls.least(),
        walls.most()
    );
    println!(
        "  longest single judgement: {:.1} ms; goal: under {} ms: {}",
        longest.as_secs_f64() * 1e3,
        JUDGEMENT_GOAL.as_millis(),
        met(longest < JUDGEMENT_GOAL)
    );
    println!(
        "  VmHWM: {} kB, {before} kB before; goal: under {MEMORY_GOAL_KIB} kB: {}",
        peak_kib(),
        met(peak_kib() < MEMORY_GOAL_KIB)
    );
    println!(
        "  JSON: {} octets; goal: under {JSON_GOAL_OCTETS}: {}",
        json.len(),
        met(json.len() < JSON_GOAL_OCTETS)
    );
}

const fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

/// Returns the most memory that this process has had, in kB.
fn peak_kib() -> u64 {
    field("/proc/self/status", "VmHWM")
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or_default()
}
