//! The grammar of the record and what several of them come to.
//!
//! D11 and the like are numbers of requirements: `sts/requirements.md` lists them.

use super::{
    RecordError, RecordId, RecordIdError, SelectError, Selection, discarded, is_filtered_by_some,
    is_meant, parse, select,
};
use crate::facts::Say;
use crate::facts::dns::TxtRecord;
use crate::sts::fields::{FieldsError, Slip};
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
    let version = |found: &str, slip| {
        RecordError::Fields(F::Version {
            found: found.into(),
            expected: "v=STSv1",
            slip,
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
        ("", version("", None)),
        ("v=spf1 -all", version("v=spf1 -all", None)),
        (
            "v=STSv2; id=1",
            version("v=STSv2; id=1", Some(Slip::Spelling)),
        ),
        (
            "v=STSv10; id=1",
            version("v=STSv10; id=1", Some(Slip::Spelling)),
        ),
        (
            "v=STSv1.0; id=1",
            version("v=STSv1.0; id=1", Some(Slip::Spelling)),
        ),
        (
            "v=STSv1 id=1",
            version("v=STSv1 id=1", Some(Slip::Delimiter)),
        ),
        (
            "v=STSv1, id=1",
            version("v=STSv1, id=1", Some(Slip::Delimiter)),
        ),
        ("v=stsv1; id=1", version("v=stsv1; id=1", Some(Slip::Case))),
        ("V=STSv1; id=1", version("V=STSv1; id=1", Some(Slip::Case))),
        (
            "v = STSv1; id=1",
            version("v = STSv1; id=1", Some(Slip::Spelling)),
        ),
        (
            "id=1; v=STSv1",
            version("id=1; v=STSv1", Some(Slip::NotFirst)),
        ),
        (
            "\"v=STSv1; id=1\"",
            version("\"v=STSv1; id=1\"", Some(Slip::Quotes)),
        ),
        (
            "v=STSv1\0; id=1",
            version("v=STSv1\\0; id=1", Some(Slip::Delimiter)),
        ),
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
        (
            &["v=stsv1; id=1"],
            "the record begins with `v=stsv1; id=1`, not with `v=STSv1;`: upper and lower case count",
        ),
        (
            &["x", "v=STSv1 ; id=1"],
            "of several records those that do not begin with `v=STSv1;` are discarded, and this one has white \
             space before the `;`",
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
        // Meant to be the record, and discarded: to say that there is none would hide why.
        (&["v=STSv1 ; id=1", "x"], O::Invalid, O::Invalid),
        (&["x", "v=stsv1; id=1"], O::Invalid, O::Invalid),
        (&["x", " v=STSv1; id=1"], O::Invalid, O::Id("1")),
        (&["STSv1; id=1"], O::Invalid, O::Invalid),
        (&["v=STSv1 ; id=1"], O::Id("1"), O::Id("1")),
        (&["x", "y"], O::None, O::None),
        (&["x"], O::None, O::None),
        (&["v=spf1 -all"], O::None, O::None),
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
fn a_record_that_was_meant_and_does_not_count_is_told_from_one_of_another_kind() {
    let good = "v=STSv1; id=1;";
    for (text, begins, meant) in [
        (good, true, true),
        ("v=STSv1;", true, true),
        ("v=STSv1 ; id=1", false, true),
        (" v=STSv1; id=1", false, true),
        ("v=stsv1; id=1", false, true),
        ("STSv1; id=1", false, true),
        ("v=STSv10; id=1", false, true),
        ("v=spf1 -all", false, false),
        ("", false, false),
    ] {
        let record = TxtRecord::from_text(text.as_bytes());
        assert_eq!(is_filtered_by_some(&record), !begins, "{text}");
        assert_eq!(is_meant(&record), meant, "{text}");
        // Alone it is judged by the grammar; beside one that counts it is discarded.
        assert_eq!(discarded(&[&record]).count(), 0, "{text}");
        let beside = TxtRecord::from_text(good.as_bytes());
        let texts = [&beside, &record];
        let why: Vec<_> = discarded(&texts).collect();
        assert_eq!(why.len(), usize::from(meant && !begins), "{text}");
        if let [(discarded, why)] = why.as_slice() {
            assert_eq!(*discarded, &record);
            assert!(matches!(why, SelectError::Invalid(_)), "{text}: {why}");
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
