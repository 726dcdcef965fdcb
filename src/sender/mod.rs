//! The strict sender: the only place where facts meet judgements.
//!
//! A [`Sender`] joins a [`Network`] and a [`SenderClass`]. Its [`attempt`](Sender::attempt) runs one
//! delivery from discovery to a [`Verdict`], leaves a [`Trace`] of every step, and says what is to be
//! remembered; the caller owns the memory ([`PolicyState`]), so nothing here needs a store.

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
