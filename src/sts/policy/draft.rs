//! A policy in the making: what its fields have said so far.

use super::{Field, MaxAge, Mode, Policy, PolicyError, PolicyErrorKind};
use crate::sts::excerpt::excerpt;
use crate::sts::fields::{self, MAX_EXTENSIONS};
use crate::sts::mx::{MxPattern, MxPatternError};
use crate::sts::name::PolicyNameError;
use crate::sts::reading::Reading;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    version: Slot<()>,
    mode: Slot<Mode>,
    max_age: Slot<MaxAge>,
    /// Whether there is an `mx`, be its value valid or not.
    has_mx: bool,
    patterns: Vec<MxPattern>,
    extensions: Vec<UnknownField>,
}

/// A field that counts once.
#[derive(Clone, Copy, Debug, Default)]
enum Slot<T> {
    /// It has not come.
    #[default]
    Absent,
    /// It came, and its value is none.
    Broken,
    /// It came.
    Read(T),
}

impl<T> Slot<T> {
    const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    const fn give_up(&mut self)
    where
        T: Copy,
    {
        if self.is_absent() {
            *self = Self::Broken;
        }
    }

    fn value(self) -> Option<T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Broken => None,
        }
    }

    /// Takes the first value, be it valid or not: "all entries except for the first SHALL be ignored".
    fn fill(&mut self, value: Result<T, PolicyErrorKind>) -> Result<(), PolicyErrorKind> {
        match value {
            Ok(value) => {
                *self = Self::Read(value);
                Ok(())
            }
            Err(error) => {
                *self = Self::Broken;
                Err(error)
            }
        }
    }
}

/// A field that no sender knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownField {
    /// Its line, from 1.
    pub line: usize,
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: Box<str>,
}

impl Draft {
    pub(super) fn read_field(
        &mut self,
        line: usize,
        name: &[u8],
        value: &[u8],
        reading: Reading,
    ) -> Result<(), PolicyErrorKind> {
        match name {
            b"mx" => {
                self.has_mx = true;
                self.patterns.push(read_pattern(value, reading)?);
            }
            b"version" if self.version.is_absent() => self.version.fill(read_version(value))?,
            b"mode" if self.mode.is_absent() => self.mode.fill(read_mode(value))?,
            b"max_age" if self.max_age.is_absent() => {
                self.max_age.fill(read_max_age(value, reading))?;
            }
            _ => {
                let (name, value) = check_extension(name, value)?;
                let is_duplicate = matches!(name, "version" | "mode" | "max_age");
                if !is_duplicate && self.extensions.len() < MAX_EXTENSIONS {
                    self.extensions.push(UnknownField {
                        line,
                        name: name.into(),
                        value: value.into(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Takes a field for one that came and is of no use: its line is a fault already.
    pub(super) const fn give_up(&mut self, field: Field) {
        match field {
            Field::MaxAge => self.max_age.give_up(),
            Field::Mode => self.mode.give_up(),
            Field::Mx => self.has_mx = true,
            Field::Version => self.version.give_up(),
        }
    }

    /// Returns the policy; `last` is the last line. A reader that goes on after a bad value has no policy to finish.
    pub(super) fn finish(self, last: usize) -> Result<Policy, PolicyError> {
        if let Some(missing) = self.missing(last).into_iter().next() {
            return Err(missing);
        }
        let came = "what is not missing came, and a bad value has ended the reading";
        let mode = self.mode.value().expect(came);
        let max_age = self.max_age.value().expect(came);
        let mut policy = Policy::new(mode, max_age, self.patterns)
            .map_err(|kind| PolicyError { line: last, kind })?;
        policy.extensions = self
            .extensions
            .into_iter()
            .map(|field| (field.name, field.value))
            .collect();
        Ok(policy)
    }

    /// Returns what has not come, each at the line of a field that was meant to be it, or else at the last one.
    pub(super) fn missing(&self, last: usize) -> Vec<PolicyError> {
        let at = |similar: Option<&UnknownField>| similar.map_or(last, |field| field.line);
        [Field::Version, Field::Mode, Field::MaxAge, Field::Mx]
            .into_iter()
            .filter(|field| self.is_missing(*field))
            .map(|field| {
                let similar = self.similar_to(field);
                let name = similar.map(|field| field.name.clone());
                let kind = match (field, self.mode) {
                    (Field::Mx, Slot::Read(mode)) => PolicyErrorKind::NoMx {
                        mode,
                        similar: name,
                    },
                    (Field::Mx | Field::Version | Field::Mode | Field::MaxAge, _) => {
                        PolicyErrorKind::Missing {
                            field,
                            similar: name,
                        }
                    }
                };
                PolicyError {
                    line: at(similar),
                    kind,
                }
            })
            .collect()
    }

    /// Returns the fields that no sender knows, at most 32, without those that were meant to be one that is
    /// missing.
    pub(super) fn unknown_fields(&self) -> impl Iterator<Item = &UnknownField> {
        self.extensions.iter().filter(|found| {
            Field::meant_by(&found.name).is_none_or(|field| !self.is_missing(field))
        })
    }

    /// Returns the hosts that were listed.
    pub(super) fn into_patterns(self) -> Vec<MxPattern> {
        self.patterns
    }

    fn is_missing(&self, field: Field) -> bool {
        match field {
            Field::MaxAge => self.max_age.is_absent(),
            Field::Mode => self.mode.is_absent(),
            // §3.2 wants at least one `mx`, except in mode `none`.
            Field::Mx => {
                !self.has_mx && matches!(self.mode, Slot::Read(Mode::Enforce | Mode::Testing))
            }
            Field::Version => self.version.is_absent(),
        }
    }

    fn similar_to(&self, field: Field) -> Option<&UnknownField> {
        let mut extensions = self.extensions.iter();
        extensions.find(|found| Field::meant_by(&found.name) == Some(field))
    }
}

fn read_version(value: &[u8]) -> Result<(), PolicyErrorKind> {
    if value == b"STSv1" {
        Ok(())
    } else {
        Err(PolicyErrorKind::Version {
            found: excerpt(value),
        })
    }
}

fn read_pattern(value: &[u8], reading: Reading) -> Result<MxPattern, PolicyErrorKind> {
    let error = |error| PolicyErrorKind::Mx {
        found: excerpt(value),
        error,
    };
    let Ok(text) = str::from_utf8(value) else {
        let character = char::REPLACEMENT_CHARACTER;
        return Err(error(MxPatternError::Name(PolicyNameError::Character {
            character,
        })));
    };
    let pattern = match (text.parse(), reading) {
        (Err(MxPatternError::Name(PolicyNameError::TrailingDot)), Reading::Tolerant) => {
            text.trim_end_matches('.').parse()
        }
        (pattern, _) => pattern,
    };
    pattern.map_err(error)
}

fn read_mode(value: &[u8]) -> Result<Mode, PolicyErrorKind> {
    match value {
        b"enforce" => Ok(Mode::Enforce),
        b"none" => Ok(Mode::None),
        b"testing" => Ok(Mode::Testing),
        _ => Err(PolicyErrorKind::Mode {
            found: excerpt(value),
        }),
    }
}

fn read_max_age(value: &[u8], reading: Reading) -> Result<MaxAge, PolicyErrorKind> {
    // 1*10(DIGIT): no sign, no separator, no digits of other scripts. Eleven digits are no number that is
    // too large but a breach of the grammar, in both readings.
    let is_number = (1..=10).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let secs = str::from_utf8(value)
        .ok()
        .filter(|_| is_number)
        .and_then(|digits| digits.parse::<u64>().ok())
        .ok_or_else(|| PolicyErrorKind::MaxAge {
            found: excerpt(value),
        })?;
    match (
        u32::try_from(secs).ok().and_then(MaxAge::from_secs),
        reading,
    ) {
        (Some(max_age), _) => Ok(max_age),
        (None, Reading::Tolerant) => Ok(MaxAge::MAX),
        (None, Reading::Letter) => Err(PolicyErrorKind::MaxAgeTooLarge { secs }),
    }
}

/// Checks a field against the grammar of extensions and returns its name and value.
fn check_extension<'a>(
    name: &'a [u8],
    value: &'a [u8],
) -> Result<(&'a str, &'a str), PolicyErrorKind> {
    let Some(name) = fields::extension_name(name) else {
        return Err(PolicyErrorKind::Name {
            name: excerpt(name),
        });
    };
    // The line has no control character but tabs, and the value no white space at either end.
    match str::from_utf8(value) {
        Ok(text) if !text.is_empty() && !text.contains('\t') => Ok((name, text)),
        Ok(_) | Err(_) => Err(PolicyErrorKind::Value {
            name: name.into(),
            value: excerpt(value),
        }),
    }
}
