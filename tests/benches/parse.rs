//! How long it takes to parse a policy and a record, and to match an MX host.
//!
//! `cargo bench --bench parse`

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "machine.rs"]
mod machine;

use std::hint::black_box;
use std::time::{Duration, Instant};

use machine::{Spread, introduce};
use stickler::facts::DnsName;
use stickler::sts::mx::MxPattern;
use stickler::sts::reading::Reading;
use stickler::sts::{policy, record};

const POLICY: &[u8] = b"version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n";

const RECORD: &[u8] = b"v=STSv1; id=20160831085700Z;";

/// How many batches are timed; of their averages the median counts.
const BATCHES: usize = 2_001;

/// About how long a batch takes: far less than a slice of the scheduler's, so that most of them run through
/// on a busy machine too.
const BATCH: Duration = Duration::from_micros(200);

fn main() {
    introduce(
        "parsing and matching, one core",
        "cargo bench --bench parse",
    );
    println!(
        "  {:<44} {:>9} {:>9} {:>9} {:>9}",
        "", "median", "least", "most", "goal"
    );
    for reading in Reading::BOTH {
        report(&format!("four-line policy, {reading}"), 1_000, || {
            policy::parse(black_box(POLICY), reading).is_ok()
        });
        report(&format!("record, {reading}"), 300, || {
            record::parse(black_box(RECORD), reading).is_ok()
        });
    }
    for (pattern, host) in [
        ("mx1.example.com", "mx1.example.com"),
        ("mx1.example.com", "mx2.example.com"),
        (
            "*.mail.protection.outlook.com",
            "example-com.mail.protection.outlook.com",
        ),
        (
            "*.mail.protection.outlook.com",
            "example-com.p-v1.mx.microsoft",
        ),
    ] {
        let parsed: MxPattern = pattern.parse().expect("a pattern");
        let name: DnsName = host.parse().expect("a host name");
        let is_match = parsed.matches(&name);
        let sign = if is_match { "=" } else { "≠" };
        let (shown, _) = pattern.split_at(pattern.len().min(15));
        report(&format!("MX match, {shown}… {sign} {host}"), 50, || {
            black_box(&parsed).matches(black_box(&name)) == is_match
        });
    }
}

/// Times `run`, which says whether it came out right, against a goal in nanoseconds.
fn report(what: &str, goal_nanos: u32, mut run: impl FnMut() -> bool) {
    assert!(run(), "{what}");
    let mut runs = 1_u32;
    while time(runs, &mut run) < BATCH {
        runs = runs.saturating_mul(2);
    }
    let nanos = |_batch| time(runs, &mut run).as_secs_f64() * 1e9 / f64::from(runs);
    let spread = Spread::new((0..BATCHES).map(nanos).collect());
    let verdict = if spread.median() < f64::from(goal_nanos) {
        ""
    } else {
        "  MISSED"
    };
    println!(
        "  {what:<44.44} {:>6.1} ns {:>6.1} ns {:>6.1} ns  < {goal_nanos} ns{verdict}",
        spread.median(),
        spread.least(),
        spread.most(),
    );
}

fn time(runs: u32, run: &mut impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    for _run in 0..runs {
        assert!(black_box(run()));
    }
    began.elapsed()
}
