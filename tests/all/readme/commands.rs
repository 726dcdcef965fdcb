//! Every command of the README: who runs it, and what it prints.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use regex::Regex;

use super::{blocks, readme, root};

/// Who runs a command.
enum By {
    /// This test: it ends with this exit code, and prints this, or what the README shows of it.
    Here(i32, &'static str),
    /// A step of `.ci/run`, in a file that says this where it does.
    Ci(&'static str, &'static str, &'static str),
}
use By::{Ci, Here};

const CI: &str = ".ci/run";
const NAMES: &str = "docker/names";
const SENDERS: &str = "docker/senders/driver/readme.py";
const SYSTEMD: &str = "docker/senders/driver/systemd.py";

/// All of them, as they stand there.
const COMMANDS: [(&str, By); 52] = [
    (
        "dig +short TXT _mta-sts.example.com",
        Ci("names", NAMES, "'^\\$ dig '"),
    ),
    (
        "cargo install --locked --path .",
        Ci("install", CI, "cargo install --locked --path ."),
    ),
    (
        "stickler lab run scenarios/migration/stale-policy-after-cutover.toml --at 2d2h -- stickler check corp.test",
        Here(1, "STS-MX-UNCOVERED"),
    ),
    (
        "cargo run -- replay scenarios/migration/stale-policy-after-cutover.toml",
        Ci("demo", CI, "cargo run -- replay "),
    ),
    ("cargo test", Ci("test", CI, "{ cargo test; }")),
    // Its output stands there: `the_outage_is_told_as_the_program_tells_it` compares it.
    (
        "cargo run -- replay scenarios/migration/stale-policy-after-cutover.toml",
        Ci("demo", CI, "cargo run -- replay "),
    ),
    (
        "stickler lab up scenarios/migration/stale-policy-after-cutover.toml --at 2d2h --env lab.env",
        Here(0, ""),
    ),
    ("set -a; . ./lab.env; set +a", Here(0, "")),
    ("stickler check corp.test", Here(1, "STS-MX-UNCOVERED")),
    (
        "sudo unshare --net --mount",
        Ci("names", NAMES, "unshare --net --mount"),
    ),
    (
        "ip link set lo up; ip address add 192.0.2.1/24 dev lo",
        Ci("names", NAMES, "s/^# //p"),
    ),
    (
        "echo nameserver 127.0.0.1 > lab.resolv; mount --bind lab.resolv /etc/resolv.conf",
        Ci("names", NAMES, "s/^# //p"),
    ),
    (
        "stickler lab run --real-ports scenarios/migration/stale-policy-after-cutover.toml --at 2d5h -- bash",
        Ci("names", NAMES, "s/^# //p"),
    ),
    (
        "posttls-finger -c -l secure -F $STICKLER_CA_FILE corp.test mx.new.test",
        Ci(
            "names",
            NAMES,
            "Verified TLS connection established to mx.new.test",
        ),
    ),
    (
        "swaks --to jo@corp.test --tls --tls-verify --tls-ca-path $STICKLER_CA_FILE",
        Ci("names", NAMES, "TLS started with cipher"),
    ),
    (
        "stickler check example.com",
        Here(0, "example.com: deliver"),
    ),
    (
        "stickler check --input domains.txt --format ndjson --output results.ndjson",
        Here(0, ""),
    ),
    (
        "stickler lab run scenarios/migration/stale-policy-after-cutover.toml --at 0s -- stickler check corp.test --intended-mx mx.new.test",
        Here(1, "INTENDED-MX-UNCOVERED"),
    ),
    (
        "stickler check example.com --intended-mx mx1.example.com mx2.example.com --intended-policy mta-sts.txt",
        Here(0, "example.com: deliver"),
    ),
    (
        "stickler check --intended phase-2.toml",
        Here(0, "example.com: deliver"),
    ),
    (
        "stickler check --intended phase-2.toml --wait 15m --wait-for body --cache none",
        Here(0, "example.com: what is intended is everywhere"),
    ),
    (
        "stickler check --intended phase-2.toml --wait 15m",
        Here(0, "example.com: deliver"),
    ),
    (
        "stickler check --cache before.sqlite example.com",
        Here(0, "example.com: deliver"),
    ),
    (
        "stickler cache list --cache before.sqlite",
        Here(0, "example.com"),
    ),
    (
        "stickler lint record 'v=STSv1; id=20260301T080000;'",
        Here(0, "20260301T080000"),
    ),
    (
        "stickler lint policy mta-sts.txt --mx mx1.example.com mx2.example.com",
        Here(0, "mx2.example.com"),
    ),
    (
        "stickler lint match '*.mx.microsoft' corp.o-v1.mx.microsoft",
        // One label stands for the asterisk, and here there are two.
        Here(1, "corp.o-v1.mx.microsoft"),
    ),
    (
        "stickler lint tlsrpt 'v=TLSRPTv1; rua=mailto:reports@example.com'",
        Here(0, "mailto:reports@example.com"),
    ),
    ("stickler lint scenario scenarios/", Here(0, "")),
    (
        "cp scenarios/migration/overlap-done-right.toml my-move.toml",
        Here(0, ""),
    ),
    ("stickler lint scenario my-move.toml", Here(0, "")),
    (
        "stickler replay my-move.toml",
        Here(0, ": holds (model and lab"),
    ),
    ("stickler serve --print-systemd > units", Here(0, "")),
    (
        "awk '/^# \\/etc\\// {file = $2} {print > file}' units",
        Ci("units", SYSTEMD, "commands(\"With systemd, as root\")"),
    ),
    (
        "systemctl daemon-reload",
        Ci("units", SYSTEMD, "commands(\"With systemd, as root\")"),
    ),
    (
        "systemctl enable --now stickler-postfix.socket stickler-exim.socket stickler.service",
        Ci("units", SYSTEMD, "commands(\"With systemd, as root\")"),
    ),
    (
        "STATE_DIRECTORY=/var/lib/stickler RUNTIME_DIRECTORY=/run/stickler stickler serve",
        Ci("senders", SENDERS, "commands(\"Without it\")"),
    ),
    (
        "postmap -q example.com socketmap:inet:127.0.0.1:8461:postfix",
        Ci("senders", SENDERS, "commands(\"Then `postfix reload`\")"),
    ),
    (
        "stickler query example.com",
        Ci("senders", SENDERS, "commands(\"Then `postfix reload`\")"),
    ),
    (
        "update-exim4.conf",
        Ci("senders", SENDERS, "commands(\"Then, on Debian,\")"),
    ),
    (
        "service exim4 reload",
        Ci("senders", SENDERS, "commands(\"Then, on Debian,\")"),
    ),
    ("docker/image", Ci("image", CI, "docker/image ||")),
    (
        "docker run --rm --read-only --cap-drop ALL stickler check example.com",
        Ci("image", CI, "docker run --rm --read-only --cap-drop ALL "),
    ),
    (
        "docker run --detach --read-only --cap-drop ALL --network container:postfix --volume sts:/var/lib/stickler stickler",
        Ci("image", "docker/beside", "docker run --detach "),
    ),
    ("docker/retest.sh", Ci("lab", CI, "docker/retest.sh")),
    (
        "stickler replay --sender-under-test smtp://127.0.0.1:25 --env lab.env --start ./start --queue-run 'postqueue -f' my-move.toml",
        Ci(
            "audits",
            "docker/audit/inside",
            "stickler replay --sender-under-test smtp://127.0.0.1:25 ",
        ),
    ),
    ("stickler audit", Ci("audit", CI, "\"$program\" audit &&")),
    ("stickler audit never-enforces", Here(1, "Not enforced")),
    (
        "stickler audit --self-test",
        Ci("audit", CI, "\"$program\" audit --self-test"),
    ),
    (
        "stickler audit smtp://127.0.0.1:25 --env audit.env --start ./start --queue-run 'postqueue -f'",
        Ci(
            "audits",
            "docker/audit/inside",
            "stickler audit smtp://127.0.0.1:25 ",
        ),
    ),
    (
        "stickler replay --format junit --output replay.xml scenarios/",
        Here(0, ""),
    ),
    (
        "stickler check --format junit --output domains.xml --input domains.txt",
        Here(0, ""),
    ),
];

/// The files that they leave, and how each begins.
const FILES: [(&str, &str); 5] = [
    ("results.ndjson", "{\"schema\":\"stickler/check/"),
    ("my-move.toml", "id"),
    ("units", "# /etc/systemd/system/stickler.service\n"),
    ("replay.xml", "<?xml"),
    ("domains.xml", "<?xml"),
];

/// A network in which the README's domain is at home.
const NETWORK: &str = r#"
id    = "readme"
title = "example.com is as it should be"
rfc   = ["8461 §5"]
start = "2026-03-02T08:00:00Z"

[domains."example.com"]
txt    = { records = ["v=STSv1; id=20260301T080000;"], ttl = "1h" }
policy = { mode = "enforce", mx = ["mx1.example.com", "mx2.example.com"], max_age = "7d" }
mx     = { records = ["10 mx1.example.com", "20 mx2.example.com"], ttl = "1h" }

[servers."mx1.example.com"]
[servers."mx2.example.com"]

[senders]
strict = { class = "strict" }

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"
"#;

/// What is intended: what the README shows.
const PHASE: &str = "[domains.\"example.com\"]\nmx = [\"mx1.example.com\", \"mx2.example.com\"]\npolicy_file = \"mta-sts.txt\"\n";

/// The policy that is linted.
const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\nmax_age: 604800\r\n";

#[test]
fn each_is_run_by_a_test_or_by_ci() {
    let readme = readme();
    let found: Vec<&str> = blocks(&readme)
        .into_iter()
        .flatten()
        .map(|block| block.command)
        .collect();
    let expected: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    assert_eq!(found, expected);
    let ci = std::fs::read_to_string(root().join(CI)).unwrap();
    for (command, by) in &COMMANDS {
        match by {
            Here(..) => {}
            Ci(step, file, mark) => {
                assert!(
                    ci.contains(&format!("\nstep_{step}() ")),
                    "{command}: {step}"
                );
                let text = std::fs::read_to_string(root().join(file)).unwrap();
                assert!(text.contains(mark), "{command}: {file} without {mark}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn each_that_is_run_here_prints_what_is_shown() {
    let folder = Folder::new();
    let _network = folder.lab_up("stickler lab up network.toml --env network.env");
    let mut labs = Vec::new();
    let mut before = String::new();
    let readme = readme();
    let blocks = blocks(&readme);
    let shown = blocks.iter().flatten();
    for (block, (command, by)) in shown.zip(&COMMANDS) {
        let Here(exit, expected) = by else {
            continue;
        };
        if command.starts_with("stickler lab up ") {
            labs.push(folder.lab_up(command));
            continue;
        }
        if command.starts_with("set ") {
            before = format!("{command}\n");
            continue;
        }
        let printed = folder.run(&format!("{before}{command}"), *exit);
        before.clear();
        assert!(
            alike(&printed).starts_with(&alike(block.shown)),
            "`{command}` shows\n{}and prints\n{printed}",
            block.shown
        );
        assert!(printed.contains(expected), "`{command}` prints {printed}");
    }
    for (name, begin) in FILES {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.starts_with(begin), "{name}: {text}");
    }
}

/// Takes out what differs from run to run: ports, the second in which an id was made, and where lines are wrapped.
#[cfg(unix)]
fn alike(text: &str) -> String {
    let text = Regex::new(r"127\.0\.0\.1:\d+")
        .unwrap()
        .replace_all(text, "PORT");
    let text = Regex::new(r"id=2026030[24]T\d{6}")
        .unwrap()
        .replace_all(&text, "ID");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(unix)]
#[test]
fn the_printed_units_part_into_their_files() {
    let readme = readme();
    let below = |command: &str| command.replace("print > file", "print > (\"root\" file)");
    let folder = Folder::new();
    folder.run("mkdir -p root/etc/systemd/system root/etc/default", 0);
    for command in [
        "stickler serve --print-systemd > units",
        "awk '/^# \\/etc\\// {file = $2} {print > file}' units",
    ] {
        assert!(readme.contains(command), "{command}");
        folder.run(&below(command), 0);
    }
    let made = folder.run("cd root/etc && find . -type f | sort", 0);
    assert_eq!(
        made,
        "./default/stickler\n./systemd/system/stickler-exim.socket\n\
         ./systemd/system/stickler-postfix.socket\n./systemd/system/stickler.service\n"
    );
}

/// Where the README is followed: some scenarios, the files that it takes for given, and the program on the path.
#[cfg(unix)]
struct Folder(tempfile::TempDir);

#[cfg(unix)]
impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migration = folder.path().join("scenarios/migration");
        std::fs::create_dir_all(&migration).unwrap();
        for name in ["overlap-done-right.toml", "stale-policy-after-cutover.toml"] {
            let from = root().join("scenarios/migration").join(name);
            std::fs::copy(from, migration.join(name)).unwrap();
        }
        for (name, text) in [
            ("network.toml", NETWORK),
            ("domains.txt", "example.com\n"),
            ("mta-sts.txt", POLICY),
            ("phase-2.toml", PHASE),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn shell(&self, command: &str) -> Command {
        let program = assert_cmd::cargo::cargo_bin!("stickler").parent().unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let variables =
            std::fs::read_to_string(self.path().join("network.env")).unwrap_or_default();
        shell.envs(variables.lines().filter_map(|line| line.split_once('=')));
        shell
    }

    /// Runs a command to its end, and returns what it prints.
    fn run(&self, command: &str, exit: i32) -> String {
        let output = self.shell(command).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(exit),
            "`{command}` prints {printed}"
        );
        printed
    }

    /// Starts a lab, and returns when it is up.
    fn lab_up(&self, command: &str) -> Lab {
        let mut child = self.shell(&format!("exec {command}")).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lab = Lab(child);
        let is_up = |line: &str| line.contains("moves on");
        assert!(lines.any(|line| is_up(&line.unwrap())), "`{command}` ends");
        lab
    }
}

/// A lab that is up until the test ends.
#[cfg(unix)]
struct Lab(Child);

#[cfg(unix)]
impl Drop for Lab {
    fn drop(&mut self) {
        // Where it has ended there is nothing to kill.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
