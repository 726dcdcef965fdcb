//! Why a body is not a policy: the line, the reason, the evidence.

use super::{Field, MaxAge, Mode};
use crate::facts::{Say, Sentence};
use crate::sts::fields::not_a_field_name;
use crate::sts::mx::MxPatternError;

/// Why a body is not a policy, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct PolicyError {
    /// The line, from 1; where something is missing, the line of what was meant to be it, or else the last.
    pub line: usize,
    /// The reason.
    pub kind: PolicyErrorKind,
}

/// The reasons. Evidence is bounded and escaped.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyErrorKind {
    /// A carriage return that no line feed follows.
    #[error("there is a carriage return without a line feed")]
    BareCr,
    /// A line with nothing on it.
    #[error("the line is blank")]
    BlankLine,
    /// A byte order mark before the first field.
    #[error("the policy begins with a byte order mark")]
    ByteOrderMark,
    /// A control character.
    #[error("there is a control character (0x{octet:02x}) in `{text}`")]
    Control {
        /// The character.
        octet: u8,
        /// The line.
        text: Box<str>,
    },
    /// No octet at all.
    #[error("the policy is empty")]
    Empty,
    /// White space before the field.
    #[error("the line begins with white space")]
    LeadingSpace,
    /// A `max_age` that is not 1 to 10 digits.
    #[error("max_age `{found}` is not 1 to 10 digits")]
    MaxAge {
        /// The value.
        found: Box<str>,
    },
    /// A `max_age` above the maximum.
    #[error("max_age {secs} is above the maximum, {max}", max = MaxAge::MAX)]
    MaxAgeTooLarge {
        /// The value.
        secs: u64,
    },
    /// A field is missing from the policy.
    #[error("the policy ends without a `{field}` field")]
    Missing {
        /// The field.
        field: Field,
        /// The name of a field that looks much like it.
        similar: Option<Box<str>>,
    },
    /// A `mode` that is none of the three.
    #[error("mode `{found}` is none of enforce, testing, none")]
    Mode {
        /// The value.
        found: Box<str>,
    },
    /// An `mx` that is no name, nor `*.` before one.
    #[error("{}", not_a_pattern(.found, .error))]
    Mx {
        /// The value.
        found: Box<str>,
        /// Why not.
        #[source]
        error: MxPatternError,
    },
    /// A field name that the grammar does not allow.
    #[error("{}", not_a_field_name(.name))]
    Name {
        /// The name.
        name: Box<str>,
    },
    /// A line without ":".
    #[error("there is no `:` in `{text}`")]
    NoColon {
        /// The line.
        text: Box<str>,
    },
    /// No `mx`, though the mode asks for one.
    #[error("the policy ends without an `mx` field, which mode {mode} needs")]
    NoMx {
        /// The mode.
        mode: Mode,
        /// The name of a field that looks much like it.
        similar: Option<Box<str>>,
    },
    /// White space between name and ":".
    #[error("there is white space between `{name}` and `:`")]
    SpaceBeforeColon {
        /// The name.
        name: Box<str>,
    },
    /// A value of a field that the grammar does not allow: empty, not UTF-8, or with a tab inside.
    #[error("the value of `{name}`, `{value}`, is empty, is not UTF-8 or has a tab inside")]
    Value {
        /// The name of the field.
        name: Box<str>,
        /// The value.
        value: Box<str>,
    },
    /// Another version.
    #[error("version `{found}` is not STSv1")]
    Version {
        /// The value.
        found: Box<str>,
    },
}

impl Say for PolicyError {
    fn say(&self, sentence: &mut Sentence) {
        sentence
            .words(format_args!("line {}: ", self.line))
            .add(&self.kind);
    }
}

impl Say for PolicyErrorKind {
    fn say(&self, sentence: &mut Sentence) {
        if let Self::Name { name } = self {
            sentence.add(&not_a_field_name(name));
        } else if let Self::Mx { found, error } = self {
            sentence.add(&not_a_pattern(found, error));
        } else {
            sentence.words(self);
        }
    }
}

fn not_a_pattern(found: &str, error: &MxPatternError) -> Sentence {
    let mut sentence = Sentence::from(format!("mx `{found}` is no host name or wildcard: "));
    match error {
        MxPatternError::Name(error) => sentence.add(error),
        MxPatternError::Star => sentence.words(error),
    };
    sentence
}
