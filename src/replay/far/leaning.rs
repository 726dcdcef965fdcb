//! What of a story cannot be told at another pace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::LeftOut;
use crate::fakes::Internet;
use crate::replay::memory::Role;
use crate::replay::on_model::ModelStage;
use crate::replay::outcome::Played;
use crate::replay::play::{Nobody, play};
use crate::replay::stage::StageError;
use crate::story::{Moment, Story};

/// Takes out of a story whose pace was changed what leans on times that stay as they are (the daily refresh,
/// back-off, the life of queues and certificates), on a resolver's cache, or on seconds, and says why.
///
/// Nobody has to know which those are: the story is played on the model, at this pace, then without caches, then
/// with policies that live a little longer, and what does not hold there is what cannot be expected.
pub(super) async fn leave_out(story: &mut Story) -> Result<Vec<LeftOut>, StageError> {
    let at_pace = on_model(story).await?;
    let uncached = on_model(&without_caches(story)).await?;
    let late = on_model(&story.with_longer_policies(SLACK)).await?;
    let mut whys = BTreeMap::new();
    for (played, how) in [
        (at_pace, "at this pace"),
        (uncached, "without a resolver's cache"),
        (late, "where mail takes some seconds"),
    ] {
        for failure in played.failures {
            let why = format!("it would fail {how}: {}", failure.message);
            whys.entry(failure.line).or_insert((failure.after, why));
        }
    }
    for Moment {
        flush,
        expect,
        check,
        ..
    } in &mut story.moments
    {
        flush.retain(|expectation| !whys.contains_key(&expectation.origin.number()));
        expect.retain(|expectation| !whys.contains_key(&expectation.origin.number()));
        check.retain(|expectation| !whys.contains_key(&expectation.origin.number()));
    }
    let left_out = whys.into_iter().map(|(line, (after, why))| LeftOut {
        line,
        after,
        why: why.into(),
    });
    Ok(left_out.collect())
}

/// How much later than the model a mail server may do something.
const SLACK: Duration = Duration::from_secs(10);

async fn on_model(story: &Story) -> Result<Played, StageError> {
    let clients = story
        .moments
        .iter()
        .flat_map(|moment| &moment.state.senders)
        .map(|sender| (sender.name.clone(), sender.resolver.clone()))
        .collect();
    let stage = ModelStage::new(story.start, clients);
    play(story, Role::AsTold, &stage, &mut Nobody).await
}

/// Returns the story with answers that nobody may keep, as the lab's mail servers, which have no cache, see it.
fn without_caches(story: &Story) -> Story {
    let mut story = story.clone();
    for moment in &mut story.moments {
        let mut internet = Internet::clone(&moment.state.internet);
        for view in [&mut internet.dns]
            .into_iter()
            .chain(internet.views.values_mut())
        {
            for name in view.names.values_mut() {
                name.negative_ttl = name.negative_ttl.map(|_ttl| Duration::ZERO);
                for answer in name.answers.values_mut() {
                    answer.ttl = Duration::ZERO;
                }
            }
        }
        moment.state.internet = Arc::new(internet);
    }
    story
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::path::Path;

    use super::leave_out;
    use crate::scenario::{Scenario, load, load_str};
    use crate::story::Pace;

    /// Returns what is left out of a shipped scenario, and how many of its expectations stay.
    async fn left_out_of(name: &str) -> (Vec<String>, usize) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/migration");
        leave_out_of(load(folder.join(name)).unwrap()).await
    }

    async fn leave_out_of(scenario: Scenario) -> (Vec<String>, usize) {
        let mut story = scenario.story.at_pace(Pace {
            factor: NonZeroU32::new(3600).unwrap(),
            start: "2026-11-26T10:00:00Z".parse().unwrap(),
        });
        let left_out = leave_out(&mut story).await.unwrap();
        let stays = story
            .moments
            .iter()
            .map(|moment| moment.flush.len() + moment.expect.len() + moment.check.len())
            .sum();
        (
            left_out
                .into_iter()
                .map(|left_out| left_out.why.into())
                .collect(),
            stays,
        )
    }

    #[tokio::test]
    async fn what_leans_on_times_of_the_senders_own_is_left_out_and_said() {
        for (name, expected, stay) in [
            ("stale-policy-after-cutover.toml", &[][..], 10),
            (
                // The daily refresh, the end of the queue's life, and a second after the end of a policy's.
                "id-not-bumped.toml",
                &[
                    "it would fail at this pace: warm to corp.test: verdict deliver was expected, it is defer",
                    "it would fail at this pace: lazy to corp.test: verdict bounce was expected, it is defer",
                    "it would fail where mail takes some seconds: lazy to corp.test: verdict deliver was expected, it is defer",
                ],
                3,
            ),
        ] {
            let (left_out, stays) = left_out_of(name).await;
            let begins = left_out.len() == expected.len()
                && left_out
                    .iter()
                    .zip(expected)
                    .all(|(why, begin)| why.starts_with(begin));
            assert!(begins, "{name}: {left_out:#?}");
            assert_eq!(stays, stay, "{name}");
        }
    }

    #[tokio::test]
    async fn what_leans_on_a_resolvers_cache_is_left_out_and_said() {
        let story = r#"
id    = "cached"
title = "The MX moves within the TTL of its record"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "10h" }
policy = { mode = "enforce", mx = ["*.test"], max_age = "7d" }
mx     = { records = ["10 old.test"], ttl = "10h" }
[servers."old.test"]
[servers."new.test"]

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"

[[step]]
at = "5h"
set.domains."corp.test".mx.records = ["10 new.test"]
[[step.expect]]
verdict = "deliver"
via     = "old.test"
"#;
        let scenario = load_str(story, Path::new("cached.toml")).unwrap();
        let (left_out, stays) = leave_out_of(scenario).await;
        assert_eq!(
            left_out,
            [
                "it would fail without a resolver's cache: strict to corp.test: delivery via old.test was expected, \
                 it is via new.test"
            ]
        );
        assert_eq!(stays, 1);
    }
}
