//! What people and machines get to read.

mod json;
mod junit;
mod policies;
pub(crate) mod samples;
mod text;
mod told;
