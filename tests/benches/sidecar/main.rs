//! What an answer of the sidecar costs beside a bare echo of the same protocol, what it takes to hold policies and
//! connections, and to look domains up.
//!
//! `cargo bench --bench sidecar [-- compare|hold|million|crowd|garbage|cold ...]`; without a word all but `million`.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

mod cold;
mod compare;
mod crowd;
mod echo;
mod garbage;
mod hold;
mod load;
#[path = "../machine.rs"]
mod machine;
mod server;
#[path = "../world.rs"]
mod world;

use std::path::Path;

/// A part of the benchmark: the word that asks for it, whether it runs unasked, and what it does in a folder.
type Part = (&'static str, bool, fn(&Path));

const PARTS: [Part; 6] = [
    ("compare", true, compare::run),
    ("hold", true, |folder| {
        hold::run(folder, 0);
        hold::run(folder, 100_000);
    }),
    ("million", false, |folder| hold::run(folder, 1_000_000)),
    ("crowd", true, crowd::run),
    ("garbage", true, garbage::run),
    ("cold", true, cold::run),
];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == "--echo") {
        echo::run();
        return;
    }
    if cold::is_world(&words) {
        return;
    }
    machine::introduce("the sidecar", "cargo bench --bench sidecar");
    let is_named = |name: &str| words.iter().any(|word| word == name);
    let names_any = PARTS.iter().any(|(name, _, _)| is_named(name));
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, runs_unasked, run) in PARTS {
        if is_named(name) || (runs_unasked && !names_any) {
            run(folder.path());
        }
    }
}

/// Says whether a goal is met.
const fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}
