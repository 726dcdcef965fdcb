//! Every fault of a body, for its owner: [`parse`](super::parse()) stops at the first.

use super::draft::Draft;
use super::line::{lines, split_field};
use super::{Field, PolicyError, PolicyErrorKind, UnknownField};
use crate::facts::{Say, Sentence};
use crate::sts::fields;
use crate::sts::mx::MxPattern;
use crate::sts::reading::Reading;

/// The most faults that are kept of a body.
const MAX_FAULTS: usize = 32;

/// What is to be said of the lines of a body.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Collected {
    /// What the letter forbids, by line; none where [`parse`](super::parse()) reads the body to the letter.
    pub faults: Vec<Fault>,
    /// How many faults more there are.
    pub more: usize,
    /// Fields that no sender knows, and that are not missing under another name.
    pub unknown: Vec<UnknownField>,
    /// The hosts that it lists, in the order of the lines.
    pub patterns: Vec<MxPattern>,
}

/// Something that the letter forbids.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What, and its line.
    pub error: PolicyError,
    /// The last of the lines that have it, one after the other.
    pub last_line: usize,
}

/// Collects the faults of a body, by the same rules as [`parse`](super::parse()).
///
/// A line with a fault is read on as far as the tolerant reading takes it, so that one fault does not hide
/// another, and a field that is there with a bad value is not missing besides.
#[must_use]
pub fn collect(body: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let mut draft = Draft::default();
    let lines_read = lines(body, Reading::Letter);
    if lines_read.lines.is_empty() {
        collected.push(lines_read.last, PolicyErrorKind::Empty);
        return collected;
    }
    for (line, octets) in lines_read.lines {
        match split_field(line, octets, Reading::Letter) {
            Ok((name, value)) => {
                if let Err(kind) = draft.read_field(line, name, value, Reading::Letter) {
                    collected.push(line, kind);
                }
            }
            Err(kind) => {
                collected.push(line, kind.clone());
                collected.read_on(&mut draft, line, octets, &kind);
            }
        }
    }
    for missing in draft.missing(lines_read.last) {
        collected.push(missing.line, missing.kind);
    }
    collected.faults.sort_by_key(|fault| fault.error.line);
    collected.unknown = draft.unknown_fields().cloned().collect();
    collected.patterns = draft.into_patterns();
    collected
}

impl Say for Fault {
    fn say(&self, sentence: &mut Sentence) {
        let Self { error, last_line } = self;
        if *last_line == error.line {
            sentence.add(error);
        } else {
            sentence
                .words(format_args!("lines {} to {last_line}: ", error.line))
                .add(&error.kind);
        }
    }
}

impl Collected {
    /// Reads a line tolerantly, whose `fault` is reported already.
    fn read_on(&mut self, draft: &mut Draft, line: usize, octets: &[u8], fault: &PolicyErrorKind) {
        for (_, octets) in lines(octets, Reading::Tolerant).lines {
            match split_field(line, octets, Reading::Tolerant) {
                Ok((name, value)) => {
                    if let Err(kind) = draft.read_field(line, name, value, Reading::Letter) {
                        self.push(line, kind);
                    }
                }
                Err(kind) => {
                    if kind != *fault {
                        self.push(line, kind);
                    }
                    if let Some(field) = meant_field(octets) {
                        draft.give_up(field);
                    }
                }
            }
        }
    }

    fn push(&mut self, line: usize, kind: PolicyErrorKind) {
        let continued = self.faults.iter_mut().rev().find(|fault| {
            let is_next = fault.last_line == line || fault.last_line.checked_add(1) == Some(line);
            is_next && fault.error.kind == kind
        });
        if let Some(fault) = continued {
            fault.last_line = line;
        } else if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault {
                error: PolicyError { line, kind },
                last_line: line,
            });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// Returns the field that a line without a readable name was meant to be: `mode enforce`, `"mode": "enforce"`.
fn meant_field(octets: &[u8]) -> Option<Field> {
    let word = octets
        .split(|octet| !octet.is_ascii_alphanumeric() && !matches!(octet, b'_' | b'-' | b'.'))
        .find(|word| !word.is_empty())?;
    Field::meant_by(fields::extension_name(word)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::{MAX_FAULTS, collect};
    use crate::facts::Say;
    use crate::sts::policy::parse;
    use crate::sts::reading::Reading;

    fn faults(body: &str) -> Vec<String> {
        collect(body.as_bytes())
            .faults
            .iter()
            .map(|fault| fault.sentence().to_string())
            .collect()
    }

    #[test]
    fn each_fault_is_told_once_at_its_own_line() {
        for (body, expected) in [
            (
                "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1\n",
                &[][..],
            ),
            (
                "version: STSv1\nmode: enforced\nmx: 10 a.test\nmax_age: 7d\n",
                &[
                    "line 2: mode `enforced` is none of",
                    "line 3: mx `10 a.test` is no host name",
                    "line 4: max_age `7d` is not 1 to 10 digits",
                ],
            ),
            // A field under another name is missing where it stands, and no unknown field besides.
            (
                "version: STSv1\nMode: enforce\nnmx: a.test\nmax_ag: 1\n",
                &[
                    "line 2: the policy ends without a `mode` field",
                    "line 4: the policy ends without a `max_age` field",
                ],
            ),
            (
                "version: STSv1\nmode: enforce\nnmx: a.test\nmax_age: 1\n",
                &["line 3: the policy ends without an `mx` field"],
            ),
            // An indented template: one fault, and none that follows from it.
            (
                "  version: STSv1\n  mode: enforce\n  mx: a.test\n  max_age: 1\n",
                &["lines 1 to 4: the line begins with white space"],
            ),
            (
                "  version: STSv1\n  mode: enforced\n  mx: a.test\n  max_age: 1\n\n\n",
                &[
                    "lines 1 to 4: the line begins with white space",
                    "line 2: mode `enforced` is none of",
                    "lines 5 to 6: the line is blank",
                ],
            ),
            // One fault of a line does not hide another, and two lines apart are not one.
            (
                "version: STSv1\n mode enforce\nmx: a.test\nmax_age: 1\n",
                &[
                    "line 2: the line begins with white space",
                    "line 2: there is no `:` in ",
                ],
            ),
            (
                "version: STSv1\n\nmode: none\n\nmax_age: 1\n",
                &["line 2: the line is blank", "line 4: the line is blank"],
            ),
            // A line without ":" names its field all the same.
            (
                "version: STSv1\nmode enforce\nmx: a.test\nmax_age = 1\n",
                &[
                    "line 2: there is no `:` in `mode enforce`",
                    "line 4: there is no `:` in `max_age = 1`",
                ],
            ),
            (
                "\u{feff}version: STSv1\rmode: x\rmax_age: 1\r",
                &[
                    "line 1: the policy begins with a byte order mark",
                    "line 1: mode `x` is none of",
                ],
            ),
            ("", &["line 1: the policy is empty"]),
        ] {
            let faults = faults(body);
            assert_eq!(faults.len(), expected.len(), "{body:?}: {faults:?}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.starts_with(expected), "{body:?}: {faults:?}");
            }
        }
    }

    #[test]
    fn a_field_that_no_sender_knows_is_told_with_its_line_unless_it_is_a_fault() {
        let collected = collect(b"version: STSv1\nmode: none\nnmx: a.test\nMax-Age: 1\nx: y");
        let unknown: Vec<(usize, &str)> = collected
            .unknown
            .iter()
            .map(|field| (field.line, &*field.name))
            .collect();
        assert_eq!(unknown, [(3, "nmx"), (5, "x")]);
        assert_eq!(collected.faults.len(), 1, "{collected:?}");
    }

    #[test]
    fn faults_are_bounded() {
        let body: String = (0..10_000).map(|n| format!("{n} {n}\n")).collect();
        let collected = collect(body.as_bytes());
        assert_eq!(collected.faults.len(), MAX_FAULTS);
        // The three fields that are missing are among the rest.
        assert_eq!(collected.more, 10_000 + 3 - MAX_FAULTS);
    }

    proptest! {
        /// The collector has no grammar of its own: what the parser refuses first is among its faults.
        #[test]
        fn the_parser_and_the_collector_agree(
            lines in prop::collection::vec(
                "( |\t|\u{feff}|)(version|mode|mx|nmx|max_age|Mode|x|)( |)(:|=|)( |)(STSv1|enforce|none|a\\.test|a\\.test\\.|60|9999999999|7d|)( |\r|)",
                0..8,
            ),
            end in "(\n|\r\n|\r)",
        ) {
            let body = lines.join(&end);
            let collected = collect(body.as_bytes());
            match parse(body.as_bytes(), Reading::Letter) {
                Ok(_) => prop_assert!(collected.faults.is_empty(), "{:?}", collected),
                Err(error) => {
                    let mut errors = collected.faults.iter();
                    let is_told = errors.any(|fault| {
                        fault.error.kind == error.kind
                            && (fault.error.line..=fault.last_line).contains(&error.line)
                    });
                    prop_assert!(is_told, "{error} is not among {:?}", collected);
                }
            }
            prop_assert_eq!(collected.more, 0);
        }
    }
}
