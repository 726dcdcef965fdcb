use std::io::{BufRead, BufReader};
use std::process::Stdio;

use clap::CommandFactory as _;

#[cfg(unix)]
use super::signal;
use super::{Program, Run};

#[test]
fn every_help_has_an_example_and_every_verb_a_page() {
    let program = Program::new();
    let verbs = verbs();
    // The tree was walked to its leaves.
    for known in [
        "",
        "check",
        "lab up",
        "lint scenario",
        "cache import",
        "schema",
    ] {
        assert!(verbs.iter().any(|verb| verb.join(" ") == known), "{known}");
    }
    program
        .run(&["man", "--dir", "pages/man1"])
        .check(0, &[], &"man --dir");
    for verb in &verbs {
        let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
        let help = [&verb[..], &["--help"]].concat();
        program
            .run(&help)
            .check(0, &["Usage: stickler", "\n  stickler "], &verb);
        let page = [&["man"], &verb[..]].concat();
        program.run(&page).check(0, &SECTIONS, &verb);
        let file = format!(
            "pages/man1/{}.1",
            [&["stickler"], &verb[..]].concat().join("-")
        );
        let text = program.read(&file);
        let example = format!("\n{} ", [&["stickler"], &verb[..]].concat().join(" "));
        let example = example.trim_end().replace('-', "\\-");
        assert!(
            text.contains(&example),
            "{file} without `{example}`: {text}"
        );
    }
    let pages = std::fs::read_dir(program.folder().join("pages/man1")).unwrap();
    assert_eq!(pages.count(), verbs.len(), "pages, one a verb");
}

/// What stands in every page.
const SECTIONS: [&str; 8] = [
    ".TH ",
    ".SH NAME\n",
    ".SH SYNOPSIS\n",
    ".SH \"EXIT STATUS\"\n",
    ".SH ENVIRONMENT\n.TP\n\\fBSTICKLER_",
    "\n\\fBNO_COLOR\\fR\n",
    ".SH FILES\n",
    ".SH EXAMPLES\n.nf\n",
];

#[test]
fn a_page_says_what_each_option_takes() {
    let program = Program::new();
    program.run(&["man", "check"]).check(
        0,
        &[
            " [\\fB\\-\\-resolver\\fR \\fIADDR:PORT\\fR]... ",
            " [\\fB\\-4\\fR | \\fB\\-\\-ipv4\\fR] ",
            " [\\fIDOMAIN\\fR]...\n",
            "0 all conforming senders deliver, 1 one defers or bounces, a finding reaches",
            "\\fB~/.cache/stickler/policies.sqlite\\fR",
        ],
        &"man check",
    );
}

/// Returns the words of every verb, the program itself with none, as its own tree has them.
fn verbs() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, words: &[String], verbs: &mut Vec<Vec<String>>) {
        verbs.push(words.to_vec());
        for verb in command.get_subcommands() {
            if verb.get_name() != "help" {
                walk(
                    verb,
                    &[words, &[verb.get_name().to_owned()]].concat(),
                    verbs,
                );
            }
        }
    }
    let mut verbs = Vec::new();
    walk(&stickler::cli::Cli::command(), &[], &mut verbs);
    verbs
}

#[test]
fn every_shell_gets_a_script() {
    let program = Program::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        program
            .run(&["completions", shell])
            .check(0, &["stickler", "lint"], &shell);
    }
    #[cfg(unix)]
    for (typed, expected) in [
        ("schema ", "audit cache-entry cache-export"),
        ("schema che", "check"),
        ("man ", "check"),
        ("man lint pol", "policy"),
        ("check --format ", "text json ndjson junit"),
        ("check --format=n", "ndjson"),
        ("check --fail-on=", "error warning note"),
    ] {
        let completed = completed_by_bash(&program, typed);
        assert!(completed.contains(expected), "{typed:?}: {completed}");
    }
    program
        .run(&["completions", "ksh"])
        .check(2, &["!possible values: bash"], &"ksh");
}

/// Returns what bash proposes when Tab is pressed behind `typed`, which it parts at blanks and at each `=`.
#[cfg(unix)]
fn completed_by_bash(program: &Program, typed: &str) -> String {
    const CALL: &str = r#"
        . ./script
        COMP_WORDS=(stickler "$@") COMP_CWORD=$#
        last=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
        [[ $last == = ]] && last= before=${COMP_WORDS[COMP_CWORD-1]}
        _stickler stickler "$last" "$before"
        echo "${COMPREPLY[*]}""#;
    program.write("script", program.run(&["completions", "bash"]).stdout);
    let words = typed.replace('=', " = ");
    let words = match words.strip_suffix(" = ") {
        Some(words) => words.to_owned() + " =",
        None => words,
    };
    let output = std::process::Command::new("bash")
        .args(["-c", CALL, "bash"])
        .args(words.split(' '))
        .current_dir(program.folder())
        .output()
        .unwrap();
    Run::from(output).stdout
}

#[test]
fn wrong_usage_is_named_and_exits_with_2() {
    let program = Program::new();
    program.write("s.toml", "format = 'json'\nfail-no = 'note'\n");
    program.write("value.toml", "\n[verb.lint.match]\nformat = 'xml'\n");
    program.write("broken.toml", "format = \n");
    let matching = ["lint", "match", "a", "b"];
    for (words, fragments) in [
        (&[][..], &["!Usage: stickler"][..]),
        (
            &["chek"],
            &["!unrecognized subcommand 'chek'\n\n  tip: a similar subcommand exists: 'check'\n"],
        ),
        (
            &["lint", "match", "a", "b", "--output", "no/folder/result"],
            &["!cannot write `no/folder/result`: there is no such folder\n"],
        ),
        (
            &["lint", "polcy"],
            &["!a similar subcommand exists: 'policy'"],
        ),
        (
            &["lint", "match", "a", "b", "--fromat", "json"],
            &["!a similar argument exists: '--format'"],
        ),
        (
            &["lint", "match", "a", "b", "--format", "xml"],
            &["![possible values: text, json]"],
        ),
        (
            &["man", "lint", "polcy"],
            &["!`polcy` is no verb here: did you mean `policy`? (there are: record, policy, match"],
        ),
        (
            &["lint", "match", "*.corp.test", "192.0.2.1"],
            &[
                "!invalid value '192.0.2.1' for '<HOST>': this is an address, and an MX record holds a name",
            ],
        ),
        (
            &[
                "lint",
                "policy",
                "p.txt",
                "--mx",
                "mx.corp.test",
                "[2001:db8::1]",
            ],
            &["!invalid value '[2001:db8::1]' for '--mx <HOST>...': this is an address"],
        ),
        (
            &["check", "--source", "192.0.2.77", "corp.test"],
            &["!--source: nothing can be sent from 192.0.2.77, name an address of this host"],
        ),
        (
            &[&["--config", "s.toml"], &matching[..]].concat(),
            &["!s.toml:2:1: `fail-no` is no option: did you mean `fail-on`?"],
        ),
        (
            &[&["--config", "value.toml"], &matching[..]].concat(),
            &["!value.toml:3:10: this is no value for `format`: it takes text, json"],
        ),
        (
            &[&["--config", "broken.toml"], &matching[..]].concat(),
            &["!broken.toml:1:"],
        ),
        (
            &[&["--config", "missing.toml"], &matching[..]].concat(),
            &["!cannot read `missing.toml`, the file of --config: No such file"],
        ),
    ] {
        program.run(words).check(2, fragments, &words);
    }
}

#[test]
fn the_command_line_wins_over_variables_and_those_over_the_file() {
    let program = Program::new();
    program.write("s.toml", "format = 'json'\n");
    let run = |variables: &[(&str, &str)], words: &[&str]| {
        let all = [&["lint", "match", "a.test", "a.test"], words].concat();
        Run::of(program.command(&all).envs(variables.iter().copied()))
    };
    for (variables, words, is_json) in [
        (&[][..], &[][..], false),
        (&[], &["--config", "s.toml"], true),
        (&[("STICKLER_CONFIG", "s.toml")], &[], true),
        (
            &[("STICKLER_CONFIG", "s.toml"), ("STICKLER_FORMAT", "text")],
            &[],
            false,
        ),
        (&[("STICKLER_FORMAT", "json")], &[], true),
        (&[("STICKLER_FORMAT", "json")], &["--format", "text"], false),
    ] {
        let run = run(variables, words);
        run.check(0, &[], &(variables, words));
        assert_eq!(
            run.stdout.starts_with('{'),
            is_json,
            "{variables:?} {words:?}"
        );
    }
    run(&[("STICKLER_FORMAT", "xml")], &[]).check(
        2,
        &["!STICKLER_FORMAT: this is no value for `format`: it takes text, json"],
        &"a wrong variable",
    );
}

#[cfg(unix)]
#[test]
fn a_reader_who_goes_away_is_no_error_to_shout_about() {
    let program = Program::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
        .args(["completions", "bash"])
        .current_dir(program.folder())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), &*output.stderr),
        (Some(141), &b""[..])
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_with_130_and_a_termination_with_143() {
    for (name, exit) in [("INT", 130), ("TERM", 143)] {
        assert_eq!(import_ended_by(name), Some(exit), "{name}");
    }
}

#[cfg(unix)]
fn import_ended_by(name: &str) -> Option<i32> {
    let program = Program::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
        .args(["-v", "cache", "import", "-", "--cache", "store"])
        .current_dir(program.folder())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its standard input stays open, to its end, so it waits once it has said that it reads.
    let input = child.stdin.take().unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    messages.read_line(&mut line).unwrap();
    assert!(line.contains("reading policies"), "{line}");
    signal(name, &child);
    let exit = child.wait().unwrap().code();
    drop(input);
    exit
}

#[cfg(unix)]
#[test]
fn the_journal_of_systemd_is_not_told_the_time() {
    use std::os::unix::fs::MetadataExt as _;

    let program = Program::new();
    program.write("policies", "");
    program.write("log", "");
    let place = std::fs::metadata(program.folder().join("log")).unwrap();
    let stream = format!("{}:{}", place.dev(), place.ino());
    for (stream, has_time) in [(stream.as_str(), false), ("1:1", true), ("", true)] {
        let log = program.folder().join("log");
        let log = std::fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(log);
        let status = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
            .args(["-v", "cache", "import", "--cache", "store", "policies"])
            .current_dir(program.folder())
            .env_clear()
            .env("JOURNAL_STREAM", stream)
            .stderr(log.unwrap())
            .status();
        assert!(status.unwrap().success(), "{stream}");
        let log = program.read("log");
        assert!(log.contains("reading policies"), "{log}");
        let begins = log.trim_start().starts_with(|c: char| c.is_ascii_digit());
        assert_eq!(begins, has_time, "{stream}: {log}");
    }
}
