//! The scores of an audit: as text, JSON, `JUnit` and a Markdown table.

mod document;
mod junit;
mod markdown;

use std::io::{self, Write};

pub use document::{Document, SCHEMA};

use crate::audit::Score;
use crate::report::{Context, json, text};

/// The forms of an audit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// `JUnit`'s XML, as CI systems read it.
    Junit,
    /// A table for a page: a row a requirement, a column a sender.
    Markdown,
}

/// What the scores are of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// The controls, each by the requirements that it is made to fail.
    Controls,
    /// Senders.
    Senders,
}

/// Writes scores.
///
/// # Errors
///
/// When the writer fails.
pub fn write(
    writer: &mut dyn Write,
    form: Form,
    (subject, scores): (Subject, &[Score]),
    context: &Context,
) -> io::Result<()> {
    match form {
        Form::Text if subject == Subject::Controls => {
            writer.write_all(text::self_test(scores, context).as_bytes())
        }
        Form::Text => {
            let scores: Vec<String> = scores
                .iter()
                .map(|score| text::score(score, context))
                .collect();
            writer.write_all(scores.join("\n").as_bytes())
        }
        Form::Json => writeln!(writer, "{}", json::pretty(&Document::new(scores))?),
        Form::Junit => junit::write(writer, scores),
        Form::Markdown => writer.write_all(markdown::table(scores).as_bytes()),
    }
}
