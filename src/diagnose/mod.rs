//! Facts and verdicts turned into findings, the nine steps, and a fix.

pub mod document;
