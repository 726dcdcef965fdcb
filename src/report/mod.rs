//! Results on paper: text for people, JSON, NDJSON and JUnit for machines, and the schemas of the JSON.
//!
//! What is said to people is a [`page`] of blocks, which [`text`] renders.
//!
//! Everything here is pure but for the [`Sink`], which writes to whatever it is given: a report and a
//! [`Context`] in, text out. The context carries all that the text depends on besides the report: the time,
//! the time zone, the width, whether colour and characters beyond ASCII are wanted. What came from the network
//! is escaped on its way out: see [`escape`].
#![warn(clippy::wildcard_enum_match_arm)]

pub mod audit;
pub mod check;
pub mod context;
pub mod escape;
pub mod format;
pub mod json;
mod junit;
mod page;
pub mod replay;
pub mod schema;
pub mod sink;
pub mod text;
pub mod time;
mod words;

pub use check::Run;
pub use context::{Charset, Company, Context, Detail, Steps, Style, Tone};
pub use format::Format;
pub use sink::Sink;
