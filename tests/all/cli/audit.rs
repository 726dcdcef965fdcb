//! `audit`: what it says of senders, what it exits with, and the page that lists its requirements.

use std::collections::BTreeSet;
use std::path::Path;

use stickler::audit::requirements;

use super::Program;
use crate::support::schema::Validator;

/// Two requirements: one that a sender without MTA-STS meets, and one that it does not.
const TWO: [&str; 4] = ["--only", "not-listed", "--only", "8461/3.1/two-records"];

#[test]
fn a_must_that_is_not_enforced_is_exit_code_1_and_says_what_was_seen() {
    let program = Program::new();
    let seen = "at first mail arrived at mx.not-listed.test over TLS 1.3";
    for (sender, exit, told) in [
        ("strict", 0, &["strict: 2 of 2 requirements enforced"][..]),
        (
            "never-enforces",
            1,
            &["never-enforces: 1 of 2 requirements enforced", seen],
        ),
        // Only the first attempt would show that it enforces: the queue is run.
        (
            "enforces-once",
            1,
            &["enforces-once: 1 of 2 requirements enforced", seen],
        ),
    ] {
        let words = [&["audit", sender], &TWO[..]].concat();
        program.run(&words).check(exit, told, &words);
    }
}

#[test]
fn what_is_only_recommended_or_known_is_exit_code_0() {
    let program = Program::new();
    for (name, id) in [
        ("known.toml", "8461/4.1/not-listed"),
        ("wrong.toml", "8461/4.1/no-such"),
    ] {
        let text = format!("sender = \"a lenient one\"\n[known]\n\"{id}\" = \"it is lenient\"\n");
        program.write(name, text);
    }
    for (words, exit, told) in [
        (
            "never-enforces --only not-listed --known known.toml",
            0,
            &["a lenient one: 0 of 1", "it is lenient"][..],
        ),
        (
            "strict --only not-listed --known known.toml",
            1,
            &[
                "a lenient one: 1 of 1",
                "!is met, though it is known not to be",
            ],
        ),
        (
            "strict --only not-listed --known wrong.toml",
            2,
            &["!no requirement is named `8461/4.1/no-such`"],
        ),
        (
            "enforces-testing --only testing",
            0,
            &["enforces-testing: 0 of 1"],
        ),
        (
            "strict --only no-such",
            2,
            &["!no requirement is named `no-such`"],
        ),
        ("no-such", 2, &["!a control: never-enforces"]),
    ] {
        let words: Vec<&str> = ["audit"].into_iter().chain(words.split(' ')).collect();
        program.run(&words).check(exit, told, &words);
    }
}

#[test]
fn the_self_test_says_which_control_fails_what() {
    let program = Program::new();
    let words = [&["audit", "--self-test", "-v"], &TWO[..]].concat();
    let told = [
        "2 of 2 requirements are failed by the control that is made for them\n",
        "  caught 8461/3.1/two-records by takes-the-first-record",
        "  caught 8461/4.1/not-listed by any-host",
    ];
    program.run(&words).check(0, &told, &words);
}

#[test]
fn json_has_its_schema_and_junit_a_case_a_requirement() {
    let program = Program::new();
    let run = |form: &str| {
        let words = [&["audit", "never-enforces", "--format", form], &TWO[..]].concat();
        let run = program.run(&words);
        run.check(1, &[], &words);
        run
    };
    let json = run("json").json();
    let schema = stickler::report::schema::by_name("audit").unwrap();
    Validator::closed(schema).assert_accepts(&json);
    let scored = json["senders"][0]["requirements"].as_array().unwrap();
    let outcomes: Vec<&serde_json::Value> =
        scored.iter().map(|scored| &scored["outcome"]).collect();
    assert_eq!(outcomes, ["enforced", "not-enforced"]);
    let junit = run("junit").stdout;
    assert!(
        junit.contains("tests=\"2\" skipped=\"0\" failures=\"1\" errors=\"0\""),
        "{junit}"
    );
    let markdown = run("markdown").stdout;
    assert!(
        markdown.contains("| `8461/4.1/not-listed` | MUST |"),
        "{markdown}"
    );
}

#[test]
fn scores_of_earlier_audits_are_written_side_by_side() {
    let program = Program::new();
    for (sender, exit) in [("strict", 0), ("never-enforces", 1)] {
        let file = format!("{sender}.json");
        let words = [
            &["audit", sender, "--format", "json", "--output", &file],
            &TWO[..],
        ]
        .concat();
        program.run(&words).check(exit, &[], &words);
    }
    let words = "audit --format markdown --read strict.json --read never-enforces.json";
    let words: Vec<&str> = words.split(' ').collect();
    let told = [
        "| requirement | level | its domain shows | strict | never-enforces |",
        "| enforced | **not enforced** (1) |",
        "| enforced |  |  | 2 of 2 MUST, 0 of 0 SHOULD | 1 of 2 MUST, 0 of 0 SHOULD |",
    ];
    program.run(&words).check(1, &told, &words);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_requirement_has_its_row_on_the_page() {
    let page = std::fs::read_to_string(root().join("src/pages/audit.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `8461/"))
        .collect();
    let expected: Vec<String> = requirements::all()
        .map(|row| {
            format!(
                "| `{}` | {} | {} | {} | `{}` |",
                row.id,
                row.level,
                row.number,
                row.shows.replace('|', "\\|"),
                row.failed_by
            )
        })
        .collect();
    assert_eq!(rows, expected, "{}", expected.join("\n"));
}

#[test]
fn the_requirements_are_those_that_are_numbered() {
    let list = std::fs::read_to_string(root().join("src/sts/requirements.md")).unwrap();
    let numbers: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .collect();
    for row in requirements::all() {
        assert!(numbers.contains(row.number), "{}: {}", row.id, row.number);
    }
}
