//! What people and machines get to read.

mod json;
mod junit;
pub(crate) mod samples;
mod text;
mod told;
