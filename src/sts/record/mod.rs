//! §3.1: the TXT record at `_mta-sts.<policy domain>`.
//!
//! [RFC 8461, Section 3.1]: the record says that there is a policy, and by its id which version of it.
//!
//! [RFC 8461, Section 3.1]: https://www.rfc-editor.org/rfc/rfc8461#section-3.1

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::facts::dns::TxtRecord;
use crate::facts::{Say, Sentence};
use crate::sts::excerpt::excerpt;
use crate::sts::fields::{self, Candidate, FieldsError, Kind, MAX_EXTENSIONS};
use crate::sts::reading::Reading;

/// The version field, which comes first.
const VERSION: &str = "v=STSv1";

const KIND: Kind = Kind {
    version: VERSION,
    key: "id",
};

/// The longest record id, in octets.
const MAX_ID_OCTETS: usize = 32;

/// A record that says "there is a policy".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    id: RecordId,
    extensions: Vec<(Box<str>, Box<str>)>,
}

impl Record {
    /// Returns the id: ids have no order, and any difference means that the policy has changed.
    #[must_use]
    pub const fn id(&self) -> &RecordId {
        &self.id
    }

    /// Returns the fields that this version of the RFC does not know, at most 32. They mean nothing.
    #[must_use]
    pub fn extensions(&self) -> &[(Box<str>, Box<str>)] {
        &self.extensions
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}; id={};", self.id)?;
        for (name, value) in &self.extensions {
            write!(f, " {name}={value};")?;
        }
        Ok(())
    }
}

/// Reads one record, its strings already joined.
///
/// Q: Is `id=a-b` an extension that happens to be named `id`, as the grammar would let it be? A: No: a field
/// with a known name is that field, or the record is invalid.
///
/// Q: What of a second `id` or `v`? A: "all entries except for the first SHALL be ignored" (§3.2), so its value means
/// nothing; but it must be a field of the grammar, for the record as a whole must be.
///
/// # Errors
///
/// When the octets are no such record.
pub fn parse(octets: &[u8], reading: Reading) -> Result<Record, RecordError> {
    let mut id = None;
    let mut extensions = Vec::new();
    for field in fields::split(octets, KIND, reading)? {
        let (name, value) = fields::split_at_equals(field?)?;
        if name == b"id" && id.is_none() {
            id = Some(RecordId::from_octets(value)?);
            continue;
        }
        let (name, value) = fields::check_extension(name, value)?;
        if !matches!(name, "id" | "v") && extensions.len() < MAX_EXTENSIONS {
            extensions.push((name.into(), value.into()));
        }
    }
    Ok(Record {
        id: id.ok_or(RecordError::NoId)?,
        extensions,
    })
}

/// The id of a record: 1 to 32 letters and digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordId(Box<str>);

impl RecordId {
    /// Returns the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_octets(octets: &[u8]) -> Result<Self, RecordIdError> {
        if octets.is_empty() {
            return Err(RecordIdError::Empty);
        }
        match str::from_utf8(octets) {
            Ok(text) if octets.iter().all(u8::is_ascii_alphanumeric) => {
                if octets.len() > MAX_ID_OCTETS {
                    Err(RecordIdError::TooLong {
                        octets: octets.len(),
                    })
                } else {
                    Ok(Self(text.into()))
                }
            }
            Ok(_) | Err(_) => Err(RecordIdError::Character {
                found: excerpt(octets),
            }),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RecordId {
    type Err = RecordIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_octets(text.as_bytes())
    }
}

/// Why a text is not a record id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordIdError {
    /// Something other than ASCII letters and digits.
    #[error("the id `{found}` has other characters than letters and digits")]
    Character {
        /// The id.
        found: Box<str>,
    },
    /// No text at all.
    #[error("the id is empty")]
    Empty,
    /// More than 32 octets.
    #[error("the id has {octets} characters, 32 is the limit")]
    TooLong {
        /// How many it has.
        octets: usize,
    },
}

/// Why octets are not a record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The fields themselves are broken.
    #[error(transparent)]
    Fields(#[from] FieldsError),
    /// The id is broken.
    #[error(transparent)]
    Id(#[from] RecordIdError),
    /// There is no id.
    #[error("there is no `id` field")]
    NoId,
}

/// What the TXT records at `_mta-sts` come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// No record was meant to be one of MTA-STS.
    NoRecord,
    /// Exactly one, and it is valid.
    Record(Record),
    /// There is something, but a sender must go on as though there was nothing.
    Unusable(SelectError),
}

impl Selection {
    /// Returns the record, if there is a usable one.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            Self::NoRecord | Self::Unusable(_) => None,
        }
    }
}

/// Why the records cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectError {
    /// The only one left is not valid.
    #[error(transparent)]
    Invalid(#[from] RecordError),
    /// More than one begins as a record should.
    #[error("{count} records begin with `{VERSION};`, only one may")]
    Several {
        /// How many.
        count: usize,
    },
}

impl Say for SelectError {
    fn say(&self, sentence: &mut Sentence) {
        if let Self::Invalid(RecordError::Fields(error)) = self {
            sentence.add(error);
        } else {
            sentence.words(self);
        }
    }
}

/// Picks the one record that counts, if there is exactly one and it is valid.
///
/// "If multiple TXT records ... are returned ..., records that do not begin with `v=STSv1;` are discarded.
/// If the number of resulting records is not one, or if the resulting record is syntactically invalid,
/// senders MUST assume the recipient domain does not have an available MTA-STS Policy" (§3.1). That alone
/// does not remove a cached policy.
///
/// Q: The grammar allows `v=STSv1 ;`, the rule above would discard it (erratum 6285). A: The rule speaks of
/// multiple records: a single one is judged by the grammar alone, see [`is_filtered_by_some`]; among several
/// it is discarded.
///
/// Q: Is a single record of another kind (a wildcard's `v=spf1`) no record, or an invalid one? A: A sender does
/// the same in both cases. Here it is none; invalid is what somebody meant to be the record, alone or among
/// several.
#[must_use]
#[expect(
    single_use_lifetimes,
    reason = "a lifetime in an `impl Trait` has to have a name"
)]
pub fn select<'a>(texts: impl IntoIterator<Item = &'a TxtRecord>, reading: Reading) -> Selection {
    match fields::candidate(texts, KIND, reading) {
        Candidate::None => Selection::NoRecord,
        Candidate::Discarded(octets) => Selection::Unusable(why_discarded(&octets, reading).into()),
        Candidate::Several { count } => Selection::Unusable(SelectError::Several { count }),
        Candidate::One(octets) => match parse(&octets, reading) {
            Ok(record) => Selection::Record(record),
            Err(error) => Selection::Unusable(error.into()),
        },
    }
}

/// Returns the records that are discarded beside the one that counts, though somebody meant them to be the
/// record, each with the reason, to the letter.
pub fn discarded<'a, 't>(
    texts: &'a [&'t TxtRecord],
) -> impl Iterator<Item = (&'t TxtRecord, SelectError)> + 'a {
    fields::discarded(texts, KIND)
        .map(|text| (text, why_discarded(&text.joined(), Reading::Letter).into()))
}

/// Says why a record does not count among several.
fn why_discarded(octets: &[u8], reading: Reading) -> RecordError {
    let passed = || FieldsError::SpaceBeforeSemicolon { expected: VERSION }.into();
    parse(octets, reading).err().unwrap_or_else(passed)
}

/// Returns whether a single record, good by the grammar, is dropped by senders that always ask for `v=STSv1;`
/// at its beginning, as chasquid and Halon do.
#[must_use]
pub fn is_filtered_by_some(text: &TxtRecord) -> bool {
    !fields::begins_exactly(text, KIND)
}

/// Returns whether somebody meant the text to be an MTA-STS record.
#[must_use]
pub fn is_meant(text: &TxtRecord) -> bool {
    KIND.is_meant(&text.joined())
}
