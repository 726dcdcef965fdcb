//! Scenarios, played: what each fault comes to on both networks, and that a wrong expectation is found.

mod agreement;
mod beside;
mod faults;
mod through;
mod wrong;

use std::path::Path;

use stickler::replay::{Networks, Replayed, replay};
use stickler::scenario::{Scenario, load_str};

/// Reads a scenario written in a test.
fn read(text: &str) -> Scenario {
    load_str(text, Path::new("story.toml")).unwrap()
}

async fn play(text: &str, networks: Networks) -> Replayed {
    replay(&read(text).story, networks).await.unwrap()
}
