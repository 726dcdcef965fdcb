//! The scores of an audit, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::Score;

/// The name and version of the documents: the version changes when a field goes or changes its meaning.
pub const SCHEMA: &str = "stickler/audit/1";

/// What came of an audit.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The version of stickler.
    pub stickler_version: &'static str,
    /// The senders, with what came of each.
    pub senders: &'a [Score],
}

impl<'a> Document<'a> {
    /// Makes the document.
    #[must_use]
    pub const fn new(senders: &'a [Score]) -> Self {
        Self {
            schema: SCHEMA,
            stickler_version: env!("CARGO_PKG_VERSION"),
            senders,
        }
    }
}
