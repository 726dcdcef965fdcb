//! What to do, ready to paste.
//!
//! A fix adds and never takes away a host that somebody may still need; it says the order: the body, on
//! every edge, and only then the id. Senders that see the new id before the new body keep the old body under
//! the new id ([RFC 8461, Section 8.1]).
//!
//! [RFC 8461, Section 8.1]: https://www.rfc-editor.org/rfc/rfc8461#section-8.1

mod body;
mod certificate;
mod fetch;
mod migrate;
mod policy;
mod status;
#[cfg(test)]
mod tests;
mod value;

pub use certificate::{Holder, certificate};
pub(super) use fetch::{LARGE_HELLO, alert};
pub use fetch::{faults, fetch, fewer_edges};
pub use migrate::{complete, overlap, publish, retire};
pub use policy::{
    begin, cover, edges, failing_edges, keep, no_edge, one_record, opt_out, poisoned, quoted,
    record, rewrite,
};
pub use value::{Change, Fix, Part, Placed};
