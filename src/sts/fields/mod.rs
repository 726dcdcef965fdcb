//! The `;`-separated fields of a TXT record, as [RFC 8461, Section 3.1] and RFC 8460, Section 3, both have
//! them: `version 1*(*WSP ";" *WSP field) [*WSP ";" *WSP]`.
//!
//! [RFC 8461, Section 3.1]: https://www.rfc-editor.org/rfc/rfc8461#section-3.1

mod foreign;
mod slip;
mod space;

use std::borrow::Cow;
use std::iter::Peekable;
use std::slice::Split;

pub use foreign::Foreign;
pub(crate) use slip::Kind;
pub use slip::Slip;
pub(crate) use space::{is_wsp, trim, trim_end, trim_start};

use super::excerpt::excerpt;
use super::reading::Reading;
use crate::facts::dns::TxtRecord;
use crate::facts::{Say, Sentence};

/// The longest name of an extension field, in octets.
pub(crate) const MAX_EXTENSION_NAME_OCTETS: usize = 32;

/// The most extension fields that are kept of one record or policy; the rest is checked and dropped, as the
/// RFC lets us drop them all.
pub(crate) const MAX_EXTENSIONS: usize = 32;

/// Why a record does not fall into fields.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FieldsError {
    /// A field with nothing in it: `;;`.
    #[error("there is nothing between two `;`")]
    EmptyField,
    /// An extension field whose name the grammar does not allow.
    #[error("{}", not_a_field_name(.name))]
    Name {
        /// The name.
        name: Box<str>,
    },
    /// A field without `=`.
    #[error("the field `{field}` has no `=`")]
    NoEquals {
        /// The field.
        field: Box<str>,
    },
    /// White space before the version.
    #[error("the record begins with white space")]
    LeadingSpace,
    /// White space between version and `;`, where several records make that `;` count.
    #[error(
        "of several records those that do not begin with `{expected};` are discarded, and this one has white \
         space before the `;`"
    )]
    SpaceBeforeSemicolon {
        /// The version field.
        expected: &'static str,
    },
    /// White space at the end, with no `;` before it.
    #[error("the record ends with white space")]
    TrailingSpace,
    /// A value that the grammar does not allow: empty, or with a space, `=` or something that is not
    /// printable ASCII.
    #[error(
        "the value of `{name}`, `{value}`, is empty or has a character that cannot stand there"
    )]
    Value {
        /// The name of the field.
        name: Box<str>,
        /// The value.
        value: Box<str>,
    },
    /// Another beginning than the version.
    #[error(
        "the record begins with `{found}`, not with `{expected};`{}",
        .slip.map(|slip| format!(": {slip}")).unwrap_or_default()
    )]
    Version {
        /// What it begins with.
        found: Box<str>,
        /// The version field.
        expected: &'static str,
        /// How that came about, where somebody meant it to be such a record.
        slip: Option<Slip>,
    },
}

impl Say for FieldsError {
    fn say(&self, sentence: &mut Sentence) {
        if let Self::Name { name } = self {
            sentence.add(&not_a_field_name(name));
        } else {
            sentence.words(self);
        }
    }
}

/// Says that a name is none that records and policies allow.
pub(super) fn not_a_field_name(name: &str) -> Sentence {
    let mut sentence = Sentence::default();
    sentence.failure(
        format_args!("`{name}` is not a field name"),
        "letters, digits, `_`, `-`, `.`; 32 at most; a letter or digit first",
    );
    sentence
}

/// What is left of several TXT records once those of another kind are discarded.
pub(crate) enum Candidate<'a> {
    /// Nothing that anybody meant to be such a record.
    None,
    /// The one that counts.
    One(Cow<'a, [u8]>),
    /// One of those that were discarded, which was meant to be such a record.
    Discarded(Cow<'a, [u8]>),
    /// More than one.
    Several { count: usize },
}

/// Discards, where there are several records, those that do not begin with the version and ";".
pub(crate) fn candidate<'a>(
    texts: impl IntoIterator<Item = &'a TxtRecord>,
    kind: Kind,
    reading: Reading,
) -> Candidate<'a> {
    let texts: Vec<Cow<'a, [u8]>> = texts.into_iter().map(joined).collect();
    let is_only = texts.len() == 1;
    let begins = |octets: &&Cow<'a, [u8]>| begins_with(octets, kind, reading);
    let is_meant = |octets: &&Cow<'a, [u8]>| kind.is_meant(octets);
    let count = texts.iter().filter(begins).count();
    let found = texts
        .iter()
        .find(begins)
        .or_else(|| texts.iter().find(is_meant))
        .cloned();
    match (count, found) {
        (_, None) => Candidate::None,
        (0, Some(octets)) if !is_only => Candidate::Discarded(octets),
        (0 | 1, Some(octets)) => Candidate::One(octets),
        (count, Some(_)) => Candidate::Several { count },
    }
}

/// Returns whether the record begins with the version and ";", as one among several must.
pub(crate) fn begins_exactly(text: &TxtRecord, kind: Kind) -> bool {
    begins_with(&joined(text), kind, Reading::Letter)
}

/// Returns the records that are discarded beside the one that counts, though somebody meant them to be such
/// records.
pub(crate) fn discarded<'a, 't>(
    texts: &'a [&'t TxtRecord],
    kind: Kind,
) -> impl Iterator<Item = &'t TxtRecord> + 'a {
    texts
        .iter()
        .copied()
        // A single one is discarded by nobody.
        .filter(move |text| texts.len() > 1 && !begins_exactly(text, kind))
        .filter(move |text| kind.is_meant(&joined(text)))
}

/// Joins the strings of a record with nothing between them, as §3.1 wants it.
fn joined(text: &TxtRecord) -> Cow<'_, [u8]> {
    match text.strings.as_slice() {
        [only] => Cow::Borrowed(only),
        _ => Cow::Owned(text.joined()),
    }
}

fn begins_with(octets: &[u8], kind: Kind, reading: Reading) -> bool {
    match reading {
        Reading::Letter => octets,
        Reading::Tolerant => trim_start(octets),
    }
    .strip_prefix(kind.version.as_bytes())
    .is_some_and(|rest| rest.starts_with(b";"))
}

/// Takes the version off the front of `octets` and returns the rest split into fields.
pub(crate) fn split<'a>(
    octets: &'a [u8],
    kind: Kind,
    reading: Reading,
) -> Result<Fields<'a>, FieldsError> {
    let octets = match reading {
        Reading::Letter => octets,
        Reading::Tolerant => trim(octets),
    };
    let other = || FieldsError::Version {
        found: excerpt(octets),
        expected: kind.version,
        slip: kind.slip(octets),
    };
    let Some(rest) = octets.strip_prefix(kind.version.as_bytes()) else {
        let is_pushed_in = trim_start(octets).starts_with(kind.version.as_bytes());
        return Err(if is_pushed_in {
            FieldsError::LeadingSpace
        } else {
            other()
        });
    };
    let mut segments = rest.split(is_semicolon as IsSemicolon).peekable();
    // What stands between the version and the first ";": only white space may.
    let gap = segments.next().unwrap_or_default();
    if !trim(gap).is_empty() {
        return Err(other());
    }
    if segments.peek().is_none() && !gap.is_empty() {
        return Err(FieldsError::TrailingSpace);
    }
    Ok(Fields { segments, reading })
}

type IsSemicolon = fn(&u8) -> bool;

/// The fields after the version, without the white space around them.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    segments: Peekable<Split<'a, u8, IsSemicolon>>,
    reading: Reading,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<&'a [u8], FieldsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let segment = trim_start(self.segments.next()?);
            let field = trim_end(segment);
            let is_last = self.segments.peek().is_none();
            return match (field.is_empty(), is_last, self.reading) {
                // "[sts-field-delim]": one ";" may end the record.
                (true, true, _) => None,
                (true, false, Reading::Tolerant) => continue,
                (true, false, Reading::Letter) => Some(Err(FieldsError::EmptyField)),
                (false, true, _) if field.len() < segment.len() => {
                    Some(Err(FieldsError::TrailingSpace))
                }
                (false, _, _) => Some(Ok(field)),
            };
        }
    }
}

/// Splits a field at its first `=`.
pub(crate) fn split_at_equals(field: &[u8]) -> Result<(&[u8], &[u8]), FieldsError> {
    split_once(field, b'=').ok_or_else(|| FieldsError::NoEquals {
        field: excerpt(field),
    })
}

/// Checks a field against the grammar of extensions and returns its name and value.
pub(crate) fn check_extension<'a>(
    name: &'a [u8],
    value: &'a [u8],
) -> Result<(&'a str, &'a str), FieldsError> {
    let Some(name) = extension_name(name) else {
        return Err(FieldsError::Name {
            name: excerpt(name),
        });
    };
    // sts-ext-value = 1*(%x21-3A / %x3C / %x3E-7E)
    let is_value = !value.is_empty()
        && value
            .iter()
            .all(|octet| matches!(octet, 0x21..=0x3a | 0x3c | 0x3e..=0x7e));
    match str::from_utf8(value) {
        Ok(value) if is_value => Ok((name, value)),
        Ok(_) | Err(_) => Err(FieldsError::Value {
            name: name.into(),
            value: excerpt(value),
        }),
    }
}

/// Returns the name if it is `(ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")`.
pub(crate) fn extension_name(name: &[u8]) -> Option<&str> {
    let (first, rest) = name.split_first()?;
    let is_name = name.len() <= MAX_EXTENSION_NAME_OCTETS
        && first.is_ascii_alphanumeric()
        && rest
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.'));
    str::from_utf8(name).ok().filter(|_| is_name)
}

/// Splits at the first `separator`, which is dropped.
pub(crate) fn split_once(octets: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let position = octets.iter().position(|octet| *octet == separator)?;
    let (before, rest) = octets.split_at_checked(position)?;
    Some((before, rest.split_first()?.1))
}

const fn is_semicolon(octet: &u8) -> bool {
    *octet == b';'
}
