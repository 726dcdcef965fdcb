//! `check --cache`, day by day: who may hold which policy until when, for people and in JSON.

use serde_json::Value;

use super::lab::{Lab, command_with};
use super::replay::validator;
use super::{Program, Run};

const STORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/scenarios/cache/remembered-by-a-check.toml"
);

fn check(program: &Program, words: &[&str]) -> Run {
    let all = [&["check", "corp.test", "--cache", "daily"], words].concat();
    Run::of(&mut command_with(program, "lab.env", &all))
}

fn move_to(lab: &mut Lab, at: &str) {
    lab.write(&format!("at {at}"));
    lab.read_to("--now");
}

/// Returns the stored policies of a document: each in one reading.
fn stored(document: &Value) -> Vec<&Value> {
    document["domains"][0]["policies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|policy| policy["source"] == "stored" && policy["reading"] == "letter")
        .collect()
}

/// A check takes a moment: what it saw it saw in the minute after this.
fn assert_in_minute(value: &Value, minute: &str) {
    let time = value.as_str().unwrap_or_default();
    assert!(time.starts_with(minute), "{value} is not in {minute}");
}

#[test]
fn daily_checks_tell_who_may_hold_what_until_when() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY, "--env", "lab.env"]);
    lab.read_to("moves on");
    for day in 1..=7 {
        check(&program, &[]).check(0, &["corp.test: deliver "], &day);
        move_to(&mut lab, &format!("{day}d"));
    }
    check(&program, &[]).check(0, &["corp.test: deliver "], &"the last before the cutover");

    move_to(&mut lab, "8d");
    let run = check(&program, &["--format", "json"]);
    run.check(1, &[], &"after the cutover");
    let document = run.json();
    validator(&program, "check").assert_accepts(&document);
    let [old] = stored(&document)[..] else {
        panic!("{document:#}");
    };
    assert_in_minute(&old["first_seen"], "2026-03-02T08:00:");
    assert_in_minute(&old["last_seen_live"], "2026-03-09T08:00:");
    assert_in_minute(&old["gone_by"], "2026-03-10T08:00:");
    assert_in_minute(&old["held_certainly_until"], "2026-03-16T08:00:");
    assert_in_minute(&old["held_possibly_until"], "2026-03-17T08:00:");
    let live = &document["domains"][0]["policies"][0];
    assert_in_minute(&live["first_seen"], "2026-03-10T08:00:");
    assert_eq!(live["gone_by"], Value::Null);
    let deferring: Vec<(&str, &str)> = document["domains"][0]["senders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|sender| sender["verdict"] == "defer")
        .map(|sender| {
            assert_eq!(sender["stored"]["held"], "certain", "{sender}");
            assert_eq!(sender["policy_sha256"], old["body_sha256"], "{sender}");
            let text = |key: &str| sender[key].as_str().unwrap();
            (text("class"), text("until_event"))
        })
        .collect();
    assert_eq!(
        deferring,
        [("strict", "daily-refresh"), ("lazy", "max-age")]
    );
    check(&program, &["--color", "never"]).check(
        1,
        &[
            "corp.test: DEFER ",
            "gone by 2026-03-10 08:00 ",
            "held until 2026-03-16 08:00 ",
            "possibly until 2026-03-17 08:00 ",
        ],
        &"for people",
    );

    move_to(&mut lab, "14d6h");
    check(&program, &["-v"]).check(
        1,
        &["under a policy that may still be held (id 1)"],
        &"only possible now",
    );
    move_to(&mut lab, "15d1h");
    check(&program, &[]).check(0, &["corp.test: deliver "], &"over");
    assert_history(&program);
    assert_eq!(lab.end(), Some(0));
}

/// `cache show` has every policy, and each change, once, at the check that saw it first.
fn assert_history(program: &Program) {
    let words = ["cache", "show", "corp.test", "--cache", "daily"];
    let run = program.run(&words);
    run.check(
        0,
        &[
            "  | mx: mx.old.test\n",
            "  | mx: mx.new.test\n",
            "\nchanges\n  the body changed under id 1 at 2026-03-10 08:00 ",
            ": no new id came with it since\n  2026-03-02 08:00 ",
            "    record  id 1\n    edges   ",
            "    MX      10 mx.old.test\n  2026-03-10 08:00 ",
            "    MX      10 mx.new.test\n",
        ],
        &"the whole history",
    );
    assert_eq!(
        run.stdout.matches("    record").count(),
        1,
        "{}",
        run.stdout
    );
    let document = program
        .run(&[&words[..], &["--format", "json"]].concat())
        .json();
    validator(program, "cache-show").assert_accepts(&document);
    assert_eq!(document["largest_max_age_secs"], 604_800);
    let updates = document["updates"].as_array().unwrap();
    let [update] = &updates[..] else {
        panic!("{document:#}");
    };
    assert_eq!(update["kind"], "body-changed");
    assert_in_minute(&update["at"], "2026-03-10T08:00:");
    let changes = document["changes"].as_array().unwrap();
    let of = |part: &str| -> Vec<&Value> {
        let changes = changes.iter().filter(|change| !change[part].is_null());
        changes.collect()
    };
    assert_eq!(of("record").len(), 1);
    let hosts: Vec<_> = of("mx")
        .iter()
        .map(|change| &change["mx"]["hosts"][0]["host"])
        .collect();
    assert_eq!(hosts, ["mx.old.test", "mx.new.test"]);
    let bodies: Vec<_> = of("edges")
        .iter()
        .map(|change| &change["edges"][0]["body_sha256"])
        .collect();
    let policies = document["policies"].as_array().unwrap().iter();
    let expected: Vec<_> = policies.map(|policy| &policy["body_sha256"]).collect();
    assert_eq!(bodies, expected);
    assert_in_minute(&of("mx")[1]["seen_at"], "2026-03-10T08:00:");
}

#[test]
fn a_store_of_serve_is_read_and_not_written() {
    use stickler::store::{Purpose, Store};
    use stickler::sts::cache::StoredPolicy;
    let program = Program::new();
    let path = program.folder().join("daily");
    let kept = StoredPolicy {
        id: "1".parse().unwrap(),
        body: b"version: STSv1\nmode: enforce\nmx: mx.older.test\nmax_age: 604800\n"
            .as_slice()
            .into(),
        fetched_at: "2026-03-01T08:00:00Z".parse().unwrap(),
    };
    let store = Store::open(&path, Purpose::Serve).unwrap();
    store.put(&"corp.test".parse().unwrap(), &kept).unwrap();
    drop(store);
    let mut lab = Lab::up(&program, &[STORY, "--env", "lab.env"]);
    lab.read_to("moves on");
    let before = program.run(&["cache", "export", "--cache", "daily"]).stdout;
    let run = check(&program, &["--format", "json"]);
    run.check(1, &[], &"serve holds another policy under the same id");
    assert_eq!(stored(&run.json())[0]["mx"][0], "mx.older.test");
    let after = program.run(&["cache", "export", "--cache", "daily"]).stdout;
    assert_eq!(before, after);
    assert_eq!(lab.end(), Some(0));
}
