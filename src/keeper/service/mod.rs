//! The keeper at work: who asks is answered, what is due is done, and a store holds what was found.

mod counters;
mod gate;
mod hosts;
mod house;
mod job;
mod keep;
mod shelf;
mod work;

pub use counters::{Counter, Counters};
pub use gate::{Gate, GateLimits};
pub use hosts::Exchangers;
pub use job::Jobs;
pub use keep::{Inspected, Keeper, Persistence};
