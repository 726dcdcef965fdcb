//! The tests that need more than one room, in one binary.
//!
//! The modules say that they are tests, so that their helpers may `unwrap` as tests may.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod net;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod report;
#[cfg(test)]
mod scenario_files;
#[cfg(test)]
mod sidecar;
#[cfg(test)]
mod store;
#[cfg(test)]
mod supply_chain;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wait;
#[cfg(test)]
mod world;
