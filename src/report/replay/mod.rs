//! What came of a replay: as text, JSON, NDJSON and `JUnit`.

mod document;
mod far;
mod junit;
mod sink;

pub use document::{Document, FileOutcome, SCHEMA};
pub use far::{FAR_SCHEMA, FarDocument, far_json, far_junit, far_ndjson};
pub use sink::{Options, Telling, form};
