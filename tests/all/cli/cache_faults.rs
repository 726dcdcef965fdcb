//! Stores that are damaged, odd or in the way of a result.

use super::Program;
use super::replay::validator;

/// Makes a store of many rows with a spoilt page amid them; returns a domain that stands there.
fn spoil(program: &Program, name: &str) -> String {
    let lines: String = (0..400)
        .map(|row| {
            format!(
                "{{\"schema\":\"stickler/stored-policy/1\",\"domain\":\"row{row}.test\",\"id\":\"1\",\
                 \"fetched_at\":\"2026-03-02T12:00:00Z\",\"body\":\"version: STSv1\\nmode: none\\nmax_age: 6\\n\"}}\n"
            )
        })
        .collect();
    program.write("in.ndjson", lines);
    program
        .run(&["cache", "import", "in.ndjson", "--cache", name])
        .check(0, &[], &"import");
    let path = program.folder().join(name);
    let mut octets = std::fs::read(&path).unwrap();
    octets[11 * 4096..12 * 4096].fill(0xee);
    std::fs::write(&path, octets).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    (0..400)
        .map(|row| format!("row{row}.test"))
        .find(|domain| {
            let body = "SELECT body FROM ledger WHERE domain = ?1";
            let found = connection.query_row(body, [domain], |row| row.get::<_, Vec<u8>>(0));
            found.is_err()
        })
        .expect("the page holds rows")
}

#[test]
fn a_list_that_meets_damage_is_whole_json_all_the_same() {
    let program = Program::new();
    spoil(&program, "store");
    let before = std::fs::read(program.folder().join("store")).unwrap();
    for (format, schema) in [("json", "cache-list"), ("ndjson", "cache-entry")] {
        let words = ["cache", "list", "--cache", "store", "--format", format];
        let run = program.run(&words);
        run.check(2, &["!is damaged (", "! and left as it is"], &format);
        let validator = validator(&program, schema);
        if format == "json" {
            let error = run.json()["error"].as_str().map(str::to_owned);
            assert!(error.is_some_and(|error| error.contains("is damaged")));
            validator.assert_accepts(&run.json());
        } else {
            for line in run.stdout.lines() {
                validator.assert_accepts(&serde_json::from_str(line).unwrap());
            }
        }
    }
    assert!(std::fs::read(program.folder().join("store")).unwrap() == before);
    program.write("garbage", "this is no database");
    let words = ["cache", "list", "--cache", "garbage", "--format", "json"];
    let run = program.run(&words);
    run.check(2, &["!is not a store of stickler"], &"garbage");
    assert_eq!(run.stdout, "", "no document is begun");
}

#[test]
fn who_only_looks_makes_no_store() {
    let program = Program::new();
    program.write("empty", "");
    for verb in [
        &["list"][..],
        &["export"],
        &["show", "corp.test"],
        &["remove", "corp.test"],
    ] {
        for name in ["new/folder/store", "store", "empty"] {
            let run = program.run(&[&["cache"], verb, &["--cache", name]].concat());
            let exit = i32::from(verb.len() > 1);
            run.check(exit, &["!there is no store at"], &(verb, name));
        }
    }
    assert_eq!(program.names(), ["empty"]);
    assert_eq!(program.read("empty"), "");
}

#[cfg(unix)]
#[test]
fn a_device_is_no_store_and_gets_nothing_beside_it() {
    let program = Program::new();
    for words in [
        &["cache", "list"][..],
        &["cache", "import", "/dev/null"],
        &["check", "corp.test", "--resolver", "127.0.0.1:1"],
    ] {
        let all = [words, &["--cache", "/dev/null"]].concat();
        program.run(&all).check(
            2,
            &["!cannot use the store `/dev/null`: it is not a regular file"],
            &words,
        );
    }
    for beside in ["-lock", "-wal", "-journal"] {
        let path = format!("/dev/null{beside}");
        assert!(!std::path::Path::new(&path).exists(), "{path}");
    }
}

#[test]
fn a_result_never_takes_the_place_of_the_store() {
    let program = Program::new();
    for words in [
        &["cache", "list"][..],
        &["cache", "export"],
        &["cache", "show", "corp.test"],
        &["check", "corp.test", "--resolver", "127.0.0.1:1"],
    ] {
        let all = [words, &["--cache", "s", "--output", "./s"]].concat();
        program.run(&all).check(
            2,
            &["!--output `./s` is the store itself: name another file"],
            &words,
        );
    }
    assert!(program.names().is_empty());
}

#[test]
fn damage_that_a_check_meets_is_told_and_the_exit_code_is_the_domains() {
    let program = Program::new();
    let domain = spoil(&program, "store");
    let run = program.run(&[
        "check",
        &domain,
        "--cache",
        "store",
        "--resolver",
        "127.0.0.1:1",
        "--timeout",
        "100ms",
    ]);
    run.check(
        3,
        &[
            "!the store `store` was damaged (",
            "! and a new one is begun",
        ],
        &"check",
    );
    assert!(!run.stderr.contains("without"), "{}", run.stderr);
    program
        .run(&["cache", "list", "--cache", "store"])
        .check(0, &[], &"the new one");
}

#[test]
fn what_strangers_wrote_drives_no_terminal() {
    const ODD: &str = "\\u009b31m\\u202e\\u2028";
    let program = Program::new();
    let body = format!("version: STSv1\\nmode: none\\nmax_age: 6\\nx_odd: {ODD}\\n");
    program.write(
        "in.ndjson",
        format!(
            "{{\"schema\":\"stickler/stored-policy/1\",\"domain\":\"corp.test\",\"id\":\"1\",\
             \"fetched_at\":\"2026-03-02T12:00:00Z\",\"body\":\"{body}\"}}\n"
        ),
    );
    program
        .run(&["cache", "import", "in.ndjson"])
        .check(0, &[], &"import");
    let odd = "\u{9b}31m\u{202e}\u{2028}";
    program.write(
        "policy.txt",
        format!("version: STSv1\nmode: {odd}\nmax_age: 6\n"),
    );
    let record = format!("v=STSv1; id={odd};");
    for words in [
        &["cache", "show", "corp.test"][..],
        &["cache", "list"],
        &["lint", "policy", "policy.txt"],
        &["lint", "record", &record],
        &["lint", "match", odd, "mx.corp.test"],
    ] {
        for format in ["text", "json"] {
            let run = program.run(&[words, &["--format", format]].concat());
            let whole = format!("{}{}", run.stdout, run.stderr);
            let is_odd =
                |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}');
            assert!(!whole.contains(is_odd), "{words:?} {format}: {whole:?}");
            if format == "json" {
                run.json();
            }
        }
    }
}

#[test]
fn an_import_whose_store_was_removed_meanwhile_claims_nothing() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::Stdio;

    let program = Program::new();
    program.write("none.ndjson", "");
    program
        .run(&["cache", "import", "none.ndjson", "--cache", "store"])
        .check(0, &[], &"the store is made");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
        .args(["-v", "cache", "import", "-", "--cache", "store"])
        .current_dir(program.folder())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    messages.read_line(&mut told).unwrap();
    assert!(told.contains("reading policies"), "{told}");
    std::fs::remove_file(program.folder().join("store")).unwrap();
    writeln!(
        input,
        r#"{{"schema":"stickler/stored-policy/1","domain":"a.test","id":"1","fetched_at":"2026-03-02T12:00:00Z","body":"version: STSv1\nmode: none\nmax_age: 6\n"}}"#
    )
    .unwrap();
    drop(input);
    messages.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{told}");
    assert!(
        told.contains("nothing was taken over from standard input")
            && told.contains("it was removed while it was in use"),
        "{told}"
    );
    assert!(!program.folder().join("store").exists());
}
