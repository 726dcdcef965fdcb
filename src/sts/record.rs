//! §3.1: the TXT record at `_mta-sts.<policy domain>`.
//!
//! [RFC 8461, Section 3.1]: the record says that there is a policy, and by its id which version of it.
//!
//! [RFC 8461, Section 3.1]: https://www.rfc-editor.org/rfc/rfc8461#section-3.1

use std::fmt;
use std::str::FromStr;

use super::excerpt::excerpt;
use super::fields::{self, Candidate, FieldsError, MAX_EXTENSIONS};
use super::reading::Reading;
use crate::facts::dns::TxtRecord;
use crate::facts::{Say, Sentence};

/// The version field, which comes first.
const VERSION: &str = "v=STSv1";

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
    for field in fields::split(octets, VERSION, reading)? {
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
    /// No record speaks of MTA-STS.
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
/// multiple records: a single one is judged by the grammar alone; among several it is discarded.
///
/// Q: Is a single record of another kind (a wildcard's `v=spf1`) no record, or an invalid one? A: By the
/// letter it is not discarded, so it is invalid; a sender does the same in both cases.
#[must_use]
#[expect(
    single_use_lifetimes,
    reason = "a lifetime in an `impl Trait` has to have a name"
)]
pub fn select<'a>(texts: impl IntoIterator<Item = &'a TxtRecord>, reading: Reading) -> Selection {
    match fields::candidate(texts, VERSION, reading) {
        Candidate::None => Selection::NoRecord,
        Candidate::Several { count } => Selection::Unusable(SelectError::Several { count }),
        Candidate::One(octets) => match parse(&octets, reading) {
            Ok(record) => Selection::Record(record),
            Err(error) => Selection::Unusable(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{RecordError, RecordId, RecordIdError, SelectError, Selection, parse, select};
    use crate::facts::Say;
    use crate::facts::dns::TxtRecord;
    use crate::sts::fields::FieldsError;
    use crate::sts::reading::Reading;

    fn id(text: &str) -> RecordId {
        text.parse().unwrap()
    }

    #[test]
    fn records_of_the_grammar_are_read_in_both_readings() {
        let longest = "a".repeat(32);
        let with_longest = format!("v=STSv1; id={longest}");
        let long_name = format!("v=STSv1; id=1; {longest}=x");
        for (text, expected, extensions) in [
            ("v=STSv1; id=20160831085700Z;", "20160831085700Z", 0),
            ("v=STSv1; id=1", "1", 0),
            ("v=STSv1;id=1", "1", 0),
            ("v=STSv1;id=1;", "1", 0),
            ("v=STSv1 ;\t id=1 ; \t", "1", 0),
            (&with_longest, &longest, 0),
            (&long_name, "1", 1),
            ("v=STSv1; a=b; id=1; c.d-e_f=!:<>~", "1", 2),
            ("v=STSv1; ID=2; id=1", "1", 1),
            // D11: all but the first are ignored, also where their value would not be valid.
            ("v=STSv1; id=1; id=2", "1", 0),
            ("v=STSv1; id=1; id=a-b", "1", 0),
            ("v=STSv1; v=STSv2; id=1", "1", 0),
        ] {
            for reading in Reading::BOTH {
                let record = parse(text.as_bytes(), reading).unwrap();
                assert_eq!(*record.id(), id(expected), "{text:?}");
                assert_eq!(record.extensions().len(), extensions, "{text:?}");
                let shown = record.to_string();
                assert_eq!(parse(shown.as_bytes(), reading), Ok(record), "{shown:?}");
            }
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_refused_in_both_readings() {
        use FieldsError as F;
        use RecordIdError as I;
        let version = |found: &str| {
            RecordError::Fields(F::Version {
                found: found.into(),
                expected: "v=STSv1",
            })
        };
        let value = |name: &str, value: &str| {
            RecordError::Fields(F::Value {
                name: name.into(),
                value: value.into(),
            })
        };
        let name = |name: &str| RecordError::Fields(F::Name { name: name.into() });
        let character = |found: &str| {
            RecordError::Id(I::Character {
                found: found.into(),
            })
        };
        let too_long = format!("v=STSv1; id={}", "a".repeat(33));
        let name_too_long = format!("v=STSv1; id=1; {}=x", "a".repeat(33));
        for (text, expected) in [
            ("", version("")),
            ("v=spf1 -all", version("v=spf1 -all")),
            ("v=STSv2; id=1", version("v=STSv2; id=1")),
            ("v=STSv10; id=1", version("v=STSv10; id=1")),
            ("v=STSv1.0; id=1", version("v=STSv1.0; id=1")),
            ("v=STSv1 id=1", version("v=STSv1 id=1")),
            ("v=STSv1, id=1", version("v=STSv1, id=1")),
            ("v=stsv1; id=1", version("v=stsv1; id=1")),
            ("V=STSv1; id=1", version("V=STSv1; id=1")),
            ("v = STSv1; id=1", version("v = STSv1; id=1")),
            ("id=1; v=STSv1", version("id=1; v=STSv1")),
            ("\"v=STSv1; id=1\"", version("\"v=STSv1; id=1\"")),
            ("v=STSv1\0; id=1", version("v=STSv1\\0; id=1")),
            ("v=STSv1", RecordError::NoId),
            ("v=STSv1;", RecordError::NoId),
            ("v=STSv1; ", RecordError::NoId),
            ("v=STSv1; a=b", RecordError::NoId),
            ("v=STSv1; ID=1", RecordError::NoId),
            ("v=STSv1; id=", I::Empty.into()),
            (&too_long, I::TooLong { octets: 33 }.into()),
            ("v=STSv1; id=2026-03-01", character("2026-03-01")),
            ("v=STSv1; id=a_b", character("a_b")),
            ("v=STSv1; id=1 2", character("1 2")),
            ("v=STSv1; id= 1", character(" 1")),
            ("v=STSv1; id=a-b; id=1", character("a-b")),
            ("v=STSv1; id=é", character("é")),
            ("v=STSv1; id=1\n", character("1\\n")),
            ("v=STSv1; id", F::NoEquals { field: "id".into() }.into()),
            ("v=STSv1; id =1", name("id ")),
            ("v=STSv1; id=1; -a=b", name("-a")),
            ("v=STSv1; id=1; =b", name("")),
            (&name_too_long, name(&"a".repeat(33))),
            ("v=STSv1; id=1; a=", value("a", "")),
            ("v=STSv1; id=1; a=b=c", value("a", "b=c")),
            ("v=STSv1; id=1; a=b c", value("a", "b c")),
            ("v=STSv1; id=1; a=é", value("a", "é")),
            ("v=STSv1; id=1; id=", value("id", "")),
        ] {
            for reading in Reading::BOTH {
                assert_eq!(
                    parse(text.as_bytes(), reading),
                    Err(expected.clone()),
                    "{text:?}, {reading}"
                );
            }
        }
        assert_eq!(
            parse(b"v=STSv1; id=1; a=\xff", Reading::Tolerant),
            Err(value("a", "\\xff"))
        );
    }

    #[test]
    fn double_semicolons_and_outer_white_space_pass_only_tolerantly() {
        for (text, expected) in [
            ("v=STSv1; id=1;;", FieldsError::EmptyField),
            ("v=STSv1;; id=1", FieldsError::EmptyField),
            ("v=STSv1; ; id=1;", FieldsError::EmptyField),
            ("v=STSv1; id=1; ;", FieldsError::EmptyField),
            ("v=STSv1; id=1 ", FieldsError::TrailingSpace),
            ("v=STSv1; id=1\t", FieldsError::TrailingSpace),
            (" v=STSv1; id=1", FieldsError::LeadingSpace),
            ("\tv=STSv1; id=1;", FieldsError::LeadingSpace),
        ] {
            assert_eq!(
                parse(text.as_bytes(), Reading::Letter),
                Err(expected.into()),
                "{text:?}"
            );
            let record = parse(text.as_bytes(), Reading::Tolerant).unwrap();
            assert_eq!(*record.id(), id("1"), "{text:?}");
        }
        assert_eq!(
            parse(b"v=STSv1 ", Reading::Letter),
            Err(FieldsError::TrailingSpace.into())
        );
        assert_eq!(
            parse(b"v=STSv1 ", Reading::Tolerant),
            Err(RecordError::NoId)
        );
    }

    #[test]
    fn errors_read_as_sentences() {
        for (texts, expected) in [
            (
                &["v=STSv1; -a=b"][..],
                "`-a` is not a field name (letters, digits, `_`, `-`, `.`; 32 at most; a letter or digit first)",
            ),
            (
                &["v=STSv1; id=-"],
                "the id `-` has other characters than letters and digits",
            ),
            (
                &["v=STSv1; id=1", "v=STSv1; id=2"],
                "2 records begin with `v=STSv1;`, only one may",
            ),
        ] {
            let records = texts
                .iter()
                .map(|text| TxtRecord::from_text(text.as_bytes()));
            let records: Vec<_> = records.collect();
            let Selection::Unusable(error) = select(&records, Reading::Letter) else {
                panic!("{texts:?} is of use");
            };
            let said = [error.to_string(), error.sentence().to_string()];
            assert_eq!(said, [expected; 2]);
        }
    }

    #[test]
    fn extensions_are_bounded() {
        let fields = "a=b;".repeat(1_000);
        let record = parse(
            format!("v=STSv1; {fields} id=1").as_bytes(),
            Reading::Letter,
        )
        .unwrap();
        assert_eq!((record.extensions().len(), record.id()), (32, &id("1")));
    }

    #[test]
    fn exactly_one_valid_record_counts() {
        #[derive(Debug, PartialEq)]
        enum Outcome {
            None,
            Id(&'static str),
            Invalid,
            Several(usize),
        }
        use Outcome as O;
        let good = "v=STSv1; id=1;";
        for (texts, letter, tolerant) in [
            (&[][..], O::None, O::None),
            (&[good], O::Id("1"), O::Id("1")),
            (&[good, "v=spf1 -all"], O::Id("1"), O::Id("1")),
            (&["v=spf1 -all", "x", good], O::Id("1"), O::Id("1")),
            (&[good, good], O::Several(2), O::Several(2)),
            (
                &[good, "x", "v=STSv1; id=2", good],
                O::Several(3),
                O::Several(3),
            ),
            // A broken record counts among them.
            (&[good, "v=STSv1;"], O::Several(2), O::Several(2)),
            // The filter wants the ";": these are other kinds of record.
            (&[good, "v=STSv10; id=2"], O::Id("1"), O::Id("1")),
            (&[good, "v=STSv1 ; id=2"], O::Id("1"), O::Id("1")),
            (&["v=STSv1 ; id=1", "x"], O::None, O::None),
            (&["v=STSv1 ; id=1"], O::Id("1"), O::Id("1")),
            (&["x", "y"], O::None, O::None),
            (&["x"], O::Invalid, O::Invalid),
            (&["v=STSv1;"], O::Invalid, O::Invalid),
            (&["v=STSv1; id=1;;", "x"], O::Invalid, O::Id("1")),
            (&[" v=STSv1; id=1"], O::Invalid, O::Id("1")),
            (&[" v=STSv1; id=2", good], O::Id("1"), O::Several(2)),
        ] {
            let records: Vec<TxtRecord> = texts
                .iter()
                .map(|text| TxtRecord::from_text(text.as_bytes()))
                .collect();
            for (reading, expected) in [(Reading::Letter, letter), (Reading::Tolerant, tolerant)] {
                let outcome = match select(&records, reading) {
                    Selection::NoRecord => O::None,
                    Selection::Record(record) => {
                        assert_eq!(record.id().as_str(), "1");
                        O::Id("1")
                    }
                    Selection::Unusable(SelectError::Invalid(_)) => O::Invalid,
                    Selection::Unusable(SelectError::Several { count }) => O::Several(count),
                };
                assert_eq!(outcome, expected, "{texts:?}, {reading}");
            }
        }
    }

    #[test]
    fn strings_of_one_record_are_joined_with_nothing_between() {
        let record = TxtRecord {
            strings: vec![
                b"v=STS"[..].into(),
                b""[..].into(),
                b"v1; id=20"[..].into(),
                b"26".as_slice().into(),
            ],
        };
        let selection = select([&record], Reading::Letter);
        assert_eq!(
            selection.record().map(|record| record.id().as_str()),
            Some("2026")
        );
    }

    #[test]
    fn ids_differ_in_case() {
        assert_ne!(id("a"), id("A"));
    }
}
