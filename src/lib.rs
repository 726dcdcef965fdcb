//! A strict MTA-STS (RFC 8461) sender.

pub mod clock;
pub mod diagnose;
pub mod facts;
pub mod report;
pub mod sender;
pub mod sts;
pub mod tlsrpt;
