//! Where the sidecar makes a difference.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{DnsName, UnixTime};
use crate::sender::Verdict;

/// A span of time in which mail fares otherwise with the sidecar than with the sender in whose place it stands.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Difference {
    /// The sender of the story.
    pub sender: Box<str>,
    /// The recipient's domain.
    pub domain: DnsName,
    /// When it begins.
    pub from: UnixTime,
    /// When it ends; null if it goes on after the story.
    pub until: Option<UnixTime>,
    /// What becomes of mail from the sender.
    pub strict: Verdict,
    /// What becomes of mail from the server beside the sidecar.
    pub sidecar: Verdict,
    /// Why the sidecar answers so: what it holds, and since when.
    pub because: Box<str>,
}
