//! What comes first, for each kind of thing that can be wrong.

use super::{move_mx, report};
use crate::diagnose::document::Action;
use crate::facts::DnsName;
use crate::facts::dns::{DnsFailureKind, RecordType};
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{Stage, body, reply};

/// What is wrong, and what comes first of it: the action, its host and the finding behind it.
type Case = (
    &'static str,
    fn(&mut Stage),
    Option<(Action, Option<&'static str>, Option<&'static str>)>,
);

const POLICY_HOST: Option<&str> = Some("mta-sts.corp.test");

const CASES: &[Case] = &[
    ("nothing", |_| {}, None),
    (
        "the MX moved, the policy stayed",
        move_mx,
        Some((Action::ServePolicy, None, Some("STS-MX-UNCOVERED"))),
    ),
    (
        "a stale list that only tolerant senders can read",
        |stage| {
            let body = format!("{}\n", body("enforce", &["mx1.corp.test"], 604_800));
            stage.response(|response| response.body = body.into_bytes().into());
            move_mx(stage);
        },
        Some((Action::ServePolicy, None, Some("STS-MX-UNCOVERED"))),
    ),
    (
        "a body that is no policy",
        |stage| stage_body(stage, b"mode: none\n"),
        Some((
            Action::CorrectPolicy,
            POLICY_HOST,
            Some("STS-POLICY-INVALID"),
        )),
    ),
    (
        "404",
        |stage| {
            stage.response(|response| response.status = 404);
        },
        Some((
            Action::MendPolicyHost,
            POLICY_HOST,
            Some("STS-FETCH-FAILED"),
        )),
    ),
    (
        "a silent policy host",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::TimedOut));
        },
        Some((
            Action::CheckElsewhere,
            POLICY_HOST,
            Some("STS-FETCH-UNKNOWN"),
        )),
    ),
    (
        "the policy host's certificate",
        |stage| {
            stage.edge(|edge| edge.certificate.names = vec!["corp.test".into()]);
        },
        Some((
            Action::ReplaceCertificate,
            POLICY_HOST,
            Some("STS-POLICY-HOST-CERTIFICATE"),
        )),
    ),
    (
        "two records",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
        },
        Some((Action::CorrectRecord, None, Some("STS-RECORD-INVALID"))),
    ),
    (
        "SERVFAIL for the record",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        Some((Action::MendDns, None, Some("STS-RECORD-UNKNOWN"))),
    ),
    (
        "SERVFAIL for the MX records",
        |stage| {
            stage.fail_type("corp.test", RecordType::Mx, DnsFailureKind::SERVFAIL);
        },
        Some((Action::MendDns, None, Some("MX-UNKNOWN"))),
    ),
    (
        "a silent resolver",
        |stage| {
            stage.fail("corp.test", DnsFailureKind::TimedOut);
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        Some((Action::CheckNetwork, None, None)),
    ),
    (
        "a domain that does not exist",
        |stage| {
            stage.absent("corp.test");
        },
        Some((Action::CheckSpelling, None, Some("MX-NO-DOMAIN"))),
    ),
    (
        "a null MX beside a policy",
        |stage| {
            stage.mx(&["0 ."]);
        },
        Some((Action::CorrectMx, None, Some("MX-NULL"))),
    ),
    (
        "no MX host answers",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]);
            stage.at("192.0.2.1", |mx| {
                mx.connect = Some(SmtpFailureKind::TimedOut);
            });
        },
        Some((Action::CheckElsewhere, None, Some("MX-UNREACHABLE"))),
    ),
    (
        "an MX host without STARTTLS",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]);
            stage.at("192.0.2.1", |mx| {
                mx.ehlo = Ok(reply(250, &["mx1.corp.test"]));
            });
        },
        Some((
            Action::MendTls,
            Some("mx1.corp.test"),
            Some("STS-MX-STARTTLS"),
        )),
    ),
    (
        "an MX host's certificate",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.certificate.names = vec!["x.test".into()];
            });
        },
        Some((
            Action::ReplaceCertificate,
            Some("mx1.corp.test"),
            Some("STS-MX-CERTIFICATE"),
        )),
    ),
    (
        "reports that nobody makes",
        |stage| {
            stage.txt_at(
                "_smtp._tls.corp.test",
                &["v=TLSRPTv1; rua=ftp://corp.test/r"],
            );
        },
        Some((Action::CorrectTlsRpt, None, Some("TLSRPT-SCHEME"))),
    ),
];

fn stage_body(stage: &mut Stage, body: &[u8]) {
    stage.response(|response| response.body = body.into());
}

#[tokio::test]
async fn each_kind_of_fault_has_its_first_action() {
    for (what, change, expected) in CASES {
        let report = report(&Stage::with(*change), None).await;
        let first = report.first_action.as_ref().map(|first| {
            let host = first.host.as_ref().map(DnsName::as_str);
            (first.action, host, first.finding.as_deref())
        });
        assert_eq!(first, *expected, "{what}");
    }
}
