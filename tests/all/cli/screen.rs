//! What stands on a terminal when a check has ended: what scrolled away is not read.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Program;
use super::lab::{Lab, command_with};

const STORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/scenarios/migration/stale-policy-after-cutover.toml"
);

/// A terminal, seen from outside.
struct Terminal {
    outside: File,
    inside: File,
}

impl Terminal {
    fn new(columns: u16, rows: u16) -> Self {
        let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&outside).unwrap();
        unlockpt(&outside).unwrap();
        tcsetwinsize(
            &outside,
            Winsize {
                ws_row: rows,
                ws_col: columns,
                ws_xpixel: 0,
                ws_ypixel: 0,
            },
        )
        .unwrap();
        let name = ptsname(&outside, Vec::new()).unwrap();
        let inside = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        Self {
            outside: outside.into(),
            inside: inside.into(),
        }
    }

    fn inside(&self) -> Stdio {
        self.inside.try_clone().unwrap().into()
    }

    /// Runs a command, one of whose streams is the terminal, and returns what came out there, and the exit code.
    fn run(self, mut command: Command) -> (String, Option<i32>) {
        let Self {
            mut outside,
            inside,
        } = self;
        let mut child = command.spawn().unwrap();
        // Nobody else holds the inside then, and the outside ends with the child.
        drop((command, inside));
        let mut octets = Vec::new();
        let mut piece = [0; 4_096];
        while let Ok(length @ 1..) = outside.read(&mut piece) {
            octets.extend_from_slice(&piece[..length]);
        }
        let exit = child.wait().unwrap().code();
        (
            String::from_utf8(octets).unwrap().replace("\r\n", "\n"),
            exit,
        )
    }
}

/// Returns `check` with the variables of a lab, and nothing else of this machine.
fn check(program: &Program, term: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("stickler"));
    command
        .args(["check", "corp.test"])
        .current_dir(program.folder())
        .env_clear()
        .env("HOME", program.folder())
        .env("TERM", term)
        .env("TZ", "UTC");
    for line in program.read("lab.env").lines() {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value.trim_matches('\''));
    }
    command
}

/// Returns the lines that a terminal of so many rows shows beside the prompt, and how many scrolled away.
fn last_screen(text: &str, columns: u16, rows: u16) -> (Vec<&str>, usize) {
    let lines: Vec<&str> = text.lines().collect();
    let columns = usize::from(columns);
    let mut room = usize::from(rows) - 1;
    let shown = lines
        .iter()
        .rev()
        .take_while(|line| {
            let takes = line.chars().count().div_ceil(columns).max(1);
            room = match room.checked_sub(takes) {
                Some(left) => left,
                None => return false,
            };
            true
        })
        .count();
    let (away, shown) = lines.split_at(lines.len() - shown);
    (shown.to_vec(), away.len())
}

#[test]
fn the_outage_stands_whole_on_a_screen() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY, "--at", "2d2h", "--env", "lab.env"]);
    lab.read_to("moves on");
    for (term, columns, rows) in [("dumb", 80, 24), ("dumb", 120, 24)] {
        let terminal = Terminal::new(columns, rows);
        let mut command = check(&program, term);
        command.stdout(terminal.inside()).stderr(Stdio::null());
        let (text, exit) = terminal.run(command);
        let (shown, away) = last_screen(&text, columns, rows);
        assert_eq!((exit, away), (Some(1), 0), "{columns}: {text}");
        for part in [
            "corp.test: DEFER   strict senders (Gmail, Outlook) keep the mail, then bounce it",
            "  because  no MX host can be used: mx.new.test is not in the policy",
            "mx: mx.new.test",
            "  then     stickler check corp.test",
        ] {
            assert!(shown.contains(&part), "{columns}: {part:?} in {text}");
        }
        // The lab's clock runs on.
        let record = "_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260304T10";
        assert!(shown.iter().any(|line| line.starts_with(record)), "{text}");
        assert_eq!(
            shown.last(),
            Some(&"corp.test: DEFER, 1 error: serve the new policy first")
        );
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= columns.into()),
            "{text}"
        );
        assert!(!text.contains('\x1b'), "{text:?}");
    }
    let terminal = Terminal::new(80, 24);
    let mut command = check(&program, "xterm");
    command.stdout(terminal.inside()).stderr(Stdio::null());
    let (text, _) = terminal.run(command);
    assert!(
        text.starts_with("\x1b[1;31mcorp.test: DEFER\x1b[0m   strict senders"),
        "{text:?}"
    );
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn one_domain_has_a_spinner_where_somebody_looks() {
    let program = Program::new();
    let mut lab = Lab::up(&program, &[STORY, "--env", "lab.env"]);
    lab.read_to("moves on");
    for (term, expected) in [("xterm", true), ("dumb", false)] {
        let terminal = Terminal::new(80, 24);
        let mut command = check(&program, term);
        command.stdout(Stdio::null()).stderr(terminal.inside());
        let (text, exit) = terminal.run(command);
        assert_eq!(exit, Some(0), "{text}");
        assert_eq!(text.contains("working for "), expected, "{term}: {text:?}");
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn a_mistake_in_a_file_is_shown_as_the_terminal_can() {
    let program = Program::new();
    let xs = "x".repeat(150);
    program.write(
        "long.toml",
        format!("[domains.\"corp.test\"]\nmxs = \"{xs}\"\n"),
    );
    program.write("options.toml", format!("fail-no = \"{xs}\"\n"));
    for words in [
        &["lint", "scenario", "long.toml"][..],
        &["replay", "long.toml"],
        &["lab", "run", "long.toml", "--", "true"],
        &["check", "--intended", "long.toml"],
        &["check", "--config", "options.toml"],
    ] {
        let shown = |columns, term: &str, color: &str, no_color: Option<&str>| {
            let terminal = Terminal::new(columns, 24);
            let mut command = Command::new(assert_cmd::cargo::cargo_bin!("stickler"));
            command
                .args(["--color", color])
                .args(words)
                .current_dir(program.folder())
                .env_clear()
                .envs(no_color.map(|value| ("NO_COLOR", value)))
                .env("HOME", program.folder())
                .env("TERM", term)
                .stdout(terminal.inside())
                .stderr(terminal.inside());
            let (text, _) = terminal.run(command);
            assert!(text.contains("^^^"), "{words:?}: {text}");
            text
        };
        // A narrow terminal cuts the line, a wide one does not.
        for (columns, is_whole) in [(50, false), (240, true)] {
            let text = shown(columns, "dumb", "auto", None);
            assert_eq!(text.contains(&xs), is_whole, "{words:?}: {text}");
            let mut excerpt = text.lines().filter(|line| line.contains(" | "));
            let is_within = |line: &str| line.chars().count() <= columns.into();
            assert!(excerpt.all(is_within), "{words:?}: {text}");
        }
        for (term, color, no_color, is_coloured) in [
            ("xterm", "auto", None, true),
            ("xterm", "auto", Some("1"), false),
            ("xterm", "never", None, false),
            ("dumb", "auto", None, false),
            ("dumb", "always", Some("1"), true),
        ] {
            let text = shown(80, term, color, no_color);
            let carets = text.lines().find(|line| line.contains("^^^")).unwrap();
            assert_eq!(
                carets.contains("\x1b["),
                is_coloured,
                "{words:?}, {term}, {color}, {no_color:?}: {text:?}"
            );
        }
    }
}

#[test]
fn of_twenty_domains_the_two_bad_ones_are_opened() {
    let program = Program::new();
    let mut story = String::from(
        "id = \"twenty\"\ntitle = \"Two of twenty are bad\"\nstart = \"2026-03-02T08:00:00Z\"\n\
         [servers.\"mx.good.test\"]\n[servers.\"mx.bad.test\"]\n\
         [senders]\nstrict = { class = \"strict\" }\n[[step]]\nat = \"0s\"\n\
         [[step.expect]]\ndomain = \"d1.test\"\nverdict = \"deliver\"\n",
    );
    let mut list = String::new();
    for number in 1..=20 {
        let host = if number % 10 == 7 {
            "mx.bad.test"
        } else {
            "mx.good.test"
        };
        story.push_str(&format!(
            "[domains.\"d{number}.test\"]\ntxt = {{ records = [\"v=STSv1; id=1;\"] }}\n\
             policy = {{ mode = \"enforce\", mx = [\"mx.good.test\"], max_age = \"7d\" }}\n\
             mx = {{ records = [\"10 {host}\"] }}\n"
        ));
        list.push_str(&format!("d{number}.test\n"));
    }
    program.write("story.toml", story);
    program.write("list", list);
    let mut lab = Lab::up(&program, &["story.toml", "--env", "lab.env"]);
    lab.read_to("moves on");
    let words = ["check", "--input", "list"];
    let run = super::Run::of(&mut command_with(&program, "lab.env", &words));
    run.check(
        1,
        &["\n20 domains: 2 defer, 18 deliver\n  DEFER d17.test: serve the new policy first\n"],
        &"a list",
    );
    let good = |line: &&str| line.contains(": deliver   mx.good.test is in the policy");
    assert_eq!(
        run.stdout.lines().filter(good).count(),
        18,
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.lines().count() < 18 + 2 * 20 + 10,
        "{}",
        run.stdout
    );
    for domain in ["d7.test", "d17.test"] {
        let first = format!("{domain}: DEFER   strict senders");
        let last = format!("\n{domain}: DEFER, 1 error: serve the new policy first\n");
        assert!(
            run.stdout.contains(&first) && run.stdout.contains(&last),
            "{}",
            run.stdout
        );
    }
    // Where the result goes into a file, somebody still gets to see what came of it.
    let words = [&words[..], &["--output", "result", "--format", "json"]].concat();
    super::Run::of(&mut command_with(&program, "lab.env", &words)).check(
        1,
        &["!stickler: 20 domains: 2 defer, 18 deliver\n"],
        &"into a file",
    );
    let words = ["check", "d7.test", "--output", "result"];
    super::Run::of(&mut command_with(&program, "lab.env", &words)).check(
        1,
        &["!stickler: d7.test: DEFER: serve the new policy first\n"],
        &"one into a file",
    );
    assert_eq!(lab.end(), Some(0));
}
