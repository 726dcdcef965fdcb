//! The tests that need more than one room, in one binary.

mod coverage;
mod scenario_files;
