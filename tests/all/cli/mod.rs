//! The program as its users run it: arguments in, exit code and output out.

mod audit;
mod cache;
mod cache_faults;
mod check;
mod check_intended;
mod check_lab;
mod check_ledger;
mod check_port;
mod check_wait;
mod common;
mod lab;
mod lint;
mod lint_records;
mod mistakes;
mod print;
mod replay;
#[cfg(unix)]
mod screen;
mod serve;
mod through;
mod values;

use std::path::Path;

use assert_cmd::Command;

/// Runs the program in a folder of its own, with nothing of this machine's configuration.
struct Program {
    folder: tempfile::TempDir,
}

/// What a run left.
struct Run {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Program {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        std::fs::write(self.folder().join(name), octets).expect("the folder can be written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).expect("the file is there")
    }

    /// Returns what stands in the folder, in order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder())
            .expect("the folder can be read")
            .map(|entry| {
                let name = entry.expect("the folder can be read").file_name();
                name.into_string().expect("names are UTF-8")
            })
            .collect();
        names.sort();
        names
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("stickler");
        command
            .args(words)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder());
        command
    }

    fn run(&self, words: &[&str]) -> Run {
        Run::of(&mut self.command(words))
    }
}

impl Run {
    fn of(command: &mut Command) -> Self {
        command.output().expect("the program can be started").into()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("the output is JSON")
    }

    /// Checks the exit code, and that each fragment stands in the output or, after "!", in the messages.
    fn check(&self, exit: i32, fragments: &[&str], what: &dyn std::fmt::Debug) {
        let whole = format!("{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.exit, Some(exit), "{what:?} gives {whole}");
        for fragment in fragments {
            let (place, fragment) = match fragment.strip_prefix('!') {
                Some(fragment) => (&self.stderr, fragment),
                None => (&self.stdout, *fragment),
            };
            assert!(
                place.contains(fragment),
                "{what:?} gives {whole}\nwithout {fragment:?}"
            );
        }
        assert!(!self.stderr.contains("panicked"), "{what:?} gives {whole}");
    }
}

impl From<std::process::Output> for Run {
    fn from(output: std::process::Output) -> Self {
        Self {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }
}

/// Sends a signal to a child.
#[cfg(unix)]
fn signal(name: &str, child: &std::process::Child) {
    let kill = format!("kill -{name} {}", child.id());
    let status = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(status.expect("there is a shell").success(), "{kill}");
}
