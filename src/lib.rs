//! A strict MTA-STS (RFC 8461) sender.

pub mod cli;
pub mod clock;
pub mod diagnose;
pub mod dns_cache;
pub mod facts;
pub mod model;
pub mod net;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod sender;
pub mod store;
pub mod sts;
pub mod tlsrpt;
pub mod world;
