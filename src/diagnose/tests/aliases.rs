//! Names that are aliases: what every fix says of them.

use super::{WEEK, fix, report};
use crate::diagnose::document::{DomainReport, Severity};
use crate::model::stage::Stage;

/// A story, its finding, and the record, the alias and its target in the JSON of the fix.
type AliasCase = (
    &'static str,
    fn(&mut Stage),
    &'static str,
    [Option<&'static str>; 3],
);

const RECORD: &str = "_mta-sts.corp.test";
const AT_THE_END: &str = "_mta-sts.vendor.test. 3600 IN TXT \"v=STSv1; id=20260302T080000;\"";

const CASES: &[AliasCase] = &[
    (
        "the record behind an alias is broken",
        |stage| {
            stage.alias(RECORD, "_mta-sts.vendor.test");
            stage.txt_at("_mta-sts.vendor.test", &["v=STSv1; id=a-b"]);
        },
        "STS-RECORD-INVALID",
        [Some(AT_THE_END), Some(RECORD), Some("_mta-sts.vendor.test")],
    ),
    (
        "the record's alias hangs, and a policy is served",
        |stage| {
            stage.alias(RECORD, "_mta-sts.vendor.test");
            stage.absent("_mta-sts.vendor.test");
        },
        "STS-POLICY-WITHOUT-RECORD",
        [Some(AT_THE_END), Some(RECORD), Some("_mta-sts.vendor.test")],
    ),
    (
        "the record's alias hangs, and nothing is served",
        |stage| {
            stage.alias(RECORD, "_mta-sts.vendor.test");
            stage.absent("_mta-sts.vendor.test");
            stage.absent("mta-sts.corp.test");
        },
        "ALIAS-GONE",
        [Some(AT_THE_END), Some(RECORD), Some("_mta-sts.vendor.test")],
    ),
    (
        "the record's alias leads in a circle: the CNAME itself has to go",
        |stage| {
            stage.alias(RECORD, "a.vendor.test");
            stage.alias("a.vendor.test", "b.vendor.test");
            stage.alias("b.vendor.test", "a.vendor.test");
        },
        "STS-RECORD-INVALID",
        [
            Some("_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260302T080000;\""),
            Some(RECORD),
            None,
        ],
    ),
    (
        "the policy is stale, and its id is behind an alias",
        |stage| {
            stage.alias(RECORD, "_mta-sts.vendor.test");
            stage.txt_at("_mta-sts.vendor.test", &["v=STSv1; id=1;"]);
            stage.mx(&["10 mx3.corp.test"]);
        },
        "STS-MX-UNCOVERED",
        [Some(AT_THE_END), Some(RECORD), Some("_mta-sts.vendor.test")],
    ),
    (
        "the policy host's alias hangs",
        |stage| {
            stage.alias("mta-sts.corp.test", "corp.pages.test");
            stage.absent("corp.pages.test");
        },
        "STS-FETCH-FAILED",
        [
            Some("_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260302T080000;\""),
            Some("mta-sts.corp.test"),
            Some("corp.pages.test"),
        ],
    ),
    (
        "the policy host's alias hangs where no record is published",
        |stage| {
            stage.absent(RECORD);
            stage.alias("mta-sts.corp.test", "corp.pages.test");
            stage.absent("corp.pages.test");
        },
        "ALIAS-GONE",
        [None, Some("mta-sts.corp.test"), Some("corp.pages.test")],
    ),
    (
        "the TLSRPT record behind an alias is broken",
        |stage| {
            stage.alias("_smtp._tls.corp.test", "rpt.vendor.test");
            stage.txt_at("rpt.vendor.test", &["v=TLSRPTv1; rua=reports@corp.test"]);
        },
        "TLSRPT-INVALID",
        [
            Some("rpt.vendor.test. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:reports@corp.test;\""),
            Some("_smtp._tls.corp.test"),
            Some("rpt.vendor.test"),
        ],
    ),
    (
        "the TLSRPT record's alias hangs",
        |stage| {
            stage.alias("_smtp._tls.corp.test", "rpt.vendor.test");
            stage.absent("rpt.vendor.test");
        },
        "ALIAS-GONE",
        [
            Some("rpt.vendor.test. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@corp.test;\""),
            Some("_smtp._tls.corp.test"),
            Some("rpt.vendor.test"),
        ],
    ),
    (
        "policy and certificate bear the name behind the MX host",
        |stage| {
            stage.alias("mx.corp.test", "mx1.corp.test");
            stage.mx(&["10 mx.corp.test"]);
        },
        "STS-MX-UNCOVERED",
        [Some("corp.test. 3600 IN MX 10 mx1.corp.test."), None, None],
    ),
    (
        "the certificate alone bears the name behind the MX host",
        |stage| {
            stage.alias("mx.corp.test", "mx1.corp.test");
            stage.mx(&["10 mx.corp.test"]);
            stage.policy("enforce", &["mx.corp.test"], WEEK);
        },
        "STS-MX-CERTIFICATE",
        [
            Some("_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260302T080000;\""),
            None,
            None,
        ],
    ),
];

#[tokio::test]
async fn no_fix_wants_a_record_beside_a_cname() {
    for (story, change, code, expected) in CASES {
        let stage = Stage::with(*change);
        let report = report(&stage, None).await;
        let finding = report
            .findings
            .iter()
            .find(|finding| finding.code == *code)
            .unwrap_or_else(|| panic!("{story}: {:#?}", report.findings));
        let fix = serde_json::to_value(&finding.fix).unwrap();
        let seen = ["record", "alias", "alias_target"].map(|key| fix[key].as_str());
        assert_eq!(seen, *expected, "{story}: {fix:#}");
    }
}

#[tokio::test]
async fn a_fix_for_an_alias_names_it_and_who_has_to_change_what() {
    for (end, parts) in [
        (
            "_mta-sts.vendor.test",
            &[
                "_mta-sts.corp.test is an alias (CNAME) of _mta-sts.vendor.test",
                "by the operator of that name",
            ][..],
        ),
        ("sts.corp.test", &["published at sts.corp.test."]),
    ] {
        let mut stage = Stage::with(|stage| {
            stage.mx(&["10 mx3.corp.test"]);
        });
        stage.alias(RECORD, end);
        stage.txt_at(end, &["v=STSv1; id=1;"]);
        let report = report(&stage, None).await;
        let fix = fix(&report, "STS-MX-UNCOVERED");
        for part in parts {
            assert!(fix.contains(part), "{part}: {fix}");
        }
    }
}

fn mx_alias(report: &DomainReport) -> Option<(Severity, String)> {
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.code == "MX-ALIAS")?;
    Some((finding.severity, finding.fix.as_ref()?.to_string()))
}

#[tokio::test]
async fn an_mx_host_that_is_an_alias_is_told_with_what_fits_it() {
    for (change, expected) in [
        (
            (|stage| {
                stage.alias("mx.corp.test", "mx1.corp.test");
                stage.mx(&["10 mx.corp.test"]);
                stage.policy("enforce", &["mx.corp.test"], WEEK);
                stage.at("192.0.2.1", |mx| {
                    mx.certificate.names = vec!["mx.corp.test".into()];
                });
            }) as fn(&mut Stage),
            Some("Give mx.corp.test A and AAAA records in the place of its CNAME"),
        ),
        (
            |stage| {
                stage.alias("mx.corp.test", "mx1.corp.test");
                stage.mx(&["10 mx.corp.test"]);
            },
            Some("What to do stands at STS-MX-UNCOVERED."),
        ),
        (
            |stage| {
                stage.alias("mx.corp.test", "mx1.corp.test");
                stage.mx(&["10 mx.corp.test"]);
                stage.policy("enforce", &["mx.corp.test"], WEEK);
            },
            Some("What to do stands at STS-MX-CERTIFICATE."),
        ),
        // A host without address is reported as such.
        (
            |stage| {
                stage.alias("mx.corp.test", "gone.corp.test");
                stage.absent("gone.corp.test");
                stage.mx(&["10 mx.corp.test"]);
            },
            None,
        ),
        (|_| {}, None),
    ] {
        let stage = Stage::with(change);
        let report = report(&stage, None).await;
        let told = mx_alias(&report);
        assert_eq!(
            told.as_ref().map(|(severity, _)| *severity),
            expected.map(|_| Severity::Warning),
            "{:#?}",
            report.findings
        );
        let fix = told.map(|(_, fix)| fix).unwrap_or_default();
        assert!(fix.contains(expected.unwrap_or_default()), "{fix}");
    }
}

/// Nobody wrote an MX record there: none is spoken of, and none is published at the provider's name.
#[tokio::test]
async fn an_implicit_mx_that_is_an_alias_is_told_once() {
    let stage = Stage::with(|stage| {
        stage.alias("corp.test", "mx1.corp.test");
        stage.policy("enforce", &["mx1.corp.test"], WEEK);
    });
    let report = report(&stage, None).await;
    assert_eq!(mx_alias(&report), None);
    let told: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| &*finding.code)
        .collect();
    assert_eq!(
        told,
        [
            "STS-MX-UNCOVERED",
            "STS-MX-CERTIFICATE",
            "MX-IMPLICIT-ALIAS",
            "TLSRPT-MISSING"
        ]
    );
    for finding in &report.findings {
        let fix = finding.fix.as_ref().unwrap().to_string();
        assert!(!fix.contains("IN MX"), "{fix}");
    }
    assert!(fix(&report, "STS-MX-UNCOVERED").contains("mx: mx1.corp.test\nmx: corp.test\n"));
    assert!(fix(&report, "STS-MX-CERTIFICATE").contains("corp.test"));
}

#[tokio::test]
async fn where_an_alias_hangs_its_end_is_said_to_be_gone() {
    let stage = Stage::with(|stage| {
        stage.alias("mta-sts.corp.test", "corp.pages.test");
        stage.absent("corp.pages.test");
        stage.alias("mx.corp.test", "gone.corp.test");
        stage.absent("gone.corp.test");
        stage.mx(&["10 mx.corp.test"]);
    });
    let report = report(&stage, None).await;
    let told: String = report
        .findings
        .iter()
        .map(|finding| format!("{}\n", finding.detail))
        .collect();
    for part in [
        "the policy host mta-sts.corp.test is an alias (CNAME) of corp.pages.test, which does not exist",
        "mx.corp.test: it is an alias (CNAME) of gone.corp.test, which does not exist: anyone who can register",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(report.mx[0].cname, ["gone.corp.test".parse().unwrap()]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["fetch"]["cname"][0], "corp.pages.test");
}
