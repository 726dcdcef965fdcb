//! The servers of a domain's zone, each asked by itself: the DNS twin of the policy host's edges.
//!
//! A resolver asks any of them, and keeps what it got for the TTL. Where one of them is behind, senders see the
//! old MX records or the old id long after the others have changed, and a check through one resolver sees only
//! one of both.

mod ask;
mod asked;
mod judge;
mod report;
mod said;
#[cfg(test)]
mod tests;

pub use ask::{MAX_SERVERS, ask_servers};
pub use asked::{AskedServer, AskedZone};
pub(super) use judge::is_refusal;
pub use judge::{JudgedServer, JudgedZone};
pub use report::{NameServerReport, ZoneReport};
pub use said::Said;
