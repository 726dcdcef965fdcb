use super::Program;

#[test]
fn records_are_read_as_senders_read_them() {
    let program = Program::new();
    for (words, exit, fragments) in [
        (&["v=STSv1; id=1;"][..], 0, &["valid: id 1"][..]),
        (&["v=STSv1; id=1;", "v=spf1 -all"], 0, &["valid: id 1"]),
        (&["\"v=STSv1; \" \"id=1\""], 0, &["valid: id 1"]),
        (
            &["_mta-sts.provider.test.\n\"v=STSv1; id=1;\"\n\"v=spf1 -all\"\n"],
            0,
            &["valid: id 1"],
        ),
        (
            &["v=STSv1; id=1; a=b"],
            0,
            &["note STS-RECORD-EXTENSION", "`a=b` is ignored"],
        ),
        (
            &["--fail-on", "note", "v=STSv1; id=1; a=b"],
            1,
            &["valid: id 1"],
        ),
        (
            &["v=STSv1; id=1;", "v=STSv1; id=2;"],
            1,
            &[
                "not valid: 2 records begin with `v=STSv1;`",
                "error STS-RECORD-INVALID",
            ],
        ),
        (
            &["v=STSv1;; id=1"],
            1,
            &[
                "not valid: ",
                "to tolerant senders, valid: id 1",
                "warning STS-RECORD-TOLERATED",
            ],
        ),
        (&["v=STSv1"], 1, &["not valid: "]),
        (
            &["v=spf1 -all"],
            1,
            &[
                "not valid: no record speaks of MTA-STS, this is an SPF record (`v=spf1 -all`), as from a wildcard",
            ],
        ),
        // A record that somebody meant to be the one keeps its cause, alone and beside others.
        (
            &["v=stsv1; id=1;"],
            1,
            &["STS-RECORD-INVALID", "upper and lower case count"],
        ),
        (
            &["google-site-verification=x", "v=stsv1; id=1;"],
            1,
            &["STS-RECORD-INVALID", "upper and lower case count"],
        ),
        (&["x", "id=1; v=STSv1"], 1, &["the version must come first"]),
        (
            &["v=STSv1 ; id=1;"],
            0,
            &[
                "valid: id 1",
                "warning STS-RECORD-TOLERATED",
                "as chasquid and Halon do",
                "publish: v=STSv1; id=1;",
            ],
        ),
        // Beside a record that counts it changes nothing, and is told.
        (
            &["v=STSv1; id=1;", "v=stsv1; id=2;"],
            0,
            &[
                "valid: id 1",
                "warning STS-RECORD-SECOND",
                "`v=stsv1; id=2;` is ignored beside the record with the id 1",
                "upper and lower case count",
            ],
        ),
        (
            &["x", "v=STSv1 ; id=1;"],
            1,
            &[
                "STS-RECORD-INVALID",
                "this one has white space before the `;`",
            ],
        ),
        (&[""], 1, &["not valid: no record speaks of MTA-STS"]),
        (
            &["\"v=STSv1; id=1"],
            2,
            &["!is no TXT record: a quoted string is not closed"],
        ),
        (&[], 2, &["!<TEXT>..."]),
    ] {
        let all = [&["lint", "record"], words].concat();
        program.run(&all).check(exit, fragments, &words);
    }
}

#[test]
fn a_record_is_told_in_json() {
    let run = Program::new().run(&["lint", "record", "--format", "json", " v=STSv1; id=1;"]);
    let json = run.json();
    assert_eq!(run.exit, Some(1));
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schema", "record", "error", "tolerant", "findings"]);
    assert_eq!(json["schema"], "stickler/lint-record/2");
    assert_eq!(json["record"], serde_json::Value::Null);
    assert_eq!(json["error"], "the record begins with white space");
    assert_eq!(json["tolerant"]["record"]["id"], "1");
    assert_eq!(json["findings"][0]["code"], "STS-RECORD-TOLERATED");
}

#[test]
fn a_tlsrpt_record_is_mended_and_never_made_up() {
    let program = Program::new();
    for (words, exit, fragments) in [
        (
            &["v=TLSRPTv1;rua=mailto:a@corp.test,https://r.corp.test/v1"][..],
            0,
            &["valid: reports go to mailto:a@corp.test, https://r.corp.test/v1\n"][..],
        ),
        (
            &["\"v=TLSRPTv1; \" \"rua=mailto:a@corp.test\"", "v=spf1 -all"],
            0,
            &["valid: "],
        ),
        (
            &["v=TLSRPTv1; rua=mailto:a@corp.test,b@corp.test"],
            1,
            &[
                "not valid: `b@corp.test` is not a URI",
                "error TLSRPT-INVALID",
                "publish: v=TLSRPTv1; rua=mailto:a@corp.test,mailto:b@corp.test;",
            ],
        ),
        (
            &["v=TLSRPTv1; rua=mailto:a@corp.test!10m"],
            1,
            &["publish: v=TLSRPTv1; rua=mailto:a@corp.test;"],
        ),
        (
            &[
                "v=TLSRPTv1; rua=mailto:a@corp.test",
                "v=TLSRPTv1; rua=mailto:b@corp.test",
            ],
            1,
            &[
                "not valid: 2 records begin with `v=TLSRPTv1;`",
                "Leave one of these records, and delete the others",
                "publish: v=TLSRPTv1; rua=mailto:a@corp.test,mailto:b@corp.test;",
            ],
        ),
        (
            &["v=TLSRPTv1;"],
            1,
            &["an address that somebody reads, as in"],
        ),
        (
            &["v=DMARC1; p=none; rua=mailto:a@corp.test"],
            1,
            &[
                "the version is missing",
                "publish: v=TLSRPTv1; rua=mailto:a@corp.test;",
            ],
        ),
        (
            &["v=spf1 -all"],
            1,
            &["not valid: no record speaks of TLS reports, this is an SPF record"],
        ),
        (
            &["x", "v=tlsrptv1; rua=mailto:a@corp.test"],
            1,
            &["upper and lower case count"],
        ),
        (
            &[
                "v=TLSRPTv1; rua=mailto:a@corp.test",
                "v=tlsrptv1; rua=mailto:b@corp.test",
            ],
            0,
            &[
                "valid: reports go to mailto:a@corp.test\n",
                "warning TLSRPT-SECOND",
                "upper and lower case count",
            ],
        ),
        (
            &["v=TLSRPTv1 ; rua=mailto:a@corp.test"],
            0,
            &[
                "valid: reports go to mailto:a@corp.test\n",
                "warning TLSRPT-TOLERATED",
                "publish: v=TLSRPTv1; rua=mailto:a@corp.test;",
            ],
        ),
        (
            &["v=TLSRPTv1; rua=ftp://corp.test/"],
            0,
            &["warning TLSRPT-SCHEME"],
        ),
        (&["\"x"], 2, &["!is no TXT record"]),
    ] {
        let all = [&["lint", "tlsrpt"], words].concat();
        program.run(&all).check(exit, fragments, &words);
    }
    let run = program.run(&[
        "lint",
        "tlsrpt",
        "--format",
        "json",
        "v=TLSRPTv1; rua=mailto:a@b; x=y",
    ]);
    let json = run.json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schema", "record", "error", "findings"]);
    assert_eq!(json["schema"], "stickler/lint-tlsrpt/1");
    assert_eq!(json["record"]["rua"][0], "mailto:a@b");
    assert_eq!(json["record"]["extensions"][0], "x=y");
}
