//! Whole checks on the model: verdict, codes and exit code of each story.

mod addresses;
mod aliases;
mod certificates;
mod first;
mod fixes;
mod hosting;
mod intended;
mod parts;
mod shown;
mod warm;

use super::document::{DomainReport, Severity};
use super::{Options, check, exit_code};
use crate::facts::dns::{DnsFailureKind, RecordType};
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{EDGE, Stage, body, name};
use crate::sender::Verdict;
use crate::sender::memo::Probes;
use crate::sts::ledger::Ledger;

const WEEK: u32 = 604_800;

async fn report(stage: &Stage, remembered: Option<&Ledger>) -> DomainReport {
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("observer");
    let domain = name("corp.test");
    check(
        &network,
        &Probes::default(),
        &domain,
        remembered,
        &Options::default(),
    )
    .await
    .report
}

fn codes(report: &DomainReport, severity: Severity) -> Vec<&str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .map(|finding| finding.code.as_str())
        .collect()
}

fn fix(report: &DomainReport, code: &str) -> String {
    report
        .findings
        .iter()
        .find(|finding| finding.code == code)
        .and_then(|finding| finding.fix.as_ref())
        .unwrap()
        .to_string()
}

/// The MX moved, the policy stayed.
fn move_mx(stage: &mut Stage) {
    stage.mx(&["10 mx3.corp.test"]);
}

type Story = (
    &'static str,
    fn(&mut Stage),
    Verdict,
    &'static [&'static str],
    &'static [&'static str],
    u8,
);

const STORIES: &[Story] = &[
    ("all is well", |_| {}, Verdict::Deliver, &[], &[], 0),
    (
        "the MX moved, the policy stayed",
        move_mx,
        Verdict::Defer,
        &["STS-MX-UNCOVERED"],
        &[],
        1,
    ),
    (
        "a backup MX is not listed",
        |stage| {
            stage.mx(&["10 mx1.corp.test", "20 mx3.corp.test"]);
        },
        Verdict::Deliver,
        &["STS-MX-UNCOVERED"],
        &[],
        1,
    ),
    (
        "testing hides a mismatch",
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], WEEK);
            move_mx(stage);
        },
        Verdict::DeliverUnprotected,
        &[],
        &["STS-MX-UNCOVERED"],
        0,
    ),
    (
        "equal preferences in testing, one of them not listed",
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], WEEK);
            stage.mx(&["10 mx1.corp.test", "10 mx3.corp.test"]);
        },
        Verdict::DeliverUnprotected,
        &[],
        &["STS-MX-UNCOVERED"],
        0,
    ),
    (
        "a blank last line, and a stale list",
        |stage| {
            let body = format!("{}\n", body("enforce", &["mx1.corp.test"], WEEK));
            stage.response(|response| response.body = body.into_bytes().into());
            move_mx(stage);
        },
        Verdict::Defer,
        &["STS-POLICY-TOLERATED", "STS-MX-UNCOVERED"],
        &[],
        1,
    ),
    (
        "a blank last line alone",
        |stage| {
            let hosts = &["mx1.corp.test", "mx2.corp.test"];
            let body = format!("{}\n", body("enforce", hosts, WEEK));
            stage.response(|response| response.body = body.into_bytes().into());
        },
        Verdict::DeliverUnprotected,
        &[],
        &["STS-POLICY-TOLERATED"],
        0,
    ),
    (
        "the policy host never answers",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::TimedOut));
        },
        Verdict::Undetermined,
        &[],
        &["STS-FETCH-UNKNOWN"],
        3,
    ),
    (
        "the policy host refuses the connection",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
        },
        Verdict::DeliverUnprotected,
        &["STS-FETCH-FAILED"],
        &[],
        1,
    ),
    (
        "the policy host says 404",
        |stage| {
            stage.response(|response| response.status = 404);
        },
        Verdict::DeliverUnprotected,
        &["STS-FETCH-FAILED"],
        &[],
        1,
    ),
    (
        "the policy host's certificate is for another name",
        |stage| {
            stage.edge(|edge| edge.certificate.names = vec!["corp.test".into()]);
        },
        Verdict::DeliverUnprotected,
        &["STS-POLICY-HOST-CERTIFICATE"],
        &[],
        1,
    ),
    (
        "nothing is published",
        |stage| {
            stage.absent("_mta-sts.corp.test");
            stage.absent("mta-sts.corp.test");
        },
        Verdict::DeliverUnprotected,
        &[],
        &[],
        0,
    ),
    (
        "a wildcard TXT record of another kind",
        |stage| {
            stage.txt(&["v=spf1 -all"]);
            stage.absent("mta-sts.corp.test");
        },
        Verdict::DeliverUnprotected,
        &[],
        &[],
        0,
    ),
    (
        "two records",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
        },
        Verdict::DeliverUnprotected,
        &["STS-RECORD-INVALID"],
        &[],
        1,
    ),
    (
        "a record behind a loop",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::CnameLoop);
        },
        Verdict::DeliverUnprotected,
        &["STS-RECORD-INVALID"],
        &[],
        1,
    ),
    (
        "the lookup of the record fails",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        Verdict::DeliverUnprotected,
        &[],
        &["STS-RECORD-UNKNOWN"],
        0,
    ),
    (
        "reports go to an address that nobody reports to",
        |stage| {
            stage.txt_at(
                "_smtp._tls.corp.test",
                &["v=TLSRPTv1; rua=ftp://corp.test/r"],
            );
        },
        Verdict::Deliver,
        &[],
        &["TLSRPT-SCHEME"],
        0,
    ),
    (
        "a null MX beside a policy that lists hosts",
        |stage| {
            stage.mx(&["0 ."]);
        },
        Verdict::Bounce,
        &["MX-NULL"],
        &[],
        1,
    ),
    (
        "a null MX, and no policy",
        |stage| {
            stage.mx(&["0 ."]);
            stage.absent("_mta-sts.corp.test");
            stage.absent("mta-sts.corp.test");
        },
        Verdict::Bounce,
        &[],
        &[],
        0,
    ),
    (
        "a null MX beside a policy that ends MTA-STS",
        |stage| {
            stage.mx(&["0 ."]);
            stage.policy("none", &[], WEEK);
        },
        Verdict::Bounce,
        &[],
        &[],
        0,
    ),
    (
        "MX SERVFAIL",
        |stage| {
            stage.fail_type("corp.test", RecordType::Mx, DnsFailureKind::SERVFAIL);
        },
        Verdict::Defer,
        &["MX-UNKNOWN"],
        &[],
        1,
    ),
    (
        "the only MX cannot be reached from here",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]);
            stage.at("192.0.2.1", |mx| {
                mx.connect = Some(SmtpFailureKind::TimedOut);
            });
        },
        Verdict::Undetermined,
        &[],
        &["MX-UNREACHABLE"],
        3,
    ),
    (
        "the primary cannot be reached, the backup takes the mail",
        |stage| {
            stage.at("192.0.2.1", |mx| {
                mx.connect = Some(SmtpFailureKind::TimedOut);
            });
        },
        Verdict::Deliver,
        &[],
        &["MX-UNREACHABLE"],
        0,
    ),
    (
        "the only MX has no STARTTLS",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]);
            stage.at("192.0.2.1", |mx| {
                mx.ehlo = Ok(crate::model::stage::reply(250, &["mx1.corp.test"]));
            });
        },
        Verdict::Defer,
        &["STS-MX-STARTTLS"],
        &[],
        1,
    ),
];

#[tokio::test]
async fn a_story_has_its_verdict_its_findings_and_its_exit_code() {
    play(STORIES).await;
}

async fn play(stories: &[Story]) {
    use Severity::{Error, Warning};
    for (story, change, verdict, errors, warnings, exit) in stories {
        let stage = Stage::with(*change);
        let report = report(&stage, None).await;
        assert_eq!(
            (
                report.verdict,
                codes(&report, Error),
                codes(&report, Warning),
                exit_code(&report, Error)
            ),
            (*verdict, errors.to_vec(), warnings.to_vec(), *exit),
            "{story}: {}",
            report.reason
        );
    }
}

/// A story and how its reason begins.
type UnseenCase = (&'static str, fn(&mut Stage), &'static str);

#[tokio::test]
async fn what_only_we_failed_to_see_is_stated_as_no_fact() {
    let cases: [UnseenCase; 3] = [
        (
            "the policy host is silent",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::TimedOut));
            },
            "cannot tell: the policy could not be fetched: no answer in time",
        ),
        (
            "the resolver is silent",
            |stage| {
                stage.fail("corp.test", DnsFailureKind::TimedOut);
            },
            "cannot tell: the MX records could not be looked up: no reply in time",
        ),
        (
            "the only MX is silent",
            |stage| {
                stage.mx(&["10 mx1.corp.test"]);
                stage.at("192.0.2.1", |mx| {
                    mx.connect = Some(SmtpFailureKind::TimedOut);
                });
            },
            "cannot tell: the MX host is down, or port 25 is blocked from here (0 of 1 address answered); the policy \
             lists every",
        ),
    ];
    for (story, change, expected) in cases {
        let stage = Stage::with(change);
        let report = report(&stage, None).await;
        assert_eq!(report.verdict, Verdict::Undetermined, "{story}");
        let reason = report.reason.to_string();
        assert!(reason.starts_with(expected), "{reason}");
        for sender in &report.senders {
            assert_eq!(sender.delivered_via, None, "{story}");
        }
        for finding in &report.findings {
            let detail = finding.detail.to_string();
            assert!(!detail.contains("waits"), "{detail}");
        }
    }
}

#[tokio::test]
async fn edges_that_differ_are_judged_one_by_one() {
    let stage = Stage::with(|stage| {
        move_mx(stage);
        stage.policy("enforce", &["mx3.corp.test"], WEEK);
        stage.edge_at("203.0.113.2", "mta-sts.corp.test");
        stage.addresses("mta-sts.corp.test", &[EDGE, "203.0.113.2"]);
    });
    let report = report(&stage, None).await;
    assert_eq!(report.verdict, Verdict::Defer, "{}", report.reason);
    assert_eq!(
        codes(&report, Severity::Error),
        ["STS-MX-UNCOVERED", "STS-EDGE-SPLIT"]
    );
}
