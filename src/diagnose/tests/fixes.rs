//! What to do, for each thing that can be wrong.

use super::{codes, fix, move_mx, report};
use crate::diagnose::document::Severity;
use crate::facts::dns::{DnsFailureKind, DnsOutcome, RecordType};
use crate::facts::http::{BodyEnd, HttpFailureKind};
use crate::facts::smtp::TlsFailureKind;
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};
use crate::model::stage::{Stage, body};

#[tokio::test]
async fn the_fix_for_a_stale_policy_adds_and_takes_nothing_away() {
    let stage = Stage::with(move_mx);
    let report = report(&stage, None).await;
    let fix = fix(&report, "STS-MX-UNCOVERED");
    let policy = "version: STSv1\nmode: enforce\nmx: mx1.corp.test\nmx: mx2.corp.test\nmx: mx3.corp.test\nmax_age: 604800\n";
    assert!(fix.contains(policy), "{fix}");
    assert!(fix.contains("Only if these hosts are yours"), "{fix}");
    let record = "_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260302T080000;\"";
    assert!(fix.ends_with(record), "{fix}");
    assert!(
        fix.find(policy) < fix.find(record),
        "the body comes before the id: {fix}"
    );
}

#[tokio::test]
async fn a_domain_without_mx_and_address_is_not_told_to_list_itself() {
    let stage = Stage::with(|stage| {
        let nothing = DnsOutcome::NoData { ttl: None };
        for kind in [RecordType::Mx, RecordType::A, RecordType::Aaaa] {
            stage.outcome("corp.test", kind, nothing.clone());
        }
    });
    let report = report(&stage, None).await;
    assert_eq!(codes(&report, Severity::Error), ["MX-NO-ADDRESS"]);
    assert!(fix(&report, "MX-NO-ADDRESS").contains("Publish an MX record"));
}

/// A story, the finding that it makes, and parts of its detail or its fix.
type FixCase = (
    &'static str,
    fn(&mut Stage),
    &'static str,
    &'static [&'static str],
);

/// What every fix has for a policy that is not there: one to begin with.
const BEGIN: &str =
    "version: STSv1\nmode: testing\nmx: mx1.corp.test\nmx: mx2.corp.test\nmax_age: 604800\n";

fn serve(stage: &mut Stage, body: &[u8]) {
    stage.response(|response| response.body = body.into());
}

const FIXES: &[FixCase] = &[
    (
        "an error page with status 200",
        |stage| serve(stage, b"<!DOCTYPE html><title>Oops</title>"),
        "STS-POLICY-INVALID",
        &["this is a web page, not a policy", "no error page", BEGIN],
    ),
    (
        "an error page that says that it is one",
        |stage| {
            stage.response(|response| {
                response.body = b"<html>"[..].into();
                response.content_types = vec![b"text/html"[..].into()];
            });
        },
        "STS-POLICY-INVALID",
        &["this is a web page, not a policy", BEGIN],
    ),
    (
        "no policy, of another type",
        |stage| {
            stage.response(|response| {
                response.body = b"mode: none\n"[..].into();
                response.content_types = vec![b"text/csv"[..].into()];
            });
        },
        "STS-POLICY-INVALID",
        &[
            "line 1",
            "text/csv",
            "`version: STSv1`",
            "Content-Type: text/plain",
        ],
    ),
    (
        "max_age is missing",
        |stage| serve(stage, b"version: STSv1\nmode: enforce\nmx: mx1.corp.test\n"),
        "STS-POLICY-INVALID",
        &["After line 3: add the line `max_age: 604800`", BEGIN],
    ),
    (
        "the mode is missing",
        |stage| serve(stage, b"version: STSv1\nmx: mx1.corp.test\nmax_age: 1\n"),
        "STS-POLICY-INVALID",
        &["`mode: testing`", BEGIN],
    ),
    (
        "the hosts are missing",
        |stage| serve(stage, b"version: STSv1\nmode: enforce\nmax_age: 1\n"),
        "STS-POLICY-INVALID",
        &["add a line `mx:", BEGIN],
    ),
    (
        "a compressed body",
        |stage| serve(stage, b"\x1f\x8b\x08\0\0"),
        "STS-POLICY-INVALID",
        &["served compressed", "Switch compression off"],
    ),
    (
        "UTF-16",
        |stage| serve(stage, b"\xff\xfev\0e\0"),
        "STS-POLICY-INVALID",
        &["not UTF-8", "Save the file as UTF-8"],
    ),
    (
        "SERVFAIL for the policy host",
        |stage| {
            stage.fail("mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        "STS-FETCH-FAILED",
        &["SERVFAIL", "name servers", BEGIN],
    ),
    (
        "no address of the policy host",
        |stage| {
            stage.absent("mta-sts.corp.test");
        },
        "STS-FETCH-FAILED",
        &["Give mta-sts.corp.test an A or AAAA record", BEGIN],
    ),
    (
        "old TLS at the policy host",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::OldTls));
        },
        "STS-FETCH-FAILED",
        &["Offer TLS 1.2 or 1.3", BEGIN],
    ),
    (
        "nothing listens at the policy host",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
        },
        "STS-FETCH-FAILED",
        &["Start the web server", BEGIN],
    ),
    (
        "something else than HTTP",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::Malformed));
        },
        "STS-FETCH-FAILED",
        &["Serve HTTPS at port 443", BEGIN],
    ),
    (
        "a policy with several faults",
        |stage| {
            serve(
                stage,
                b"version: STSv1\nmode: enforced\nmx: 10 mx1.corp.test\nmax_age: 7d\n",
            );
        },
        "STS-POLICY-INVALID",
        &[
            "line 2: mode `enforced` is none of enforce, testing, none; line 3: mx `10 mx1.corp.test`",
            "Line 2: did you mean `enforce`\nLine 3: did you mean `mx1.corp.test`: a policy has no preferences\n\
             Line 4: did you mean `604800`",
            BEGIN,
        ],
    ),
    (
        "the TXT record in the place of the policy",
        |stage| serve(stage, b"v=STSv1; id=1;\n"),
        "STS-POLICY-INVALID",
        &[
            "this is the TXT record, not the policy",
            "_mta-sts.<domain>",
        ],
    ),
    (
        "404",
        |stage| {
            stage.response(|response| response.status = 404);
        },
        "STS-FETCH-FAILED",
        &["Nothing stands at that path", BEGIN],
    ),
    (
        "broken off",
        |stage| {
            stage.response(|response| {
                response.body_end = BodyEnd::Interrupted { detail: "".into() };
            });
        },
        "STS-FETCH-FAILED",
        &["breaks off", BEGIN],
    ),
    (
        "two records",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;", "v=spf1 -all"]);
        },
        "STS-RECORD-INVALID",
        &[
            "Delete all",
            "v=STSv1; id=1;\nv=STSv1; id=2;\n\nand leave exactly one",
        ],
    ),
    (
        "octets before the handshake",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.injected = Some(b"250 trust me\r\n"[..].into());
            });
        },
        "STS-MX-TLS",
        &["STARTTLS injection", "RFC 3207"],
    ),
    (
        "old TLS at an MX host",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.handshake = Some(TlsFailureKind::OldVersion);
            });
        },
        "STS-MX-TLS",
        &["Offer TLS 1.2 or 1.3; try:"],
    ),
    (
        "an MX host that does not know the name",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                let alert = AlertReceived::once(Alert(112));
                mx.handshake = Some(TlsFailureKind::Alert(alert));
            });
        },
        "STS-MX-TLS",
        &[
            "alert unrecognized_name",
            "no certificate or virtual host for mx1.corp.test there",
        ],
    ),
    (
        "an MX host that wants a certificate of its clients",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                let alert = AlertReceived::once(Alert::CERTIFICATE_REQUIRED);
                mx.handshake = Some(TlsFailureKind::Alert(alert));
            });
        },
        "STS-MX-TLS",
        &[
            "alert certificate_required",
            "asks for a certificate of the client",
        ],
    ),
    (
        "an MX host that takes no large hello",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.handshake = Some(TlsFailureKind::Alert(AlertReceived {
                    alert: Alert::INTERNAL_ERROR,
                    smaller_hello: SmallerHello::EndedOtherwise,
                }));
            });
        },
        "MX-UNDETERMINED",
        &["fills more than one packet"],
    ),
    (
        "a policy host that does not know the name",
        |stage| {
            let alert = AlertReceived::once(Alert(112));
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::Alert(alert)));
        },
        "STS-FETCH-FAILED",
        &[
            "TLS alert unrecognized_name",
            "no certificate or virtual host for mta-sts.corp.test there",
        ],
    ),
    (
        "an MX host closes in the handshake",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.handshake = Some(TlsFailureKind::Closed);
            });
        },
        "MX-UNDETERMINED",
        &["breaks the connection in the handshake", "look at its log"],
    ),
    (
        "testing, and a host would fail",
        |stage| {
            stage.policy("testing", &["*.other.test"], 604_800);
        },
        "STS-MODE-TESTING",
        &[
            "Not yet: the policy does not list mx1.corp.test",
            "Not yet: nobody reports to you",
            "When this is mended",
            "`mode: enforce`",
        ],
    ),
    (
        "testing, and all would pass but for the reports",
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], 604_800);
        },
        "STS-MODE-TESTING",
        &["Not yet: nobody reports to you", "then the id"],
    ),
    (
        "a wildcard one label short",
        |stage| {
            stage.policy("enforce", &["*.corp.test"], 604_800);
            stage.server("mx.a.corp.test", &["192.0.2.9"]);
            stage.mx(&["10 mx.a.corp.test"]);
        },
        "STS-MX-UNCOVERED",
        &["`*` stands for exactly one label", "mx: mx.a.corp.test\n"],
    ),
    (
        "a pattern that is listed again, in other letters",
        |stage| {
            stage.policy(
                "enforce",
                &["mx1.corp.test", "mx2.corp.test", "MX1.corp.test"],
                604_800,
            );
        },
        "STS-PATTERN-REPEATED",
        &["`MX1.corp.test` is listed more than once"],
    ),
    (
        "the id in the policy",
        |stage| {
            serve(
                stage,
                b"version: STSv1\nid: 2\nmode: enforce\nmx: *.corp.test\nmax_age: 604800\n",
            );
        },
        "STS-FIELD-UNKNOWN",
        &[
            "`id: 2` is ignored",
            "The id stands in the TXT record at _mta-sts.<domain>, and senders look for it there alone",
        ],
    ),
    (
        "a record that is nearly one beside the record",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "x", "v=stsv1; id=2;"]);
        },
        "STS-RECORD-SECOND",
        &[
            "`v=stsv1; id=2;` is ignored beside the record with the id 1: ",
            "upper and lower case count",
            "Delete it",
        ],
    ),
    (
        "a record that tolerant senders take for a second one",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", " v=STSv1; id=2;"]);
        },
        "STS-RECORD-SECOND",
        &[
            "` v=STSv1; id=2;`",
            "tolerant senders may take both for records, and use none",
        ],
    ),
    (
        "a TLSRPT record that is nearly one beside the record",
        |stage| {
            let record = "v=TLSRPTv1; rua=mailto:a@corp.test";
            stage.txt_at(
                "_smtp._tls.corp.test",
                &[record, "v=TLSRPT1; rua=mailto:b@corp.test"],
            );
        },
        "TLSRPT-SECOND",
        &[
            "`v=TLSRPT1; rua=mailto:b@corp.test` is ignored",
            "Delete it",
        ],
    ),
    (
        "white space before the first semicolon of the TLSRPT record",
        |stage| {
            stage.txt_at(
                "_smtp._tls.corp.test",
                &["v=TLSRPTv1 ; rua=mailto:a@corp.test"],
            );
        },
        "TLSRPT-TOLERATED",
        &[
            "white space before the first `;`",
            "\"v=TLSRPTv1; rua=mailto:a@corp.test;\"",
        ],
    ),
];

#[tokio::test]
async fn a_finding_says_what_is_wrong_and_what_to_do() {
    for (story, change, code, parts) in FIXES {
        let stage = Stage::with(*change);
        let report = report(&stage, None).await;
        let finding = report
            .findings
            .iter()
            .find(|finding| finding.code == *code)
            .unwrap_or_else(|| panic!("{story}: {:#?}", report.findings));
        let text = format!("{}\n{}", finding.detail, fix(&report, code));
        for part in *parts {
            assert!(text.contains(part), "{story}: {part:?} is not in\n{text}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_is_stored_is_offered_rather_than_a_new_one() {
    let stored = super::warm::old_policy(std::time::Duration::from_secs(3_600));
    let stage = Stage::with(|stage| {
        stage.response(|response| response.status = 404);
    });
    let report = report(&stage, Some(&stored)).await;
    let fetch = fix(&report, "STS-FETCH-FAILED");
    assert!(
        fetch.ends_with("The policy to serve stands at STS-CACHED-POLICY-ALIVE."),
        "{fetch}"
    );
    let keep = body("enforce", &["mx1.corp.test", "mx2.corp.test"], 604_800);
    assert!(fix(&report, "STS-CACHED-POLICY-ALIVE").contains(&keep));
}
