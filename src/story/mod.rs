//! Stories: what holds in a fake Internet at each moment, who sends mail in it, and what must come of it.
//!
//! A story is a value. The reader of [`scenario`](crate::scenario) makes one of a file; a test, or a program
//! that makes up migrations, builds one:
//!
//! ```
//! use std::time::Duration;
//! use stickler::replay::{Networks, replay};
//! use stickler::sender::Verdict;
//! use stickler::story::Story;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! const DAY: Duration = Duration::from_secs(86_400);
//! let policy = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";
//! let story = Story::builder("cutover", "2026-03-02T08:00:00Z".parse()?)
//!     .sender("strict", "strict")
//!     .step(Duration::ZERO, "all is well", |world| {
//!         world.domain("corp.test").txt(&["v=STSv1; id=1;"]).policy(policy).mx(&[(10, "mx.old.test")]);
//!         world.server("mx.old.test");
//!     })
//!     .expect("corp.test", Verdict::Deliver)
//!     .step(DAY * 2, "the MX moves, the policy does not", |world| {
//!         world.domain("corp.test").mx(&[(10, "mx.new.test")]);
//!         world.server("mx.new.test");
//!     })
//!     .expect("corp.test", Verdict::Defer)
//!     .build()?;
//! let runtime = tokio::runtime::Runtime::new()?;
//! let replayed = runtime.block_on(replay(&story, Networks::Both))?;
//! assert!(replayed.holds(), "{replayed}");
//! # Ok(())
//! # }
//! ```

mod builder;
mod expectation;
mod moment;
mod origin;
mod pace;
mod places;
pub mod reserved;
mod rules;
pub mod state;
#[cfg(test)]
mod tests;
mod whole;
mod world;

pub use builder::Builder;
pub use expectation::{
    Asked, AskedError, CheckExpectation, Expectation, PolicySource, Received, TlsVersion,
};
pub use moment::Moment;
pub use origin::Origin;
pub use pace::Pace;
pub use places::{Places, PlacesError};
pub use rules::{StoryError, StoryFault};
pub use state::State;
pub use whole::{Head, NetworkKind, OnlyOn, Source, Story};
pub use world::{Domain, Server, World};
