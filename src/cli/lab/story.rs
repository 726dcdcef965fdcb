//! The scenario that a lab is for.

use std::path::Path;

use crate::cli::output::tell;
use crate::report::text;
use crate::scenario::{self, Scenario};

/// Reads a scenario, or says on standard error what is wrong with the file.
pub(super) fn load(file: &Path) -> Option<Scenario> {
    scenario::load(file)
        .map_err(|error| {
            for problem in &error.problems {
                tell(text::problem(problem));
            }
        })
        .ok()
}
