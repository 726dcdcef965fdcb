//! The scenario that a lab is for.

use std::path::Path;

use crate::cli::environment::Environment;
use crate::cli::output::tell_problem;
use crate::scenario::{self, Scenario};

/// Reads a scenario, or says on standard error what is wrong with the file.
pub(super) fn load(file: &Path, environment: &Environment) -> Option<Scenario> {
    scenario::load(file)
        .map_err(|error| {
            for problem in &error.problems {
                tell_problem("", problem, environment.look_of_messages());
            }
        })
        .ok()
}
