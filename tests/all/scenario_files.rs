//! Scenario files: what is read, and what is said about what cannot be.

use std::path::Path;

use stickler::scenario::{self, Problem};

fn first(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem}\n    {:?}\n", problem.help))
        .collect()
}

#[test]
fn debugging() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for file in scenario::discover(&[path]).unwrap() {
        match scenario::load(&file) {
            Ok(scenario) => println!("{:#?}", scenario.moments.last()),
            Err(problems) => panic!("{}", first(&problems)),
        }
    }
}
