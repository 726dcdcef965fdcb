//! `lab up`, `check` with the options that it prints, and `lab run`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;

use super::{Program, Run};

const STORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/scenarios/migration/stale-policy-after-cutover.toml"
);

/// A lab that runs beside the test.
pub(super) struct Lab {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Lab {
    pub(super) fn up(program: &Program, words: &[&str]) -> Self {
        Self::up_with_input(program, words, Stdio::piped())
    }

    fn up_with_input(program: &Program, words: &[&str], input: Stdio) -> Self {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
            .args(["lab", "up"])
            .args(words)
            .current_dir(program.folder())
            .env_clear()
            .env("HOME", program.folder())
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, output }
    }

    /// Reads up to the line that contains `end`.
    pub(super) fn read_to(&mut self, end: &str) -> String {
        let mut text = String::new();
        loop {
            let before = text.len();
            let length = self.output.read_line(&mut text).expect("it writes UTF-8");
            assert!(length > 0, "the lab ended before `{end}`: {text}");
            if text[before..].contains(end) {
                return text;
            }
        }
    }

    pub(super) fn write(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{line}").expect("the lab reads");
    }

    /// Tells the lab to end, and waits until it has.
    pub(super) fn end(mut self) -> Option<i32> {
        self.write("quit");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Where a test fails the lab must not outlive it; where it has ended there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs `check` with the variables of a file.
fn check_with(program: &Program, variables: &str, more: &[&str]) -> Run {
    Run::of(command_with(program, variables, &["check", "corp.test"]).args(more))
}

/// Returns the program with the variables of a file.
pub(super) fn command_with(program: &Program, variables: &str, words: &[&str]) -> Command {
    let mut command = program.command(words);
    for line in program.read(variables).lines() {
        let (name, value) = line.split_once('=').expect("it is a variable");
        command.env(name, value.trim_matches('\''));
    }
    command
}

#[test]
fn check_sees_the_story_as_the_lab_tells_it() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY, "--at", "2d2h", "--env", "lab.env"]);
    let told = lab.read_to("moves on");
    for fragment in [
        "at 2026-03-04T10:00:00Z (2d2h after the start): the old MX record has left every resolver\n",
        "  stickler check corp.test \\\n    --resolver 127.0.0.1:",
        " \\\n    --now 2026-03-04T10:00:00Z\n",
    ] {
        assert!(told.contains(fragment), "{told}");
    }
    let stale = check_with(&program, "lab.env", &[]);
    let resolver = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("--resolver "));
    let resolver = resolver
        .expect("the option is printed")
        .trim_end_matches(" \\");
    assert_eq!(
        stale.stderr,
        format!("stickler: resolver {resolver}, clock 2026-03-04 10:00 UTC (from STICKLER_*)\n"),
    );
    // The next run has the variables too.
    assert!(!stale.stdout.contains("--resolver"), "{}", stale.stdout);
    stale.check(
        1,
        &[
            "corp.test: DEFER ",
            "STS-MX-UNCOVERED",
            "2 notes and details (-v), the nine steps (--steps)\n",
            "mx: mx.new.test\nmax_age: 604800",
        ],
        &"the stale policy",
    );
    let (address, port) = resolver.split_once(':').expect("an address and a port");
    check_with(&program, "lab.env", &["--steps"]).check(
        1,
        &[
            &format!("dig @{address} -p {port} +short MX corp.test\n"),
            "curl -sS --cacert /",
            "lab.env.ca.pem --connect-to 'mta-sts.corp.test:443:127.0.0.1:",
        ],
        &"commands that work in the lab",
    );
    let options = told
        .lines()
        .filter_map(|line| line.strip_prefix("    --"))
        .map(|line| format!("--{}", line.trim_end_matches(" \\").replace('\'', "")))
        .collect::<Vec<_>>();
    let words: Vec<&str> = options
        .iter()
        .flat_map(|option| option.split(' '))
        .collect();
    let words: Vec<&str> = ["check", "corp.test"].into_iter().chain(words).collect();
    program
        .run(&words)
        .check(1, &["corp.test: DEFER "], &"the options pasted");
    let before = program.read("lab.env");
    lab.write("next");
    let moved = lab.read_to("--now 2026-03-04T11:00:00Z");
    let again = format!(
        "  read the variables again: set -a; . {}; set +a\n",
        program.folder().join("lab.env").display()
    );
    assert!(moved.contains(&again), "{moved}");
    let after = program.read("lab.env");
    assert_eq!(
        before.replace("T10:", "T11:"),
        after,
        "the options stay valid"
    );
    check_with(&program, "lab.env", &["-v"]).check(
        0,
        &[
            "corp.test: deliver",
            "!looked up question=MX corp.test outcome=records records=1",
            "!asked for the policy host=mta-sts.corp.test",
            "!spoke SMTP host=mx.new.test",
        ],
        &"corrected",
    );
    lab.write("at 1d");
    lab.read_to("--now 2026-03-03T08:00:00Z");
    check_with(&program, "lab.env", &[]).check(
        0,
        &["corp.test: deliver", "mx.old.test"],
        &"before the cutover",
    );
    assert_eq!(lab.end(), Some(0));
    // They would lead nowhere now.
    assert_eq!(program.names(), [""; 0]);
}

#[test]
fn a_lab_takes_every_time_that_it_prints_and_says_what_it_does_not_know() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY, "--at", "1d", "--env", "lab.env"]);
    lab.read_to("--now 2026-03-03T08:00:00Z");
    check_with(&program, "lab.env", &[]).check(
        0,
        &["corp.test: deliver"],
        &"something to remember",
    );
    for (line, expected) in [
        (
            "at noon",
            "`noon` is no moment: write a time since the start, as in 2d3h, or one of",
        ),
        (
            "dance",
            "`dance` is no command: write `next`, `at 2d3h`, `steps`, `history`, `help` or `quit`",
        ),
        (
            "at 2026-03-02T07:00:00Z",
            "is too early: the story begins at 2026-03-02T08:00:00Z",
        ),
        ("help", "  next      go on to the next step"),
        ("history", r#""name":"_mta-sts.corp.test""#),
        // Every time that is printed is taken.
        ("at 2026-03-04T10:00:00Z", "--now 2026-03-04T10:00:00Z"),
        ("at +2d3h", "--now 2026-03-04T11:00:00Z"),
        ("at 2 d 2 h", "--now 2026-03-04T10:00:00Z"),
        (
            "steps",
            "  0s       2026-03-02T08:00:00Z  before the cutover",
        ),
        (
            "",
            "  2d       2026-03-04T08:00:00Z  the MX moves, the policy stays",
        ),
        (
            "",
            "* 2d2h     2026-03-04T10:00:00Z  the old MX record has left",
        ),
        ("at 9d", "--now 2026-03-11T08:00:00Z"),
        ("next", "this was the last step"),
    ] {
        lab.write(line);
        lab.read_to(expected);
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn without_a_file_for_variables_the_authority_lies_in_a_folder_that_goes() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY]);
    let told = lab.read_to("moves on");
    let line = told.lines().find(|line| line.contains("--ca-file"));
    let path = line
        .and_then(|line| line.split_ascii_whitespace().nth(1))
        .expect("the option is printed");
    assert!(
        std::fs::read_to_string(path)
            .expect("it is there")
            .contains("BEGIN CERTIFICATE")
    );
    assert_eq!(lab.end(), Some(0));
    assert!(!std::path::Path::new(path).exists(), "{path}");
}

#[cfg(unix)]
#[test]
fn it_outlives_its_input_until_it_is_told_to_end() {
    for name in ["TERM", "INT"] {
        let program = Program::new();
        let words = [STORY, "--env", "lab.env"];
        let mut lab = Lab::up_with_input(&program, &words, Stdio::null());
        lab.read_to("moves on");
        check_with(&program, "lab.env", &[]).check(0, &["corp.test: deliver"], &name);
        super::signal(name, &lab.child);
        assert_eq!(lab.child.wait().expect("it ends").code(), Some(0), "{name}");
        assert_eq!(program.names(), [""; 0], "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_command_runs_with_the_lab_around_it_and_gives_its_exit_code() {
    let program = Program::new();
    let stickler = assert_cmd::cargo::cargo_bin!("stickler").to_str().unwrap();
    let check = [stickler, "check", "corp.test"];
    for (at, command, exit, fragments) in [
        (
            "2d2h",
            &check[..],
            1,
            &[
                "corp.test: DEFER ",
                "!clock 2026-03-04 10:00 UTC (from STICKLER_*)",
            ][..],
        ),
        ("2d5h", &check, 0, &["corp.test: deliver"]),
        (
            "2026-03-04T10:00:00Z",
            &[
                "sh",
                "-c",
                "echo $STICKLER_NOW; cat $STICKLER_CA_FILE; exit 7",
            ],
            7,
            &["2026-03-04T10:00:00Z\n-----BEGIN CERTIFICATE"],
        ),
        ("0s", &["sh", "-c", "kill -KILL $$"], 137, &[]),
        ("0s", &["sh", "-c", "kill -TERM $$"], 143, &[]),
        (
            "0s",
            &["./nothing"],
            127,
            &["!error: ./nothing: No such file"],
        ),
        ("0s", &["/"], 126, &["!error: /: Permission denied"]),
        (
            "1999-01-01T00:00:00Z",
            &["true"],
            2,
            &["!1999-01-01T00:00:00Z is too early: the story begins at 2026-03-02T08:00:00Z"],
        ),
    ] {
        let words = [&["lab", "run", STORY, "--at", at, "--"], command].concat();
        let run = Run::of(program.command(&words).env("PATH", "/usr/bin:/bin"));
        run.check(exit, fragments, &words);
    }
    program
        .run(&["lab", "run", STORY])
        .check(2, &["!<COMMAND>..."], &"no command");
    program
        .run(&["lab", "run", "missing.toml", "--", "true"])
        .check(2, &["!missing.toml: cannot be read"], &"no scenario");
}

#[cfg(unix)]
#[test]
fn a_termination_is_handed_on_to_the_command() {
    let program = Program::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
        .args(["lab", "run", STORY, "--", "sh", "-c"])
        .arg("trap 'echo over; exit 5' TERM; echo up; read line; exit 9")
        .current_dir(program.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut said = String::new();
    output.read_line(&mut said).expect("it writes UTF-8");
    super::signal("TERM", &child);
    output.read_line(&mut said).expect("it writes UTF-8");
    assert_eq!(said, "up\nover\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(5));
}

#[cfg(unix)]
#[test]
fn it_is_moved_on_through_a_fifo_by_one_writer_after_the_other() {
    let program = Program::new();
    let path = program.folder().join("steps");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("POSIX has mkfifo").success());
    // Who can write to it as well never sees its end.
    let input = std::fs::File::options().read(true).write(true).open(&path);
    let mut lab = Lab::up_with_input(&program, &[STORY], input.expect("it is there").into());
    lab.read_to("moves on");
    for (line, expected) in [
        ("next", "--now 2026-03-04T08:00:00Z"),
        ("next", "--now 2026-03-04T10:00:00Z"),
        ("at 2d3h", "--now 2026-03-04T11:00:00Z"),
    ] {
        std::fs::write(&path, format!("{line}\n")).expect("the lab reads");
        lab.read_to(expected);
    }
    std::fs::write(&path, "quit\n").expect("the lab reads");
    assert_eq!(lab.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn addresses_that_this_machine_does_not_have_are_named_before_anything_listens() {
    let program = Program::new();
    let story = SILENT_BACKUP
        .replace(
            "max_age = \"7d\"",
            "max_age = \"7d\", addresses = [\"203.0.113.3\"]",
        )
        .replace("fault =", "addresses = [\"203.0.113.2\"]\nfault =");
    program.write("far.toml", story);
    program
        .run(&["lab", "up", "far.toml", "--real-ports"])
        .check(
            2,
            &[
                "!203.0.113.2, 203.0.113.3 are no addresses of this machine",
                "!add each, as in `ip address add ",
            ],
            &"real ports",
        );
}

#[test]
fn a_broken_scenario_is_not_served() {
    let program = Program::new();
    program.write("broken.toml", "id = 1\n");
    program
        .run(&["lab", "up", "broken.toml"])
        .check(2, &["!broken.toml:1:6: "], &"broken");
    program.run(&["lab", "up", "missing.toml"]).check(
        2,
        &["!missing.toml: cannot be read"],
        &"missing",
    );
}

const SILENT_BACKUP: &str = r#"
id    = "silent-backup"
title = "The backup MX takes connections and never says a word"
rfc   = ["8461 §4"]
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1h" }
policy = { mode = "enforce", mx = ["mx1.corp.test", "mx2.corp.test"], max_age = "7d" }
mx     = { records = ["10 mx1.corp.test", "20 mx2.corp.test"], ttl = "1h" }

[servers."mx1.corp.test"]
[servers."mx2.corp.test"]
fault = "silence"

[senders]
strict = { class = "strict" }

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"
"#;

#[test]
fn a_domain_whose_time_is_over_is_told_as_far_as_it_is_known() {
    let program = Program::new();
    program.write("silent.toml", SILENT_BACKUP);
    let mut lab = Lab::up(&program, &["silent.toml", "--env", "lab.env"]);
    lab.read_to("moves on");
    let began = Instant::now();
    let run = check_with(
        &program,
        "lab.env",
        &["--deadline", "3s", "--timeout", "10m"],
    );
    run.check(
        0,
        &[
            "corp.test: deliver ",
            "mx1.corp.test",
            "MX-UNREACHABLE",
            "(the 3s for this domain were over: raise --deadline, or lower --timeout)",
        ],
        &"three seconds",
    );
    assert!(began.elapsed() < Duration::from_secs(60), "{}", run.stdout);
    assert_eq!(lab.end(), Some(0));
}
