//! What people and machines get to read.

mod json;
mod junit;
mod samples;
mod text;
mod told;
