//! Checks that are told what is intended: what they find, in which phase, and what they propose.

use std::time::Duration;

use super::super::intended::{Intention, Phase, PhaseSource, ToPublish};
use super::warm::old_policy;
use super::{WEEK, codes, fix};
use crate::diagnose::document::{DomainReport, IntendedReport, Severity, StepState};
use crate::diagnose::{Options, check, exit_code};
use crate::facts::dns::{DnsFailureKind, RecordType};
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{START, Stage, body, name, reply};
use crate::sender::memo::{MxHosts, Probes};
use crate::sts::ledger::{Ledger, SeenPolicy};

fn meaning(hosts: &[&str]) -> Intention {
    Intention::new(hosts.iter().map(|host| name(host))).unwrap()
}

async fn report(stage: &Stage, intention: Intention, remembered: Option<&Ledger>) -> DomainReport {
    report_with(stage, intention, remembered, MxHosts::Probed).await
}

async fn report_with(
    stage: &Stage,
    intention: Intention,
    remembered: Option<&Ledger>,
    mx_hosts: MxHosts,
) -> DomainReport {
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("observer");
    let domain = name("corp.test");
    let options = Options {
        mx_hosts,
        intentions: [(domain.clone(), intention)].into(),
        ..Options::default()
    };
    let probes = Probes::default();
    check(&network, &probes, &domain, remembered, &options)
        .await
        .report
}

fn intended(report: &DomainReport) -> &IntendedReport {
    report.intended.as_ref().unwrap()
}

type Story = (
    &'static str,
    fn(&mut Stage),
    &'static [&'static str],
    Phase,
    &'static [&'static str],
    &'static [&'static str],
    u8,
);

/// What is told of `corp.test`, whose MX hosts and policy are mx1 and mx2, when these hosts are intended: phase,
/// errors, warnings, exit code.
const STORIES: &[Story] = &[
    (
        "what is intended is what is",
        |_| {},
        &["mx1.corp.test", "mx2.corp.test"],
        Phase::After,
        &[],
        &[],
        0,
    ),
    (
        "a host is intended that the policy does not list",
        |_| {},
        &["mx3.corp.test"],
        Phase::Before,
        &["INTENDED-MX-UNCOVERED"],
        &[],
        1,
    ),
    (
        "the policy lists both",
        |stage| {
            let hosts = ["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"];
            stage.policy("enforce", &hosts, WEEK);
        },
        &["mx3.corp.test"],
        Phase::Before,
        &[],
        &[],
        0,
    ),
    (
        "an old host is left over",
        |_| {},
        &["mx1.corp.test"],
        Phase::After,
        &["INTENDED-MX-FOREIGN"],
        &[],
        1,
    ),
    (
        "one of the new ones has no MX record, and no old one is left",
        |stage| {
            let hosts = ["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"];
            stage.policy("enforce", &hosts, WEEK);
        },
        &["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"],
        Phase::After,
        &["INTENDED-MX-NOT-LIVE"],
        &[],
        1,
    ),
    (
        "the MX moved, the policy stayed",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
        },
        &["mx3.corp.test"],
        Phase::After,
        &["STS-MX-UNCOVERED", "INTENDED-MX-UNCOVERED"],
        &[],
        1,
    ),
    (
        "the host does not exist",
        |stage| {
            stage.absent("mx3.corp.test");
            stage.policy("enforce", &["*.corp.test"], WEEK);
        },
        &["mx3.corp.test"],
        Phase::Before,
        &["INTENDED-MX-NO-ADDRESS"],
        &[],
        1,
    ),
    (
        "the host never answers",
        |stage| {
            stage.policy("enforce", &["*.corp.test"], WEEK);
            stage.at("192.0.2.3", |script| {
                script.connect = Some(SmtpFailureKind::TimedOut);
            });
        },
        &["mx3.corp.test"],
        Phase::Before,
        &[],
        &["INTENDED-MX-UNKNOWN"],
        3,
    ),
    (
        "the MX records cannot be looked up",
        |stage| {
            stage.fail_type("corp.test", RecordType::Mx, DnsFailureKind::TimedOut);
        },
        &["mx1.corp.test"],
        Phase::Before,
        &[],
        &["MX-UNKNOWN"],
        3,
    ),
    (
        "a null MX, though hosts are intended and no policy lists any",
        |stage| {
            stage.mx(&["0 ."]);
            stage.absent("_mta-sts.corp.test");
            stage.absent("mta-sts.corp.test");
        },
        &["mx3.corp.test"],
        Phase::Before,
        &["MX-NULL"],
        &[],
        1,
    ),
    (
        "testing forgives",
        |stage| {
            stage.policy("testing", &["mx1.corp.test", "mx2.corp.test"], WEEK);
        },
        &["mx3.corp.test"],
        Phase::Before,
        &[],
        &["INTENDED-MX-UNCOVERED"],
        0,
    ),
];

#[tokio::test]
async fn each_story_has_its_phase_its_findings_and_its_exit_code() {
    for (story, change, hosts, phase, errors, warnings, exit) in STORIES {
        let stage = Stage::with(*change);
        let report = report(&stage, meaning(hosts), None).await;
        let told = (
            intended(&report).phase,
            codes(&report, Severity::Error),
            codes(&report, Severity::Warning),
            exit_code(&report, Severity::Error),
        );
        assert_eq!(
            told,
            (*phase, errors.to_vec(), warnings.to_vec(), *exit),
            "{story}: {:?}",
            report.findings
        );
    }
}

#[tokio::test]
async fn before_the_cutover_the_fix_lists_both_and_drops_nobody() {
    let mut intention = meaning(&["mx3.corp.test"]);
    intention.id = Some("2026b".parse().unwrap());
    let report = report(&Stage::new(), intention, None).await;
    let fix = fix(&report, "INTENDED-MX-UNCOVERED");
    let body = body(
        "enforce",
        &["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"],
        WEEK,
    );
    let record = "_mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=2026b;\"";
    assert!(fix.contains(&body), "{fix}");
    assert!(fix.find(&body) < fix.find(record), "{fix}");
    assert!(fix.find(record) < fix.find("Move the MX records"), "{fix}");
    assert!(!fix.contains("Only if these hosts are yours"), "{fix}");
}

/// What was seen for long: the policy for the old hosts until `gone` before the test, since then one for both.
fn overlapping(gone: Duration) -> Ledger {
    let old = old_policy(gone).policies().to_vec();
    let both = SeenPolicy {
        id: "2".parse().unwrap(),
        body: both_hosts().into_bytes().into(),
        first_seen: START.saturating_sub(gone),
        last_seen_live: START.saturating_sub(Duration::from_secs(3_600)),
        gone_by: None,
    };
    Ledger::new(old.into_iter().chain([both]).collect())
}

fn both_hosts() -> String {
    body(
        "enforce",
        &["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"],
        WEEK,
    )
}

#[tokio::test]
async fn an_old_entry_is_a_note_until_nobody_needs_it_and_then_a_warning() {
    let hour = Duration::from_secs(3_600);
    let week = Duration::from_secs(u64::from(WEEK));
    for (gone, remembers, severity, safe_from) in [
        // Somebody may hold the old policy for another hour, and some resolvers have the old MX records as long.
        (
            week - hour,
            true,
            Severity::Note,
            START.saturating_add(hour),
        ),
        // A ledger that begins with this check knows nothing of what was before it.
        (week, false, Severity::Note, START.saturating_add(week)),
        (
            week - hour * 5,
            true,
            Severity::Note,
            START.saturating_add(hour * 5),
        ),
    ] {
        let stage = Stage::with(|stage| {
            stage.mx(&["10 mx3.corp.test"]);
            stage.id("2");
            let hosts = ["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"];
            stage.policy("enforce", &hosts, WEEK);
        });
        let ledger = overlapping(gone);
        let remembered = remembers.then_some(&ledger);
        let report = report(&stage, meaning(&["mx3.corp.test"]), remembered).await;
        let told: Vec<Severity> = report
            .findings
            .iter()
            .filter(|finding| finding.code == "INTENDED-PATTERN-OLD")
            .map(|finding| finding.severity)
            .collect();
        assert_eq!(told, [severity], "{gone:?}");
        let intended = intended(&report);
        assert_eq!(intended.old_patterns, ["mx1.corp.test", "mx2.corp.test"]);
        assert_eq!(intended.old_patterns_safe_from, Some(safe_from), "{gone:?}");
        let fix = fix(&report, "INTENDED-PATTERN-OLD");
        assert!(
            fix.starts_with(&format!("Not before {safe_from} serve this")),
            "{fix}"
        );
        assert!(
            fix.contains(&body("enforce", &["mx3.corp.test"], WEEK)),
            "{fix}"
        );
    }
}

#[tokio::test]
async fn who_still_holds_a_policy_without_the_host_is_told_before_the_cutover() {
    let stage = Stage::with(|stage| {
        stage.id("2");
        let hosts = ["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"];
        stage.policy("enforce", &hosts, WEEK);
    });
    let ledger = overlapping(Duration::from_secs(86_400));
    let report = report(&stage, meaning(&["mx3.corp.test"]), Some(&ledger)).await;
    assert!(codes(&report, Severity::Note).contains(&"INTENDED-MX-NOT-HELD"));
    assert_eq!(codes(&report, Severity::Warning), [""; 0]);
    assert_eq!(exit_code(&report, Severity::Error), 0);
    let held = &intended(&report).hosts[0].held;
    let told: Vec<_> = held
        .iter()
        .map(|held| (held.id.as_str(), held.pattern.as_deref()))
        .collect();
    assert_eq!(told, [("1", None), ("2", Some("mx3.corp.test"))]);
}

#[tokio::test]
async fn a_policy_in_hand_is_the_fix_where_it_leaves_nobody_out() {
    let short = body("enforce", &["mx3.corp.test"], WEEK);
    for (in_hand, errors, proposed) in [
        (both_hosts(), &["INTENDED-MX-UNCOVERED"][..], both_hosts()),
        // It would drop the hosts that take the mail until the cutover.
        (
            short,
            &["INTENDED-MX-UNCOVERED", "INTENDED-POLICY-UNCOVERED"],
            both_hosts(),
        ),
    ] {
        let mut intention = meaning(&["mx3.corp.test"]);
        intention.policy = Some(ToPublish::parse(in_hand.as_bytes()).unwrap());
        let report = report(&Stage::new(), intention, None).await;
        assert_eq!(codes(&report, Severity::Error), errors, "{in_hand}");
        let fix = fix(&report, "INTENDED-MX-UNCOVERED");
        assert!(fix.contains(&proposed), "{in_hand} gives {fix}");
        let policy = intended(&report).policy.as_ref().unwrap();
        assert_eq!(policy.is_live, Some(false));
    }
}

#[tokio::test]
async fn a_phase_that_is_given_is_believed() {
    for (given, hosts, expected) in [
        (
            None,
            &["mx1.corp.test"][..],
            (Phase::After, PhaseSource::LiveMx),
        ),
        (
            Some(Phase::Before),
            &["mx1.corp.test"],
            (Phase::Before, PhaseSource::Given),
        ),
        (
            Some(Phase::After),
            &["mx3.corp.test"],
            (Phase::After, PhaseSource::Given),
        ),
    ] {
        let mut intention = meaning(hosts);
        intention.phase = given;
        let report = report(&Stage::new(), intention, None).await;
        let intended = intended(&report);
        assert_eq!(
            (intended.phase, intended.phase_source),
            expected,
            "{hosts:?}"
        );
    }
}

#[tokio::test]
async fn the_steps_speak_of_what_is_meant() {
    use StepState::{NotAsked, Ok, Todo};
    for (change, states) in [
        // Steps 1, 2, 4 and 5.
        ((|_| {}) as fn(&mut Stage), [Ok, Todo, NotAsked, NotAsked]),
        (
            |stage| {
                let hosts = ["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"];
                stage.policy("enforce", &hosts, WEEK);
            },
            [Ok, Ok, NotAsked, Ok],
        ),
        (
            |stage| {
                stage.policy("enforce", &["mx3.corp.test"], WEEK);
                stage.mx(&["10 mx3.corp.test"]);
            },
            [Ok, Ok, Ok, Ok],
        ),
    ] {
        let report = report(&Stage::with(change), meaning(&["mx3.corp.test"]), None).await;
        let told = [1, 2, 4, 5].map(|step| report.steps[step - 1].state);
        assert_eq!(told, states, "{:?}", report.steps);
    }
}

#[tokio::test]
async fn a_host_that_nobody_speaks_to_is_taken_as_sound() {
    let stage = Stage::with(|stage| {
        stage.policy("enforce", &["*.corp.test"], WEEK);
        stage.at("192.0.2.3", |script| {
            script.ehlo = Ok(reply(250, &["mx3.corp.test"]));
        });
    });
    for (mx_hosts, errors, would_pass) in [
        (MxHosts::Probed, &["INTENDED-MX-REFUSED"][..], Some(false)),
        (MxHosts::Assumed, &[], None),
    ] {
        let report = report_with(&stage, meaning(&["mx3.corp.test"]), None, mx_hosts).await;
        assert_eq!(codes(&report, Severity::Error), errors, "{mx_hosts:?}");
        assert_eq!(intended(&report).hosts[0].would_pass, would_pass);
    }
}
