//! JSON and NDJSON hold to their schema and to each other.

use std::io::{self, Write};

use serde_json::{Value, json};
use stickler::diagnose::document::DomainReport;
use stickler::report::check::{self, Document, Options};
use stickler::report::{Context, Format, Sink, schema};

use super::samples;
use crate::support::schema::Validator;

#[test]
fn every_document_is_what_its_schema_says() {
    let validator = closed_validator();
    for (name, report) in samples::all() {
        for format in [Format::Json, Format::Ndjson] {
            let text = write(format, std::slice::from_ref(&report));
            assert_valid(&validator, &text, &format!("{name} as {format}"));
        }
    }
    assert_valid(&validator, &write(Format::Json, &[]), "no domain");
}

#[test]
fn the_schema_refuses_what_is_no_result() {
    let validator = closed_validator();
    let good: Value = serde_json::from_str(&write(Format::Json, &[samples::stale()])).unwrap();
    for (pointer, value) in [
        ("/schema", json!("stickler/check/3")),
        ("/domains/0/verdict", json!("fine")),
        ("/domains/0/mx/0/verdict", json!("Accepted")),
        ("/domains/0/findings/0/severity", json!(null)),
        ("/domains/0/senders/0/until", json!(7)),
        ("/domains/0/tlsrpt", json!({ "record": null })),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.accepts(&bad), "{pointer}");
    }
}

#[test]
fn a_streamed_document_is_the_whole_one() {
    let reports: Vec<_> = samples::all()
        .into_iter()
        .map(|(_, report)| report)
        .collect();
    let run = samples::run();
    let whole = serde_json::to_value(Document::new(&run, &reports)).unwrap();
    let streamed: Value = serde_json::from_str(&write(Format::Json, &reports)).unwrap();
    assert_eq!(streamed, whole);
    assert_eq!(
        streamed.as_object().unwrap().keys().collect::<Vec<_>>(),
        [
            "schema",
            "checked_at",
            "stickler_version",
            "resolver",
            "source_address",
            "domains"
        ]
    );
}

#[test]
fn each_line_stands_for_itself() {
    let reports = [samples::well(), samples::hostile(), samples::null_mx()];
    let text = write(Format::Ndjson, &reports);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), reports.len());
    for (line, report) in lines.iter().zip(&reports) {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["schema"], "stickler/check/2");
        assert_eq!(value["checked_at"], "2026-03-04T10:00:00Z");
        assert_eq!(value["domains"], json!([report]));
    }
}

#[test]
fn nothing_in_json_obeys_a_stranger() {
    for format in [Format::Json, Format::Ndjson] {
        let text = write(format, &[samples::hostile()]);
        let found = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{fffe}'));
        assert_eq!(found, None, "{format}");
    }
}

#[test]
fn a_reader_that_went_away_is_an_error_and_no_panic() {
    for format in Format::ALL {
        let mut sink = Sink::new(Closed, check::form(format, samples::run(), options()));
        let written = sink.write(samples::stale());
        // JUnit writes at the end, the others at once.
        let error = written
            .and_then(|()| sink.finish().map(|_| ()))
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}");
    }
}

/// A pipe whose reader went away.
#[derive(Debug)]
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn options() -> Options {
    Options {
        context: Context::plain(samples::now()),
        order: Vec::new(),
    }
}

pub(super) fn write(format: Format, reports: &[DomainReport]) -> String {
    let form = check::form(format, samples::run(), options());
    let mut sink = Sink::new(Vec::new(), form);
    for report in reports {
        sink.write(report.clone()).unwrap();
    }
    String::from_utf8(sink.finish().unwrap()).unwrap()
}

fn assert_valid(validator: &Validator, text: &str, what: &str) {
    let errors = validator.errors(&serde_json::from_str(text).unwrap());
    assert_eq!(errors, Vec::<String>::new(), "{what}");
}

/// The published schema, but nothing may stand in a document that it does not describe.
fn closed_validator() -> Validator {
    Validator::closed(schema::by_name("check").unwrap())
}
