//! Stores that are damaged, odd or in the way of a result.

use super::Program;

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
