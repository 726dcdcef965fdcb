//! The `stickler` program: arguments, a run, an exit code.

fn main() {}
