//! What a replay told: as text, JSON, NDJSON and `JUnit`.

mod document;
mod junit;
mod sink;

pub use document::{Document, SCHEMA, Told};
pub use sink::{Options, Telling, form};
