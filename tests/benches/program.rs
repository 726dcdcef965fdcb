//! How long the program takes to start, and how much memory it takes while it waits.
//!
//! `cargo bench --bench program`

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "machine.rs"]
mod machine;

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use machine::{Spread, field, introduce};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stickler");

/// How often each is run.
const RUNS: usize = 101;

fn main() {
    introduce("the program by itself", "cargo bench --bench program");
    let bytes = std::fs::metadata(PROGRAM).expect("it was built").len();
    println!("  size of the file: {:.1} MiB", mebi(bytes));
    time("stickler --version", &["--version"]);
    time("stickler check --help", &["check", "--help"]);
    time(
        "stickler lint match",
        &["lint", "match", "*.example.com", "mx.example.com"],
    );
    wait();
}

fn time(what: &str, arguments: &[&str]) {
    let run = |_run| {
        let began = Instant::now();
        let output = Command::new(PROGRAM).args(arguments).output();
        let output = output.expect("the program can be started");
        assert!(output.status.success(), "{what}");
        began.elapsed().as_secs_f64() * 1e3
    };
    let spread = Spread::new((0..RUNS).map(run).collect());
    println!(
        "  {what}: {:.1} ms from start to end (median of {RUNS}; {:.1} to {:.1})",
        spread.median(),
        spread.least(),
        spread.most()
    );
}

/// Measures the program while it waits for its input, with its runtime up.
fn wait() {
    let mut child = Command::new(PROGRAM)
        .args(["lint", "policy", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let status = format!("/proc/{}/status", child.id());
    // It is idle once all its threads sleep and its memory has stopped growing.
    let mut before = String::new();
    let (resident, threads) = loop {
        let resident = field(&status, "VmRSS").unwrap_or_default();
        let is_asleep = field(&status, "State").is_some_and(|state| state.starts_with('S'));
        if is_asleep && resident == before {
            break (resident, field(&status, "Threads").unwrap_or_default());
        }
        before = resident;
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    };
    println!(
        "  idle, waiting for standard input (`stickler lint policy -`): {resident} resident, {threads} threads"
    );
    drop(child.stdin.take());
    let mut told = String::new();
    let stdout = child.stdout.as_mut().expect("it was piped");
    stdout.read_to_string(&mut told).expect("it is text");
    child.wait().expect("it ends when its input does");
}

#[expect(clippy::cast_precision_loss, reason = "no program has 2^52 octets")]
fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
