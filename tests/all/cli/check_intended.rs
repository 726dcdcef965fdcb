//! `check` that is told what is intended: hosts on the command line, a phase of a migration in one file, and what is
//! said of files that are wrong.

use serde_json::Value;

use super::lab::{Lab, command_with};
use super::replay::validator;
use super::{Program, Run};

/// The domains of the phase that were forgotten: their policies list the old host alone.
const FORGOTTEN: [usize; 3] = [3, 7, 12];

/// Twelve domains before a move to one new host, and a second step at which those that were forgotten are mended.
fn story() -> String {
    let mut story = String::from(
        "id    = \"a-phase-of-twelve\"\ntitle = \"Twelve domains, three forgotten\"\nstart = \"2026-03-02T08:00:00Z\"\n\n\
         [servers.\"mx.old.test\"]\n[servers.\"mx.new.test\"]\n",
    );
    for number in 1..=12 {
        let listed = if FORGOTTEN.contains(&number) {
            "\"mx.old.test\""
        } else {
            "\"mx.old.test\", \"mx.new.test\""
        };
        story.push_str(&format!(
            "\n[domains.\"d{number}.test\"]\ntxt    = {{ records = [\"v=STSv1; id=1;\"] }}\n\
             policy = {{ mode = \"enforce\", mx = [{listed}], max_age = \"7d\" }}\n\
             mx     = {{ records = [\"10 mx.old.test\"] }}\n"
        ));
    }
    story.push_str("\n[[step]]\nat = \"0s\"\n[[step.check]]\ndomain = \"d1.test\"\nintended_mx = \"mx.new.test\"\nexit = 0\n\n[[step]]\nat = \"2h\"\n");
    for number in FORGOTTEN {
        story.push_str(&format!(
            "set.domains.\"d{number}.test\".policy.mx = [\"mx.old.test\", \"mx.new.test\"]\n"
        ));
    }
    story.push_str("[[step.check]]\ndomain = \"d3.test\"\nexit = 0\n");
    story
}

fn phase() -> String {
    (1..=12)
        .map(|number| format!("[domains.\"d{number}.test\"]\nmx = [\"mx.new.test\"]\n"))
        .collect()
}

/// Starts the lab at the first step, with the file of the phase beside it.
fn lab(program: &Program) -> Lab {
    program.write("story.toml", story());
    program.write("phase.toml", phase());
    let mut lab = Lab::up(program, &["story.toml", "--at", "0s", "--env", "lab.env"]);
    lab.read_to("moves on");
    lab
}

fn check(program: &Program, words: &[&str]) -> Run {
    let words = [&["check"], words].concat();
    Run::of(&mut command_with(program, "lab.env", &words))
}

/// Returns the domains that a document finds a host uncovered in.
fn uncovered(document: &Value) -> Vec<&str> {
    let mut domains: Vec<&str> = document["domains"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|domain| {
            let findings = domain["findings"].as_array().unwrap();
            findings
                .iter()
                .any(|finding| finding["code"] == "INTENDED-MX-UNCOVERED")
        })
        .filter_map(|domain| domain["domain"].as_str())
        .collect();
    domains.sort_unstable();
    domains
}

#[test]
fn a_phase_of_twelve_names_the_three_that_were_forgotten() {
    let program = Program::new();
    let mut lab = lab(&program);
    let run = check(&program, &["--intended", "phase.toml"]);
    run.check(
        1,
        &[
            "12 domains: 12 deliver",
            "d3.test: deliver, but 1 error: ",
            "deliver d12.test: serve the new policy first",
            "deliver d7.test: serve the new policy first",
        ],
        &"the phase",
    );
    assert_eq!(
        run.stdout.matches("INTENDED-MX-UNCOVERED (").count(),
        FORGOTTEN.len(),
        "{}",
        run.stdout
    );
    let validator = validator(&program, "check");
    let run = check(&program, &["--intended", "phase.toml", "--format", "json"]);
    run.check(1, &[], &"json");
    let document = run.json();
    validator.assert_accepts(&document);
    assert_eq!(uncovered(&document), ["d12.test", "d3.test", "d7.test"]);
    // One domain of the file, and one that stands in no file.
    check(&program, &["d1.test", "--intended", "phase.toml"]).check(
        0,
        &["d1.test: deliver", "-- mx.new.test", "intended"],
        &"d1",
    );
    check(&program, &["d7.test", "--intended", "phase.toml", "-v"]).check(
        1,
        &[
            "What is intended",
            "before the cutover, by the live MX records",
            "NOT LISTED",
        ],
        &"d7 in full",
    );
    check(&program, &["d7.test", "--intended", "phase.toml"]).check(
        1,
        &["stickler check d7.test --intended phase.toml\n"],
        &"d7",
    );
    check(&program, &["d13.test", "--intended", "phase.toml"]).check(
        2,
        &["!`phase.toml` says nothing of d13.test: did you mean `d1"],
        &"d13",
    );
    lab.write("next");
    lab.read_to("--now");
    check(&program, &["--intended", "phase.toml"]).check(0, &["12 domains: 12 deliver"], &"mended");
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn what_is_meant_is_repeated_in_every_command_that_checks_again() {
    let program = Program::new();
    let lab = lab(&program);
    let both = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n";
    program.write("both.txt", both);
    for (words, expected) in [
        (
            &["d3.test", "--intended-mx", "mx.new.test"][..],
            &[
                "stickler check d3.test --intended-mx mx.new.test\n",
                "stickler check --intended FILE\n",
            ][..],
        ),
        (
            &[
                "d3.test",
                "--intended-mx",
                "mx.new.test,mx.old.test",
                "--intended-policy",
                "both.txt",
                "--phase",
                "before",
            ],
            &[
                "stickler check d3.test --intended-mx mx.new.test mx.old.test --intended-policy both.txt --phase before\n",
            ],
        ),
        (
            &["d3.test", "--intended", "phase.toml"],
            &["stickler check --intended phase.toml\n"],
        ),
    ] {
        let all = [words, &["--steps"]].concat();
        check(&program, &all).check(1, expected, &words);
    }
    assert_eq!(lab.end(), Some(0));
}

#[test]
fn options_that_do_not_go_together_and_files_that_are_wrong_are_named() {
    let program = Program::new();
    program.write("phase.toml", phase());
    program.write(
        "twice.toml",
        "[domains.\"corp.test\"]\nmx = \"mx.new.test\"\n[domains.\"Corp.test\"]\nmx = \"mx.new.test\"\n",
    );
    program.write(
        "wrong.toml",
        "[domains.\"corp.test\"]\nmx = [\"192.0.2.1\"]\n[domains.\"other.test\"]\nmx = []\npolcy = \"x\"\n",
    );
    program.write(
        "tolerated.txt",
        "version: STSv1\nmode: enforce\nmx: mx.new.test\nmax_age: 604800\n\n",
    );
    for (words, expected) in [
        (
            &["--intended-mx", "mx.new.test", "corp.test"][..],
            &["!no domain is given: name it before --intended-mx"][..],
        ),
        (
            &["corp.test", "--intended-mx", "192.0.2.1"],
            &["!this is an address, and an MX record holds a name"],
        ),
        (
            &[
                "corp.test",
                "--intended-mx",
                "mx.new.test",
                "--intended",
                "phase.toml",
            ],
            &["!leave one of them out"],
        ),
        (
            &["corp.test", "--intended-policy", "tolerated.txt"],
            &["!--intended-policy goes with --intended-mx"],
        ),
        (
            &[
                "--intended",
                "phase.toml",
                "--intended-policy",
                "tolerated.txt",
            ],
            &["!`policy` or `policy_file` of its domain"],
        ),
        (
            &["corp.test", "--phase", "after"],
            &["!--phase goes with --intended-mx or --intended"],
        ),
        (
            &[
                "corp.test",
                "--intended-mx",
                "mx.new.test",
                "--next-hop",
                "smart.test",
            ],
            &["!--next-hop passes over the MX records"],
        ),
        (
            &[
                "corp.test",
                "--intended-mx",
                "mx.new.test",
                "--intended-policy",
                "tolerated.txt",
            ],
            &["!tolerated.txt:5: ", "!has to be a policy to the letter"],
        ),
        (
            &[
                "corp.test",
                "--intended-mx",
                "mx.new.test",
                "--intended-policy",
                "nowhere.txt",
            ],
            &["!cannot read `nowhere.txt`"],
        ),
        (
            &["--intended", "nowhere.toml"],
            &["!nowhere.toml: cannot be read: "],
        ),
        (
            &["--intended", "twice.toml"],
            &["!twice.toml:3:10: corp.test stands here for the second time"],
        ),
        (
            &["--intended", "wrong.toml"],
            &[
                "!wrong.toml:2:7: `192.0.2.1`: this is an address",
                "!wrong.toml:5:1: unknown key `polcy`\n",
                "!wrong.toml:4:6: no host is intended to take the mail",
            ],
        ),
    ] {
        let all = [&["check"], words].concat();
        program.run(&all).check(2, expected, &words);
    }
}
