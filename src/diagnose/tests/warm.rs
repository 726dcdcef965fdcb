//! Checks with a stored policy: who still holds it, until when, and what heals them.

use std::time::Duration;

use super::{WEEK, codes, fix, move_mx, report};
use crate::diagnose::document::{
    CacheReport, DomainReport, Finding, PolicySourceReport, Severity, UntilEvent,
};
use crate::diagnose::exit_code;
use crate::facts::UnixTime;
use crate::facts::dns::DnsFailureKind;
use crate::facts::http::HttpFailureKind;
use crate::model::stage::{START, Stage, body};
use crate::sender::Verdict;
use crate::sts::cache::StoredPolicy;
use crate::sts::ledger::{Ledger, SeenPolicy};

const DAY: Duration = Duration::from_secs(86_400);

/// A ledger with the policy of before the cutover, which was live until `age` before the test begins.
pub(super) fn old_policy(age: Duration) -> Ledger {
    let gone_by = START.saturating_sub(age);
    Ledger::new(vec![SeenPolicy {
        id: "1".parse().unwrap(),
        body: body("enforce", &["mx1.corp.test", "mx2.corp.test"], WEEK)
            .into_bytes()
            .into(),
        first_seen: gone_by.saturating_sub(DAY * 9),
        last_seen_live: gone_by.saturating_sub(DAY),
        gone_by: Some(gone_by),
    }])
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
            "gone for an hour",
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
            "gone for two days: strict has refreshed by now",
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
    ] {
        let stage = Stage::with(correct);
        let stored = old_policy(age);
        let report = report(&stage, Some(&stored)).await;
        assert_eq!(warm_rows(&report), expected, "{story}");
        let stale = codes(&report, Severity::Error);
        assert_eq!(
            stale,
            ["STS-ID-STALE", "STS-CACHED-POLICY-BLOCKS"],
            "{story}"
        );
        assert_eq!(
            (report.verdict, exit_code(&report, Severity::Error)),
            (Defer, 1)
        );
    }
}

#[tokio::test]
async fn an_id_that_came_before_its_body_is_told_as_that() {
    let old = old_policy(Duration::from_secs(3_600));
    let old = &old.policies()[0];
    // The same body came with another id before.
    let other = SeenPolicy {
        id: "0".parse().unwrap(),
        first_seen: old.first_seen.saturating_sub(DAY),
        last_seen_live: old.first_seen.saturating_sub(DAY),
        gone_by: Some(old.first_seen),
        ..old.clone()
    };
    let stage = Stage::with(correct);
    for (ledger, expected) in [
        (vec![old.clone()], "a policy that was live at "),
        (
            vec![other, old.clone()],
            "the id 1 came before its body: with it the old policy was live at ",
        ),
    ] {
        let report = report(&stage, Some(&Ledger::new(ledger))).await;
        let is_meant = |finding: &&Finding| finding.code == "STS-ID-STALE";
        let finding = report.findings.iter().find(is_meant).unwrap();
        let detail = finding.detail.to_string();
        assert!(detail.starts_with(expected), "{detail}");
    }
}

#[tokio::test]
async fn nobody_holds_a_policy_that_ended_long_ago() {
    let stage = Stage::with(correct);
    let report = report(&stage, Some(&old_policy(DAY * 30))).await;
    assert_eq!(warm_rows(&report), []);
    assert_eq!(report.verdict, Verdict::Deliver);
    assert_eq!(codes(&report, Severity::Error), Vec::<&str>::new());
}

/// What is live now may have been fetched by anybody a moment ago, however long ago it was seen first.
#[tokio::test]
async fn the_life_of_a_policy_counts_from_the_last_moment_at_which_it_can_have_been_fetched() {
    let old = old_policy(DAY);
    let old = &old.policies()[0];
    let stored = StoredPolicy {
        id: old.id.clone(),
        body: old.body.clone(),
        fetched_at: START.saturating_sub(DAY * 300),
    };
    let stage = Stage::with(correct);
    let report = report(&stage, Some(&Ledger::from(stored))).await;
    let max_age = Duration::from_secs(u64::from(WEEK));
    let until = |span, event| Some((START.saturating_add(span), event));
    use PolicySourceReport::Stored;
    assert_eq!(
        warm_rows(&report),
        [
            (
                "strict",
                Verdict::Defer,
                Stored,
                until(DAY, UntilEvent::DailyRefresh)
            ),
            (
                "lazy",
                Verdict::Defer,
                Stored,
                until(max_age, UntilEvent::MaxAge)
            ),
        ]
    );
}

/// A year of testing, then a week of enforce, then the cutover: the second policy is the one that blocks.
#[tokio::test]
async fn each_policy_that_may_be_held_is_judged() {
    let seen = |id: &str, mode, max_age_secs, from, gone| SeenPolicy {
        id: id.parse().unwrap(),
        body: body(mode, &["mx1.corp.test"], max_age_secs)
            .into_bytes()
            .into(),
        first_seen: START.saturating_sub(DAY * from),
        last_seen_live: START.saturating_sub(DAY * gone),
        gone_by: Some(START.saturating_sub(DAY * gone)),
    };
    let ledger = Ledger::new(vec![
        seen("testing", "testing", 31_557_600, 300, 7),
        seen("enforce", "enforce", WEEK, 7, 2),
        seen("short", "enforce", 86_400, 2, 2),
    ]);
    let stage = Stage::with(|stage| {
        correct(stage);
        stage.id("new");
    });
    let report = report(&stage, Some(&ledger)).await;
    let held: Vec<_> = report
        .senders
        .iter()
        .filter(|sender| sender.class == "lazy")
        .map(|sender| {
            let id = sender.stored.as_ref().map(|stored| &*stored.id);
            (id, sender.verdict, sender.policy)
        })
        .collect();
    use PolicySourceReport::{Live, Stored};
    assert_eq!(
        held,
        [
            (None, Verdict::Deliver, Live),
            (Some("testing"), Verdict::DeliverUnprotected, Stored),
            // It is looked up again once enforce stopped the mail, and the id is another one.
            (Some("enforce"), Verdict::Deliver, Live),
        ]
    );
    let policies: Vec<_> = report
        .policies
        .iter()
        .filter(|policy| policy.source == Stored)
        .map(|policy| (policy.id.as_deref(), policy.held_possibly_until))
        .collect();
    assert_eq!(
        policies,
        [
            (
                Some("testing"),
                Some(
                    START
                        .saturating_sub(DAY * 7)
                        .saturating_add(Duration::from_secs(31_557_600))
                )
            ),
            (Some("enforce"), Some(START.saturating_add(DAY * 5))),
        ]
    );
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
        // No refresh heals what cannot be fetched.
        for (class, _, _, until) in warm_rows(&report) {
            let event = until.map(|(_, event)| event);
            assert_eq!(event, Some(UntilEvent::MaxAge), "{id}, {class}");
        }
    }
}

/// A story and whether the policy is certainly gone after it.
type GoneCase = (&'static str, fn(&mut Stage), bool);

#[tokio::test]
async fn a_policy_is_gone_only_where_that_is_certain() {
    let cases: [GoneCase; 9] = [
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
                stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
            },
            false,
        ),
        (
            "SERVFAIL for the policy host",
            |stage| {
                stage.fail("mta-sts.corp.test", DnsFailureKind::SERVFAIL);
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
