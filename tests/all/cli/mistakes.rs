//! What is wrong with a file, shown with its line: the same by every verb that reads one.

use super::Program;

/// A scenario with five mistakes.
const FIVE: &str = r#"id    = "five"
title = "Five mistakes"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
text   = { records = ["v=STSv1; id=1;"], ttl = "1h" }
policy = { mode = "enforced", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.odl.test"], ttl = 3600 }

[servers."mx.old.test"]

[senders]
warm = { class = "strict" }

[[step]]
at = "soon"
[[step.expect]]
sender  = "warm"
verdict = "deliver"
"#;

/// What is said of it.
const SHOWN: &str = r#"five.toml:6:1: unknown key `text`
  |
6 | text   = { records = ["v=STSv1; id=1;"], ttl = "1h" }
  | ^^^^ did you mean `txt`?
five.toml:7:19: `enforced` is not known here
  |
7 | policy = { mode = "enforced", mx = ["mx.old.test"], max_age = "7d" }
  |                   ^^^^^^^^^^ did you mean `enforce`?
five.toml:8:23: nothing declares `mx.odl.test`
  |
8 | mx     = { records = ["10 mx.odl.test"], ttl = 3600 }
  |                       ^^^^^^^^^^^^^^^^ did you mean `mx.old.test`?
five.toml:8:48: found a number, expected a span of time with its unit, as in `"1h"`
  |
8 | mx     = { records = ["10 mx.odl.test"], ttl = 3600 }
  |                                                ^^^^
five.toml:16:6: `soon`: not a span of time; write it like `90m`, `2d2h` or `-6d`
   |
16 | at = "soon"
   |      ^^^^^^
"#;

#[test]
fn every_verb_shows_the_line_and_the_caret() {
    let program = Program::new();
    program.write("five.toml", FIVE);
    program.write(
        "meant.toml",
        "[domains.\"corp.test\"]\nmx = \"mx.corp.test\"\npolcy = \"\"\n",
    );
    program.write(
        "both.toml",
        "[domains.\"corp.test\"]\nmxs = \"mx.corp.test\"\n",
    );
    program.write("options.toml", "# ours\nfail-no = 'warning'\n");
    program.write("value.toml", "format = 'xml'\n");
    for (words, exit, shown) in [
        (
            &["lint", "scenario", "five.toml"][..],
            1,
            &*format!("{SHOWN}not valid: 1 of 1\n"),
        ),
        (&["replay", "five.toml"], 2, SHOWN),
        (
            &["lab", "run", "five.toml", "--", "true"],
            2,
            "!five.toml:16:6: `soon`: not a span of time; write it like `90m`, `2d2h` or `-6d`\n   |\n16 | at = \"soon\"\n   |      ^^^^^^\n",
        ),
        (
            &["check", "--intended", "meant.toml"],
            2,
            "!meant.toml:3:1: unknown key `polcy`\n  |\n3 | polcy = \"\"\n  | ^^^^^ did you mean `policy`?\n",
        ),
        // The slip is not hidden by what is missing for it.
        (
            &["check", "--intended", "both.toml"],
            2,
            "!both.toml:2:1: unknown key `mxs`\n  |\n2 | mxs = \"mx.corp.test\"\n  | ^^^ did you mean `mx`?\n",
        ),
        (
            &["lint", "scenario", "--config", "options.toml", "five.toml"],
            2,
            "!options.toml:2:1: `fail-no` is no option: did you mean `fail-on`?\n  |\n2 | fail-no = 'warning'\n  | ^^^^^^^\n",
        ),
        (
            &["lint", "scenario", "--config", "value.toml", "five.toml"],
            2,
            "!value.toml:1:10: this is no value for `format`: it takes text, json, ndjson, junit\n  |\n1 | format = 'xml'\n  |          ^^^^^\n",
        ),
    ] {
        program.run(words).check(exit, &[shown], &words);
    }
    // Machines get the fields that they always had, and the first lines can be found by grep.
    let json = program
        .run(&["lint", "scenario", "--format", "json", "five.toml"])
        .json();
    assert_eq!(
        json["files"][0]["problems"][0],
        serde_json::json!({
            "file": "five.toml",
            "line": 6,
            "column": 1,
            "message": "unknown key `text`",
            "help": "did you mean `txt`?",
        })
    );
    let places = SHOWN.lines().filter(|line| line.starts_with("five.toml:"));
    assert_eq!(
        places.count(),
        json["files"][0]["problems"].as_array().unwrap().len()
    );
}
