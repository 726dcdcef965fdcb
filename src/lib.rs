//! A strict MTA-STS (RFC 8461) sender.

pub mod cli;
pub mod clock;
pub mod facts;
pub mod sender;
pub mod store;
pub mod sts;
pub mod tlsrpt;
