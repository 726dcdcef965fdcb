//! Reading a body, to the letter and tolerantly.

use super::{Field, MaxAge, Mode, Policy, PolicyError, PolicyErrorKind};
use crate::sts::excerpt::excerpt;
use crate::sts::fields::{self, MAX_EXTENSIONS, is_wsp, trim, trim_end, trim_start};
use crate::sts::mx::{MxPattern, MxPatternError};
use crate::sts::name::PolicyNameError;
use crate::sts::reading::Reading;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a policy.
///
/// Q: Is `mode: enforced` an extension that happens to be named `mode`, as the grammar would let it be?
/// A: No: a field with a known name is that field, or the policy is invalid.
///
/// Q: What of a second `mode` whose value is not valid? A: "all entries except for the first SHALL be
/// ignored", so its value means nothing; but it must be a field of the grammar (a name, ":", a value), for the
/// body as a whole must be. The first one counts even where it is the invalid one.
///
/// Q: Ten digits fit the grammar of `max_age`, the prose has a maximum (erratum 7282). A: Above the maximum
/// the policy is invalid to the letter.
///
/// # Errors
///
/// When the body is no policy in this reading; the first fault is told.
pub fn parse(body: &[u8], reading: Reading) -> Result<Policy, PolicyError> {
    match reading {
        Reading::Letter => parse_to_the_letter(body),
        Reading::Tolerant => parse_tolerantly(body),
    }
}

fn parse_to_the_letter(body: &[u8]) -> Result<Policy, PolicyError> {
    let mut draft = Draft::default();
    let mut line = 1;
    for (number, octets) in (1..).zip(body.split_inclusive(|octet| *octet == b'\n')) {
        line = number;
        // sts-policy-term = LF / CRLF; the last line may do without.
        let octets = match octets.strip_suffix(b"\n") {
            Some(octets) => octets.strip_suffix(b"\r").unwrap_or(octets),
            None => octets,
        };
        draft
            .read_line_to_the_letter(octets)
            .map_err(|kind| PolicyError { line, kind })?;
    }
    if body.is_empty() {
        return Err(PolicyError {
            line,
            kind: PolicyErrorKind::Empty,
        });
    }
    draft.finish().map_err(|kind| PolicyError { line, kind })
}

fn parse_tolerantly(body: &[u8]) -> Result<Policy, PolicyError> {
    let mut draft = Draft::default();
    let mut line = 1_usize;
    let mut rest = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut is_blank = true;
    while !rest.is_empty() {
        let (octets, after) = split_line(rest);
        let octets = trim(octets);
        if !octets.is_empty() {
            is_blank = false;
            draft
                .read_line_tolerantly(octets)
                .map_err(|kind| PolicyError { line, kind })?;
        }
        rest = after;
        if !rest.is_empty() {
            line = line.saturating_add(1);
        }
    }
    if is_blank {
        return Err(PolicyError {
            line,
            kind: PolicyErrorKind::Empty,
        });
    }
    draft.finish().map_err(|kind| PolicyError { line, kind })
}

/// Splits at the first line end of any kind: LF, CR LF, CR.
fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    let Some(position) = octets
        .iter()
        .position(|octet| matches!(octet, b'\n' | b'\r'))
    else {
        return (octets, &[]);
    };
    match octets.split_at_checked(position) {
        Some((line, [b'\r', b'\n', rest @ ..] | [_, rest @ ..])) => (line, rest),
        Some((line, [])) => (line, &[]),
        None => (octets, &[]),
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Draft {
    has_version: bool,
    mode: Option<Mode>,
    max_age: Option<MaxAge>,
    patterns: Vec<MxPattern>,
    extensions: Vec<(Box<str>, Box<str>)>,
}

impl Draft {
    fn read_line_to_the_letter(&mut self, octets: &[u8]) -> Result<(), PolicyErrorKind> {
        if octets.starts_with(BYTE_ORDER_MARK) {
            return Err(PolicyErrorKind::ByteOrderMark);
        }
        let trimmed = trim_end(octets);
        match trimmed.first() {
            None => return Err(PolicyErrorKind::BlankLine),
            Some(first) if is_wsp(*first) => return Err(PolicyErrorKind::LeadingSpace),
            Some(_) => {}
        }
        check_controls(trimmed)?;
        let (name, value) = split_at_colon(trimmed)?;
        if name.last().is_some_and(|last| is_wsp(*last)) {
            return Err(PolicyErrorKind::SpaceBeforeColon {
                name: excerpt(trim_end(name)),
            });
        }
        self.read_field(name, value, Reading::Letter)
    }

    fn read_line_tolerantly(&mut self, octets: &[u8]) -> Result<(), PolicyErrorKind> {
        check_controls(octets)?;
        let (name, value) = split_at_colon(octets)?;
        self.read_field(trim_end(name), value, Reading::Tolerant)
    }

    fn read_field(
        &mut self,
        name: &[u8],
        value: &[u8],
        reading: Reading,
    ) -> Result<(), PolicyErrorKind> {
        match name {
            b"mx" => self.patterns.push(read_pattern(value, reading)?),
            b"version" if !self.has_version => {
                if value != b"STSv1" {
                    return Err(PolicyErrorKind::Version {
                        found: excerpt(value),
                    });
                }
                self.has_version = true;
            }
            b"mode" if self.mode.is_none() => self.mode = Some(read_mode(value)?),
            b"max_age" if self.max_age.is_none() => {
                self.max_age = Some(read_max_age(value, reading)?);
            }
            _ => {
                let (name, value) = check_extension(name, value)?;
                let is_duplicate = matches!(name, "version" | "mode" | "max_age");
                if !is_duplicate && self.extensions.len() < MAX_EXTENSIONS {
                    self.extensions.push((name.into(), value.into()));
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Policy, PolicyErrorKind> {
        let missing = |field| PolicyErrorKind::Missing {
            field,
            similar: self.field_similar_to(field),
        };
        if !self.has_version {
            return Err(missing(Field::Version));
        }
        let mode = self.mode.ok_or_else(|| missing(Field::Mode))?;
        let max_age = self.max_age.ok_or_else(|| missing(Field::MaxAge))?;
        let mut policy = Policy::new(mode, max_age, self.patterns)?;
        policy.extensions = self.extensions;
        Ok(policy)
    }

    /// Returns the name of an unknown field that differs from a known one in case and punctuation alone.
    fn field_similar_to(&self, field: Field) -> Option<Box<str>> {
        let fold = |name: &str| -> String {
            name.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect()
        };
        let wanted = fold(&field.to_string());
        self.extensions
            .iter()
            .map(|(name, _)| name)
            .find(|name| fold(name) == wanted)
            .cloned()
    }
}

fn check_controls(octets: &[u8]) -> Result<(), PolicyErrorKind> {
    let is_control = |octet: &u8| octet.is_ascii_control() && *octet != b'\t';
    match octets.iter().copied().find(is_control) {
        None => Ok(()),
        Some(b'\r') => Err(PolicyErrorKind::BareCr),
        Some(octet) => Err(PolicyErrorKind::Control {
            octet,
            text: excerpt(octets),
        }),
    }
}

/// Splits at the first ":" and takes the white space after it away: `":" *WSP`.
fn split_at_colon(octets: &[u8]) -> Result<(&[u8], &[u8]), PolicyErrorKind> {
    match fields::split_once(octets, b':') {
        Some((name, value)) => Ok((name, trim_start(value))),
        None => Err(PolicyErrorKind::NoColon {
            text: excerpt(octets),
        }),
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
