//! What an answer of the sidecar costs beside a bare echo of the same protocol, and what it takes to hold policies.
//!
//! `cargo bench --bench sidecar`, with `-- --full` a million domains too.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

mod echo;
mod load;
#[path = "../machine.rs"]
mod machine;
mod server;

use std::path::Path;
use std::time::Duration;

use machine::{Spread, introduce};
use server::Server;
use stickler::facts::UnixTime;
use stickler::store::{Purpose, Store};
use stickler::sts::cache::StoredPolicy;

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(2);

/// How many rounds there are, the sides taking turns.
const ROUNDS: usize = 5;

/// The domain that is asked for.
const DOMAIN: &str = "d0.example";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|word| word == "--echo") {
        echo::run();
        return;
    }
    introduce("the sidecar", "cargo bench --bench sidecar");
    let folder = tempfile::tempdir().expect("a folder can be made");
    compare(folder.path());
    hold(folder.path(), 0);
    hold(folder.path(), 100_000);
    if arguments.iter().any(|word| word == "--full") {
        hold(folder.path(), 1_000_000);
    }
}

/// Loads the sidecar and the echo in turns.
fn compare(folder: &Path) {
    let state = folder.join("compare");
    fill(&state, 1);
    let sidecar = Server::sidecar(&state);
    let echo = Server::echo(&load::answer(&sidecar, DOMAIN));
    for (connections, depth) in [(8, 1), (64, 1), (64, 16)] {
        let mut figures = [const { Vec::new() }; 3];
        let mut absolute = Vec::new();
        for round in 0..ROUNDS {
            let sides = if round % 2 == 0 {
                [&sidecar, &echo]
            } else {
                [&echo, &sidecar]
            };
            let mut loads = sides.map(|side| load::load(side, DOMAIN, (connections, depth), LOAD));
            if round % 2 != 0 {
                loads.reverse();
            }
            let [ours, theirs] = &loads;
            let [cpu, rate, slowest] = &mut figures;
            cpu.push(ours.cpu_micros / theirs.cpu_micros);
            rate.push(ours.rate / theirs.rate);
            slowest.push(ours.p99_micros / theirs.p99_micros);
            absolute.push((ours.rate, ours.cpu_micros, ours.p99_micros));
        }
        let [cpu, rate, slowest] = figures.map(Spread::new);
        absolute.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (answers, micros, p99) = absolute.get(ROUNDS / 2).copied().unwrap_or_default();
        println!(
            "  {connections} connections, depth {depth}: {answers:.0} answers/s, {micros:.1} us of server CPU each, p99 {p99:.0} us"
        );
        for (what, spread) in [("CPU", cpu), ("rate", rate), ("p99", slowest)] {
            println!(
                "    {what} against the echo: {:.2} (median of {ROUNDS}; {:.2} to {:.2})",
                spread.median(),
                spread.least(),
                spread.most()
            );
        }
    }
}

/// Starts a sidecar with so many domains on disk, and measures its first answer and its memory.
fn hold(folder: &Path, domains: usize) {
    let state = folder.join(format!("hold-{domains}"));
    fill(&state, domains);
    let (sidecar, started) = Server::sidecar_timed(&state);
    // Of what is not held nothing can be said here, where there is no resolver.
    let (key, expected) = match domains {
        0 => (".example", "NOTFOUND "),
        _ => (DOMAIN, "OK secure "),
    };
    let (answer, answered) = load::first_answer(&sidecar, key);
    assert!(answer.starts_with(expected), "{answer}");
    sidecar.wait_until_idle();
    println!(
        "  {domains} domains on disk: first answer {:.1} ms after the start ({:.1} ms of it until it listens), {:.1} MiB resident once idle",
        (started + answered).as_secs_f64() * 1e3,
        started.as_secs_f64() * 1e3,
        sidecar.resident_mebi(),
    );
}

/// Makes a store with so many enforced policies, fetched now.
fn fill(path: &Path, domains: usize) {
    if domains == 0 {
        return;
    }
    let store = Store::open(path, Purpose::Serve).expect("a store can be made");
    let now = stickler::clock::Clock::system().now();
    for number in 0..domains {
        let domain = format!("d{number}.example").parse().expect("it is a name");
        store
            .put(&domain, &policy(number, now))
            .expect("it can be written");
    }
}

fn policy(number: usize, fetched_at: UnixTime) -> StoredPolicy {
    let body = format!(
        "version: STSv1\nmode: enforce\nmx: mx1.d{number}.example\nmx: mx2.d{number}.example\nmax_age: 604800\n"
    );
    StoredPolicy {
        id: "20260101T000000".parse().expect("it is an id"),
        body: body.into_bytes().into(),
        fetched_at,
    }
}
