//! What a world is resolved with.

use crate::facts::UnixTime;
use crate::scenario::addresses::Allocation;

/// What a world is resolved with.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Context<'a> {
    /// When the scenario starts.
    pub(in crate::scenario) start: UnixTime,
    /// The addresses of the hosts that name none.
    pub(in crate::scenario) allocation: &'a Allocation,
}
