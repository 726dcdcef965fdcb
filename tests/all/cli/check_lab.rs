//! `check` against a fake Internet with a mail domain for every kind of end.

use std::path::Path;

use serde_json::Value;

use super::lab::{Lab, command_with};
use super::replay::validator;
use super::{Program, Run};

const STORY: &str = r#"id    = "kinds-of-ends"
title = "A domain for every end that a check can come to"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1h" }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.old.test"], ttl = "1h" }

[domains."rejecting.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.rejecting.test"], max_age = "7d" }
mx     = { records = ["10 mx.rejecting.test"] }

[domains."expired.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.expired.test"], max_age = "7d" }
mx     = { records = ["10 mx.expired.test"] }

[domains."backup.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.old.test", "20 mx.new.test"] }

[domains."testing.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "testing", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.new.test"] }

[domains."silent.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d", fault = "silence" }
mx     = { records = ["10 mx.old.test"] }

[domains."refusing.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d", fault = "refused" }
mx     = { records = ["10 mx.old.test"] }

[domains."blank.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { body = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n\n" }
mx     = { records = ["10 mx.new.test"] }

[servers."mx.old.test"]
[servers."mx.new.test"]
[servers."mx.rejecting.test"]
fault = "reject"
[servers."mx.expired.test"]
certificate = { fault = "expired" }

[senders]
strict = { class = "strict" }

[[step]]
at = "0s"
[[step.expect]]
domain = "corp.test"
verdict = "deliver"

[[step]]
at = "1d"
title = "MX and policy move, the id stays"
set.domains."corp.test".mx.records = ["10 mx.new.test"]
set.domains."corp.test".policy.mx = ["mx.new.test"]
"#;

/// Runs `check` with the options that lead into the lab.
fn check(program: &Program, words: &[&str]) -> Run {
    let words = [&["check"], words].concat();
    Run::of(&mut command_with(program, "lab.env", &words))
}

fn lab(program: &Program) -> Lab {
    program.write("story.toml", STORY);
    let mut lab = Lab::up(program, &["story.toml", "--env", "lab.env"]);
    lab.read_to("moves on");
    lab
}

/// The lab's addresses are documentation: without the routes nobody connects to them.
#[test]
fn a_private_network_is_looked_into_by_leave_alone() {
    let program = Program::new();
    let lab = lab(&program);
    let mut without_routes = command_with(
        &program,
        "lab.env",
        // Should the rule fail one day, nothing leaves this host all the same.
        &[
            "check",
            "--timeout",
            "1s",
            "--source",
            "127.0.0.1",
            "corp.test",
        ],
    );
    let run = Run::of(without_routes.env_remove("STICKLER_CONNECT_TO"));
    run.check(
        3,
        &[
            "corp.test: undetermined",
            "warning  STS-EDGE-SPECIAL",
            "warning  MX-SPECIAL",
            "Documentation (TEST-NET-1)); not connected to",
            "--allow-net PREFIX",
        ],
        &"no routes",
    );
    let words = [
        "corp.test",
        "-v",
        "--allow-net",
        "192.0.2.0/24,2001:db8::/32",
    ];
    let fragments = [
        "corp.test: deliver ",
        "note     MX-SPECIAL",
        "connected to, as --allow-net says",
    ];
    check(&program, &words).check(0, &fragments, &"admitted");
    check(&program, &["corp.test", "--allow-net", "10.0.0.1/8"]).check(
        2,
        &["!the address has bits beyond the first 8: give the first address of the block"],
        &"no block",
    );
    lab.end();
}

#[test]
fn a_family_of_addresses_that_is_left_out_is_the_cause_that_is_named() {
    let program = Program::new();
    let lab = lab(&program);
    check(&program, &["-6", "corp.test"]).check(
        3,
        &[
            "mta-sts.corp.test has no address of the family that is left: drop -4 or -6.",
            "MX-UNREACHABLE: an MX host could not be spoken to from here (mx.old.test)\n",
        ],
        &"IPv6 alone, where all addresses are IPv4",
    );
    lab.end();
}

#[test]
fn each_end_has_its_verdict_its_finding_and_its_exit_code() {
    let program = Program::new();
    let lab = lab(&program);
    for (words, exit, fragments) in [
        (&["corp.test"][..], 0, &["corp.test: deliver "][..]),
        (
            &["backup.test"],
            1,
            &[
                "backup.test: deliver, but 1 error: the policy does not list a live MX host\n",
                "  error    STS-MX-UNCOVERED",
                "mx.new.test",
                "\nbackup.test: deliver, but 1 error: serve the new policy first\n",
            ],
        ),
        (&["expired.test"], 1, &["expired.test: DEFER "]),
        (
            &["testing.test"],
            0,
            &["testing.test: deliver-unprotected "],
        ),
        (&["testing.test", "--fail-on", "warning"], 1, &["warning "]),
        (
            &["corp.test", "--fail-on", "note"],
            1,
            &["corp.test: deliver, but 1 note: there is no TLSRPT record\n"],
        ),
        (
            &["silent.test", "--timeout", "2s"],
            3,
            &["silent.test: undetermined"],
        ),
        (&["refusing.test"], 1, &["error ", "refused"]),
        (
            &["blank.test"],
            1,
            &[
                "blank.test: DEFER ",
                "  senders  deliver-unprotected   those that have no policy yet and read to the letter",
                "           DEFER                 those that have no policy yet and read tolerantly",
                "STS-POLICY-TOLERATED",
                "STS-MX-UNCOVERED",
            ],
        ),
        (
            &["corp.test", "silent.test", "--timeout", "2s"],
            3,
            &["corp.test: deliver ", "silent.test: undetermined"],
        ),
        (
            &["silent.test", "corp.test", "backup.test", "--timeout", "2s"],
            1,
            &[],
        ),
        (
            &["other.test", "--next-hop", "corp.test"],
            0,
            &["corp.test: deliver ", "next hop of mail for other.test"],
        ),
    ] {
        check(&program, words).check(exit, fragments, &words);
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_probe_goes_out_once_over_a_validated_hop_and_nowhere_else() {
    let program = Program::new();
    let lab = lab(&program);
    for (domain, exit, delivered, host, reply) in [
        ("corp.test", 0, true, Some("mx.old.test"), "250"),
        ("rejecting.test", 1, false, Some("mx.rejecting.test"), "550"),
        (
            "expired.test",
            1,
            false,
            None,
            "no MX host has a validated hop",
        ),
    ] {
        let envelope = format!("probe@example.test,jo@{domain}");
        let run = check(&program, &[domain, "--send", &envelope, "--format", "json"]);
        run.check(exit, &[], &domain);
        let sent = &run.json()["domains"][0]["sent"];
        assert_eq!(sent["delivered"], delivered, "{domain}: {sent}");
        assert_eq!(sent["host"].as_str(), host, "{domain}: {sent}");
        let answer = sent["reply"].as_str().unwrap();
        assert!(answer.starts_with(reply), "{domain}: {sent}");
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_policy_that_senders_still_hold_is_judged_after_the_move() {
    let program = Program::new();
    let mut lab = lab(&program);
    let with_store = ["corp.test", "--cache", "before"];
    check(&program, &with_store).check(0, &["corp.test: deliver "], &"before");
    lab.write("next");
    lab.read_to("--now");
    check(&program, &["corp.test"]).check(0, &["corp.test: deliver "], &"an empty cache");
    let run = check(&program, &[&with_store[..], &["--format", "json"]].concat());
    run.check(1, &[], &"what lazy senders hold");
    let document = run.json();
    let deferring: Vec<&Value> = document["domains"][0]["senders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|sender| sender["verdict"] == "defer")
        .collect();
    assert!(
        !deferring.is_empty(),
        "{}",
        document["domains"][0]["senders"]
    );
    for sender in deferring {
        assert_eq!(sender["cache"], "stored", "{sender}");
    }
    let codes: Vec<&str> = document["domains"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert!(codes.contains(&"STS-ID-STALE"), "{codes:?}");
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn machines_get_what_the_schema_says_wherever_it_goes() {
    let program = Program::new();
    let lab = lab(&program);
    let validator = validator(&program, "check");
    program.write(
        "domains.txt",
        "# ours\ncorp.test\n\nbackup.test # a backup\ncorp.test\n",
    );
    let json = |words: &[&str]| {
        let all = [words, &["--format", "json"]].concat();
        let run = check(&program, &all);
        run.check(1, &[], &words);
        run
    };
    let named = json(&["corp.test", "backup.test"]).json();
    let listed = json(&["--input", "domains.txt"]).json();
    let mut piped = command_with(
        &program,
        "lab.env",
        &["check", "--input", "-", "--format", "json"],
    );
    let piped = Run::of(piped.write_stdin("backup.test\ncorp.test\n")).json();
    json(&["--input", "domains.txt", "--output", "result.json"]);
    let kept: Value = serde_json::from_str(&program.read("result.json")).unwrap();
    for document in [&named, &listed, &piped, &kept] {
        validator.assert_accepts(document);
        assert_eq!(verdicts(document), ["backup.test", "corp.test"]);
    }
    let lines = check(&program, &["--input", "domains.txt", "--format", "ndjson"]);
    lines.check(1, &[], &"ndjson");
    assert_eq!(lines.stdout.lines().count(), 2, "{}", lines.stdout);
    for line in lines.stdout.lines() {
        validator.assert_accepts(&serde_json::from_str(line).unwrap());
    }
    check(&program, &["--input", "domains.txt", "--format", "junit"]).check(
        1,
        &[
            "tests=\"2\"",
            "failures=\"1\"",
            "<testcase name=\"corp.test\"",
            "STS-MX-UNCOVERED",
        ],
        &"junit",
    );
    program.write("bad.txt", "corp.test\nno domain\n");
    check(&program, &["--input", "bad.txt"]).check(
        2,
        &["corp.test: deliver ", "!bad.txt:2: "],
        &"a bad line",
    );
    assert_eq!(lab.end(), Some(0));
}

/// Returns the names of the domains in a document, in order.
fn verdicts(document: &Value) -> Vec<&str> {
    let domains = document["domains"].as_array().expect("it has domains");
    let mut names: Vec<&str> = domains
        .iter()
        .filter_map(|domain| domain["domain"].as_str())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn colour_is_for_terminals_and_for_those_who_insist() {
    let program = Program::new();
    let lab = lab(&program);
    for (variable, words, is_coloured) in [
        (None, &["corp.test"][..], false),
        (None, &["corp.test", "--color", "always"], true),
        (Some("1"), &["corp.test"], false),
        (Some("1"), &["corp.test", "--color", "auto"], false),
    ] {
        let mut command = command_with(&program, "lab.env", &[&["check"], words].concat());
        if let Some(value) = variable {
            command.env("NO_COLOR", value);
        }
        let run = Run::of(&mut command);
        run.check(0, &[], &words);
        assert_eq!(
            run.stdout.contains('\x1b'),
            is_coloured,
            "{variable:?} {words:?}"
        );
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_store_that_takes_nothing_costs_no_result_but_the_exit_code() {
    let program = Program::new();
    let lab = lab(&program);
    check(&program, &["backup.test", "--cache", "store"]).check(1, &[], &"the store is made");
    refuse_rows(&program.folder().join("store"));
    let run = check(&program, &["corp.test", "--cache", "store"]);
    run.check(
        2,
        &[
            "corp.test: deliver ",
            "!cannot use the store `store`: ",
            "!; the check goes on without",
        ],
        &"a store that takes no row",
    );
    assert_eq!(lab.end(), Some(0));
}

/// Makes the store's table one that takes no row.
fn refuse_rows(store: &Path) {
    rusqlite::Connection::open(store)
        .unwrap()
        .execute_batch(
            "DROP TABLE ledger;
             CREATE TABLE ledger (domain, id, body, first_seen, last_seen_live, gone_by, CHECK (0));",
        )
        .unwrap();
}

#[test]
fn a_resolver_that_never_answers_leaves_the_matter_open() {
    let program = Program::new();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = silent.local_addr().unwrap().to_string();
    let words = [
        "check",
        "corp.test",
        "--resolver",
        &resolver,
        "--timeout",
        "1s",
    ];
    program.run(&words).check(
        3,
        &["corp.test: undetermined", "no reply in time"],
        &"silence",
    );
}
