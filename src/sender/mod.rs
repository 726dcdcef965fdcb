//! The strict sender: where facts meet judgements.

mod network;

pub use network::Network;
