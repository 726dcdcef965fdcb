//! Policies on disk and in memory: the first answer after a start, and what each domain takes.

use std::path::Path;

use stickler::clock::Clock;
use stickler::facts::UnixTime;
use stickler::store::{Purpose, Store};
use stickler::sts::cache::StoredPolicy;

use crate::load::{self, first_answer};
use crate::met;
use crate::server::Server;

/// The most memory of a sidecar that holds nothing, in MB.
const IDLE_GOAL_MEGA: f64 = 12.0;

/// The most that a domain takes, in octets.
const DOMAIN_GOAL_OCTETS: f64 = 1_000.0;

/// The longest that the first answer takes after the start, in milliseconds.
const START_GOAL_MILLIS: f64 = 20.0;

/// Starts a sidecar with so many domains on disk, and measures its first answer and its memory.
pub(crate) fn run(folder: &Path, domains: usize) {
    let state = folder.join(format!("hold-{domains}"));
    fill(&state, domains);
    // Of what is not held nothing can be said here, where there is no resolver.
    let last = domains.saturating_sub(1);
    let (key, expected) = match domains {
        0 => (".example".to_owned(), "NOTFOUND "),
        // The last one that the index comes to.
        _ => (format!("d{last}.example"), "OK secure "),
    };
    let (sidecar, started) = Server::sidecar_timed(&state, &[]);
    let (answer, answered) = first_answer(&sidecar, &key);
    assert!(answer.starts_with(expected), "{answer}");
    let first_millis = (started + answered).as_secs_f64() * 1e3;
    println!(
        "  {domains} domains on disk: first answer {first_millis:.1} ms after the start ({:.1} ms of it until it listens); goal: under {START_GOAL_MILLIS} ms: {}",
        started.as_secs_f64() * 1e3,
        met(first_millis < START_GOAL_MILLIS),
    );
    sidecar.wait_until_idle();
    let held = sidecar.resident_octets();
    if domains == 0 {
        println!(
            "    {:.2} MB resident once idle; goal: under {IDLE_GOAL_MEGA} MB: {}",
            held / 1e6,
            met(held < IDLE_GOAL_MEGA * 1e6)
        );
        return;
    }
    let bare = bare_octets(folder);
    #[expect(clippy::cast_precision_loss, reason = "it is a figure for people")]
    let of_each = (held - bare) / domains as f64;
    println!(
        "    {:.1} MB resident once idle, {of_each:.0} octets a domain; goal: under {DOMAIN_GOAL_OCTETS}: {}",
        held / 1e6,
        met(of_each < DOMAIN_GOAL_OCTETS),
    );
    // Faster than the looks behind the answers, which all fail here: as many of them wait as may.
    let names = (0..domains).map(|number| format!("d{number}.example"));
    load::ask_once_each(&sidecar, names, 64);
    sidecar.wait_until_idle();
    println!(
        "    {:.1} MB once all were asked for at once",
        sidecar.resident_octets() / 1e6
    );
}

/// Returns what a sidecar takes that holds nothing.
fn bare_octets(folder: &Path) -> f64 {
    let sidecar = Server::sidecar(&folder.join("bare"));
    first_answer(&sidecar, ".example");
    sidecar.wait_until_idle();
    sidecar.resident_octets()
}

/// Makes a store with so many enforced policies, fetched now.
pub(crate) fn fill(path: &Path, domains: usize) {
    if domains == 0 {
        return;
    }
    let store = Store::open(path, Purpose::Serve).expect("a store can be made");
    let now = Clock::system().now();
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
