//! The grammar line by line, in both readings.
//!
//! D10 and the like are numbers of requirements: `sts/requirements.md` lists them.

use super::{Field, MaxAge, Mode, Policy, PolicyError, PolicyErrorKind as K, parse};
use crate::facts::Say;
use crate::sts::mx::{MxMatched, MxPattern, MxPatternError};
use crate::sts::name::PolicyNameError;
use crate::sts::reading::Reading;

const LETTER: Reading = Reading::Letter;
const TOLERANT: Reading = Reading::Tolerant;

fn policy(mode: Mode, max_age_secs: u32, patterns: &[&str]) -> Policy {
    let patterns: Vec<MxPattern> = patterns.iter().map(|text| text.parse().unwrap()).collect();
    Policy::new(mode, MaxAge::from_secs(max_age_secs).unwrap(), patterns).unwrap()
}

fn without_extensions(policy: &Policy) -> Policy {
    Policy::new(policy.mode(), policy.max_age(), policy.patterns().to_vec()).unwrap()
}

#[test]
fn policies_of_the_grammar_are_read_alike_in_both_readings() {
    let enforce = || {
        policy(
            Mode::Enforce,
            604_800,
            &["mail.example.com", "*.example.net"],
        )
    };
    for (body, expected) in [
        (
            "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n",
            enforce(),
        ),
        (
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
            enforce(),
        ),
        // No line end at the end; both kinds in one body; any order; WSP after the value and after ":".
        (
            "max_age:604800\nmx:mail.example.com \t\r\nmx: \t *.example.net\nmode:enforce\nversion:STSv1",
            enforce(),
        ),
        // An opt-out names no hosts, but may.
        (
            "version: STSv1\nmode: none\nmax_age: 0\n",
            policy(Mode::None, 0, &[]),
        ),
        (
            "version: STSv1\nmode: none\nmx: a.test\nmax_age: 1",
            policy(Mode::None, 1, &["a.test"]),
        ),
        (
            "version: STSv1\nmode: testing\nmx: 192.0.2.1\nmx: 192.0.2.1\nmax_age: 0031557600\n",
            policy(Mode::Testing, 31_557_600, &["192.0.2.1", "192.0.2.1"]),
        ),
        // D10: unknown fields are ignored.
        (
            "version: STSv1\nfuture.field-1_x: ~ any:thing \u{fc} \u{10ffff}\nmode: none\nMode: enforce\nmax_age: 7",
            policy(Mode::None, 7, &[]),
        ),
        // D11: the first of a duplicate counts, whatever the later one holds.
        (
            "version: STSv1\nmode: none\nmode: enforce\nmax_age: 7\nmax_age: 8\nversion: STSv2",
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\nmode: none\nmode: bogus\nmax_age: 7\nmax_age: +8 ?",
            policy(Mode::None, 7, &[]),
        ),
    ] {
        for reading in Reading::BOTH {
            let read = parse(body.as_bytes(), reading).unwrap();
            assert_eq!(without_extensions(&read), expected, "{body:?}, {reading}");
            let shown = read.to_string();
            assert_eq!(parse(shown.as_bytes(), LETTER), Ok(read), "{shown:?}");
        }
    }
}

#[test]
fn the_closed_list_passes_only_tolerantly() {
    for (body, line, kind, expected) in [
        (
            "version: STSv1\nmode: none\nmax_age: 7\n\n",
            4,
            K::BlankLine,
            policy(Mode::None, 7, &[]),
        ),
        (
            "\nversion: STSv1\nmode: none\nmax_age: 7",
            1,
            K::BlankLine,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\r\n \t\r\nmode: none\r\nmax_age: 7\r\n",
            2,
            K::BlankLine,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\n mode: none\nmax_age: 7",
            2,
            K::LeadingSpace,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\nmode \t: none\nmax_age: 7",
            2,
            K::SpaceBeforeColon {
                name: "mode".into(),
            },
            policy(Mode::None, 7, &[]),
        ),
        (
            "\u{feff}version: STSv1\nmode: none\nmax_age: 7",
            1,
            K::ByteOrderMark,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\rmode: none\rmax_age: 7\r",
            1,
            K::BareCr,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\r\r\nmode: none\nmax_age: 7",
            1,
            K::BareCr,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\nmode: none\nmax_age: 7\r",
            3,
            K::BareCr,
            policy(Mode::None, 7, &[]),
        ),
        (
            "version: STSv1\nmode: enforce\nmx: a.test.\nmx: *.b.test.\nmax_age: 7",
            3,
            K::Mx {
                found: "a.test.".into(),
                error: MxPatternError::Name(PolicyNameError::TrailingDot),
            },
            policy(Mode::Enforce, 7, &["a.test", "*.b.test"]),
        ),
        (
            "version: STSv1\nmode: none\nmax_age: 31557601",
            3,
            K::MaxAgeTooLarge { secs: 31_557_601 },
            policy(Mode::None, 31_557_600, &[]),
        ),
        (
            "version: STSv1\nmode: none\nmax_age: 9999999999",
            3,
            K::MaxAgeTooLarge {
                secs: 9_999_999_999,
            },
            policy(Mode::None, 31_557_600, &[]),
        ),
    ] {
        assert_eq!(
            parse(body.as_bytes(), LETTER),
            Err(PolicyError { line, kind }),
            "{body:?}"
        );
        assert_eq!(parse(body.as_bytes(), TOLERANT), Ok(expected), "{body:?}");
    }
}

/// A policy whose second line is this one.
fn with_line(line: &str) -> String {
    format!("version: STSv1\n{line}\nmode: enforce\nmx: a.test\nmax_age: 604800\n")
}

#[test]
fn a_bad_line_is_refused_in_both_readings_with_its_number_and_text() {
    let mx = |found: &str, error: PolicyNameError| K::Mx {
        found: found.into(),
        error: MxPatternError::Name(error),
    };
    let star = |found: &str| K::Mx {
        found: found.into(),
        error: MxPatternError::Star,
    };
    let character = |character| PolicyNameError::Character { character };
    let max_age = |found: &str| K::MaxAge {
        found: found.into(),
    };
    let mode = |found: &str| K::Mode {
        found: found.into(),
    };
    let name = |name: &str| K::Name { name: name.into() };
    let value = |name: &str, value: &str| K::Value {
        name: name.into(),
        value: value.into(),
    };
    let no_colon = |text: &str| K::NoColon { text: text.into() };
    let too_long = format!("{}: x", "a".repeat(33));
    for (line, expected) in [
        ("mode: Enforce", mode("Enforce")),
        ("mode: enforced", mode("enforced")),
        ("mode: report", mode("report")),
        ("mode:", mode("")),
        ("mode: none none", mode("none none")),
        ("max_age: ", max_age("")),
        ("max_age: -1", max_age("-1")),
        ("max_age: +60", max_age("+60")),
        ("max_age: 6_0", max_age("6_0")),
        ("max_age: 1e3", max_age("1e3")),
        ("max_age: 60s", max_age("60s")),
        ("max_age: 60.0", max_age("60.0")),
        ("max_age: 0x3c", max_age("0x3c")),
        ("max_age: 12345678901", max_age("12345678901")),
        ("max_age: 00000000001", max_age("00000000001")),
        ("max_age: \u{666}\u{660}", max_age("\u{666}\u{660}")),
        ("max_age: \"60\"", max_age("\"60\"")),
        ("mx:", mx("", PolicyNameError::Empty)),
        ("mx: _mx.test", mx("_mx.test", character('_'))),
        (
            "mx: b\u{fc}cher.test",
            mx("b\u{fc}cher.test", character('\u{fc}')),
        ),
        ("mx: a.test, b.test", mx("a.test, b.test", character(','))),
        ("mx: a.test b.test", mx("a.test b.test", character(' '))),
        ("mx: a..test", mx("a..test", PolicyNameError::EmptyLabel)),
        ("mx: .a.test", mx(".a.test", PolicyNameError::EmptyLabel)),
        ("mx: -a.test", mx("-a.test", PolicyNameError::HyphenAtEdge)),
        ("mx: [192.0.2.1]", mx("[192.0.2.1]", character('['))),
        ("mx: 2001:db8::1", mx("2001:db8::1", character(':'))),
        ("mx: .", mx(".", PolicyNameError::EmptyLabel)),
        ("mx: *.", mx("*.", PolicyNameError::Empty)),
        ("mx: *", star("*")),
        ("mx: mx*.test", star("mx*.test")),
        ("mx: *.*.test", star("*.*.test")),
        ("mode enforce", no_colon("mode enforce")),
        ("mode=enforce", no_colon("mode=enforce")),
        ("# a comment", no_colon("# a comment")),
        ("# a: comment", name("# a")),
        ("_x: y", name("_x")),
        (": y", name("")),
        ("mx host: a.test", name("mx host")),
        ("b\u{fc}: y", name("b\u{fc}")),
        (&too_long, name(&"a".repeat(33))),
        ("x:", value("x", "")),
        ("x: a\tb", value("x", "a\\tb")),
        (
            "x: a\0b",
            K::Control {
                octet: 0,
                text: "x: a\\0b".into(),
            },
        ),
        (
            "mode: enforce\u{7f}",
            K::Control {
                octet: 0x7f,
                text: "mode: enforce\\u{7f}".into(),
            },
        ),
    ] {
        let body = with_line(line);
        for reading in Reading::BOTH {
            let kind = expected.clone();
            assert_eq!(
                parse(body.as_bytes(), reading),
                Err(PolicyError { line: 2, kind }),
                "{line:?}, {reading}"
            );
        }
    }
    for line in [
        &b"x: \xff"[..],
        b"x: \xc3",
        b"x: \xed\xa0\x80",
        b"x: \xc0\x80",
    ] {
        let body = [&b"version: STSv1\n"[..], line, b"\nmode: none\nmax_age: 1"].concat();
        for reading in Reading::BOTH {
            let error = parse(&body, reading).unwrap_err();
            assert!(
                matches!(&error.kind, K::Value { name, .. } if &**name == "x"),
                "{error}"
            );
        }
    }
}

#[test]
fn the_version_is_one_and_spelt_one_way() {
    for found in ["STSv2", "stsv1", "STSv1.0", "STSv10", "", "STSv1 x"] {
        let body = format!("version: {found}\nmode: none\nmax_age: 1");
        for reading in Reading::BOTH {
            assert_eq!(
                parse(body.as_bytes(), reading),
                Err(PolicyError {
                    line: 1,
                    kind: K::Version {
                        found: found.into()
                    }
                }),
                "{reading}"
            );
        }
    }
}

#[test]
fn what_is_missing_is_named_never_made_up() {
    let missing = |field, similar: Option<&str>| K::Missing {
        field,
        similar: similar.map(Into::into),
    };
    for (body, line, kind) in [
        ("", 1, K::Empty),
        ("mode: none\nmax_age: 1", 2, missing(Field::Version, None)),
        (
            "Version: STSv1\nmode: none\nmax_age: 1",
            1,
            missing(Field::Version, Some("Version")),
        ),
        (
            "version: STSv1\nmax_age: 1\n",
            2,
            missing(Field::Mode, None),
        ),
        (
            "version: STSv1\nmode: none",
            2,
            missing(Field::MaxAge, None),
        ),
        (
            "version: STSv1\nmode: none\nmax-age: 1",
            3,
            missing(Field::MaxAge, Some("max-age")),
        ),
        (
            "version: STSv1\nmode: enforce\nmax_age: 1",
            3,
            K::NoMx {
                mode: Mode::Enforce,
                similar: None,
            },
        ),
        (
            "version: STSv1\nmode: testing\nMX: a.test\nmax_age: 1",
            3,
            K::NoMx {
                mode: Mode::Testing,
                similar: Some("MX".into()),
            },
        ),
    ] {
        for reading in Reading::BOTH {
            assert_eq!(
                parse(body.as_bytes(), reading),
                Err(PolicyError {
                    line,
                    kind: kind.clone()
                }),
                "{body:?}, {reading}"
            );
        }
    }
    // Nothing but white space.
    for body in ["\n", "\r\n\r\n", " \t", "\u{feff}"] {
        let error = parse(body.as_bytes(), TOLERANT).unwrap_err();
        assert_eq!(error.kind, K::Empty, "{body:?}");
        assert_ne!(parse(body.as_bytes(), LETTER), Err(error), "{body:?}");
    }
}

#[test]
fn html_and_other_pages_are_no_policy() {
    for body in [
        "<!DOCTYPE html>\n<html><body>Not found</body></html>",
        "{\"version\": \"STSv1\"}",
        "version: STSv1, mode: enforce, mx: a.test, max_age: 1",
    ] {
        for reading in Reading::BOTH {
            let error = parse(body.as_bytes(), reading).unwrap_err();
            assert_eq!(error.line, 1, "{error}");
        }
    }
}

/// A body, its first fault, and what would be right.
type Said = (&'static str, &'static str, Option<&'static str>);

const SAID: &[Said] = &[
    (
        "version: STSv1\nmode: Enforce",
        "line 2: mode `Enforce` is none of enforce, testing, none",
        Some("did you mean `enforce`"),
    ),
    (
        "mode: enabled",
        "line 1: mode `enabled` is none of enforce, testing, none",
        None,
    ),
    (
        "mode=enforce",
        "line 1: there is no `:` in `mode=enforce`",
        Some("did you mean `mode: enforce`"),
    ),
    (
        "mx: b\u{fc}cher.test",
        "line 1: mx `b\u{fc}cher.test` is no host name or wildcard: the character '\u{fc}' cannot stand in a name",
        Some("did you mean `xn--bcher-kva.test`"),
    ),
    (
        "mx: .example.com",
        "line 1: mx `.example.com` is no host name or wildcard: the name has an empty label (two dots in a row, or a dot at the start)",
        Some("did you mean `*.example.com`"),
    ),
    (
        "mx: *example.com",
        "line 1: mx `*example.com` is no host name or wildcard: `*` can only stand for the whole left-most label, as in `*.example.com`",
        Some("did you mean `*.example.com`"),
    ),
    (
        "mx: a.test.",
        "line 1: mx `a.test.` is no host name or wildcard: the name ends with a dot",
        Some("did you mean `a.test`"),
    ),
    (
        "mx: a.test, b.test",
        "line 1: mx `a.test, b.test` is no host name or wildcard: the character ',' cannot stand in a name",
        Some("give each host an `mx` line of its own"),
    ),
    (
        "mx: _a.test",
        "line 1: mx `_a.test` is no host name or wildcard: the character '_' cannot stand in a name",
        None,
    ),
    (
        "max_age: 604,800",
        "line 1: max_age `604,800` is not 1 to 10 digits",
        Some("did you mean `604800`"),
    ),
    (
        "max_age: 1w",
        "line 1: max_age `1w` is not 1 to 10 digits",
        Some("did you mean `604800`"),
    ),
    (
        "max_age: a week",
        "line 1: max_age `a week` is not 1 to 10 digits",
        Some("give whole seconds in plain digits, as in `604800` for a week"),
    ),
    (
        "mode: report",
        "line 1: mode `report` is none of enforce, testing, none",
        Some("did you mean `testing`"),
    ),
    (
        "mode: [testing]",
        "line 1: mode `[testing]` is none of enforce, testing, none",
        Some("did you mean `testing`"),
    ),
    (
        "mode: enforced",
        "line 1: mode `enforced` is none of enforce, testing, none",
        Some("did you mean `enforce`"),
    ),
    (
        "mode enforce",
        "line 1: there is no `:` in `mode enforce`",
        Some("did you mean `mode: enforce`"),
    ),
    (
        "mx: 10 mx.a.test.",
        "line 1: mx `10 mx.a.test.` is no host name or wildcard: the character ' ' cannot stand in a name",
        Some("did you mean `mx.a.test`: a policy has no preferences"),
    ),
    (
        "mx: postmaster@a.test",
        "line 1: mx `postmaster@a.test` is no host name or wildcard: the character '@' cannot stand in a name",
        Some("did you mean `a.test`: an `mx` is a host, not a mail address"),
    ),
    (
        "mx: https://mx.a.test/",
        "line 1: mx `https://mx.a.test/` is no host name or wildcard: the character ':' cannot stand in a name",
        Some("did you mean `mx.a.test`"),
    ),
    (
        "mx: \"mx.a.test\"",
        "line 1: mx `\"mx.a.test\"` is no host name or wildcard: the character '\"' cannot stand in a name",
        Some("did you mean `mx.a.test`"),
    ),
    (
        "mx:",
        "line 1: mx `` is no host name or wildcard: the name is empty",
        Some("name a host, or remove the line"),
    ),
    (
        "max_age: 31557601",
        "line 1: max_age 31557601 is above the maximum, 31557600",
        Some("the most is `31557600`"),
    ),
    (
        "mode : enforce",
        "line 1: there is white space between `mode` and `:`",
        Some("did you mean `mode:`"),
    ),
    (
        "version: STSv1\n\nmode: none",
        "line 2: the line is blank",
        Some("remove the blank line: at most one line end may follow the last field"),
    ),
    (
        "version: STSv1\nMode: none\nmax_age: 1\n",
        "line 2: the policy ends without a `mode` field",
        Some("did you mean `mode` by `Mode`"),
    ),
    (
        "version: STSv1\nmode: none\n",
        "line 2: the policy ends without a `max_age` field",
        Some("add the line `max_age: 604800`"),
    ),
    (
        "version: STSv1\nm mode: none\n",
        "line 2: `m mode` is not a field name (letters, digits, `_`, `-`, `.`; 32 at most; a letter or \
             digit first)",
        None,
    ),
    (
        "version: STSv1\nmx: a..b\n",
        "line 2: mx `a..b` is no host name or wildcard: the name has an empty label (two dots in a row, or a \
             dot at the start)",
        None,
    ),
    (
        "version: STSv1\nmx: a_b\n",
        "line 2: mx `a_b` is no host name or wildcard: the character '_' cannot stand in a name",
        None,
    ),
    (
        "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "line 3: the policy ends without an `mx` field, which mode enforce needs",
        Some("add a line `mx: mx1.example.com` for each host of the MX records"),
    ),
];

#[test]
fn an_error_says_where_what_and_what_would_be_right() {
    for (body, message, hint) in SAID {
        let error = parse(body.as_bytes(), LETTER).unwrap_err();
        assert_eq!(error.to_string(), *message);
        assert_eq!(error.sentence().to_string(), *message);
        assert_eq!(error.kind.hint().as_deref(), *hint, "{message}");
    }
}

#[test]
fn a_span_or_a_mode_is_hinted_at_as_people_write_it() {
    for (line, expected) in [
        ("max_age: 90s", Some("90")),
        ("max_age: 90 seconds", Some("90")),
        ("max_age: 5m", Some("300")),
        ("max_age: 5 Minutes", Some("300")),
        ("max_age: 2h", Some("7200")),
        ("max_age: 7d", Some("604800")),
        ("max_age: 7 days", Some("604800")),
        ("max_age: 2 weeks", Some("1209600")),
        ("max_age: 1y", Some("31536000")),
        // Above the maximum, of no known unit, of no unit's length.
        ("max_age: 2y", None),
        ("max_age: 1 fortnight", None),
        ("max_age: d", None),
        // One or two slips in a word long enough not to be another.
        ("mode: enfroce", Some("enforce")),
        ("mode: tseting", Some("testing")),
        ("mode: nnoe", Some("none")),
        ("mode: non", None),
        ("mode: on", None),
        ("mode: always", None),
    ] {
        let error = parse(line.as_bytes(), LETTER).unwrap_err();
        let hint = error.kind.hint();
        let hint = hint
            .as_deref()
            .and_then(|hint| hint.strip_prefix("did you mean "));
        assert_eq!(hint.map(|hint| hint.trim_matches('`')), expected, "{line}");
    }
}

#[test]
fn what_an_error_repeats_is_bounded() {
    let body = format!("mode: {}", "x".repeat(60_000));
    let error = parse(body.as_bytes(), LETTER).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[test]
fn extensions_are_bounded_and_kept_in_order() {
    let fields: String = (0..1_000).map(|n| format!("x{n}: {n}\n")).collect();
    let body = format!("{fields}version: STSv1\nmode: none\nmax_age: 1");
    let read = parse(body.as_bytes(), LETTER).unwrap();
    assert_eq!(read.extensions().len(), 32);
    assert_eq!(read.extensions()[31], ("x31".into(), "31".into()));
}

#[test]
fn every_pattern_of_a_full_body_is_kept() {
    let lines: String = (0..5_000).map(|n| format!("mx: {n}.t\n")).collect();
    let body = format!("version: STSv1\nmode: enforce\nmax_age: 1\n{lines}");
    let read = parse(body.as_bytes(), LETTER).unwrap();
    assert_eq!(read.patterns().len(), 5_000);
    let last = "4999.t".parse().unwrap();
    assert_eq!(
        read.matching(&last).map(ToString::to_string).as_deref(),
        Some("4999.t")
    );
    assert_eq!(MxMatched::check(&read, &last).unwrap().host(), &last);
    assert_eq!(read.matching(&"5000.t".parse().unwrap()), None);
}

#[test]
fn max_age_ends_at_a_year() {
    assert_eq!(MaxAge::from_secs(31_557_600), Some(MaxAge::MAX));
    assert_eq!(MaxAge::from_secs(31_557_601), None);
    assert_eq!(MaxAge::MAX.as_duration().as_secs(), 31_557_600);
    assert_eq!(MaxAge::MAX.as_secs(), 31_557_600);
}
