//! What a replay told: as text, JSON, NDJSON and `JUnit`.

mod document;
mod junit;
mod sink;
mod tell;

pub use document::{
    AttemptReport, CheckReport, CourseReport, Document, FailureKindReport, FailureReport,
    NetworkReport, OutcomeReport, ProblemReport, ReasonReport, RefreshReport, SCHEMA,
    ScenarioReport, SpanReport, StepReport, Told,
};
pub use sink::{Options, Telling, form};
