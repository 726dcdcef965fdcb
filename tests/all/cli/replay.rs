//! `replay`, `lint scenario` and `schema`, as their users run them.

use serde_json::Value;

use super::Program;
use crate::support::schema::Validator;

/// A story that holds: the policy lists another host for three hours, and mail waits.
const STORY: &str = r#"id    = "story"
title = "The policy lists another host"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1h" }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.new.test"] }

[servers."mx.new.test"]

[[step]]
at = "0s"
title = "before the correction"
[[step.expect]]
verdict = "defer"

[[step]]
at = "3h"
title = "the correction"
set.domains."corp.test".policy.mx = ["mx.new.test"]
set.domains."corp.test".txt.records = ["v=STSv1; id=2;"]
[[step.flush]]
verdict = "deliver"
"#;

fn with(change: (&str, &str)) -> String {
    assert!(STORY.contains(change.0), "{change:?}");
    STORY.replace(change.0, change.1)
}

fn failing(id: &str) -> String {
    with(("verdict = \"defer\"", "reason = \"the moon\""))
        .replace("\"story\"", &format!("\"{id}\""))
}

fn program() -> Program {
    let program = Program::new();
    program.write("good.toml", STORY);
    program.write("bad.toml", failing("bad"));
    program.write(
        "known.toml",
        failing("known").replace("start =", "xfail = \"the moon is full\"\nstart ="),
    );
    program.write(
        "better.toml",
        with(("start =", "xfail = \"the moon is full\"\nstart ="))
            .replace("\"story\"", "\"better\""),
    );
    program.write(
        "elsewhere.toml",
        with((
            "start =",
            "network = { only = \"lab\", reason = \"it has sockets\" }\n\
             xfail = \"the moon is full\"\nstart =",
        ))
        .replace("\"story\"", "\"elsewhere\""),
    );
    program.write(
        "broken.toml",
        with(("mx.new.test\"]\n", "mx.nwe.test\"]\n")),
    );
    program
}

#[test]
fn a_story_tells_who_deferred_from_when_to_when_and_why() {
    let run = program().run(&["replay", "good.toml"]);
    run.check(
        0,
        &[
            "story: holds (model and lab, ",
            "  2026-03-02 08:00 start: before the correction\n",
            "DEFERRED    strict -> corp.test: no MX host can be used: mx.new.test is not in the policy [validation-failure]\n",
            "  2026-03-02 11:00 +3h: the correction\n",
            "delivered   strict -> corp.test, queued for 3 h: mx.new.test is in the policy",
            "        DEFERRED    from 2026-03-02 08:00 until 2026-03-02 11:00 (3 h)\n\
             \u{20}                   because no MX host can be used: mx.new.test is not in the policy\n",
            "        delivered   from 2026-03-02 11:00 on\n",
        ],
        &"good.toml",
    );
    assert!(run.stdout.is_ascii(), "{}", run.stdout);
}

/// A span is about the verdict; where the reason changes in it, each has its own time.
#[test]
fn a_reason_that_changes_while_mail_waits_has_its_own_time() {
    let program = Program::new();
    program.write(
        "dead.toml",
        with((
            "set.domains.\"corp.test\".txt",
            "set.servers.\"mx.new.test\".fault = \"refused\"\nset.domains.\"corp.test\".txt",
        ))
        .replace("verdict = \"deliver\"", "verdict = \"defer\""),
    );
    program.run(&["replay", "dead.toml"]).check(
        0,
        &["        DEFERRED    from 2026-03-02 08:00 on\n\
           \u{20}                   from 2026-03-02 08:00 until 2026-03-02 11:00: because no MX host can be used: mx.new.test is not in the policy\n\
           \u{20}                   from 2026-03-02 11:00 on: because no MX host can be used: mx.new.test: connection refused"],
        &"dead.toml",
    );
    let run = program.run(&["replay", "dead.toml", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        document["scenarios"][0]["courses"][0]["spans"][0]["reasons"][0],
        serde_json::json!({
            "from": "2026-03-02T08:00:00Z",
            "until": "2026-03-02T11:00:00Z",
            "reason": "no MX host can be used: mx.new.test is not in the policy",
        })
    );
}

/// What goes wrong with a fetch does not show in the verdict while a policy is held.
#[test]
fn more_detail_tells_what_fetches_come_to() {
    let story = r#"id    = "fetches"
title = "The policy host fails, then the id changes"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.corp.test"], max_age = "7d" }
mx     = { records = ["10 mx.corp.test"] }

[servers."mx.corp.test"]

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"

[[step]]
at = "30h"
title = "one refresh later"
set.domains."corp.test".policy.status = 503
set.domains."corp.test".txt.records = ["v=STSv1; id=2;"]

[[step]]
at = "50h"
title = "a failed refresh later"
set.domains."corp.test".txt.records = ["v=STSv1; id=3;"]

[[step]]
at = "52h"
[[step.expect]]
verdict = "deliver"

[[step]]
at = "54h"
title = "both hosts refuse, and both failures are told"
set.domains."corp.test".txt.records = ["v=STSv1; id=4;"]
set.domains."corp.test".policy.fault = "refused"
set.servers."mx.corp.test".fault = "refused"
[[step.expect]]
verdict = "defer"
"#;
    let program = Program::new();
    program.write("fetches.toml", story);
    let detail = [
        "2026-03-03 08:00 strict refreshes its policy of corp.test: id 1\n",
        "2026-03-04 08:00 strict refreshes its policy of corp.test, failed: status 503\n",
        "            the policy could not be fetched: status 503\n",
        "            the policy could not be fetched: connection refused\n",
    ];
    program
        .run(&["replay", "-v", "fetches.toml"])
        .check(0, &detail, &"-v");
    let brief = program.run(&["replay", "fetches.toml"]);
    brief.check(
        0,
        &["    ... 1 refresh of cached policies\n"],
        &"without -v",
    );
    for of_detail in detail {
        assert!(!brief.stdout.contains(of_detail), "{}", brief.stdout);
    }
    let run = program.run(&["replay", "fetches.toml", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let steps = &document["scenarios"][0]["steps"];
    let found = [
        &steps[1]["refreshes"][0]["id"],
        &steps[1]["refreshes"][0]["error"],
        &steps[2]["refreshes"][0]["id"],
        &steps[2]["refreshes"][0]["error"],
        &steps[3]["attempts"][0]["fetch_error"],
    ];
    let expected = [
        Some("1"),
        None,
        None,
        Some("status 503"),
        Some("status 503"),
    ];
    assert_eq!(found, expected.map(Value::from).each_ref(), "{steps:#}");
}

#[test]
fn the_exit_code_says_how_the_worst_scenario_ended() {
    let program = program();
    for (files, exit, fragments) in [
        (&["good.toml"][..], 0, &["story: holds (model, "][..]),
        (
            &["known.toml"],
            0,
            &["known: fails, as is known", "the moon is full"],
        ),
        (
            &["bad.toml"],
            1,
            &[
                "bad: fails",
                "\n        FAILS       bad.toml:15: strict to corp.test: a reason with `the moon` was expected",
                "bad.toml:15: on the model, after 0s: strict to corp.test: a reason with `the moon` was expected, it is `no MX host",
            ],
        ),
        (
            &["better.toml"],
            1,
            &[
                "better.toml:1: all that was expected came, though `xfail` says that it is known to fail (the moon is full)",
            ],
        ),
        (
            &["elsewhere.toml"],
            0,
            &[
                "elsewhere: skipped\n",
                "it is told on the other network alone: it has sockets",
            ],
        ),
        (
            &["good.toml", "elsewhere.toml"],
            0,
            &[
                "skip  elsewhere (",
                "      it is told on the other network alone: it has sockets",
                "2 scenarios: 1 held, 1 skipped, in ",
            ],
        ),
        (&["broken.toml"], 2, &["broken.toml:8:", "mx.nwe.test"]),
        (&["missing.toml"], 2, &["!missing.toml"]),
        (
            &["good.toml", "broken.toml"],
            2,
            &[
                "broken.toml:8:",
                "ok    story (",
                "2 scenarios: 1 held, 1 broken, in ",
            ],
        ),
        (
            &["broken.toml", "bad.toml", "known.toml"],
            1,
            &[
                "broken.toml:8:",
                "FAIL  bad (",
                "      bad.toml:15: on the model",
                "xfail known (",
                "      known to fail: the moon is full",
                "3 scenarios: 1 failed as known, 1 failed, 1 broken, in ",
                "slowest: ",
            ],
        ),
    ] {
        let words: Vec<&str> = ["replay", "--network", "model"]
            .into_iter()
            .chain(files.iter().copied())
            .collect();
        program.run(&words).check(exit, fragments, &files);
    }
}

#[test]
fn two_files_with_one_id_are_refused() {
    let program = program();
    program.write("twin.toml", STORY);
    program
        .run(&["replay", "--network", "model", "good.toml", "twin.toml"])
        .check(
            2,
            &[
                "twin.toml: good.toml has the id `story` too",
                "ok    story (",
            ],
            &"twins",
        );
}

#[test]
fn what_machines_read_is_what_the_schemas_say() {
    let program = program();
    let all = [
        "good.toml",
        "bad.toml",
        "broken.toml",
        "known.toml",
        "better.toml",
        "elsewhere.toml",
    ];
    let replay = validator(&program, "replay");
    let lint = validator(&program, "lint-scenario");
    let run = |verb: &[&str], format: &str| {
        let words: Vec<&str> = verb
            .iter()
            .copied()
            .chain(["--format", format])
            .chain(all)
            .collect();
        program.run(&words)
    };
    let verb = ["replay", "--network", "model"];
    let whole = run(&verb, "json");
    whole.check(1, &[], &"json");
    replay.assert_accepts(&whole.json());
    let outcomes: Vec<_> = whole.json()["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scenario| (scenario["id"].clone(), scenario["outcome"].clone()))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("bad".into(), "fails".into()),
            ("better".into(), "holds-unexpectedly".into()),
            ("elsewhere".into(), "skipped".into()),
            ("known".into(), "fails-as-known".into()),
            ("story".into(), "holds".into()),
        ]
    );
    let spans = &whole.json()["scenarios"][4]["courses"][0]["spans"];
    assert_eq!(spans[0]["verdict"], "defer");
    assert_eq!(spans[0]["until"], "2026-03-02T11:00:00Z");
    assert_eq!(spans[1]["until"], Value::Null);
    let lines = run(&verb, "ndjson");
    let lines: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), all.len());
    lines.iter().for_each(|line| replay.assert_accepts(line));
    run(&verb, "junit").check(
        1,
        &[
            "tests=\"6\"",
            "failures=\"2\"",
            "errors=\"1\"",
            "bad.toml:15: on the model",
            "<skipped message=\"known to fail: the moon is full\"",
            "<skipped message=\"it is told on the other network alone: it has sockets\"",
        ],
        &"junit",
    );
    let verb = ["lint", "scenario"];
    let whole = run(&verb, "json");
    whole.check(1, &[], &"lint");
    lint.assert_accepts(&whole.json());
    assert_eq!(whole.json()["files"][2]["problems"][0]["line"], 8);
    let lines = run(&verb, "ndjson");
    for line in lines.stdout.lines() {
        lint.assert_accepts(&serde_json::from_str(line).unwrap());
    }
    run(&verb, "junit").check(
        1,
        &["tests=\"6\"", "failures=\"1\"", "broken.toml:8:"],
        &"lint junit",
    );
}

#[test]
fn lint_tells_every_mistake_with_its_place() {
    let program = program();
    std::fs::create_dir(program.folder().join("empty")).unwrap();
    for (words, exit, fragments) in [
        (&["good.toml"][..], 0, &["valid: 1 scenario\n"][..]),
        (&["good.toml", "bad.toml"], 0, &["valid: 2 scenarios\n"]),
        (
            &["broken.toml", "good.toml"],
            1,
            &["broken.toml:8:", "not valid: 1 of 2\n"],
        ),
        (&["missing.toml"], 2, &["!missing.toml"]),
        (
            &["empty"],
            2,
            &["!there is no scenario: no file in these folders ends in .toml"],
        ),
    ] {
        let all: Vec<&str> = ["lint", "scenario"]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        program.run(&all).check(exit, fragments, &words);
    }
}

#[test]
fn schemas_are_listed_and_printed() {
    let program = program();
    let names = program.run(&["schema"]);
    names.check(
        0,
        &[
            "cache-entry ",
            "cache-list ",
            "cache-show ",
            "check ",
            "lint-match ",
            "lint-policy ",
            "lint-record ",
            "lint-scenario ",
            "lint-tlsrpt ",
            "replay ",
            "scenario ",
        ],
        &"schema",
    );
    for name in names
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next())
    {
        let schema = program.run(&["schema", name]).json();
        let title = schema["title"].as_str().unwrap().to_owned();
        assert!(title.starts_with(&format!("stickler/{name}/")), "{title}");
    }
    program.run(&["schema", "nonesuch"]).check(
        2,
        &["!invalid value 'nonesuch' for '[NAME]'\n  [possible values: audit, cache-entry, "],
        &"nonesuch",
    );
}

/// The schema that the program prints, made strict: a field that it does not know is an error.
pub(super) fn validator(program: &Program, name: &str) -> Validator {
    Validator::closed(program.run(&["schema", name]).json())
}

#[test]
fn the_sidecar_takes_the_place_of_the_strict_senders() {
    let program = Program::new();
    let story = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/migration/stale-policy-after-cutover.toml"
    );
    let words = ["replay", "--as", "sidecar", "--network", "model", story];
    program.run(&words).check(
        0,
        &[
            "What the sidecar does otherwise than strict",
            "DEFERRED instead of delivered, from 2026-03-04 11:00 to 2026-03-04 13:00: warm to corp.test",
            "because it holds id 20260301T080000, mode enforce, as it saw at 2026-03-04T10:00:00Z; it answers so",
        ],
        &words,
    );
    let json = program
        .run(&[&words[..], &["--format", "json"]].concat())
        .json();
    let difference = &json["scenarios"][0]["sidecar"][0];
    assert_eq!(difference["strict"], "deliver");
    assert_eq!(difference["sidecar"], "defer");
}
