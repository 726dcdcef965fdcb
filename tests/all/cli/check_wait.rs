//! `check --wait`, as a pipeline runs it.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
#[cfg(unix)]
use std::process::Stdio;

use super::lab::{Lab, command_with};
use super::replay::validator;
#[cfg(unix)]
use super::signal;
use super::{Program, Run};

const BOTH: &str =
    "version: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n";

/// A body that is published, which one address has not heard of for so many requests; then the id.
fn story(lag: u32) -> String {
    format!(
        r#"id    = "wait"
title = "A body, then its id"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
ns     = ["ns1.corp.test", "ns2.corp.test"]
txt    = {{ records = ["v=STSv1; id=1;"] }}
policy = {{ mode = "enforce", mx = ["mx.old.test"], max_age = "7d", addresses = ["192.0.2.11", "192.0.2.12"], edges."192.0.2.12".headers = {{ Age = "60", Cache-Control = "max-age=600" }} }}
mx     = {{ records = ["10 mx.old.test"] }}

[domains."other.test"]
txt    = {{ records = ["v=STSv1; id=1;"] }}
policy = {{ mode = "enforce", mx = ["mx.old.test", "mx.new.test"], max_age = "7d" }}
mx     = {{ records = ["10 mx.old.test"] }}

[servers."mx.old.test"]
[servers."mx.new.test"]
[nameservers."ns1.corp.test"]
[nameservers."ns2.corp.test"]

[[step]]
at = "0s"

[[step]]
at = "1h"
set.domains."corp.test" = {{ serial = 2, policy = {{ mx = ["mx.old.test", "mx.new.test"], edges."192.0.2.12".lag = {lag} }} }}
set.nameservers."ns2.corp.test".lag = 2

[[step]]
at = "2h"
set.domains."corp.test".txt.records = ["v=STSv1; id=2;"]
[[step.check]]
domain          = "corp.test"
intended_mx     = ["mx.new.test"]
exit            = 0
"#
    )
}

fn lab(program: &Program, lag: u32, at: &str) -> Lab {
    program.write("story.toml", story(lag));
    program.write("both.txt", BOTH);
    let mut lab = Lab::up(program, &["story.toml", "--at", at, "--env", "lab.env"]);
    lab.read_to("moves on");
    lab
}

const MEANT: [&str; 6] = [
    "check",
    "corp.test",
    "--intended-mx",
    "mx.new.test",
    "--intended-policy",
    "both.txt",
];

fn check(program: &Program, words: &[&str]) -> Run {
    Run::of(&mut command_with(
        program,
        "lab.env",
        &[&MEANT, words].concat(),
    ))
}

#[test]
fn a_pipeline_publishes_the_body_waits_publishes_the_id_and_waits() {
    let program = Program::new();
    let mut lab = lab(&program, 1, "1h");
    let run = check(&program, &["--wait", "1m"]);
    run.check(
        0,
        &[
            "corp.test: deliver",
            "!stickler: corp.test: waiting for ",
            "!mta-sts.corp.test (192.0.2.12) serves another policy",
            "!stickler: corp.test: what is intended is everywhere, seen after ",
        ],
        &"the body",
    );
    // The id is not there yet, and its time is not over either.
    check(&program, &["--intended-id", "2", "--wait", "0s"]).check(
        1,
        &[
            "INTENDED-NOT-IN-TIME",
            "says id 1, not 2",
            "corp.test: deliver, but 1 error: ",
        ],
        &"the id too early",
    );
    check(
        &program,
        &[
            "--intended-id",
            "2",
            "--wait",
            "0s",
            "--wait-for",
            "body",
            "--steps",
        ],
    )
    .check(
        0,
        &["every address serves it: the id can be changed now"],
        &"the body alone",
    );
    lab.write("next");
    lab.read_to("--now");
    check(&program, &["--intended-id", "2", "--wait", "1m"]).check(
        0,
        &["corp.test: deliver"],
        &"the id",
    );
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn at_the_end_of_patience_the_document_says_what_was_missing() {
    let program = Program::new();
    let lab = lab(&program, 1_000, "1h");
    let validator = validator(&program, "check");
    let run = check(&program, &["--wait", "1s", "--format", "json"]);
    run.check(1, &["!waiting for "], &"json");
    let document = run.json();
    validator.assert_accepts(&document);
    let waited = &document["domains"][0]["waited"];
    assert_eq!(waited["patience_secs"], 1);
    let missing = waited["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0]["kind"], "edge");
    assert_eq!(missing[0]["address"], "192.0.2.12");
    assert!(missing[0]["kept_until"].is_string(), "{missing:?}");
    let edge = &document["domains"][0]["fetch"]["edges"][1];
    assert_eq!(edge["age_secs"], 60);
    assert_eq!(edge["cache_control"], "max-age=600");
    assert_eq!(
        edge["kept_until"],
        document["domains"][0]["fetch"]["id_safe_from"]
    );
    // Another domain of the same phase keeps its result.
    program.write(
        "phase.toml",
        "[domains.\"corp.test\"]\nmx = \"mx.new.test\"\npolicy_file = \"both.txt\"\nid = \"2\"\n\
         [domains.\"other.test\"]\nmx = \"mx.new.test\"\npolicy_file = \"both.txt\"\n",
    );
    let words = [
        "check",
        "--intended",
        "phase.toml",
        "--wait",
        "0s",
        "--steps",
    ];
    Run::of(&mut command_with(&program, "lab.env", &words)).check(
        1,
        &[
            "other.test: deliver ",
            "INTENDED-NOT-IN-TIME",
            "says id 1, not 2",
            "change the id no sooner than ",
        ],
        &"a phase",
    );
    assert_eq!(lab.end(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_wait_and_what_is_known_is_written() {
    let program = Program::new();
    let lab = lab(&program, 1_000, "1h");
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"));
    for line in program.read("lab.env").lines() {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value.trim_matches('\''));
    }
    let mut child = command
        .args(MEANT)
        .args(["--wait", "1h"])
        .current_dir(program.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for ") {
        line.clear();
        assert!(messages.read_line(&mut line).unwrap() > 0);
    }
    signal("INT", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("corp.test: "), "{text}");
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_wait_that_has_nothing_to_wait_for_is_wrong_usage() {
    let program = Program::new();
    program.write("both.txt", BOTH);
    program.write(
        "phase.toml",
        "[domains.\"corp.test\"]\nmx = \"mx.new.test\"\n",
    );
    for (words, expected) in [
        (
            &["corp.test", "--wait", "1m"][..],
            "!--wait waits for what is intended: say it with --intended-mx",
        ),
        (
            &["corp.test", "--intended-mx", "mx.new.test", "--wait", "1m"],
            "!--wait waits for a policy, and none is intended for corp.test",
        ),
        (
            &["--intended", "phase.toml", "--wait", "1m"],
            "!none is intended for corp.test: name it with --intended-policy, or in the file",
        ),
        (
            &["--intended", "phase.toml", "--intended-id", "2"],
            "!--intended-id goes with --intended-mx; in the file",
        ),
        (
            &["corp.test", "--intended-id", "2"],
            "!--intended-id goes with --intended-mx: name the hosts",
        ),
        (
            &[
                "corp.test",
                "--intended-mx",
                "mx.new.test",
                "--intended-id",
                "2-3",
            ],
            "!other characters than letters and digits",
        ),
        (
            &["corp.test", "--intended-mx", "mx.new.test", "--wait", "10"],
            "!the unit is missing",
        ),
    ] {
        let all = [&["check"], words].concat();
        program.run(&all).check(2, &[expected], &words);
    }
}
