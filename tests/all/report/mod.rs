//! What people and machines get to read.

mod far;
mod json;
mod junit;
mod places;
mod policies;
pub(crate) mod samples;
mod screens;
mod text;
mod told;

/// Returns whether a line stays whole: it is a command, or a record.
fn is_to_paste(line: &str) -> bool {
    let commands = [
        "curl ",
        "dig ",
        "openssl ",
        "stickler ",
        "then     stickler ",
    ];
    commands.iter().any(|start| line.starts_with(start)) || line.contains(" 3600 IN ")
}
