//! Whether a run over thousands of domains keeps the rate of a short one, in bounded memory, its results streaming.

use std::time::{Duration, Instant};

use crate::machine::{Spread, field, introduce};
use crate::world::{FakeInternet, Hosts};
use crate::{Plan, print, run_ours, to_float};

/// How often the long run is made, each between short ones.
const ROUNDS: usize = 2;

/// How many short runs stand before each long one.
const SHORT_RUNS: usize = 6;

/// The least that the rate over many domains may be of the rate over few.
const LEAST_RATIO: f64 = 0.85;

pub(crate) async fn measure(plan: Plan) {
    let many = plan.many;
    introduce(
        &format!(
            "check of {many} domains beside {}, {} at a time, on loopback",
            plan.domains, plan.jobs
        ),
        "cargo bench --bench check -- --scale",
    );
    let began = Instant::now();
    let mut internet = FakeInternet::start(many, Hosts::Shared);
    println!("  the world stands after {:.0?}", began.elapsed());
    let long_run = Plan {
        domains: many,
        ..plan
    };
    let rate = |plan: Plan, wall: Duration| to_float(plan.domains) / wall.as_secs_f64();
    // Code, sockets, the world's own threads.
    run_ours(plan, &mut internet).await;
    let (mut short, mut long, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut memory = (0.0, 0.0);
    for round in 0..ROUNDS {
        let mut beside = Vec::new();
        for _ in 0..SHORT_RUNS {
            beside.push(rate(plan, run_ours(plan, &mut internet).await.wall));
        }
        if round == 0 {
            memory.0 = peak_mib();
        }
        let run = run_ours(long_run, &mut internet).await;
        if round == 0 {
            memory.1 = peak_mib();
            println!(
                "  each domain: {:.2} DNS questions, {:.2} TLS handshakes",
                to_float(run.counts.questions) / to_float(many),
                to_float(run.counts.https_handshakes + run.counts.smtp_handshakes) / to_float(many),
            );
        }
        let whole = rate(long_run, run.wall);
        ratios.push(whole / Spread::new(beside.clone()).median());
        long.push(whole);
        short.extend(beside);
    }
    println!("  {:<28} {:>9} {:>9} {:>9}", "", "median", "least", "most");
    print(
        &format!("{} domains, domains/s", plan.domains),
        1,
        &Spread::new(short),
    );
    print(&format!("{many} domains, domains/s"), 1, &Spread::new(long));
    let ratio = Spread::new(ratios);
    print("ratio of the rates", 3, &ratio);
    let (few, most) = memory;
    println!(
        "  memory at its peak: {few:.0} MiB after runs of {} domains, {most:.0} MiB after {many}: {:.1} KiB a domain more",
        plan.domains,
        (most - few) * 1_024.0 / to_float(many)
    );
    let verdict = if ratio.least() >= LEAST_RATIO {
        "met"
    } else {
        "MISSED"
    };
    println!("  goal: a ratio of at least {LEAST_RATIO:.2}: {verdict}");
}

/// Returns the most memory that this process ever had.
fn peak_mib() -> f64 {
    let text = field("/proc/self/status", "VmHWM").unwrap_or_default();
    let kib = text.split_whitespace().next();
    let kib: f64 = kib.and_then(|kib| kib.parse().ok()).unwrap_or_default();
    kib / 1_024.0
}
