//! The grammar of the record, what several of them come to, and who gets the reports.

use super::{
    Destination, MAX_URIS, Record, RecordError, ReportUri, SelectError, Selection, discarded,
    is_filtered_by_some, is_meant, parse, select,
};
use crate::facts::DnsName;
use crate::facts::dns::TxtRecord;
use crate::sts::fields::{FieldsError, Slip};

#[test]
fn records_of_the_grammar_are_read() {
    for (text, uris, extensions) in [
        (
            "v=TLSRPTv1;rua=mailto:reports@example.com",
            &["mailto:reports@example.com"][..],
            0,
        ),
        (
            "v=TLSRPTv1; rua=mailto:a@example.com \t, https://example.com/v1?a=b&c=%2c;",
            &["mailto:a@example.com", "https://example.com/v1?a=b&c=%2c"],
            0,
        ),
        ("v=TLSRPTv1 ; x=y; rua=MAILTO:a@b; z=1", &["MAILTO:a@b"], 2),
        ("v=TLSRPTv1; rua=mailto:a@b; rua=no URI", &["mailto:a@b"], 0),
        (
            "v=TLSRPTv1; rua=mailto:a@b; rua=mailto:c@d; v=x",
            &["mailto:a@b"],
            0,
        ),
        (
            "v=TLSRPTv1; rua=https://[2001:db8::1]/r#x",
            &["https://[2001:db8::1]/r#x"],
            0,
        ),
    ] {
        let record = parse(text.as_bytes()).unwrap();
        let read: Vec<&str> = record.uris().iter().map(|uri| uri.as_str()).collect();
        assert_eq!(read, uris, "{text:?}");
        assert_eq!(record.extensions().len(), extensions, "{text:?}");
        let shown = record.to_string();
        assert_eq!(parse(shown.as_bytes()), Ok(record), "{shown:?}");
    }
    let record = parse(b"v=TLSRPTv1; rua=mailto:a@b,https://c/").unwrap();
    let schemes: Vec<&str> = record.uris().iter().map(|uri| uri.scheme()).collect();
    assert_eq!(schemes, ["mailto", "https"]);
}

#[test]
fn what_the_grammar_forbids_is_refused() {
    let uri = |uri: &str| RecordError::Uri { uri: uri.into() };
    let version = |found: &str, slip| {
        RecordError::Fields(FieldsError::Version {
            found: found.into(),
            expected: "v=TLSRPTv1",
            slip: Some(slip),
        })
    };
    for (text, expected) in [
        ("v=TLSRPTv1", RecordError::NoRua),
        ("v=TLSRPTv1;", RecordError::NoRua),
        ("v=TLSRPTv1; x=y", RecordError::NoRua),
        ("v=TLSRPTv1; RUA=mailto:a@b", RecordError::NoRua),
        (
            "v=TLSRPTv10; rua=mailto:a@b",
            version("v=TLSRPTv10; rua=mailto:a@b", Slip::Spelling),
        ),
        (
            "v=tlsrptv1; rua=mailto:a@b",
            version("v=tlsrptv1; rua=mailto:a@b", Slip::Case),
        ),
        ("v=TLSRPTv1; rua=", uri("")),
        ("v=TLSRPTv1; rua=a@b.test", uri("a@b.test")),
        ("v=TLSRPTv1; rua=mailto:", uri("mailto:")),
        ("v=TLSRPTv1; rua=:a", uri(":a")),
        ("v=TLSRPTv1; rua=1a:b", uri("1a:b")),
        ("v=TLSRPTv1; rua=mailto:a@b,", uri("")),
        ("v=TLSRPTv1; rua=mailto:a@b!10m", uri("mailto:a@b!10m")),
        ("v=TLSRPTv1; rua=mailto:a b", uri("mailto:a b")),
        ("v=TLSRPTv1; rua=mailto:a%2", uri("mailto:a%2")),
        ("v=TLSRPTv1; rua=mailto:a%zz", uri("mailto:a%zz")),
        ("v=TLSRPTv1; rua=mailto:<a@b>", uri("mailto:<a@b>")),
        ("v=TLSRPTv1; rua=mailto:é", uri("mailto:é")),
        (
            "v=TLSRPTv1; rua=mailto:a@b;;",
            FieldsError::EmptyField.into(),
        ),
        (
            "v=TLSRPTv1; rua=mailto:a@b ",
            FieldsError::TrailingSpace.into(),
        ),
        (
            " v=TLSRPTv1; rua=mailto:a@b",
            FieldsError::LeadingSpace.into(),
        ),
        (
            "v=TLSRPTv1; rua",
            FieldsError::NoEquals {
                field: "rua".into(),
            }
            .into(),
        ),
    ] {
        assert_eq!(parse(text.as_bytes()), Err(expected), "{text:?}");
    }
}

#[test]
fn addresses_are_bounded() {
    let uris = vec!["mailto:a@b"; 100].join(",");
    let record = parse(format!("v=TLSRPTv1; rua={uris}").as_bytes()).unwrap();
    assert_eq!(record.uris().len(), 32);
}

#[test]
fn extensions_are_bounded() {
    for (count, kept) in [(32, 32), (33, 32)] {
        let extensions: String = (0..count).map(|number| format!(";x{number}=y")).collect();
        let record = parse(format!("v=TLSRPTv1; rua=mailto:a@b{extensions}").as_bytes()).unwrap();
        assert_eq!(record.extensions().len(), kept, "{count}");
    }
}

#[test]
fn exactly_one_valid_record_counts() {
    let good = "v=TLSRPTv1; rua=mailto:a@b";
    let texts = |texts: &[&str]| -> Vec<TxtRecord> {
        texts
            .iter()
            .map(|text| TxtRecord::from_text(text.as_bytes()))
            .collect()
    };
    let one = Selection::Record(parse(good.as_bytes()).unwrap());
    assert_eq!(select(&texts(&[])), Selection::NoRecord);
    assert_eq!(select(&texts(&["x", "y"])), Selection::NoRecord);
    assert_eq!(select(&texts(&[good])), one);
    assert_eq!(select(&texts(&["x", good, "v=TLSRPTv10; y"])), one);
    assert_eq!(
        select(&texts(&[good, "x", good, "v=TLSRPTv1;"])),
        Selection::Unusable(SelectError::Several { count: 3 })
    );
    assert_eq!(
        select(&texts(&["v=TLSRPTv1;", "x"])),
        Selection::Unusable(SelectError::Invalid(RecordError::NoRua))
    );
}

#[test]
fn a_record_that_was_meant_and_does_not_count_is_told_from_one_of_another_kind() {
    let good = "v=TLSRPTv1; rua=mailto:a@b";
    for (text, begins, meant) in [
        (good, true, true),
        ("v=TLSRPTv1;", true, true),
        ("v=TLSRPTv1 ; rua=mailto:a@b", false, true),
        ("v=tlsrptv1; rua=mailto:a@b", false, true),
        ("v=TLSRPTv10; rua=mailto:a@b", false, true),
        ("v=spf1 -all", false, false),
    ] {
        let record = TxtRecord::from_text(text.as_bytes());
        assert_eq!(is_filtered_by_some(&record), !begins, "{text}");
        assert_eq!(is_meant(&record), meant, "{text}");
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
fn an_address_says_who_gets_the_reports() {
    let mail = |domain: &str| Some(Destination::Mail(domain.parse().unwrap()));
    let https = |host: &str, is_usual_port| {
        Some(Destination::Https {
            host: host.parse().unwrap(),
            is_usual_port,
        })
    };
    for (uri, expected) in [
        ("mailto:reports@corp.test", mail("corp.test")),
        ("MAILTO:a%40b@corp.test?subject=x", mail("corp.test")),
        ("https://r.corp.test/v1?a=b", https("r.corp.test", true)),
        ("https://r.corp.test:443", https("r.corp.test", true)),
        ("https://r.corp.test:8443/", https("r.corp.test", false)),
        ("https://[2001:db8::1]/r", None),
        ("https:r.corp.test", None),
        ("mailto:reports", None),
        ("http://r.corp.test/", None),
        ("ftp://r.corp.test/", None),
    ] {
        let uri: ReportUri = uri.parse().unwrap();
        assert_eq!(uri.destination(), expected, "{uri}");
    }
}

#[test]
fn a_record_that_is_made_names_each_address_once_and_no_more_than_are_kept() {
    let domain: DnsName = "corp.test".parse().unwrap();
    let mailbox = |number: usize| ReportUri::mailbox(&format!("r{number}"), &domain).unwrap();
    assert_eq!(mailbox(1).as_str(), "mailto:r1@corp.test");
    assert_eq!(ReportUri::mailbox("a b", &domain), None);
    for (others, expected) in [
        (vec![], vec![0]),
        (vec![1, 0, 1, 2], vec![0, 1, 2]),
        ((1..MAX_URIS).collect(), (0..MAX_URIS).collect()),
        ((1..MAX_URIS + 2).collect(), (0..MAX_URIS).collect()),
    ] {
        let record = Record::to(mailbox(0), others.into_iter().map(mailbox));
        let expected: Vec<ReportUri> = expected.into_iter().map(mailbox).collect();
        assert_eq!(record.uris(), expected);
    }
}
