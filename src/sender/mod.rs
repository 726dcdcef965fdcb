//! The strict sender: the only place where facts meet judgements.
//!
//! A [`Sender`] joins a [`Network`] and a [`SenderClass`]. Its [`attempt`](Sender::attempt) runs one
//! delivery from discovery to a [`Verdict`], leaves a [`Trace`] of every step, and says what is to be
//! remembered; the caller owns the memory ([`PolicyState`]), so nothing here needs a store.
//!
//! Here the network is one in memory ([`model`](crate::model)), where the MX has moved and the policy has not:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use stickler::clock::Clock;
//! use stickler::facts::DnsName;
//! use stickler::model::{Hosted, Model};
//! use stickler::sender::{Families, Limits, Mail, PolicyState, Sender, SenderClass, Verdict};
//! use stickler::story::Story;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";
//! let story = Story::builder("moved", "2026-03-02T08:00:00Z".parse()?)
//!     .sender("strict", "strict")
//!     .step(Duration::ZERO, "the MX has moved", |world| {
//!         world.domain("corp.test").txt(&["v=STSv1; id=1;"]).policy(policy).mx(&[(10, "mx.new.test")]);
//!         world.server("mx.new.test");
//!     })
//!     .expect("corp.test", Verdict::Defer)
//!     .build()?;
//! let model = Arc::new(Model::new(Clock::manual(story.start)));
//! let internet = Arc::clone(&story.moments[0].state.internet);
//! model.apply(Hosted::new(internet, story.start));
//!
//! let sender = Sender {
//!     network: &model.through("resolver"),
//!     class: SenderClass::strict(),
//!     limits: Limits::default(),
//!     families: Families::Both,
//! };
//! let corp: DnsName = "corp.test".parse()?;
//! let mut state = PolicyState::default();
//! let runtime = tokio::runtime::Runtime::new()?;
//! let attempt = runtime.block_on(sender.attempt(Mail::probe(&corp), &state));
//! assert_eq!(attempt.verdict, Verdict::Defer);
//! assert_eq!(
//!     attempt.reason.to_string(),
//!     "no MX host can be used: mx.new.test is not in the policy"
//! );
//! // What the sender is to remember, it says.
//! for change in &attempt.changes {
//!     state.apply(change);
//! }
//! assert!(state.fresh(story.start).is_some());
//! # Ok(())
//! # }
//! ```

pub mod attempt;
pub mod candidates;
pub mod class;
pub mod deliver;
pub mod discover;
pub mod found;
pub mod hop;
pub mod memo;
pub mod network;
pub mod reach;
pub mod reason;
pub mod state;
pub mod stop;
#[cfg(test)]
mod tests;
pub mod trace;
pub mod verdict;

pub use attempt::{Attempt, Mail, MailKind};
pub use candidates::{Families, Limits};
pub use class::SenderClass;
pub use discover::Sender;
pub use network::{Authorities, Network};
pub use reach::Reach;
pub use reason::Reason;
pub use state::PolicyState;
pub use stop::Stop;
pub use trace::Trace;
pub use verdict::Verdict;
