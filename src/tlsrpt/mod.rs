//! RFC 8460, SMTP TLS Reporting, pure: the record that says where reports go, and the names of failures.
//!
//! | section of [RFC 8460] | what | module |
//! |---|---|---|
//! | 3 | the TXT record at `_smtp._tls` | [`record`] |
//! | 4.3 | result types, mapped from our own faults in one place | [`result_type`] |
//!
//! [RFC 8460]: https://www.rfc-editor.org/rfc/rfc8460
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

pub mod record;
pub mod result_type;
