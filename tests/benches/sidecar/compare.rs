//! Answers from memory: the sidecar and the echo under the same load, in turns.

use std::path::Path;
use std::time::Duration;

use crate::hold::fill;
use crate::load::{self, Load};
use crate::machine::Spread;
use crate::met;
use crate::server::Server;

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(2);

/// How many rounds there are, the sides taking turns.
const ROUNDS: usize = 5;

/// The domain that is asked for.
const DOMAIN: &str = "d0.example";

/// The most that a figure may be, against the echo's; for a rate the least.
struct Goals {
    cpu: Option<f64>,
    rate: Option<f64>,
    p99: Option<f64>,
}

pub(crate) fn run(folder: &Path) {
    let state = folder.join("compare");
    fill(&state, 1);
    let sidecar = Server::sidecar(&state);
    let echo = Server::echo(&load::answer(&sidecar, DOMAIN));
    for (connections, depth, goals) in [
        (8, 1, goals(None, Some(0.8), Some(2.0))),
        (64, 1, goals(Some(1.2), Some(0.8), None)),
        (64, 16, goals(None, None, None)),
    ] {
        let pairs = take_turns(&sidecar, &echo, (connections, depth));
        let ours = |value: fn(&Load) -> f64| {
            Spread::new(pairs.iter().map(|(ours, _)| value(ours)).collect()).median()
        };
        println!(
            "  {connections} connections, depth {depth}: {:.0} answers/s, {:.2} us of server CPU each, p99 {:.0} us",
            ours(|load| load.rate),
            ours(|load| load.cpu_micros),
            ours(|load| load.p99_micros),
        );
        let against = |what,
                       value: fn(&Load) -> f64,
                       goal: Option<f64>,
                       is_met: fn(&f64, &f64) -> bool| {
            let ratio = Spread::new(
                pairs
                    .iter()
                    .map(|(ours, theirs)| value(ours) / value(theirs))
                    .collect(),
            );
            let verdict = goal.map_or(String::new(), |goal| {
                format!("; goal {goal}: {}", met(is_met(&ratio.median(), &goal)))
            });
            println!(
                "    {what} against the echo: {:.2} (median of {ROUNDS}; {:.2} to {:.2}){verdict}",
                ratio.median(),
                ratio.least(),
                ratio.most()
            );
        };
        against("CPU", |load| load.cpu_micros, goals.cpu, f64::le);
        against("rate", |load| load.rate, goals.rate, f64::ge);
        against("p99", |load| load.p99_micros, goals.p99, f64::le);
    }
}

const fn goals(cpu: Option<f64>, rate: Option<f64>, p99: Option<f64>) -> Goals {
    Goals { cpu, rate, p99 }
}

/// Loads both sides, each first in every other round.
fn take_turns(sidecar: &Server, echo: &Server, load: (usize, usize)) -> Vec<(Load, Load)> {
    let ask = |server| load::load(server, DOMAIN, load, LOAD);
    (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let ours = ask(sidecar);
                (ours, ask(echo))
            } else {
                let theirs = ask(echo);
                (ask(sidecar), theirs)
            }
        })
        .collect()
}
