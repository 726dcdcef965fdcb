//! Writing results as they come, in any format.

use std::fmt;
use std::io::{self, Write};

/// A format, as far as results of one kind are written in it.
///
/// Text and NDJSON are written and flushed at once. What counts or sorts the results writes them at the end.
pub trait Form<T>: fmt::Debug + Send {
    /// Writes a result, or keeps what the end needs of it.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    fn write(&mut self, writer: &mut dyn Write, result: T) -> io::Result<()>;

    /// Writes what comes after the last result.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    fn finish(self: Box<Self>, writer: &mut dyn Write) -> io::Result<()>;
}

/// Takes each result of a run as it comes, and writes it.
///
/// A caller that stops early calls [`Sink::finish`] all the same: JSON is cut short without it. An error of the
/// writer, such as a pipe whose reader went away, is returned and leaves nothing to do but stop.
#[derive(Debug)]
pub struct Sink<W, T> {
    writer: W,
    form: Box<dyn Form<T>>,
}

impl<W: Write, T> Sink<W, T> {
    /// Makes a sink.
    pub fn new(writer: W, form: Box<dyn Form<T>>) -> Self {
        Self { writer, form }
    }

    /// Takes a result.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(&mut self, result: T) -> io::Result<()> {
        self.form.write(&mut self.writer, result)
    }

    /// Writes what comes after the last result, flushes, and gives the writer back.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.form.finish(&mut self.writer)?;
        self.writer.flush()?;
        Ok(self.writer)
    }
}
