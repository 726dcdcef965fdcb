//! `check` where nobody answers at port 25, where nobody is to be asked, and where nobody waits for the end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use serde_json::{Value, json};

use super::lab::{Lab, command_with};
use super::replay::validator;
#[cfg(unix)]
use super::signal;
use super::{Program, Run};

const STORY: &str = r#"id    = "port-25"
title = "MX hosts that answer no connection, and one that does"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.corp.test"], max_age = "7d" }
mx     = { records = ["10 mx.corp.test"] }

[domains."dark.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.dark.test", "mx.darker.test"], max_age = "7d" }
mx     = { records = ["10 mx.dark.test", "20 mx.darker.test"] }

[domains."backup.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.dark.test"], max_age = "7d" }
mx     = { records = ["10 mx.dark.test", "20 mx.darker.test"] }

[domains."moved.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.dark.test"] }

[domains."plain.test"]
txt    = { records = ["v=spf1 -all"] }
mx     = { records = ["10 mx.dark.test"] }

[domains."expired.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.expired.test"], max_age = "7d" }
mx     = { records = ["10 mx.expired.test"] }

[servers."mx.corp.test"]
[servers."mx.expired.test"]
certificate = { fault = "expired" }
[servers."mx.dark.test"]
fault = "blackhole"
[servers."mx.darker.test"]
addresses."192.0.2.101" = {}
addresses."192.0.2.102" = {}
fault = "blackhole"

[senders]
strict = { class = "strict" }

[[step]]
at = "0s"
[[step.expect]]
domain = "corp.test"
verdict = "deliver"
"#;

fn lab(program: &Program) -> Lab {
    program.write("story.toml", STORY);
    let mut lab = Lab::up(program, &["story.toml", "--env", "lab.env"]);
    lab.read_to("moves on");
    lab
}

fn check(program: &Program, words: &[&str]) -> Run {
    let words = [&["check"], words].concat();
    Run::of(&mut command_with(program, "lab.env", &words))
}

/// Returns what a document says of its last domain: its verdict, its certainty, its reason, and the codes of what
/// is more than a note.
fn told(document: &Value) -> (String, String, String, Vec<String>) {
    let domain = document["domains"].as_array().unwrap().last().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = domain["findings"].as_array().unwrap().iter();
    let grave = findings.filter(|finding| finding["severity"] != "note");
    (
        text(&domain["verdict"]),
        text(&domain["certainty"]),
        text(&domain["reason"]),
        grave.map(|finding| text(&finding["code"])).collect(),
    )
}

#[test]
fn a_port_that_nobody_answers_at_is_told_as_that() {
    let program = Program::new();
    let lab = lab(&program);
    let validator = validator(&program, "check");
    let (blocked, uncovered) = ("MX-PORT-BLOCKED", "STS-MX-UNCOVERED");
    let unreachable = "MX-UNREACHABLE";
    for (domains, exit, state, expected) in [
        (
            &["dark.test"][..],
            3,
            json!({ "port": 25, "state": "seems-blocked", "addresses_tried": 3, "addresses_answered": 0 }),
            (
                "undetermined",
                "ours",
                "cannot tell: port 25 seems blocked from here (0 of 3 addresses answered); the policy lists every \
                 MX host (mx.dark.test, mx.darker.test), and whether a certificate is valid is not known",
                &[blocked][..],
            ),
        ),
        (
            &["backup.test"],
            1,
            json!({ "port": 25, "state": "seems-blocked", "addresses_tried": 3, "addresses_answered": 0 }),
            (
                "undetermined",
                "ours",
                "cannot tell: port 25 seems blocked from here (0 of 3 addresses answered); the policy does not list \
                 mx.darker.test, it lists mx.dark.test, and whether a certificate is valid is not known",
                &[uncovered, blocked],
            ),
        ),
        (
            &["moved.test"],
            1,
            json!({ "port": 25, "state": "down-or-blocked", "addresses_tried": 1, "addresses_answered": 0 }),
            (
                "defer",
                "definite",
                "no MX host can be used: mx.dark.test is not in the policy",
                &[uncovered, unreachable],
            ),
        ),
        (
            &["plain.test"],
            3,
            json!({ "port": 25, "state": "down-or-blocked", "addresses_tried": 1, "addresses_answered": 0 }),
            (
                "undetermined",
                "ours",
                "cannot tell: the MX host is down, or port 25 is blocked from here (0 of 1 address answered); mail \
                 would go without MTA-STS: there is no MTA-STS record",
                &[unreachable],
            ),
        ),
        // One that answers shows that the port is open, whichever domain it belongs to.
        (
            &["corp.test", "dark.test", "--jobs", "1"],
            3,
            json!({ "port": 25, "state": "open", "addresses_tried": 3, "addresses_answered": 0 }),
            (
                "undetermined",
                "ours",
                "cannot tell: no MX host can be used: mx.dark.test: no answer in time during connect (no answer in \
                 1s); mx.darker.test: no answer in time during connect (no answer in 1s)",
                &[unreachable, unreachable],
            ),
        ),
    ] {
        let all = [domains, &["--timeout", "1s", "--format", "json"]].concat();
        let run = check(&program, &all);
        run.check(exit, &[], &domains);
        let document = run.json();
        validator.assert_accepts(&document);
        let (verdict, certainty, reason, codes) = told(&document);
        assert_eq!(
            (&*verdict, &*certainty, &*reason, &*codes),
            (
                expected.0,
                expected.1,
                expected.2,
                &*expected
                    .3
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
            ),
            "{domains:?}"
        );
        assert_eq!(
            document["domains"].as_array().unwrap().last().unwrap()["smtp"],
            state,
            "{domains:?}"
        );
    }
    let page = check(&program, &["dark.test", "--timeout", "1s"]);
    page.check(
        3,
        &[
            "port 25 seems blocked from here (0 of 3 addresses answered)",
            "--no-smtp",
        ],
        &"as a page",
    );
    assert!(
        !page.stdout.contains("a longer --timeout"),
        "{}",
        page.stdout
    );
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn names_record_and_policy_alone_decide_where_no_mx_host_is_asked() {
    let program = Program::new();
    let lab = lab(&program);
    let validator = validator(&program, "check");
    for (domain, exit, expected) in [
        (
            "expired.test",
            0,
            (
                "deliver",
                "assumed",
                "mx.expired.test is in the policy, and is taken as sound",
                &[][..],
            ),
        ),
        (
            "dark.test",
            0,
            (
                "deliver",
                "assumed",
                "mx.dark.test is in the policy, and is taken as sound",
                &[],
            ),
        ),
        (
            "backup.test",
            1,
            (
                "deliver",
                "assumed",
                "mx.dark.test is in the policy, and is taken as sound",
                &["STS-MX-UNCOVERED"],
            ),
        ),
        (
            "moved.test",
            1,
            (
                "defer",
                "definite",
                "no MX host can be used: mx.dark.test is not in the policy",
                &["STS-MX-UNCOVERED"],
            ),
        ),
        (
            "plain.test",
            0,
            (
                "deliver-unprotected",
                "assumed",
                "mail goes to mx.dark.test without MTA-STS: there is no MTA-STS record",
                &[],
            ),
        ),
    ] {
        // Nobody waits for a host that is silent: the time-out is the default one.
        let run = check(&program, &[domain, "--no-smtp", "--format", "json"]);
        run.check(exit, &[], &domain);
        let document = run.json();
        validator.assert_accepts(&document);
        let (verdict, certainty, reason, codes) = told(&document);
        assert_eq!(
            (&*verdict, &*certainty, &*reason, &*codes),
            (
                expected.0,
                expected.1,
                expected.2,
                &*expected
                    .3
                    .iter()
                    .map(|code: &&str| (*code).to_owned())
                    .collect::<Vec<_>>()
            ),
            "{domain}"
        );
        let report = &document["domains"][0];
        assert_eq!(report["smtp"]["state"], "not-asked", "{domain}");
        for host in report["mx"].as_array().unwrap() {
            assert_eq!(host["verdict"], "not-asked", "{domain}: {host}");
            assert_eq!(
                host["would_pass_if_listed"],
                Value::Null,
                "{domain}: {host}"
            );
        }
        let step = &report["steps"][6];
        assert_ne!(step["state"], "ok", "{domain}: {step}");
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_variable_and_a_file_can_say_that_no_mx_host_is_asked() {
    let program = Program::new();
    let lab = lab(&program);
    let mut command = command_with(
        &program,
        "lab.env",
        &["check", "dark.test", "--cache", "store"],
    );
    Run::of(command.env("STICKLER_NO_SMTP", "1")).check(
        0,
        &["dark.test: deliver", "certificates not looked at"],
        &"by a variable",
    );
    program.write("check.toml", "[verb.check]\nno-smtp = true\n");
    for (words, exit, fragments) in [
        (
            &["dark.test", "--config", "check.toml"][..],
            0,
            &["certificates not looked at"][..],
        ),
        (
            &[
                "expired.test",
                "dark.test",
                "moved.test",
                "--no-smtp",
                "--format",
                "junit",
            ],
            1,
            &[
                "tests=\"3\"",
                "failures=\"1\"",
                "errors=\"0\"",
                "deliver (certificates not looked at): mx.expired.test is in the policy",
            ],
        ),
        (
            &["other.test", "--next-hop", "dark.test", "--no-smtp"],
            0,
            &["dark.test: deliver"],
        ),
        (
            &["dark.test", "--no-smtp", "--send", "a@x.test,b@dark.test"],
            2,
            &["!--send speaks to an MX host, and --no-smtp to none: leave one of them out"],
        ),
    ] {
        check(&program, words).check(exit, fragments, &words);
    }
    assert_eq!(lab.end(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_check_that_is_interrupted_says_what_it_knows() {
    let program = Program::new();
    let lab = lab(&program);
    for (name, exit) in [("INT", 130), ("TERM", 143)] {
        let words = ["check", "dark.test", "-v", "--format", "json"];
        let lab_command = command_with(&program, "lab.env", &words);
        let mut command = std::process::Command::new(lab_command.get_program());
        command
            .args(words)
            .current_dir(program.folder())
            .env_clear();
        for (variable, value) in lab_command.get_envs() {
            command.env(variable, value.unwrap());
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // What is asked of MX hosts has no answer; all else has one when these stand in the log.
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut awaited = vec![
            "asked for the policy host=mta-sts.dark.test",
            "looked up question=TXT _mta-sts.dark.test",
            "looked up question=A mx.dark.test",
            "looked up question=AAAA mx.dark.test",
            "looked up question=A mx.darker.test",
            "looked up question=AAAA mx.darker.test",
        ];
        let mut line = String::new();
        while !awaited.is_empty() {
            line.clear();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "{awaited:?} is not in the log"
            );
            awaited.retain(|awaited| !line.contains(awaited));
        }
        signal(name, &child);
        let mut messages = String::new();
        log.read_to_string(&mut messages).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        run.check(exit, &[], &name);
        assert!(
            messages.contains("interrupted: 0 of 1 domains done, 1 in part"),
            "{messages}"
        );
        let document = run.json();
        let domain = &document["domains"][0];
        assert_eq!(domain["cut_short"], "interrupted");
        assert_eq!(domain["record"]["id"], "1");
        assert_eq!(domain["first_action"], Value::Null);
        assert_eq!(told(&document).3, [""; 0]);
        assert_eq!(
            told(&document).2,
            "cannot tell: the check ended before an MX host answered (0 of 3 addresses answered); the policy lists \
             every MX host (mx.dark.test, mx.darker.test), and whether a certificate is valid is not known"
        );
    }
    assert_eq!(lab.end(), Some(0));
}
