//! JSON as every document of ours is written: each character can be printed.

use std::fmt::Debug;
use std::io::{self, Write};

use serde::Serialize;

use super::escape;
use super::sink::Form;

/// A result that stands in a document, alone or beside others.
pub trait Documented: Sized {
    /// What all results of one run share.
    type Run: Debug + Send;

    /// Returns the document of these results.
    fn document<'a>(run: &'a Self::Run, results: &'a [Self]) -> impl Serialize + 'a;
}

/// A document a line, one for each result, as soon as it is there.
#[derive(Debug)]
pub struct Ndjson<R>(pub R);

impl<T: Documented> Form<T> for Ndjson<T::Run> {
    fn write(&mut self, writer: &mut dyn Write, result: T) -> io::Result<()> {
        let document = T::document(&self.0, std::slice::from_ref(&result));
        writeln!(writer, "{}", compact(&document)?)?;
        writer.flush()
    }

    fn finish(self: Box<Self>, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Returns `value` as one line of JSON in which every character can be printed.
///
/// # Errors
///
/// When the value cannot be written as JSON.
pub fn compact(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    serde_json::to_string(value).map(escape::json)
}

/// Returns `value` as JSON that people can read too, and in which every character can be printed.
///
/// # Errors
///
/// When the value cannot be written as JSON.
pub fn pretty(value: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(escape::json)
}
