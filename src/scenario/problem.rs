//! What is wrong with a scenario file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::decode::Mistake;
use super::located::Origin;
use crate::story;

/// One thing that is wrong with a scenario file.
#[derive(Clone, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Problem {
    /// The file.
    #[serde(serialize_with = "path")]
    pub file: PathBuf,
    /// The line, from 1; null if it is the file as a whole.
    pub line: Option<usize>,
    /// The column, in characters, from 1; null if it is the file as a whole.
    pub column: Option<usize>,
    /// What was found.
    pub message: String,
    /// What would be right; null if that cannot be said.
    pub help: Option<String>,
}

impl Problem {
    /// Says of a whole file what is wrong.
    #[must_use]
    pub fn of_file(file: &Path, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            message,
            help: None,
        }
    }
}

impl fmt::Display for Problem {
    /// Writes `file:line:column: message`, without the help; of a whole file `file: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        for place in [self.line, self.column].into_iter().flatten() {
            write!(f, "{place}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Writes a path as it is shown: it need not be UTF-8.
fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Collects the mistakes of one file.
#[derive(Debug)]
pub(crate) struct Problems<'t> {
    lines: Lines<'t>,
    mistakes: Vec<Mistake>,
}

impl<'t> Problems<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            lines: Lines::new(text),
            mistakes: Vec::new(),
        }
    }

    /// Returns the line on which a value begins.
    pub(super) fn line(&self, origin: Origin) -> usize {
        self.lines.position(origin.start).0
    }

    /// Returns a place as a story keeps it: its line.
    pub(super) fn place(&self, origin: Origin) -> story::Origin {
        story::Origin::new(self.line(origin))
    }

    pub(crate) fn push(&mut self, origin: Origin, message: impl Into<String>) {
        self.mistakes.push(Mistake {
            origin,
            message: message.into(),
            help: None,
        });
    }

    pub(crate) fn push_with_help(
        &mut self,
        origin: Origin,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.mistakes.push(Mistake {
            origin,
            message: message.into(),
            help: Some(help.into()),
        });
    }

    pub(crate) const fn mistakes(&mut self) -> &mut Vec<Mistake> {
        &mut self.mistakes
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Returns the problems in the order of their places, each once: what holds at one step holds at the
    /// next as well.
    pub(crate) fn into_problems(self, file: &Path) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self
            .mistakes
            .into_iter()
            .map(|mistake| {
                let (line, column) = self.lines.position(mistake.origin.start);
                Problem {
                    file: file.to_owned(),
                    line: Some(line),
                    column: Some(column),
                    message: mistake.message,
                    help: mistake.help,
                }
            })
            .collect();
        problems.sort();
        problems.dedup();
        problems
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: [0].into_iter().chain(ends).collect(),
        }
    }

    /// Returns line and column of an octet, both from 1, the column in characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied();
        let before = self.text.get(start.unwrap_or_default()..at);
        (line, before.unwrap_or_default().chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "a\n\u{e9}b\n";
        for (at, expected) in [
            (0, (1, 1)),
            (1, (1, 2)),
            (2, (2, 1)),
            (3, (2, 1)),
            (4, (2, 2)),
            (6, (3, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(Lines::new(text).position(at), expected, "octet {at}");
        }
    }
}
