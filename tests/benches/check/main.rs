//! How fast `check` is, beside a bare loop that asks the same of the same world with the same libraries.
//!
//! `cargo bench --bench check [-- --domains N --jobs N --pairs N]`; with `-- --scale [--many N]` it shows instead whether the
//! rate and the memory of a run hold over thousands of domains.
//!
//! The world runs in a process of its own, so that the CPU time of this one is the client's alone. Both sides
//! look at each domain once, as many at a time as `--jobs` says; the sides take turns, and each pair of runs
//! gives one ratio. The world's history shows that both made the same numbers of questions and handshakes.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

mod bare;
#[path = "../machine.rs"]
mod machine;
mod ours;
mod scale;
#[path = "../world.rs"]
mod world;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use machine::{Spread, introduce};
use world::{Counts, FakeInternet, Hosts};

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
struct Plan {
    domains: usize,
    jobs: usize,
    pairs: usize,
    /// How many domains the long run of `--scale` has.
    many: usize,
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |option: &str, default: usize| {
        let at = words.iter().position(|word| word == option);
        let value = at.and_then(|at| words.get(at + 1));
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let plan = Plan {
        domains: number("--domains", 200),
        jobs: number("--jobs", 16),
        pairs: number("--pairs", 12),
        many: number("--many", 10_000),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads can be started");
    if runtime.block_on(world::serve(&words, plan.domains)) {
        return;
    }
    if words.iter().any(|word| word == "--scale") {
        runtime.block_on(scale::measure(plan));
    } else {
        runtime.block_on(measure(plan));
    }
}

/// What one run over all domains took.
#[derive(Clone, Copy, Debug)]
struct Run {
    wall: Duration,
    cpu: Duration,
    counts: Counts,
}

async fn measure(plan: Plan) {
    introduce(
        &format!(
            "check of {} domains with two MX hosts each, {} at a time, on loopback",
            plan.domains, plan.jobs
        ),
        "cargo bench --bench check",
    );
    let mut internet = FakeInternet::start(plan.domains, Hosts::All);
    let mut pairs = Vec::new();
    // The first pair warms up: code, sockets, the world's own threads.
    for pair in 0..=plan.pairs {
        let ours = run_ours(plan, &mut internet).await;
        let bare = run_bare(plan, &mut internet).await;
        // A cold side answers late, and is asked again.
        if pair > 0 {
            assert_eq!(ours.counts, bare.counts, "both sides ask the same");
            pairs.push((ours, bare));
        }
    }
    let Some((ours, _)) = pairs.first() else {
        return;
    };
    let per_domain = |count: usize| count / plan.domains;
    println!(
        "  each domain: {} DNS questions, {} TLS handshakes ({} HTTPS, {} SMTP); both sides alike",
        per_domain(ours.counts.questions),
        per_domain(ours.counts.https_handshakes + ours.counts.smtp_handshakes),
        per_domain(ours.counts.https_handshakes),
        per_domain(ours.counts.smtp_handshakes),
    );
    println!("  {:<28} {:>9} {:>9} {:>9}", "", "median", "least", "most");
    let of = |value: &dyn Fn(&(Run, Run)) -> f64| Spread::new(pairs.iter().map(value).collect());
    let domains = to_float(plan.domains);
    print(
        "check, domains/s",
        1,
        &of(&|(ours, _)| domains / ours.wall.as_secs_f64()),
    );
    print(
        "bare loop, domains/s",
        1,
        &of(&|(_, bare)| domains / bare.wall.as_secs_f64()),
    );
    print(
        "check, CPU ms/domain",
        2,
        &of(&|(ours, _)| ours.cpu.as_secs_f64() * 1e3 / domains),
    );
    print(
        "bare loop, CPU ms/domain",
        2,
        &of(&|(_, bare)| bare.cpu.as_secs_f64() * 1e3 / domains),
    );
    let ratio = of(&|(ours, bare)| bare.wall.as_secs_f64() / ours.wall.as_secs_f64());
    print("ratio of the rates", 3, &ratio);
    let verdict = if ratio.median() >= 0.8 {
        "met"
    } else {
        "MISSED"
    };
    println!("  goal: a ratio of at least 0.80: {verdict}");
}

fn print(what: &str, digits: usize, spread: &Spread) {
    println!(
        "  {what:<28} {:>9.digits$} {:>9.digits$} {:>9.digits$}",
        spread.median(),
        spread.least(),
        spread.most()
    );
}

async fn run_ours(plan: Plan, internet: &mut FakeInternet) -> Run {
    // A resolver cache and a memory of probes of its own: nothing is left of the run before.
    let checker = Arc::new(ours::Checker::new(internet));
    take_time(internet, plan, move |domain| {
        let checker = Arc::clone(&checker);
        async move { checker.check(domain).await }
    })
    .await
}

async fn run_bare(plan: Plan, internet: &mut FakeInternet) -> Run {
    let client = Arc::new(bare::Client::new(internet));
    take_time(internet, plan, move |domain| {
        let client = Arc::clone(&client);
        async move { client.visit(domain).await }
    })
    .await
}

async fn take_time<F>(internet: &mut FakeInternet, plan: Plan, visit: impl Fn(usize) -> F) -> Run
where
    F: Future<Output = ()> + Send + 'static,
{
    let cpu_before = cpu_time();
    let began = Instant::now();
    let mut waiting = 0..plan.domains;
    let mut running = JoinSet::new();
    loop {
        while running.len() < plan.jobs
            && let Some(domain) = waiting.next()
        {
            running.spawn(visit(domain));
        }
        match running.join_next().await {
            None => break,
            Some(done) => done.expect("every domain is healthy"),
        }
    }
    let wall = began.elapsed();
    Run {
        wall,
        cpu: cpu_time().saturating_sub(cpu_before),
        counts: internet.take_counts(),
    }
}

/// Returns the CPU time, in user and kernel mode, that this process has taken.
fn cpu_time() -> Duration {
    // proc_pid_stat(5): fields 14 and 15, in ticks, of which Linux counts 100 a second.
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

#[expect(clippy::cast_precision_loss, reason = "nobody checks 2^52 domains")]
fn to_float(count: usize) -> f64 {
    count as f64
}
