//! The shipped scenarios: one named test a file and network, and one that the networks agree.
//!
//! A scenario that is known to fail (`xfail`) must fail: its test is red when it passes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use stickler::replay::{Networks, Outcome, Replayed, replay};
use stickler::scenario::{Scenario, discover, duplicate_ids, load};
use stickler::story::NetworkKind;

/// How many tests run at once: most of them wait for deadlines.
const AT_ONCE: usize = 6;

/// The threads of each test's runtime: servers and sender side by side, even on a machine with one processor.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    // What real Postfix and Exim are held to, our own sender is held to as well.
    let folders = ["scenarios", "docker/senders/cases"]
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let files = discover(&folders).expect("the scenarios lie in the repository");
    let mut trials = Vec::new();
    let mut scenarios = Vec::new();
    for file in &files {
        match load(file) {
            Ok(scenario) => {
                trials.extend(trials_of(&scenario));
                scenarios.push(scenario);
            }
            Err(error) => {
                let name = format!("{} is readable", shown(file));
                trials.push(Trial::test(name, move || Err(error.into())));
            }
        }
    }
    trials.push(Trial::test("every id is its own", move || {
        let problems: Vec<String> = duplicate_ids(&scenarios)
            .iter()
            .map(ToString::to_string)
            .collect();
        fail_with(&problems)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Returns a test for each network that the scenario can be told on. The one of the lab plays the model too,
/// which costs nothing, so that it can hold the two against each other.
fn trials_of(scenario: &Scenario) -> Vec<Trial> {
    let scenario = Arc::new(scenario.clone());
    let only = scenario.story.only_on.as_ref().map(|only| only.network);
    let mut trials = Vec::new();
    if only != Some(NetworkKind::Lab) {
        let scenario = Arc::clone(&scenario);
        trials.push(Trial::test(
            format!("{} on the model", scenario.story.id),
            move || judge(&scenario, Networks::Model),
        ));
    }
    if only != Some(NetworkKind::Model) {
        trials.push(Trial::test(
            format!("{} on the lab", scenario.story.id),
            move || judge(&scenario, Networks::Both),
        ));
    }
    trials
}

fn judge(scenario: &Scenario, networks: Networks) -> Result<(), Failed> {
    // As the program does: servers answer while the sender is still asking.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    let replayed: Replayed = runtime.block_on(replay(&scenario.story, networks))?;
    match replayed.outcome {
        Outcome::Holds | Outcome::FailsAsKnown => Ok(()),
        Outcome::Fails | Outcome::HoldsUnexpectedly => Err(replayed.to_string().into()),
        Outcome::Skipped => Err("it was not played".into()),
    }
}

fn fail_with(messages: &[String]) -> Result<(), Failed> {
    if messages.is_empty() {
        Ok(())
    } else {
        Err(messages.join("\n").into())
    }
}

fn shown(file: &Path) -> String {
    let below: PathBuf = file
        .strip_prefix(env!("CARGO_MANIFEST_DIR"))
        .unwrap_or(file)
        .to_owned();
    below.display().to_string()
}
