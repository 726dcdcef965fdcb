//! `JUnit` fails where the exit code does, and stays XML whatever strangers write.

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use stickler::diagnose::document::Severity;
use stickler::report::check;
use stickler::report::{Format, Sink};

use super::{json, samples};

#[test]
fn a_case_fails_with_the_worst_code_and_the_reason() {
    let reports: Vec<_> = samples::all()
        .into_iter()
        .map(|(_, report)| report)
        .collect();
    let text = json::write(Format::Junit, &reports);
    let report = Report::deserialize_from_str(&text).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), "stickler check");
    assert_eq!((suite.tests, suite.failures, suite.errors), (7, 4, 1));
    let cases: Vec<_> = suite
        .test_cases
        .iter()
        .map(|case| (case.name.as_str(), outcome(&case.status)))
        .collect();
    assert_eq!(
        &cases[..6],
        [
            ("corp.test", "ok".to_owned()),
            (
                "corp.test",
                "Failure STS-MX-UNCOVERED: the policy (mode enforce) does not list mx.new.test, the only MX host"
                    .to_owned()
            ),
            (
                "corp.test",
                "Failure STS-ID-STALE: a sender that cached the policy before still applies it, and it lists mx.old.test only"
                    .to_owned()
            ),
            (
                "split.test",
                "Failure STS-MX-UNCOVERED: tolerant senders read the policy, and it does not list mx.new.test"
                    .to_owned()
            ),
            (
                "silent.test",
                "Error undetermined: the policy host did not answer us within 60 s".to_owned()
            ),
            ("nomail.test", "ok".to_owned()),
        ]
    );
    let notes = suite.test_cases[1].system_out.as_ref().unwrap();
    assert!(
        notes.contains("note STS-PATTERN-UNUSED (step 5, RFC 8461 §3.2): "),
        "{notes:?}"
    );
}

#[test]
fn control_characters_are_shown_and_break_nothing() {
    let text = json::write(Format::Junit, &[samples::hostile()]);
    assert_eq!(
        text.chars()
            .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{fffe}')),
        None
    );
    let report = Report::deserialize_from_str(&text).unwrap();
    let case = &report.test_suites[0].test_cases[0];
    assert_eq!(
        outcome(&case.status),
        "Failure STS-MX-UNCOVERED\\u{1b}[2J\\u{9b}31m\\u{202e}\\n\\r\\0\\u{7}\\u{fffe}<&\"]]>: \
         reason\\u{1b}[2J\\u{9b}31m\\u{202e}\\n\\r\\0\\u{7}\\u{fffe}<&\"]]>"
    );
}

#[test]
fn what_fails_follows_the_severity_that_was_asked_for() {
    for (fail_on, expected) in [
        (Severity::Error, "ok"),
        (Severity::Warning, "ok"),
        (
            Severity::Note,
            "Failure MX-NULL: the domain accepts no mail: null MX",
        ),
    ] {
        let mut options = json::options();
        options.context.fail_on = fail_on;
        let form = check::form(Format::Junit, samples::run(), options);
        let mut sink = Sink::new(Vec::new(), form);
        sink.write(samples::null_mx()).unwrap();
        let text = String::from_utf8(sink.finish().unwrap()).unwrap();
        let report = Report::deserialize_from_str(&text).unwrap();
        let case = &report.test_suites[0].test_cases[0];
        assert_eq!(outcome(&case.status), expected, "{fail_on:?}");
    }
}

fn outcome(status: &TestCaseStatus) -> String {
    match status {
        TestCaseStatus::Success { .. } => "ok".to_owned(),
        TestCaseStatus::NonSuccess {
            kind, message, ty, ..
        } => {
            let kind = match kind {
                NonSuccessKind::Failure => "Failure",
                NonSuccessKind::Error => "Error",
            };
            format!("{kind} {}: {}", text(ty.as_ref()), text(message.as_ref()))
        }
        TestCaseStatus::Skipped { .. } => "skipped".to_owned(),
    }
}

fn text(found: Option<&quick_junit::XmlString>) -> &str {
    found.map_or("", |found| found.as_str())
}
