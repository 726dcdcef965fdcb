//! The sidecar: Postfix and Exim ask it what RFC 8461 demands of a message, and it answers in their words.
//!
//! So far the protocols and the answers, pure: octets and values in, octets and values out.
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

pub mod exim;
pub mod filter;
pub mod filter_key;
pub mod host;
pub mod key;
pub mod netstring;
pub mod postfix;
pub mod socketmap;
