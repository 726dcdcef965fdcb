//! The JSON Schema of scenario files, for editors.

use super::file::ScenarioFile;

/// Returns the JSON Schema of a scenario file.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ScenarioFile);
    schema.insert("title".into(), "A stickler scenario".into());
    schema.to_value()
}
