//! A strict MTA-STS (RFC 8461) sender.

pub mod clock;
pub mod facts;
pub mod scenario;
pub mod sender;
pub mod sts;
pub mod tlsrpt;
