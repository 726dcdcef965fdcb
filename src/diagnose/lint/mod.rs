//! Findings about records or a policy that somebody holds in hand, without the network.

pub mod policy;
pub mod record;
pub mod tlsrpt;
