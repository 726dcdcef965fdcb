//! What people and machines get to read.

mod far;
mod json;
mod junit;
mod policies;
pub(crate) mod samples;
mod text;
mod told;
