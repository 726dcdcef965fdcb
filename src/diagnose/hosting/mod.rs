//! Where a policy is really hosted and who takes the mail: what is known of places and of mail providers, and what
//! the facts about a domain come to by it ([`found`]).
//!
//! What is known is data, in `places.toml` and `providers.toml`: a source and a date for each row. From it a place
//! is named by its [`sign`]s, the strongest first, and what is said of it says how sure it is.

pub mod document;
pub mod found;
pub mod places;
pub mod providers;
mod rows;
mod shape;
pub mod sign;
mod sure;
