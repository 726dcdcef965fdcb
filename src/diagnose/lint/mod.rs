//! Findings about a record or a policy that somebody holds in hand, without the network.

pub mod policy;
pub mod record;
