//! What a play through mail servers told, as a table, as JSON and as JUnit.

use std::time::Duration;

use quick_junit::{Report, TestCaseStatus};
use stickler::facts::UnixTime;
use stickler::replay::far::outcome::{Cell, FarReplayed, Fate, LeftOut};
use stickler::replay::{Outcome, Replayed};
use stickler::report::replay::{FAR_SCHEMA, far_json, far_junit};
use stickler::report::{Context, schema, text};
use stickler::sender::Verdict;
use stickler::story::NetworkKind;

use crate::support::schema::Validator;

const HOUR: Duration = Duration::from_secs(3600);

fn cell(sender: &str, fate: Fate, faults: &[&str]) -> Cell {
    Cell {
        line: 36,
        after: HOUR * 50,
        title: "the MX moves".into(),
        sender: sender.into(),
        to: format!("{sender}-36@corp.test").into(),
        queued: false,
        fate,
        expected: Some(Verdict::Defer),
        queue_runs: 2,
        faults: faults.iter().map(ToString::to_string).collect(),
    }
}

/// One sender does what it must, the other takes the MX host that the policy does not list.
fn played() -> FarReplayed {
    let deferred = Fate::Deferred {
        reply: "4.7.5 Server certificate\u{1b} not verified".into(),
    };
    let arrived = Fate::Arrived {
        via: "mx.new.test".into(),
        tls: Some("TLSv1.3".into()),
        protected: Some(false),
        times: 1,
    };
    let wrong = "verdict defer was expected, it is deliver-unprotected";
    FarReplayed {
        factor: 3600,
        story: Replayed {
            id: "migration/cutover".into(),
            file: "cutover.toml".into(),
            title: "The MX moves".into(),
            rfc: vec!["8461 §4.1".into()],
            start: UnixTime::from_secs(0),
            outcome: Outcome::Holds,
            xfail: None,
            networks: vec![NetworkKind::Lab],
            only_because: None,
            elapsed_secs: 57.0,
            failures: Vec::new(),
            steps: Vec::new(),
            courses: Vec::new(),
            sidecar: None,
        },
        senders: vec!["postfix".into(), "exim".into()],
        cells: vec![
            cell("postfix", deferred, &[]),
            cell("exim", arrived, &[wrong]),
        ],
        left_out: vec![LeftOut {
            line: 41,
            after: HOUR,
            why: "it would fail at this pace".into(),
        }],
        unannounced: vec!["MX sender.test".to_owned()],
    }
}

#[test]
fn the_table_says_who_delivered_where_and_what_is_wrong() {
    let context = Context::plain(UnixTime::from_secs(0));
    assert_eq!(
        text::far(&played(), &context),
        "migration/cutover: fails (3600 times as fast as it is told, 57 s)
  The MX moves

    step  postfix   exim
    2d2h  DEFERRED  RED mx.new.test unprotected

  Why mail waits
    postfix, 2d2h: 4.7.5 Server certificate\\u{1b} not verified

  What is wrong
    RED exim, 2d2h: verdict defer was expected, it is deliver-unprotected

  What is left out at this pace
    line 41 it would fail at this pace

  What mail servers asked besides
    MX sender.test
"
    );
    let mut well = played();
    well.cells.truncate(1);
    assert!(well.holds() && !played().holds());
}

#[test]
fn each_message_is_a_case_and_what_is_left_out_is_skipped() {
    let mut octets = Vec::new();
    far_junit(&mut octets, &played()).unwrap();
    let report = Report::deserialize_from_str(&String::from_utf8(octets).unwrap()).unwrap();
    let suite = &report.test_suites[0];
    let cases: Vec<(&str, &str)> = suite
        .test_cases
        .iter()
        .map(|case| {
            let status = match case.status {
                TestCaseStatus::Success { .. } => "ok",
                TestCaseStatus::NonSuccess { .. } => "failure",
                TestCaseStatus::Skipped { .. } => "skipped",
            };
            (case.name.as_str(), status)
        })
        .collect();
    assert_eq!(
        cases,
        [
            ("migration/cutover: its own senders", "ok"),
            ("migration/cutover: postfix at 2d2h, fresh", "ok"),
            ("migration/cutover: exim at 2d2h, fresh", "failure"),
            ("migration/cutover: line 41", "skipped"),
        ]
    );
}

#[test]
fn the_json_is_what_its_schema_says() {
    let document = serde_json::from_str(&far_json(&played()).unwrap()).unwrap();
    let schema = schema::by_name("lab-play").unwrap();
    assert_eq!(schema["title"], FAR_SCHEMA);
    Validator::closed(schema).assert_accepts(&document);
    assert_eq!(document["cells"][1]["fate"]["via"], "mx.new.test");
}
