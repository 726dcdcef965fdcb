//! A server under load, and what it took.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::machine::field;

/// A server that runs beside the benchmark.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts the sidecar on a store, with a resolver that is not there: what is held is answered all the same.
    pub(crate) fn sidecar(state: &Path) -> Self {
        Self::sidecar_timed(state, &[]).0
    }

    /// Starts the sidecar, with a network or none, and says how long it took until it listened.
    pub(crate) fn sidecar_timed(state: &Path, network: &[String]) -> (Self, Duration) {
        let nowhere = ["--resolver", "127.0.0.1:1"].map(str::to_owned);
        let network: &[String] = if network.is_empty() {
            &nowhere
        } else {
            network
        };
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_stickler"))
            .args([
                "serve",
                "--socketmap",
                "127.0.0.1:0",
                "--http",
                "none",
                "--control",
                "none",
            ])
            .args(network)
            .arg("--state")
            .arg(state)
            .arg("--exim")
            .arg(format!("unix:{}.exim", state.display()))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        while !line.contains("Postfix is answered at ") {
            line.clear();
            let length = log.read_line(&mut line).expect("it writes text");
            assert!(length > 0, "it ended");
        }
        let took = began.elapsed();
        // What it says from here on nobody reads: it says little.
        std::thread::spawn(move || drop(std::io::copy(&mut log, &mut std::io::sink())));
        let address = line.trim_end().rsplit(' ').next().unwrap_or_default();
        let server = Self {
            child,
            address: address.to_owned(),
        };
        (server, took)
    }

    /// Starts the echo with this answer.
    pub(crate) fn echo(answer: &str) -> Self {
        let program = std::env::current_exe().expect("it runs");
        let mut child = Command::new(program)
            .arg("--echo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let input = child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{answer}").expect("it reads");
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().expect("it is piped"))
            .read_line(&mut address)
            .expect("it says its port");
        let address = address.trim_end().to_owned();
        Self { child, address }
    }

    /// Returns the CPU time that its threads have taken.
    pub(crate) fn cpu(&self) -> Duration {
        let folder = format!("/proc/{}/task", self.child.id());
        let nanos = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
            .sum();
        Duration::from_nanos(nanos)
    }

    /// Returns its resident memory.
    pub(crate) fn resident_octets(&self) -> f64 {
        let text = field(&format!("/proc/{}/status", self.child.id()), "VmRSS").unwrap_or_default();
        let kibi: f64 = text
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
        kibi * 1_024.0
    }

    /// Waits until it has nothing to do: it took no time for a quarter of a second.
    pub(crate) fn wait_until_idle(&self) {
        let mut before = Duration::MAX;
        loop {
            let now = self.cpu();
            if now.abs_diff(before) < Duration::from_millis(1) {
                return;
            }
            before = now;
            std::thread::park_timeout(Duration::from_millis(250));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
