//! Where results go: standard output or a file, and what a reader who went away means.

use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use anyhow::Context as _;

/// A result's destination. What was written is not sure to be there before [`Output::finish`].
#[derive(Debug)]
pub struct Output(Destination);

#[derive(Debug)]
enum Destination {
    File(BufWriter<File>),
    Stdout(BufWriter<Stdout>),
}

impl Output {
    /// Opens `path`, or else standard output: before the work begins, so that it is not done for nothing.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let destination = match path {
            Some(path) => Destination::File(BufWriter::new(
                File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?,
            )),
            None => Destination::Stdout(BufWriter::new(io::stdout())),
        };
        Ok(Self(destination))
    }

    /// Writes out what is still held back.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Write for Output {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Destination::File(file) => file.write(octets),
            Destination::Stdout(stdout) => stdout.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Destination::File(file) => file.flush(),
            Destination::Stdout(stdout) => stdout.flush(),
        }
    }
}

/// Writes a message to standard error. When even that is gone there is nobody left to tell.
pub fn tell(message: impl std::fmt::Display) {
    // In one piece, so that processes that share a terminal do not tear each other's lines.
    let line = format!("stickler: {message}\n");
    drop(io::stderr().write_all(line.as_bytes()));
}

/// Returns the text with its control characters escaped: what strangers wrote must not drive the terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Returns whether a run ended because whoever read our output went away.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
