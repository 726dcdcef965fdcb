//! §3.3, §5.1, §10.2: what a sender keeps, for how long, and when it fetches again.
//!
//! D9 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::time::Duration;

use crate::facts::UnixTime;
use crate::facts::dns::DnsFailureKind;
use crate::model::stage::{EDGE, START, Stage, body, cached, in_use, name, sender, told, warm};
use crate::sender::found::RecordSeen;
use crate::sender::state::CacheChange;
use crate::sender::{PolicyState, SenderClass, Trace};
use crate::sts::refresh::BackOff;

fn after(secs: u64) -> UnixTime {
    START.saturating_add(Duration::from_secs(secs))
}

/// D9, P3, A7, F12 and the traps of the cache: one story, whose steps build on each other.
#[tokio::test]
async fn a_policy_counts_for_max_age_from_its_fetch_and_any_other_id_replaces_it() {
    type Step = (&'static str, u64, fn(&mut Stage), &'static str, bool);
    let mut stage = Stage::with(|stage| {
        stage.policy("enforce", &["mx1.corp.test"], 1_000);
    });
    let mut state = PolicyState::default();
    let steps: &[Step] = &[
        ("first contact", 0, |_| {}, "live policy 1 enforce", true),
        (
            "the id is the same",
            10,
            |_| {},
            "cached policy 1 enforce",
            false,
        ),
        (
            "the body changes, the id does not",
            0,
            |stage| {
                stage.policy("testing", &["mx1.corp.test"], 1_000);
            },
            "cached policy 1 enforce",
            false,
        ),
        (
            "the last second",
            990,
            |_| {},
            "cached policy 1 enforce",
            false,
        ),
        (
            "expired, the same id: a look at the record is no fetch",
            1,
            |_| {},
            "live policy 1 testing",
            true,
        ),
        (
            "an id that sorts before the old one",
            10,
            |stage| {
                stage.id("0").policy("none", &[], 1_000);
            },
            "live policy 0 none",
            true,
        ),
        (
            "mode none is kept",
            10,
            |_| {},
            "cached policy 0 none",
            false,
        ),
        (
            "mode none is kept without a record, too",
            0,
            |stage| {
                stage.absent("_mta-sts.corp.test");
            },
            "cached policy 0 none",
            false,
        ),
        (
            "a policy for no time at all",
            0,
            |stage| {
                stage.id("3").policy("enforce", &["mx1.corp.test"], 0);
            },
            "live policy 3 enforce",
            true,
        ),
        (
            "within the same second",
            0,
            |_| {},
            "cached policy 3 enforce",
            false,
        ),
        ("a second later", 1, |_| {}, "live policy 3 enforce", true),
        (
            "expired, and nothing to be had",
            1,
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
            },
            "no policy: the MTA-STS record could not be looked up: SERVFAIL",
            false,
        ),
    ];
    for (case, secs, change, expected, fetches) in steps {
        stage.pass(*secs);
        change(&mut stage);
        let attempt = stage.send("strict", &mut state).await;
        let get = format!("GET mta-sts.corp.test {EDGE}");
        assert_eq!(
            (
                in_use(&attempt.discovery.policy).as_str(),
                stage.asked().contains(&get)
            ),
            (*expected, *fetches),
            "{case}"
        );
    }
}

#[tokio::test]
async fn what_is_stored_is_the_body_as_it_came_with_the_moment_of_the_fetch() {
    let mut stage = Stage::new();
    let mut state = PolicyState::default();
    stage.pass(7).send("strict", &mut state).await;
    let text = body("enforce", &["mx1.corp.test", "mx2.corp.test"], 604_800);
    assert_eq!(
        state,
        PolicyState::with_policy(cached("1", &text, after(7)))
    );
}

/// P4, P5: a refresh fetches whatever the record says, and keeps what it has if that fails.
#[tokio::test]
async fn a_refresh_renews_the_policy_or_keeps_it() {
    type Row = (
        &'static str,
        fn(&mut Stage),
        &'static str,
        Option<&'static str>,
    );
    let rows: &[Row] = &[
        (
            "nothing changed",
            |_| {},
            "live policy 1 enforce",
            Some("1"),
        ),
        (
            "a new id",
            |stage| {
                stage.id("2").policy("testing", &["mx1.corp.test"], 60);
            },
            "live policy 2 testing",
            Some("2"),
        ),
        (
            "no record: the policy keeps its id",
            |stage| {
                stage.absent("_mta-sts.corp.test").policy("none", &[], 60);
            },
            "live policy 1 none",
            Some("1"),
        ),
        (
            "two records",
            |stage| {
                stage.txt(&["v=STSv1; id=2;", "v=STSv1; id=3;"]);
            },
            "live policy 1 enforce",
            Some("1"),
        ),
        (
            "no answer for the record",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
            },
            "live policy 1 enforce",
            Some("1"),
        ),
        (
            "the fetch fails",
            |stage| {
                stage.id("2").response(|response| response.status = 500);
            },
            "cached policy 1 enforce",
            None,
        ),
    ];
    for (case, change, expected, stored) in rows {
        let mut stage = Stage::with(*change);
        let state = warm("1", &["mx1.corp.test"]);
        stage.pass(86_400);
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let sender = sender(&network, "strict");
        let found = sender
            .refresh(&name("corp.test"), &state, &mut Trace::default())
            .await;
        let change = match &found.change {
            CacheChange::Store(policy) => Some((policy.id.to_string(), policy.fetched_at)),
            CacheChange::Keep => panic!("{case}: a refresh always fetches"),
            CacheChange::BackOff(back_off) => {
                assert_eq!(back_off.until, after(86_700), "{case}");
                None
            }
        };
        assert_eq!(
            (in_use(&found.policy).as_str(), change),
            (*expected, stored.map(|id| (id.to_owned(), after(86_400)))),
            "{case}"
        );
        let unanswered = matches!(found.record, Some(RecordSeen::Unknown(_)));
        assert_eq!(unanswered, case.starts_with("no answer"), "{case}");
    }
}

#[tokio::test]
async fn a_refresh_of_nothing_asks_for_nothing() {
    let mut stage = Stage::new();
    let state = PolicyState::with_policy(cached("1", &body("none", &[], 10), START));
    stage.pass(11);
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    let sender = sender(&network, "strict");
    let found = sender
        .refresh(&name("corp.test"), &state, &mut Trace::default())
        .await;
    assert_eq!(
        (found.policy.policy(), &found.change, stage.asked()),
        (None, &CacheChange::Keep, vec![])
    );
}

/// P4: daily from the last fetch or the last attempt at one, and in good time before the end of the policy.
#[test]
fn a_refresh_is_due_a_day_after_the_last_try_or_half_way_to_the_end() {
    for (class, max_age_secs, tried_after, expected) in [
        ("strict", 604_800, None, Some(86_400)),
        ("strict", 604_800, Some(10), Some(86_410)),
        ("strict", 604_800, Some(432_000), Some(518_400)),
        ("strict", 604_800, Some(518_400), Some(561_600)),
        ("strict", 172_800, None, Some(86_400)),
        ("strict", 172_798, None, Some(86_399)),
        ("strict", 86_400, None, Some(43_200)),
        ("strict", 86_400, Some(43_200), Some(64_800)),
        // Five minutes at least lie between two fetches of one id (§3.3).
        ("strict", 600, None, Some(300)),
        ("strict", 500, None, Some(300)),
        ("strict", 300, None, Some(300)),
        ("strict", 299, None, None),
        ("strict", 600, Some(300), Some(600)),
        ("strict", 600, Some(301), None),
        ("lazy", 604_800, None, None),
    ] {
        let text = body("none", &[], max_age_secs);
        let mut state = PolicyState::with_policy(cached("1", &text, START));
        state.refresh_tried_at = tried_after.map(after);
        let class = SenderClass::by_name(class).unwrap();
        assert_eq!(
            state.refresh_due(class),
            expected.map(after),
            "{}, max_age {max_age_secs}, tried after {tried_after:?}",
            class.name
        );
        // A try from before the fetch does not bring the next one forward.
        state.refresh_tried_at = Some(START.saturating_sub(Duration::from_secs(9_000)));
        if tried_after.is_none() {
            assert_eq!(state.refresh_due(class), expected.map(after));
        }
    }
    let strict = SenderClass::by_name("strict").unwrap();
    assert_eq!(PolicyState::default().refresh_due(strict), None);
}

/// F9: a fetch that failed just before does not become two by a refresh, whichever id it was for.
#[test]
fn a_refresh_waits_for_a_back_off_to_end() {
    let strict = SenderClass::by_name("strict").unwrap();
    for (id, failed_after, expected) in [
        ("1", 86_300, 86_600),
        ("2", 86_300, 86_600),
        ("2", 86_000, 86_400),
    ] {
        let mut state = warm("1", &["mx1.corp.test"]);
        state.back_offs.note(BackOff::after_failure(
            id.parse().unwrap(),
            after(failed_after),
        ));
        assert_eq!(
            state.refresh_due(strict),
            Some(after(expected)),
            "{id}, failed after {failed_after} s"
        );
    }
}

/// §3.1 under DNS caching: a resolver that holds the old record hides a new id from its users for the TTL.
#[tokio::test]
async fn a_new_id_is_seen_when_the_resolver_asks_again() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(60);
    stage.id("1");
    let mut state = PolicyState::default();
    for (secs, id, expected) in [
        (0, "1", "live policy 1 enforce"),
        (30, "2", "cached policy 1 enforce"),
        (29, "2", "cached policy 1 enforce"),
        (1, "2", "live policy 2 enforce"),
    ] {
        stage.pass(secs).id(id);
        let attempt = stage.send("strict", &mut state).await;
        assert_eq!(
            in_use(&attempt.discovery.policy),
            expected,
            "after {secs} s"
        );
    }
}

/// The body is read again from the store in the reading that the sender has.
#[test]
fn a_stored_policy_is_read_as_the_sender_reads() {
    use crate::sts::cache::StoredPolicy;
    use crate::sts::reading::Reading;
    let text = body("none", &[], 10).replace('\n', " \n\n");
    let stored = StoredPolicy {
        id: "1".parse().unwrap(),
        body: text.as_bytes().into(),
        fetched_at: START,
    };
    assert_eq!(
        PolicyState::from_stored(&stored, Reading::Letter),
        PolicyState::default()
    );
    let tolerant = stored.read(Reading::Tolerant).unwrap();
    assert_eq!(
        PolicyState::from_stored(&stored, Reading::Tolerant),
        PolicyState::with_policy(tolerant)
    );
    assert_eq!(
        told_of(&PolicyState::from_stored(&stored, Reading::Tolerant)),
        Some("1".to_owned())
    );
}

fn told_of(state: &PolicyState) -> Option<String> {
    state.fresh(START).map(|cached| cached.id.to_string())
}

/// F11: the same fault lets a fresh sender deliver and holds a warm one up.
#[tokio::test]
async fn a_fresh_sender_hides_what_a_warm_one_suffers() {
    let stage = Stage::with(|stage| {
        stage
            .mx(&["10 mx3.corp.test"])
            .id("2")
            .response(|response| response.status = 404);
    });
    for (mut state, expected) in [
        (
            PolicyState::default(),
            "deliver-unprotected via mx3.corp.test 192.0.2.3; \
             no policy: the policy could not be fetched: status 404",
        ),
        (
            warm("1", &["mx1.corp.test"]),
            "defer; cached policy 1 enforce",
        ),
    ] {
        assert_eq!(told(&stage.send("strict", &mut state).await), expected);
    }
}
