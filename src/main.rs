//! The `stickler` program: arguments, a run, an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    stickler::cli::main(&words)
}
