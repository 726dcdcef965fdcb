//! Why a body is not a policy: the line, the reason, the evidence, a hint.

use std::fmt;

use super::{MaxAge, Mode};
use crate::facts::{DnsName, Say, Sentence};
use crate::sts::fields::not_a_field_name;
use crate::sts::mx::MxPatternError;
use crate::sts::name::PolicyNameError;

/// Why a body is not a policy, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct PolicyError {
    /// The line, from 1; the last one where something is missing from the whole.
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

/// The fields that a policy cannot do without.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// `max_age`.
    MaxAge,
    /// `mode`.
    Mode,
    /// `version`.
    Version,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxAge => "max_age",
            Self::Mode => "mode",
            Self::Version => "version",
        })
    }
}

impl Say for PolicyError {
    fn say(&self, sentence: &mut Sentence) {
        sentence.words(format_args!("line {}: ", self.line));
        if let PolicyErrorKind::Name { name } = &self.kind {
            sentence.add(&not_a_field_name(name));
        } else if let PolicyErrorKind::Mx { found, error } = &self.kind {
            sentence.add(&not_a_pattern(found, error));
        } else {
            sentence.words(&self.kind);
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

impl PolicyErrorKind {
    /// Returns what would probably be right, as a sentence for the one who wrote the policy.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BareCr => Some("end each line with LF or CR LF".into()),
            Self::BlankLine => {
                Some("remove the blank line: at most one line end may follow the last field".into())
            }
            Self::ByteOrderMark => Some("save the file as UTF-8 without a byte order mark".into()),
            Self::LeadingSpace => Some("remove the white space before the field".into()),
            Self::SpaceBeforeColon { name } => Some(format!("did you mean `{name}:`")),
            Self::MaxAge { found } => {
                let digits: String = found.chars().filter(char::is_ascii_digit).collect();
                let is_near = !digits.is_empty()
                    && digits.len() <= 8
                    && found.chars().all(|c| {
                        c.is_ascii_digit() || matches!(c, '+' | '_' | ',' | '.' | ' ' | '\'')
                    });
                Some(if is_near {
                    format!("did you mean `{digits}`")
                } else {
                    "give whole seconds in plain digits, as in `604800` for a week".into()
                })
            }
            Self::MaxAgeTooLarge { .. } => Some(format!("the most is `{}`", MaxAge::MAX)),
            Self::Missing {
                field,
                similar: Some(similar),
            } => Some(format!("did you mean `{field}` by `{similar}`")),
            Self::Mode { found } => [Mode::Enforce, Mode::Testing, Mode::None]
                .into_iter()
                .find(|mode| found.eq_ignore_ascii_case(&mode.to_string()))
                .map(|mode| format!("did you mean `{mode}`")),
            Self::Mx { found, error } => hint_for_mx(found, error),
            Self::NoColon { text } => {
                split_at_equals(text).map(|(name, value)| format!("did you mean `{name}: {value}`"))
            }
            Self::Missing {
                field,
                similar: None,
            } => Some(format!(
                "add the line `{}`",
                match field {
                    Field::MaxAge => "max_age: 604800",
                    Field::Mode => "mode: testing",
                    Field::Version => "version: STSv1",
                }
            )),
            Self::NoMx { .. } => {
                Some("add a line `mx: mx1.example.com` for each host of the MX records".into())
            }
            Self::Version { .. } => Some("the only version is `STSv1`, in this spelling".into()),
            Self::Control { .. } | Self::Empty | Self::Name { .. } | Self::Value { .. } => None,
        }
    }
}

fn split_at_equals(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value.trim()))
}

fn hint_for_mx(found: &str, error: &MxPatternError) -> Option<String> {
    if found.contains([',', ' ', ';']) {
        return Some("give each host an `mx` line of its own".into());
    }
    let suggestion = match error {
        MxPatternError::Name(PolicyNameError::TrailingDot) => {
            found.trim_end_matches('.').to_owned()
        }
        MxPatternError::Name(PolicyNameError::EmptyLabel) => {
            format!("*.{}", found.strip_prefix('.')?)
        }
        MxPatternError::Star => format!("*.{}", found.strip_prefix('*')?),
        // §3.2 wants A-labels: a U-label has one.
        MxPatternError::Name(PolicyNameError::Character { .. }) => {
            found.parse::<DnsName>().ok()?.to_string()
        }
        MxPatternError::Name(PolicyNameError::Empty | PolicyNameError::HyphenAtEdge) => {
            return None;
        }
    };
    suggestion
        .parse::<crate::sts::mx::MxPattern>()
        .ok()
        .map(|pattern| format!("did you mean `{pattern}`"))
}
