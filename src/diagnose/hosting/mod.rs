//! Who takes the mail of a domain: what is known of the names that providers give to their MX hosts.
//!
//! What is known is data, in `providers.toml`: a source and a date for each row.

pub mod providers;
