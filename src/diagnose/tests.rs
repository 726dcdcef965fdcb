//! Whole checks on the model: verdict, codes and exit code of each story.

use std::time::Duration;

use super::document::{CacheReport, DomainReport, PolicySourceReport, Severity, UntilEvent};
use super::{Bounds, check, exit_code};
use crate::facts::UnixTime;
use crate::facts::dns::{DnsFailureKind, DnsOutcome, RecordType};
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{EDGE, START, Stage, body, name};
use crate::sender::Verdict;
use crate::sender::memo::Probes;
use crate::sts::cache::StoredPolicy;

const WEEK: u32 = 604_800;
const DAY: Duration = Duration::from_secs(86_400);

async fn report(stage: &Stage, stored: Option<&StoredPolicy>) -> DomainReport {
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("observer");
    let domain = name("corp.test");
    check(
        &network,
        &Probes::default(),
        &domain,
        stored,
        Bounds::default(),
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

fn fix<'r>(report: &'r DomainReport, code: &str) -> &'r str {
    report
        .findings
        .iter()
        .find(|finding| finding.code == code)
        .and_then(|finding| finding.fix.as_deref())
        .unwrap()
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
            stage.fail("_mta-sts.corp.test", DnsFailureKind::ServFail);
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
        "a null MX",
        |stage| {
            stage.mx(&["0 ."]);
        },
        Verdict::Bounce,
        &[],
        &[],
        0,
    ),
    (
        "MX SERVFAIL",
        |stage| {
            stage.fail_type("corp.test", RecordType::Mx, DnsFailureKind::ServFail);
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
    use Severity::{Error, Warning};
    for (story, change, verdict, errors, warnings, exit) in STORIES {
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

/// The policy of before the cutover, fetched `age` before the test begins.
fn old_policy(age: Duration) -> StoredPolicy {
    StoredPolicy {
        id: "1".parse().unwrap(),
        body: body("enforce", &["mx1.corp.test", "mx2.corp.test"], WEEK)
            .into_bytes()
            .into(),
        fetched_at: START.saturating_sub(age),
    }
}

/// Everything moved to mx3 and was corrected, but for what the test leaves out.
fn correct(stage: &mut Stage) {
    move_mx(stage);
    stage.policy("enforce", &["mx3.corp.test"], WEEK);
}

type Warm = (
    &'static str,
    Verdict,
    PolicySourceReport,
    Option<(UnixTime, UntilEvent)>,
);

fn warm_rows(report: &DomainReport) -> Vec<Warm> {
    report
        .senders
        .iter()
        .filter(|sender| sender.cache == CacheReport::Stored)
        .map(|sender| {
            let class = if sender.class == "strict" {
                "strict"
            } else {
                "lazy"
            };
            (
                class,
                sender.verdict,
                sender.policy,
                sender.until.zip(sender.until_event),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_id_that_was_not_bumped_heals_with_the_refresh_or_with_max_age() {
    use PolicySourceReport::{Live, Stored};
    use Verdict::{Defer, Deliver};
    let max_age = Duration::from_secs(u64::from(WEEK));
    let hour = Duration::from_secs(3_600);
    let refresh = START.saturating_sub(hour).saturating_add(DAY);
    let end = |age| START.saturating_sub(age).saturating_add(max_age);
    for (story, age, expected) in [
        (
            "fetched an hour ago",
            hour,
            [
                (
                    "strict",
                    Defer,
                    Stored,
                    Some((refresh, UntilEvent::DailyRefresh)),
                ),
                ("lazy", Defer, Stored, Some((end(hour), UntilEvent::MaxAge))),
            ],
        ),
        (
            "fetched two days ago: strict has refreshed by now",
            DAY * 2,
            [
                ("strict", Deliver, Live, None),
                (
                    "lazy",
                    Defer,
                    Stored,
                    Some((end(DAY * 2), UntilEvent::MaxAge)),
                ),
            ],
        ),
        (
            "ended long ago",
            DAY * 30,
            [
                ("strict", Deliver, Live, None),
                ("lazy", Deliver, Live, None),
            ],
        ),
    ] {
        let stage = Stage::with(correct);
        let stored = old_policy(age);
        let report = report(&stage, Some(&stored)).await;
        assert_eq!(warm_rows(&report), expected, "{story}");
        let stale = codes(&report, Severity::Error);
        if expected.iter().any(|row| row.1 == Defer) {
            assert_eq!(
                stale,
                ["STS-ID-STALE", "STS-CACHED-POLICY-BLOCKS"],
                "{story}"
            );
            assert_eq!(
                (report.verdict, exit_code(&report, Severity::Error)),
                (Defer, 1)
            );
        } else {
            assert_eq!((report.verdict, stale), (Deliver, vec![]), "{story}");
        }
    }
}

#[tokio::test]
async fn a_bumped_id_heals_every_sender_at_once() {
    let stage = Stage::with(|stage| {
        correct(stage);
        stage.id("2");
    });
    let stored = old_policy(Duration::from_secs(3_600));
    let report = report(&stage, Some(&stored)).await;
    assert_eq!(report.verdict, Verdict::Deliver, "{:?}", report.findings);
    assert_eq!(codes(&report, Severity::Error), Vec::<&str>::new());
}

#[tokio::test]
async fn a_cached_policy_lives_on_when_everything_is_taken_away() {
    let stage = Stage::with(|stage| {
        stage.absent("_mta-sts.corp.test");
        stage.absent("mta-sts.corp.test");
        move_mx(stage);
    });
    let stored = old_policy(Duration::from_secs(3_600));
    let report = report(&stage, Some(&stored)).await;
    assert_eq!(report.verdict, Verdict::Defer);
    assert_eq!(
        codes(&report, Severity::Error),
        ["STS-CACHED-POLICY-BLOCKS"]
    );
    assert_eq!(
        codes(&report, Severity::Warning),
        ["STS-CACHED-POLICY-ALIVE"]
    );
    // The policy with the new host heals everybody; to leave MTA-STS is the second choice.
    let keep = "mx: mx1.corp.test\nmx: mx2.corp.test\nmx: mx3.corp.test\nmax_age: 604800\n";
    assert!(fix(&report, "STS-CACHED-POLICY-BLOCKS").contains(keep));
    assert!(fix(&report, "STS-CACHED-POLICY-ALIVE").contains("mode: none\n"));
}

#[tokio::test]
async fn a_policy_host_that_is_gone_is_healed_by_a_body_and_not_by_an_id() {
    for id in ["1", "2"] {
        let mut stage = Stage::with(|stage| {
            stage.absent("mta-sts.corp.test");
            move_mx(stage);
        });
        stage.id(id);
        let stored = old_policy(Duration::from_secs(3_600));
        let report = report(&stage, Some(&stored)).await;
        let fix = fix(&report, "STS-CACHED-POLICY-BLOCKS");
        assert!(fix.contains("mode: enforce\n"), "{id}: {fix}");
        assert!(fix.contains("mx: mx3.corp.test\n"), "{id}: {fix}");
        assert!(!fix.contains("Nothing shortens"), "{id}: {fix}");
    }
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

#[tokio::test]
async fn a_policy_is_gone_only_where_that_is_certain() {
    let cases: [(&str, fn(&mut Stage), bool); 9] = [
        (
            "nothing answers us",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
                stage.fail("mta-sts.corp.test", DnsFailureKind::TimedOut);
            },
            false,
        ),
        (
            "the policy host does not answer in time",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::TimedOut));
            },
            false,
        ),
        (
            "SERVFAIL for the record",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::ServFail);
            },
            false,
        ),
        (
            "SERVFAIL for the policy host",
            |stage| {
                stage.fail("mta-sts.corp.test", DnsFailureKind::ServFail);
            },
            false,
        ),
        (
            "no record",
            |stage| {
                stage.absent("_mta-sts.corp.test");
            },
            true,
        ),
        (
            "a record that cannot be used",
            |stage| {
                stage.txt(&["v=STSv1; id=;"]);
            },
            true,
        ),
        (
            "a record behind a loop",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::CnameLoop);
            },
            true,
        ),
        (
            "no policy host",
            |stage| {
                stage.absent("mta-sts.corp.test");
            },
            true,
        ),
        (
            "404",
            |stage| {
                stage.response(|response| response.status = 404);
            },
            true,
        ),
    ];
    for (story, change, is_gone) in cases {
        let stage = Stage::with(change);
        let stored = old_policy(Duration::from_secs(3_600));
        let report = report(&stage, Some(&stored)).await;
        let found = codes(&report, Severity::Warning);
        assert_eq!(
            found.contains(&"STS-CACHED-POLICY-ALIVE"),
            is_gone,
            "{story}: {found:?}"
        );
    }
}

#[tokio::test]
async fn what_only_we_failed_to_see_is_stated_as_no_fact() {
    let cases: [(&str, fn(&mut Stage), &str); 3] = [
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
            "cannot tell: no MX host can be used: mx1.corp.test: ",
        ),
    ];
    for (story, change, expected) in cases {
        let stage = Stage::with(change);
        let report = report(&stage, None).await;
        assert_eq!(report.verdict, Verdict::Undetermined, "{story}");
        assert!(report.reason.starts_with(expected), "{}", report.reason);
        for sender in &report.senders {
            assert_eq!(sender.delivered_via, None, "{story}");
        }
        for finding in &report.findings {
            assert!(!finding.detail.contains("waits"), "{}", finding.detail);
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
