//! What `check` makes of its arguments; what it makes of domains is tested against the lab.

use std::process::Stdio;

#[cfg(unix)]
use super::signal;
use super::{Program, Run};

/// Options with which every question fails at once.
const DEAF: [&str; 4] = ["--resolver", "127.0.0.1:1", "--timeout", "100ms"];

#[cfg(unix)]
#[test]
fn a_run_that_is_ended_from_outside_leaves_a_whole_document() {
    for (name, exit) in [("INT", 130), ("TERM", 143)] {
        let program = Program::new();
        program.write("result.json", "the last result");
        // It hears the question and never answers, so the check waits.
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let resolver = silent.local_addr().unwrap().to_string();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"))
            .args(["check", "a.test", "b.test", "--resolver", &resolver])
            .args(["--format", "json", "--output", "result.json"])
            .current_dir(program.folder())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        silent.recv_from(&mut [0; 512]).unwrap();
        assert_eq!(program.read("result.json"), "the last result");
        signal(name, &child);
        let run = Run::from(child.wait_with_output().unwrap());
        run.check(
            exit,
            &["!stickler: interrupted: 0 of 2 domains done, 2 in part"],
            &name,
        );
        let document: serde_json::Value =
            serde_json::from_str(&program.read("result.json")).unwrap();
        let domains = document["domains"].as_array().unwrap();
        let cut_short: Vec<_> = domains.iter().map(|domain| &domain["cut_short"]).collect();
        assert_eq!(cut_short, ["interrupted", "interrupted"]);
        assert_eq!(program.names(), ["result.json"]);
    }
}

#[test]
fn a_probe_goes_to_no_host_of_another_domain() {
    let program = Program::new();
    for (words, exit, fragments) in [
        (
            &["corp.test", "--send", "a@x.test,b@other.test"][..],
            2,
            &[
                "!--send: b@other.test is no address of corp.test, and its MX hosts are asked: check other.test, or name with --next-hop",
            ][..],
        ),
        (
            &["corp.test", "--send", "a@x.test,b@[192.0.2.1]"],
            2,
            &["!--send: b@[192.0.2.1] is no address of corp.test"],
        ),
        (
            &["corp.test", "other.test", "--send", "a@x.test,b@corp.test"],
            2,
            &["!--send takes one domain, 2 are given"],
        ),
        (
            &["corp.test", "--send", "a@x.test,b@CORP.test"],
            1,
            &["corp.test: undetermined"],
        ),
        (
            &[
                "corp.test",
                "--send",
                "a@x.test,b@other.test",
                "--next-hop",
                "smart.test",
            ],
            1,
            &["smart.test: undetermined"],
        ),
    ] {
        let all = [&["check"], words, &DEAF].concat();
        program.run(&all).check(exit, fragments, &words);
    }
}

#[test]
fn a_report_on_a_smart_host_names_the_domains_that_were_asked_for() {
    let program = Program::new();
    let words = [
        "check",
        "corp.test",
        "other.test",
        "--next-hop",
        "smart.test",
    ];
    for (format, expected) in [
        ("text", "  next hop of mail for corp.test, other.test\n"),
        ("junit", "next hop of mail for corp.test, other.test\n"),
        ("ndjson", "\"for_domains\":[\"corp.test\",\"other.test\"]"),
    ] {
        let all = [&words[..], &DEAF, &["--format", format]].concat();
        program.run(&all).check(3, &[expected], &format);
    }
}

#[test]
fn a_smart_host_is_a_name_and_may_have_a_port() {
    let program = Program::new();
    for (hop, exit, expected) in [
        ("192.0.2.1", 2, "!RFC 8461, Section 3.4"),
        ("[192.0.2.1]:587", 2, "!RFC 8461, Section 3.4"),
        ("2001:db8::1", 2, "!RFC 8461, Section 3.4"),
        ("relay.test:x", 2, "!a port is a number"),
        (
            "relay.test:587",
            3,
            "relay.test: undetermined   no reply in time",
        ),
        ("[relay.test]:587", 3, "  MX       0 relay.test   "),
    ] {
        let all = [&["check", "corp.test", "--next-hop", hop], &DEAF[..]].concat();
        program.run(&all).check(exit, &[expected], &hop);
    }
}

#[test]
fn what_is_no_list_of_domains_is_refused() {
    let program = Program::new();
    program.write("long.txt", "a".repeat(5_000));
    program.write("many.txt", "\n".repeat(100_001));
    for (input, expected) in [
        (
            "long.txt",
            "!long.txt:1: the line is longer than 4096 octets",
        ),
        ("many.txt", "!many.txt has more than 100000 lines"),
        #[cfg(unix)]
        (
            "/dev/zero",
            "!/dev/zero:1: the line is longer than 4096 octets",
        ),
    ] {
        let all = [&["check", "--input", input], &DEAF[..]].concat();
        program.run(&all).check(2, &[expected], &input);
    }
    for (domain, expected) in [
        ("a@b@c.test", "!a mail address has one @"),
        ("a.-bad-.test", "!begins or ends with a hyphen"),
    ] {
        let all = [&["check", domain], &DEAF[..]].concat();
        program.run(&all).check(2, &[expected], &domain);
    }
}

#[test]
fn cases_stand_in_the_order_of_the_input_and_counts_are_at_least_one() {
    let program = Program::new();
    let names: Vec<String> = (0..20).map(|number| format!("d{number}.test")).collect();
    program.write("domains.txt", names.join("\n"));
    let all = [
        &["check", "--input", "domains.txt", "--format", "junit"],
        &DEAF[..],
    ]
    .concat();
    let run = program.run(&all);
    let cases: Vec<&str> = run
        .stdout
        .split("<testcase name=\"")
        .skip(1)
        .filter_map(|case| case.split('"').next())
        .collect();
    assert_eq!(cases, names);
    for option in ["--jobs", "--max-policy-size"] {
        program.run(&["check", "corp.test", option, "0"]).check(
            2,
            &["!it must be at least 1"],
            &option,
        );
    }
}

#[test]
fn each_question_is_told_to_those_who_ask_for_it() {
    let program = Program::new();
    for (verbosity, expected) in [
        (&[][..], [false, false]),
        (&["-v"], [true, false]),
        (&["-vv"], [true, true]),
    ] {
        let run = program.run(&[verbosity, &["check", "corp.test"], &DEAF].concat());
        let told = [
            "looked up question=TXT _mta-sts.corp.test",
            "a resolver gave no answer",
        ]
        .map(|fragment| run.stderr.contains(fragment));
        assert_eq!(told, expected, "{verbosity:?} gives {}", run.stderr);
    }
}
