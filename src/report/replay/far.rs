//! A story through mail servers: as JSON, and as `JUnit`'s XML with a test case for each message.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use schemars::JsonSchema;
use serde::Serialize;

use crate::replay::far::outcome::FarReplayed;
use crate::report::{escape, json, junit};
use crate::scenario;

/// The name and version of the document.
pub const FAR_SCHEMA: &str = "stickler/lab-play/1";

/// What came of a story that was played through mail servers.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct FarDocument<'a> {
    /// The name of this schema with its version.
    #[schemars(extend("const" = FAR_SCHEMA))]
    pub schema: &'static str,
    /// The version of stickler.
    pub stickler_version: &'static str,
    /// What was played.
    #[serde(flatten)]
    pub played: &'a FarReplayed,
}

/// Returns the JSON.
///
/// # Errors
///
/// When a value cannot be written as JSON.
pub fn far_json(played: &FarReplayed) -> serde_json::Result<String> {
    json::pretty(&document(played))
}

/// Returns the JSON in one line.
///
/// # Errors
///
/// When a value cannot be written as JSON.
pub fn far_ndjson(played: &FarReplayed) -> serde_json::Result<String> {
    serde_json::to_string(&document(played)).map(escape::json)
}

const fn document(played: &FarReplayed) -> FarDocument<'_> {
    FarDocument {
        schema: FAR_SCHEMA,
        stickler_version: env!("CARGO_PKG_VERSION"),
        played,
    }
}

/// Writes the XML.
///
/// # Errors
///
/// When the writer fails.
pub fn far_junit(writer: &mut dyn Write, played: &FarReplayed) -> io::Result<()> {
    let mut story = TestCase::new(
        escape::line(&format!("{}: its own senders", played.story.id)),
        status(&played.story.complaints()),
    );
    story.set_time(Duration::try_from_secs_f64(played.story.elapsed_secs).unwrap_or_default());
    let cells = played.cells.iter().map(|cell| {
        let after = scenario::span::format(cell.after);
        let what = if cell.queued { "queue" } else { "fresh" };
        let name = format!("{}: {} at {after}, {what}", played.story.id, cell.sender);
        let mut case = TestCase::new(escape::line(&name), status(&cell.faults));
        case.set_system_out(escape::line(&cell.fate.to_string()).to_string());
        case
    });
    let left_out = played.left_out.iter().map(|left_out| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(escape::line(&left_out.why));
        TestCase::new(
            format!("{}: line {}", played.story.id, left_out.line),
            status,
        )
    });
    let suite = TestSuite::new("stickler replay");
    junit::write(
        writer,
        suite,
        [story].into_iter().chain(cells).chain(left_out),
    )
}

fn status(faults: &[String]) -> TestCaseStatus {
    let Some(first) = faults.first() else {
        return TestCaseStatus::success();
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| escape::line(fault).to_string())
        .collect();
    status.set_type("fails");
    status.set_message(escape::line(first));
    status.set_description(lines.join("\n"));
    status
}
