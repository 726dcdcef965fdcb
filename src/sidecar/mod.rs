//! The sidecar: Postfix and Exim ask it what RFC 8461 demands of a message, and it answers in their words.
//!
//! The protocols and the answers are pure: octets and values in, octets and values out. Around them stand the
//! connections, and behind them the [`keeper`](crate::keeper).
//!
//! | file | what |
//! |---|---|
//! | [`netstring`] | the frame of Postfix's requests and replies, bounded |
//! | [`socketmap`] | one request (which map, which key), one reply |
//! | [`key`] | the keys of Postfix's policy map and of Exim: which policy domain is meant, or why none |
//! | [`filter_key`] | the keys of Postfix's filter of DNS replies |
//! | [`postfix`] | the answers of the policy map; the level |
//! | [`filter`] | the answers of the filter: which MX records pass |
//! | [`exim`] | Exim's question and its answers |
//! | [`host`] | which names a mail program can connect to, and which of them a policy lists |
//! | [`desk`] | a question in one of the protocols, an answer from what the keeper holds |
//! | [`made`] | answers that were made before |
//! | [`explain`], [`control`] | what is held, and why, for the administrator |
//! | [`talk`], [`listen`], [`address`] | connections, their limits, and where they come in |
//! | [`health`], [`metrics`] | the pages for monitoring |
//! | [`setup`] | what Postfix, Exim and systemd must say for it to be asked |
//! | [`run`] | all of it, from its start to its end |
#![warn(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these bytes come from strangers"
)]
#![warn(
    clippy::wildcard_enum_match_arm,
    reason = "a new variant must not slip through"
)]

pub mod address;
pub mod control;
pub mod desk;
pub mod exim;
pub mod explain;
pub mod filter;
pub mod filter_key;
pub mod health;
pub mod host;
pub mod key;
pub mod listen;
mod made;
pub mod metrics;
pub mod netstring;
pub mod postfix;
pub mod run;
pub mod setup;
pub mod socketmap;
pub mod talk;
