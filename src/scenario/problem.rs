//! What is wrong with a file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::decode::Mistake;
use super::located::Origin;
use crate::story;

/// One thing that is wrong with a file.
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
    /// What to show of the file; `None` where no line is at fault, but that one is missing.
    #[serde(skip)]
    excerpt: Option<Excerpt>,
}

/// A line of a file, and which of its octets are wrong.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Excerpt {
    text: String,
    start: usize,
    end: usize,
}

/// How an excerpt is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drawing {
    /// The columns within which it is kept: a longer line is cut around what is wrong. From 20 on.
    pub columns: u16,
    /// Whether it is coloured.
    pub ink: Ink,
}

/// Whether an excerpt is coloured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ink {
    /// In ANSI colours; whatever else began a control sequence is shown as a character.
    Coloured,
    /// Without.
    Plain,
}

impl Drawing {
    /// The drawing of one who knows nothing of a terminal.
    pub const PLAIN: Self = Self {
        columns: 80,
        ink: Ink::Plain,
    };
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
            excerpt: None,
        }
    }

    /// Returns what stands below its first line: the line of the file, carets under what is wrong, and what would
    /// be right.
    #[must_use]
    pub fn details(&self, drawing: Drawing) -> Option<String> {
        // As the renderer shows it in the line of the file.
        let help = (self.help.as_deref()).map(|help| help.replace('\u{1b}', "\u{241b}"));
        let help = help.as_deref();
        let columns = usize::from(drawing.columns.max(20));
        let (Some(excerpt), Some(line)) = (&self.excerpt, self.line) else {
            return help.map(|help| format!("  = help: {help}"));
        };
        let marked = excerpt.text.get(..excerpt.end).unwrap_or_default();
        let before_help = line.to_string().len() + " | ".len() + marked.chars().count() + 1;
        // What is short stands right of the carets.
        let label = help.filter(|help| before_help + help.chars().count() <= columns);
        let annotation = AnnotationKind::Primary
            .span(excerpt.start..excerpt.end)
            .label(label);
        let snippet = Snippet::source(excerpt.text.as_str())
            .line_start(line)
            .annotation(annotation);
        let mut group = Group::with_level(Level::ERROR).element(snippet);
        if let (Some(help), None) = (help, label) {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = match drawing.ink {
            Ink::Coloured => Renderer::styled(),
            Ink::Plain => Renderer::plain(),
        };
        Some(renderer.term_width(columns).render(&[group]))
    }
}

impl fmt::Display for Problem {
    /// Writes `file:line:column: message`, of a whole file `file: message`; with `{:#}` also the line, carets under
    /// what is wrong, and what would be right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        for place in [self.line, self.column].into_iter().flatten() {
            write!(f, "{place}:")?;
        }
        write!(f, " {}", self.message)?;
        match self.details(Drawing::PLAIN) {
            Some(details) if f.alternate() => write!(f, "\n{details}"),
            Some(_) | None => Ok(()),
        }
    }
}

/// Why a scenario cannot be read: everything that is wrong with its file, in the file's order.
///
/// It is shown as rustc shows mistakes, each with its line and carets under it; also by [`Debug`](fmt::Debug), for
/// that is what `unwrap` prints in a test.
#[derive(Clone, Eq, PartialEq)]
pub struct LoadError {
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

impl From<Vec<Problem>> for LoadError {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let between = if number == 0 { "" } else { "\n" };
            write!(f, "{between}{problem:#}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for LoadError {}

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
        self.lines.line(origin)
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
            .map(|mistake| self.lines.problem(file, mistake))
            .collect();
        problems.sort();
        problems.dedup_by(|a, b| {
            (a.line, a.column, &a.message, &a.help) == (b.line, b.column, &b.message, &b.help)
        });
        problems
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: [0].into_iter().chain(ends).collect(),
        }
    }

    /// Returns a mistake as a problem of `file`, with the line that it begins on.
    pub(crate) fn problem(&self, file: &Path, mistake: Mistake) -> Problem {
        let (line, column) = self.position(mistake.origin.start);
        Problem {
            file: file.to_owned(),
            line: Some(line),
            column: Some(column),
            message: mistake.message,
            help: mistake.help,
            excerpt: self.excerpt(mistake.origin),
        }
    }

    /// Returns the line on which a value begins.
    pub(crate) fn line(&self, origin: Origin) -> usize {
        self.line_of(origin.start).0
    }

    /// Returns line and column of an octet, both from 1, the column in characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let (line, start, at) = self.line_of(at);
        let before = self.text.get(start..at);
        (line, before.unwrap_or_default().chars().count() + 1)
    }

    /// Returns the line on which a value begins, and as much of the value as stands on it.
    fn excerpt(&self, origin: Origin) -> Option<Excerpt> {
        if origin == Origin::default() {
            return None;
        }
        let (_, line_start, start) = self.line_of(origin.start);
        let text = self.text.get(line_start..)?.lines().next()?;
        let end = self.text.floor_char_boundary(origin.end);
        let start = (start - line_start).min(text.len());
        Some(Excerpt {
            text: text.to_owned(),
            start,
            end: end.saturating_sub(line_start).clamp(start, text.len()),
        })
    }

    /// Returns the number of an octet's line, where that line begins, and where the octet's character does.
    fn line_of(&self, at: usize) -> (usize, usize, usize) {
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied();
        (line, start.unwrap_or_default(), at)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Lines, LoadError, Mistake, Origin};

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

    #[test]
    fn carets_stand_under_what_is_wrong() {
        let long = format!("x = \"{}\"", "y".repeat(200));
        for (text, (start, end), help, expected) in [
            (
                "a = 1\nverdcit = 'defer'\n",
                (6, 13),
                Some("did you mean `verdict`?"),
                "s.toml:2:1: found\n  |\n2 | verdcit = 'defer'\n  | ^^^^^^^ did you mean `verdict`?",
            ),
            (
                "a = 1",
                (4, 5),
                None,
                "s.toml:1:5: found\n  |\n1 | a = 1\n  |     ^",
            ),
            // What goes on, or ends, behind the line is shown as far as the line goes.
            (
                "[a]\nb = 1\n",
                (1, 9),
                None,
                "s.toml:1:2: found\n  |\n1 | [a]\n  |  ^^",
            ),
            (
                "a =",
                (3, 3),
                None,
                "s.toml:1:4: found\n  |\n1 | a =\n  |    ^",
            ),
            (
                "a\r\nb",
                (1, 3),
                None,
                "s.toml:1:2: found\n  |\n1 | a\n  |  ^",
            ),
            ("a\n", (9, 9), None, "s.toml:2:1: found"),
            (
                "\u{e9} = \u{e9}",
                (5, 7),
                None,
                "s.toml:1:5: found\n  |\n1 | \u{e9} = \u{e9}\n  |     ^",
            ),
            // No line is at fault where one is missing.
            (
                "a = 1",
                (0, 0),
                Some("add b"),
                "s.toml:1:1: found\n  = help: add b",
            ),
            // A control sequence does not reach the terminal, nor does a line break it.
            (
                "a = '\u{1b}[31m'",
                (0, 1),
                None,
                "s.toml:1:1: found\n  |\n1 | a = '\u{241b}[31m'\n  | ^",
            ),
            (
                &long,
                (0, 1),
                Some(&long[..77]),
                &format!(
                    "s.toml:1:1: found\n  |\n1 | x = \"{}...\n  | ^\n  |\n  = help: {}",
                    "y".repeat(68),
                    &long[..77]
                ),
            ),
        ] {
            let mistake = Mistake {
                origin: Origin { start, end },
                message: "found".to_owned(),
                help: help.map(ToOwned::to_owned),
            };
            let problem = Lines::new(text).problem(Path::new("s.toml"), mistake);
            assert_eq!(format!("{problem:#}"), expected, "{text}");
            let error = LoadError::from(vec![problem.clone(), problem.clone()]);
            assert_eq!(error.to_string(), format!("{expected}\n{expected}"));
            assert_eq!(format!("{error:?}"), format!("\n{error}"));
        }
    }
}
