use std::fmt::Write as _;

use super::replay::validator;
use super::{Program, Run};

fn line(domain: &str, fetched_at: &str) -> String {
    format!(
        r#"{{"schema":"stickler/stored-policy/1","domain":"{domain}","id":"1","fetched_at":"{fetched_at}","body":"version: STSv1\nmode: enforce\nmx: mx.corp.test\nmax_age: 604800\n"}}"#
    )
}

fn seen_line(domain: &str, seen_at: &str) -> String {
    format!(
        r#"{{"schema":"stickler/cache-export/1","domain":"{domain}","id":"1","first_seen":"{seen_at}","last_seen_live":"{seen_at}","gone_by":null,"body":"version: STSv1\nmode: enforce\nmx: mx.corp.test\nmax_age: 604800\n"}}"#
    )
}

#[test]
fn policies_come_in_are_looked_at_and_go_out() {
    let program = Program::new();
    let lines = format!(
        "{}\n{}\n",
        line("corp.test", "2026-03-02T12:00:00Z"),
        line("later.test", "2026-03-08T12:00:00Z")
    );
    program.write("in.ndjson", &lines);
    // What a store of before there was a ledger exported was seen when it was fetched.
    let seen = format!(
        "{}\n{}\n",
        seen_line("corp.test", "2026-03-02T12:00:00Z"),
        seen_line("later.test", "2026-03-08T12:00:00Z")
    );
    let at = ["--now", "2026-03-10T12:00:00Z"];
    let cache = ["--cache", "store"];
    for (words, exit, fragments) in [
        (&["list"][..], 0, &["!there is no store at `store` yet"][..]),
        (
            &["show", "corp.test"],
            1,
            &["!there is no store at `store` yet"],
        ),
        (
            &["import", "in.ndjson", "--now", "2026-03-02T12:00:00Z"],
            2,
            &[
                "!nothing was taken over from in.ndjson: line 2: the policy was seen at 2026-03-08T12:00:00Z, more than a day ahead of the clock (2026-03-02T12:00:0",
            ],
        ),
        (
            &["import", "in.ndjson"],
            0,
            &["!took 2 policies over to `store`"],
        ),
        (
            &[&["list"], &at[..]].concat(),
            0,
            &[
                "corp.test  enforce  id 1  live when last seen, 2026-03-02 ",
                " ago)\n",
                "later.test  enforce  id 1  live when last seen, 2026-03-08 ",
            ],
        ),
        (
            &[&["show", "jo@Corp.test."], &at[..]].concat(),
            0,
            &[
                "corp.test\n  id       1\n  mode     enforce, max_age 604800 (7 d)\n",
                "  gone by  not found gone yet: any sender may fetch it still\n",
                "  held     for certain until 2026-03-09 ",
                "possibly until 2026-03-17 ",
                "  | mx: mx.corp.test\n",
            ],
        ),
        (
            &["show", "other.test"],
            1,
            &["!`store` holds no policy of other.test"],
        ),
        (&["export"], 0, &[&seen]),
        (&["export", "--output", "out.ndjson"], 0, &[]),
        (
            &["remove", "later.test", "other.test"],
            1,
            &["!`store` holds no policy of other.test"],
        ),
        (&["remove", "corp.test"], 0, &[]),
        (&["list"], 0, &[]),
        (
            &["show", "[192.0.2.1]"],
            2,
            &["!there is no MTA-STS policy for address literals (RFC 8461, Section 3.4)"],
        ),
        (&["import", "missing"], 2, &["!cannot read `missing`"]),
    ] {
        let all = [&["cache"], words, &cache[..]].concat();
        program.run(&all).check(exit, fragments, &words);
    }
    assert_eq!(program.read("out.ndjson"), seen);
    let words = ["cache", "list", "--cache", "store", "--format", "ndjson"];
    assert_eq!(program.run(&words).stdout, "");
}

#[test]
fn the_store_is_told_in_json() {
    let program = Program::new();
    program.write("in.ndjson", line("corp.test", "2026-03-02T12:00:00Z"));
    program.run(&["cache", "import", "in.ndjson"]).check(
        0,
        &["!took 1 policy over to", "!.cache/stickler/policies.sqlite"],
        &"import",
    );
    let list = program.run(&["cache", "list", "--format", "json"]).json();
    let summary = &list["policies"][0];
    assert_eq!(list["schema"], "stickler/cache-list/1");
    assert_eq!(summary["domain"], "corp.test");
    assert_eq!(summary["expires_at"], "2026-03-09T12:00:00Z");
    let ndjson = program.run(&["cache", "list", "--format", "ndjson"]).json();
    assert_eq!(ndjson["mx"][0], "mx.corp.test");
    let show = program
        .run(&["cache", "show", "--format", "json", "corp.test"])
        .json();
    assert_eq!(show["domain"], "corp.test");
    let shown = &show["policies"][0];
    assert_eq!(shown["max_age_secs"], 604_800);
    assert_eq!(shown["reading"], "letter");
    assert_eq!(shown["first_seen"], "2026-03-02T12:00:00Z");
    assert_eq!(shown["gone_by"], serde_json::Value::Null);
}

#[test]
fn the_json_is_what_its_schemas_say() {
    let program = Program::new();
    program.write("in.ndjson", line("corp.test", "2026-03-02T12:00:00Z"));
    program
        .run(&["cache", "import", "in.ndjson"])
        .check(0, &[], &"import");
    let spoiled =
        rusqlite::Connection::open(program.folder().join(".cache/stickler/policies.sqlite"));
    spoiled
        .unwrap()
        .execute_batch("INSERT INTO ledger VALUES ('Odd.TEST.', '1', x'00', 0, 0, 0)")
        .unwrap();
    for (schema, words, exit) in [
        ("cache-list", &["list", "--format", "json"][..], 2),
        ("cache-entry", &["list", "--format", "ndjson"], 2),
        ("cache-show", &["show", "corp.test", "--format", "json"], 0),
        ("cache-export", &["export"], 2),
    ] {
        let run = program.run(&[&["cache"], words].concat());
        assert_eq!(run.exit, Some(exit), "{words:?}");
        let validator = validator(&program, schema);
        if schema == "cache-entry" {
            assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
        }
        if words.contains(&"json") {
            validator.assert_accepts(&run.json());
        } else {
            for line in run.stdout.lines() {
                validator.assert_accepts(&serde_json::from_str(line).unwrap());
            }
        }
    }
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_taken_over() {
    let program = Program::new();
    let good = line("corp.test", "2026-03-02T12:00:00Z");
    program.write(
        "in.ndjson",
        format!("{good}\n{}\n", good.replace("STSv1", "STSv2")),
    );
    program.run(&["cache", "import", "in.ndjson"]).check(
        2,
        &["!nothing was taken over from in.ndjson: line 2: the body is no policy: line 1: version `STSv2` is not STSv1"],
        &"import",
    );
    let run = program.run(&["cache", "list"]);
    assert_eq!((run.exit, run.stdout.as_str()), (Some(0), ""));
}

#[test]
fn a_store_that_cannot_be_used_is_named_with_the_remedy() {
    let program = Program::new();
    program.write("garbage", "this is no database");
    program.write("in.ndjson", line("corp.test", "2026-03-02T12:00:00Z"));
    for (words, fragments) in [
        (
            &["list", "--cache", "garbage"][..],
            &[
                "!`garbage` is not a store of stickler: it is no SQLite database; name another file with --cache PATH",
            ][..],
        ),
        (
            &["list", "--cache", "."],
            &[
                "!cannot use the store `.`: it is a directory; name another file with --cache PATH, or do without with --cache none",
            ],
        ),
        (
            &["import", "in.ndjson", "--cache", "in.ndjson/store"],
            &["!its directory cannot be made", "!--cache none"],
        ),
        (
            &["list", "--cache", "none"],
            &["!--cache none names no store"],
        ),
    ] {
        let all = [&["cache"], words].concat();
        program.run(&all).check(2, fragments, &words);
    }
    for words in [
        &["list"][..],
        &["show", "corp.test"],
        &["remove", "corp.test"],
        &["export"],
        &["import", "in.ndjson"],
    ] {
        let all = [
            &["cache", "--color", "never"],
            words,
            &["--cache", "garbage"],
        ]
        .concat();
        program
            .run(&all)
            .check(2, &["!`garbage` is not a store of stickler"], &words);
    }
    let check = ["check", "--cache", "garbage", "corp.test"];
    program
        .run(&check)
        .check(2, &["!`garbage` is not a store of stickler"], &"check");
    assert_eq!(program.names(), ["garbage", "in.ndjson"]);
    let homeless = Run::of(program.command(&["cache", "list"]).env_remove("HOME"));
    homeless.check(2, &["!name it with --cache PATH"], &"without a home");
}

/// Runs the program as somebody who is not its superuser, whom no permission stops.
#[cfg(unix)]
fn run_as_somebody(program: &Program, words: &[&str]) -> Run {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65_534;
    let binary = program.folder().join("stickler");
    if !binary.exists() {
        // What root has built in its own folder nobody else may run.
        let built = assert_cmd::cargo::cargo_bin!("stickler");
        std::fs::hard_link(built, &binary)
            .or_else(|_| std::fs::copy(built, &binary).map(drop))
            .unwrap();
    }
    let mut command = std::process::Command::new(binary);
    command
        .args(words)
        .current_dir(program.folder())
        .env_clear()
        .env("HOME", program.folder());
    if std::fs::metadata(program.folder()).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    Run::from(command.output().unwrap())
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let program = Program::new();
    let permit = |name: &str, mode| {
        let path = program.folder().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let good = line("corp.test", "2026-03-02T12:00:00Z");
    program.write("in.ndjson", &good);
    std::fs::create_dir(program.folder().join("a b?")).unwrap();
    program
        .run(&["cache", "import", "in.ndjson", "--cache", "a b?/s"])
        .check(0, &[], &"import");
    let before = std::fs::read(program.folder().join("a b?/s")).unwrap();
    // One who brings a store to a read-only place brings no lock.
    for (has_lock, directory, file) in [
        (true, 0o777, 0o444),
        (true, 0o555, 0o444),
        (false, 0o555, 0o444),
        (false, 0o555, 0o666),
    ] {
        if !has_lock {
            drop(std::fs::remove_file(program.folder().join("a b?/s-lock")));
        }
        permit(".", 0o755);
        permit("a b?/s", file);
        permit("a b?", directory);
        let what = format!("{has_lock} {directory:o} {file:o}");
        for (words, exit, fragments) in [
            (
                &["cache", "list"][..],
                0,
                &[
                    "corp.test  enforce",
                    "!the store `a b?/s` cannot be written",
                ][..],
            ),
            (&["cache", "show", "corp.test"], 0, &["id       1"]),
            (
                &["cache", "export"],
                0,
                &[r#""domain":"corp.test","id":"1","first_seen":"2026-03-02T12:00:00Z""#],
            ),
            (
                &[
                    "check",
                    "corp.test",
                    "--resolver",
                    "127.0.0.1:1",
                    "--timeout",
                    "100ms",
                ],
                3,
                &[
                    "!the store `a b?/s` cannot be written: it is read, and nothing of this check is kept",
                ],
            ),
            (
                &["cache", "remove", "corp.test"],
                2,
                &["!cannot use the store `a b?/s`: "],
            ),
            (
                &["cache", "import", "in.ndjson"],
                2,
                &["!cannot use the store `a b?/s`: "],
            ),
        ] {
            let all = [words, &["--cache", "a b?/s"]].concat();
            run_as_somebody(&program, &all).check(exit, fragments, &(&what, words));
        }
        permit("a b?", 0o755);
        let after = std::fs::read(program.folder().join("a b?/s")).unwrap();
        assert_eq!(after, before, "{what}");
    }
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    const PROCESSES: usize = 6;
    const ROWS: usize = 50;
    let program = Program::new();
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut lines = String::new();
            for row in 0..ROWS {
                let domain = format!("row{row}.process{process}.test");
                writeln!(lines, "{}", line(&domain, "2026-03-02T12:00:00Z")).unwrap();
            }
            let name = format!("{process}.ndjson");
            program.write(&name, lines);
            std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
                .args(["cache", "import", &name, "--cache", "store"])
                .current_dir(program.folder())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let list = program.run(&["cache", "list", "--cache", "store"]);
    assert_eq!(list.stdout.lines().count(), PROCESSES * ROWS);
}
