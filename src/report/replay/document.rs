//! What came of a replay, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::replay::Replayed;
use crate::scenario::Problem;

/// The name and version of the documents: the version changes when a field goes or changes its meaning.
pub const SCHEMA: &str = "stickler/replay/1";

/// What came of a file.
#[derive(Clone, Debug)]
pub enum FileOutcome {
    /// It was played.
    Played(Box<Replayed>),
    /// It cannot be, or several cannot beside each other.
    Refused(Vec<Problem>),
}

/// What came of a run: all of it in JSON, one scenario or the problems of one file in a line of NDJSON.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// The version of stickler.
    pub stickler_version: &'static str,
    /// The scenarios that were played.
    pub scenarios: Vec<&'a Replayed>,
    /// Why others were not.
    pub problems: Vec<&'a Problem>,
}

impl<'a> Document<'a> {
    /// Makes the document, in the order of ids and of places.
    #[must_use]
    pub fn new(outcomes: &'a [FileOutcome]) -> Self {
        let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            match outcome {
                FileOutcome::Played(scenario) => scenarios.push(&**scenario),
                FileOutcome::Refused(found) => problems.extend(found),
            }
        }
        scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Self {
            schema: SCHEMA,
            stickler_version: env!("CARGO_PKG_VERSION"),
            scenarios,
            problems,
        }
    }
}
