//! The strict sender: where facts meet judgements.

pub mod network;
pub mod verdict;

pub use network::Network;
pub use verdict::Verdict;
