//! RFC 8461, MTA Strict Transport Security, pure: bytes, names and `now` in, values out.
//!
//! A map of [RFC 8461] and where each part of it lives:
//!
//! | section | what | module |
//! |---|---|---|
//! | 3.1 | the TXT record at `_mta-sts`, which of several counts | [`record`] |
//! | 3.2 | the policy: grammar, fields, limits | [`policy`], [`name`] |
//! | 3.3 | the HTTPS exchange: status, media type, certificate | [`fetch`], [`certificate`] |
//! | 3.3, 10.2 | back-off and refresh | [`refresh`] |
//! | 4.1 | `mx` patterns against MX host names | [`mx`] |
//! | 4, 4.2, 7 | STARTTLS and the certificate of an MX host | [`transport`], [`certificate`] |
//! | 5 | what a policy demands before a message may go | [`delivery`] |
//! | 5.1 | how long a cached policy counts | [`cache`] |
//! | 3.2, 5.1 | which policies senders may hold, and until when | [`ledger`] |
//!
//! Record and policy can be read in two ways, see [`reading`]; what `dig` prints is turned into a TXT record
//! by [`presentation`]. D1 (never override a failing DANE validation) has its place before
//! [`transport::judge`]: a host with usable TLSA records is to be judged by RFC 7672 instead.
//!
//! Requirements are cited as the RFC's section, or by the numbers below; where it is silent, the choice stands
//! in a comment as question and answer.
//!
//! [RFC 8461]: https://www.rfc-editor.org/rfc/rfc8461
//!
#![doc = include_str!("requirements.md")]
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

pub mod cache;
pub mod certificate;
pub mod delivery;
pub(crate) mod excerpt;
pub mod fetch;
pub mod fields;
pub mod ledger;
pub mod mx;
pub mod name;
pub mod policy;
pub mod presentation;
pub mod reading;
pub mod record;
pub mod refresh;
pub mod transport;
