//! Waits until what is intended is everywhere: the policy at every address of the policy host, one answer at every name
//! server of the zone, and the id, where that is due.
//!
//! A look ([`gather`]) asks what it takes and no more; what is [`missing()`] in it is judged by pure code. [`Wait`] says
//! how long, how often, and what was still missing; [`check_when_there`] looks until nothing is, and then checks.

mod gather;
mod missing;
mod patience;
mod retry_after;
mod run;

pub use missing::{Missing, MissingKind};
pub use patience::{FIRST_PAUSE, MAX_PAUSE, Wait, WaitReport};
pub use run::{Round, Rounds, Waiting, check_when_there};

pub(super) use gather::Facts;
pub(super) use missing::missing;
