//! What a long-running sender holds, per policy domain: the one place that knows.
//!
//! [`Held`] is the judgement, pure: what holds for a domain now, which work is due for it, and what follows from
//! what the work found. [`Keeper`] runs that work with [`sender`](crate::sender)'s own steps, joined per domain
//! and bounded, and keeps what it found in a store. The same [`Held`] is played under a virtual clock by
//! [`replay`](crate::replay).
//!
//! A domain that is held is answered at once, whatever the network does; its record is looked at again behind
//! the answer. Only a domain of which nothing is known is waited for, and that for a bounded time.

mod failing;
mod held;
mod history;
#[cfg(feature = "store")]
mod service;
mod settings;
mod standing;
#[cfg(feature = "store")]
#[cfg(test)]
mod tests;

pub use failing::{Failing, FetchNews};
pub use held::{Asked, Done, Held, Work, Worth};
pub use history::{Change, History, MAX_CHANGES};
#[cfg(feature = "store")]
pub use service::{
    Counter, Counters, Exchangers, Gate, GateLimits, Inspected, Jobs, Keeper, Persistence,
};
pub use settings::Settings;
pub use standing::Standing;
