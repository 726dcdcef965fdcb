use super::{Program, Run};
use crate::support::schema::Validator;

const POLICY: &str =
    "version: STSv1\nmode: enforce\nmx: mx.corp.test\nmx: *.mail.test\nmax_age: 1209600\n";

#[test]
fn policies_are_read_as_senders_read_them() {
    let program = Program::new();
    program.write("good", POLICY);
    program.write("blank", format!("{POLICY}\n"));
    program.write("bad", POLICY.replace("mode", "Mode"));
    program.write("none", "version: STSv1\nmode: none\nmax_age: 60\n");
    program.write(
        "typo",
        POLICY.replace("mx: *", "MX: *").replace("1209600", "60"),
    );
    program.write("huge", vec![b'a'; 10_000_000]);
    for (words, exit, fragments) in [
        (
            &["good"][..],
            0,
            &["valid: mode enforce, max_age 1209600, mx mx.corp.test, *.mail.test"][..],
        ),
        (&["none"], 0, &["valid: mode none, max_age 60\n"]),
        (
            &["none", "--mx", "mx.corp.test"],
            0,
            &["note STS-MX-UNCOVERED"],
        ),
        (
            &["good", "--mx", "MX.corp.test", "a.mail.test"],
            0,
            &[
                "mx.corp.test covered by mx.corp.test",
                "a.mail.test covered by *.mail.test",
            ],
        ),
        (
            &["good", "--mx", "a.b.mail.test"],
            1,
            &[
                "a.b.mail.test NOT covered: `*` stands for exactly one label",
                "error STS-MX-UNCOVERED",
                "add `mx: a.b.mail.test`, if the host is yours",
                "note STS-PATTERN-UNUSED",
            ],
        ),
        (
            &["blank", "--mx", "mx.corp.test"],
            1,
            &[
                "not valid: line 6: the line is blank",
                "to tolerant senders, valid: mode enforce",
                "mx.corp.test covered by mx.corp.test",
                "warning STS-POLICY-TOLERATED",
            ],
        ),
        (
            &["bad"],
            1,
            &[
                "not valid: line ",
                "error STS-POLICY-INVALID",
                "did you mean",
            ],
        ),
        (
            &["typo"],
            0,
            &[
                "warning STS-FIELD-UNKNOWN",
                "did you mean `mx: *.mail.test`",
                "warning STS-MAX-AGE-SHORT",
            ],
        ),
        (&["typo", "--fail-on", "warning"], 1, &[]),
        (
            &["huge"],
            1,
            &["not valid: the body has more than 65536 octets"],
        ),
        (&["missing"], 2, &["!cannot read `missing`: No such file"]),
        (&["."], 2, &["!cannot read `.`"]),
        (
            &["good", "--mx", "a b"],
            2,
            &["!cannot stand in a host name"],
        ),
        (
            &["good", "--output", "no/such/folder"],
            2,
            &["!cannot write `no/such/folder`"],
        ),
    ] {
        let all = [&["lint", "policy"], words].concat();
        program.run(&all).check(exit, fragments, &words);
    }
}

#[test]
fn every_fault_of_a_policy_is_told_in_one_run_at_its_own_line() {
    let program = Program::new();
    program.write(
        "faults",
        "version: STSv1\nmode: enforced\nmx: 10 mx1.corp.test\nnmx: mx2.corp.test\nmax_age: 7d\n",
    );
    program.write(
        "indented",
        POLICY
            .replace("\n", "\n  ")
            .replacen("version", "  version", 1),
    );
    program.write("record", "v=STSv1; id=1;\n");
    program.write("json", "{\"version\": \"STSv1\"}\n");
    program.write("html", "<!doctype html>\n<title>404</title>\n");
    program.write("joined", POLICY.replace('\n', " "));
    program.write("host", POLICY.replace("mx.corp", "mta-sts.corp"));
    program.write(
        "again",
        POLICY.replace("mode", "id: 20260301\nmx: MX.Corp.test\nmode"),
    );
    for (words, exit, fragments) in [
        (
            &["faults"][..],
            1,
            &[
                "not valid: 3 faults\n",
                "line 2: mode `enforced` is none of enforce, testing, none\n    fix: did you mean `enforce`\n",
                "line 3: mx `10 mx1.corp.test` is no host name",
                "    fix: did you mean `mx1.corp.test`: a policy has no preferences\n",
                "line 5: max_age `7d` is not 1 to 10 digits\n    fix: did you mean `604800`\n",
                "line 4: `nmx: mx2.corp.test` is ignored\n    fix: did you mean `mx: mx2.corp.test`\n",
            ][..],
        ),
        (
            &["indented"],
            1,
            &[
                "not valid: ",
                "lines 1 to 5: the line begins with white space",
                "to tolerant senders, valid",
            ],
        ),
        (
            &["record"],
            1,
            &["not valid: this is the TXT record, not the policy\n"],
        ),
        (&["json"], 1, &["not valid: this is JSON, not a policy\n"]),
        (
            &["html"],
            1,
            &["not valid: this is a web page, not a policy\n"],
        ),
        (
            &["joined"],
            1,
            &["not valid: the fields of the policy are joined in one line\n"],
        ),
        (
            &["again"],
            0,
            &[
                "warning STS-FIELD-UNKNOWN",
                "line 2: `id: 20260301` is ignored\n    fix: The id stands in the TXT record",
                "note STS-PATTERN-REPEATED",
                "`mx.corp.test` is listed more than once",
            ],
        ),
        (
            &["host", "--mx", "a.mail.test"],
            0,
            &["warning STS-PATTERN-POLICY-HOST", "as in `mx: a.mail.test`"],
        ),
    ] {
        let all = [&["lint", "policy"], words].concat();
        program.run(&all).check(exit, fragments, &words);
    }
}

#[test]
fn what_is_too_long_is_advised_by_what_it_is() {
    let fewer_hosts = "fix: list only the hosts that take mail, or use wildcards\n";
    let only_the_policy = "fix: serve nothing but the policy, as plain text: a handful of lines";
    let too_long = "not valid: the body has more than 65536 octets";
    let web_page = "not valid: this is a web page, not a policy\n";
    let hosts: String = (0..4_000)
        .map(|n| format!("mx: mx{n}.corp.test\n"))
        .collect();
    let padding = "note: kept for the records of the operators\n".repeat(2_000);
    let html = "<!doctype html><title>Übersicht</title>".repeat(2_000);
    let random: Vec<u8> = (0..70_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    for (body, message, advice) in [
        (
            POLICY.replace("mx: mx.corp.test\n", &hosts).into_bytes(),
            too_long,
            fewer_hosts,
        ),
        (
            format!("{POLICY}{padding}").into(),
            too_long,
            only_the_policy,
        ),
        (vec![b'a'; 100_000], too_long, only_the_policy),
        (random, too_long, only_the_policy),
        (vec![0; 100_000], too_long, only_the_policy),
        (
            html.clone().into(),
            web_page,
            "fix: Serve the policy file itself",
        ),
        // The end of what is read lies within a character.
        (
            format!("{:<34}{html}", "<html>").into(),
            web_page,
            "fix: Serve the policy file itself",
        ),
        (
            html.replace('>', ">\n").into(),
            web_page,
            "fix: Serve the policy file itself",
        ),
        (
            "{\"mx\": []}\n".repeat(10_000).into(),
            "not valid: this is JSON, not a policy\n",
            "fix: Serve the policy as lines",
        ),
        (
            [&b"\x1f\x8b\x08"[..], &[7; 100_000]].concat(),
            "not valid: it is served compressed\n",
            "fix: Serve it as it is",
        ),
    ] {
        let program = Program::new();
        let start = body[..40].escape_ascii().to_string();
        program.write("body", body);
        program.run(&["lint", "policy", "body"]).check(
            1,
            &[message, "error STS-POLICY-INVALID", advice],
            &start,
        );
    }
}

#[test]
fn a_policy_comes_from_standard_input_and_goes_to_a_file() {
    let program = Program::new();
    let words = [
        "lint",
        "policy",
        "-",
        "--format",
        "json",
        "--output",
        "answer.json",
    ];
    let run = Run::of(program.command(&words).write_stdin(format!("{POLICY}\n\n")));
    run.check(1, &[], &words);
    assert_eq!(run.stdout, "");
    let json: serde_json::Value = serde_json::from_str(&program.read("answer.json")).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "schema",
            "valid",
            "mode",
            "max_age_secs",
            "mx",
            "error",
            "tolerant",
            "errors",
            "mx_matches",
            "findings"
        ]
    );
    assert_eq!(json["valid"], false);
    assert_eq!(json["error"]["line"], 6);
    assert_eq!(json["tolerant"]["mx"][1], "*.mail.test");
}

#[test]
fn patterns_are_matched_with_a_reason() {
    let program = Program::new();
    for (pattern, host, exit, fragments) in [
        (
            "*.corp.test",
            "mx.corp.test",
            0,
            &["match: `*` stands for `mx`"][..],
        ),
        (
            "mx.corp.test",
            "MX.corp.test.",
            0,
            &["match: `mx.corp.test` is the host's own name"],
        ),
        (
            "*.mx.microsoft",
            "corp.o-v1.mx.microsoft",
            1,
            &["no match: `*` stands for exactly one label"],
        ),
        ("*.corp.test", "corp.test", 1, &["list `corp.test` itself"]),
        (
            "mx*.corp.test",
            "mx1.corp.test",
            1,
            &["no match: the pattern is none: `*` can only stand"],
        ),
        (
            "mx.corp.test.",
            "mx.corp.test",
            1,
            &[
                "no match: the pattern is none",
                "to tolerant senders, match:",
            ],
        ),
        ("mx.corp.test", "", 2, &["!the name is empty"]),
    ] {
        let words = ["lint", "match", pattern, host];
        program.run(&words).check(exit, fragments, &words);
    }
    let json = program
        .run(&[
            "lint",
            "match",
            "--format",
            "json",
            "*.corp.test",
            "mx.corp.test",
        ])
        .json();
    assert_eq!(json["schema"], "stickler/lint-match/1");
    assert_eq!(json["match"], true);
    assert_eq!(json["tolerant"]["match"], true);
}

#[test]
fn the_json_is_what_its_schema_says() {
    use stickler::cli::lint::{matching, policy, record, tlsrpt};

    let program = Program::new();
    program.write("good", POLICY);
    program.write("bad", "mode: x\n");
    for (schema, words) in [
        (record::schema(), &["record", "v=STSv1; id=1; a=b"][..]),
        (record::schema(), &["record", "v=STSv1"]),
        (
            tlsrpt::schema(),
            &["tlsrpt", "v=TLSRPTv1; rua=mailto:a@b; x=y"],
        ),
        (tlsrpt::schema(), &["tlsrpt", "v=TLSRPTv1"]),
        (
            policy::schema(),
            &["policy", "good", "--mx", "mx.corp.test", "other.test"],
        ),
        (policy::schema(), &["policy", "bad"]),
        (
            matching::schema(),
            &["match", "*.corp.test", "mx.corp.test"],
        ),
    ] {
        let all = [&["lint"], words, &["--format", "json"]].concat();
        let json = program.run(&all).json();
        let validator = Validator::new(schema.to_value());
        assert_eq!(
            validator.errors(&json),
            Vec::<String>::new(),
            "{words:?} gives {json}"
        );
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let program = Program::new();
    let words = ["lint", "match", "a.test", "a.test"];
    let run = |more: &[&str]| program.run(&[&words, more].concat()).stdout;
    assert!(run(&[]).starts_with("match: "));
    assert!(run(&["--color", "never"]).starts_with("match: "));
    assert!(run(&["--color", "always"]).starts_with("\u{1b}[32mmatch\u{1b}[0m: "));
}
