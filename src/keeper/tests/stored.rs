//! The keeper and its store: restarts, and others who change it.

use std::path::Path;
use std::time::Duration;

use super::super::{Keeper, Persistence};
use super::{Running, run, told};
use crate::facts::DnsName;
use crate::model::stage::{START, Stage, name};
use crate::sender::Network;
use crate::store::{Handle, Purpose, Store};
use crate::sts::cache::StoredPolicy;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn store(path: &Path) -> Persistence {
    Persistence::Store(Handle::new(Store::open(path, Purpose::Serve).unwrap()))
}

/// Lets time pass by the keeper's clock, step by step, until `is_so`; the keeper works on other threads meanwhile.
async fn pass_until(stage: &Stage, step: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    for _ in 0..100_000 {
        if is_so() {
            return true;
        }
        stage
            .clock
            .advance_to(stage.clock.now().saturating_add(step));
        tokio::task::yield_now().await;
    }
    false
}

fn is_held<N: Network>(keeper: &Keeper<N>, domain: &DnsName) -> bool {
    keeper
        .inspect(domain)
        .is_some_and(|found| found.held.policy().is_some())
}

#[tokio::test]
async fn what_was_stored_is_answered_after_a_restart_whatever_the_network_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let domain = name("corp.test");
    let stage = Stage::new();
    {
        let running = run(&stage, store(&path), MINUTE);
        running.lets_go.notify_one();
        assert_eq!(told(Some(&running.keeper.ask(&domain).await)), "1 enforce");
    }
    // The network never answers now.
    let running = run(&stage, store(&path), MINUTE);
    assert_eq!(told(Some(&running.keeper.ask(&domain).await)), "1 enforce");
    assert!(running.keeper.forget(&domain).await.unwrap());
    assert_eq!(running.keeper.inspect(&domain), None);
    assert!(!running.keeper.forget(&domain).await.unwrap());
}

#[tokio::test]
async fn what_somebody_else_removes_from_the_store_is_not_answered_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (domain, other) = (name("corp.test"), name("other.test"));
    let stage = Stage::new();
    let Running {
        keeper, lets_go, ..
    } = &run(&stage, store(&path), MINUTE);
    lets_go.notify_one();
    assert_eq!(told(Some(&keeper.ask(&domain).await)), "1 enforce");
    let elsewhere = Store::open_existing(&path).unwrap().unwrap();
    // Whatever else is written there leaves alone what is held.
    let policy = StoredPolicy {
        id: "1".parse().unwrap(),
        body: b"version: STSv1\nmode: none\nmax_age: 60\n"[..].into(),
        fetched_at: START,
    };
    elsewhere.put(&other, &policy).unwrap();
    let mut looks = 0;
    let is_over = || {
        looks += 1;
        looks > 1_000
    };
    assert!(pass_until(&stage, SECOND, is_over).await);
    assert!(is_held(keeper, &domain));
    assert_eq!(elsewhere.remove(&domain), Ok(true));
    assert!(pass_until(&stage, SECOND, || !is_held(keeper, &domain)).await);
}

#[tokio::test]
async fn what_ran_out_a_month_ago_is_removed_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let domain = name("corp.test");
    let stage = Stage::new();
    let running = run(&stage, store(&path), MINUTE);
    running.lets_go.notify_one();
    assert_eq!(told(Some(&running.keeper.ask(&domain).await)), "1 enforce");
    let elsewhere = Store::open_to_read(&path).unwrap().unwrap();
    let is_stored = || elsewhere.recall(&domain).unwrap() != crate::store::Recalled::default();
    assert!(is_stored());
    // Its life was a week.
    let ended = START.saturating_add(Duration::from_secs(7 * 86_400));
    stage
        .clock
        .advance_to(ended.saturating_add(Duration::from_secs(29 * 86_400)));
    assert!(is_stored());
    assert!(pass_until(&stage, MINUTE, || !is_stored()).await);
    let passed = stage.clock.now().saturating_duration_since(ended);
    assert!(passed > Duration::from_secs(30 * 86_400), "{passed:?}");
}
