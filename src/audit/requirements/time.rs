//! §3.1, §3.3, §5.1: what is cached, until when, and what changes it.

use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, StaysAway};
use crate::audit::requirement::Level;
use crate::audit::requirement::Phase::{Changed, First, Later};
use crate::audit::requirement::{Over, Requirement, STEADY};

const CACHED: &str = "Conversely, if no \"live\" policy can be discovered via DNS or fetched via HTTPS, but a valid \
                      (non-expired) policy exists in the sender's cache, the sender MUST apply that cached policy.";

const NEW_ID: &str = "This string MUST uniquely identify a given instance of a policy, such that senders can determine \
                      when the policy has been updated by comparing to the \"id\" of a previously seen policy. There is \
                      no implied ordering of \"id\" fields between revisions.";

const LISTS_OTHER: &str = "version: STSv1\nmode: enforce\nmx: other.{d}\nmax_age: {life}\n";

const LISTS_IT: &str = "version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/3.3/cached-without-record",
        number: "F12",
        sentence: CACHED,
        shows: "a cached policy whose record goes",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.without_txt();
        }),
        demands: &[(First, StaysAway), (Changed, StaysAway)],
        failed_by: Control::ForgetsWithoutRecord,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/cached-two-records",
        number: "D7",
        sentence: CACHED,
        shows: "a cached policy whose record gets a second one beside it",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, StaysAway)],
        failed_by: Control::ForgetsWithoutRecord,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/cached-failed-fetch",
        number: "F12",
        sentence: CACHED,
        shows: "a cached policy, then a new id and a policy host that answers with status 500",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.status(500).txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, StaysAway)],
        failed_by: Control::ForgetsAfterFailedFetch,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/cached-invalid-policy",
        number: "F12",
        sentence: CACHED,
        shows: "a cached policy, then a new id and a body that is no policy",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.policy("<html>It works!</html>\n")
                .txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, StaysAway)],
        failed_by: Control::ForgetsAfterFailedFetch,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/new-id",
        number: "D9",
        sentence: NEW_ID,
        shows: "a policy that lists another host, then a new id and the right one",
        first: |site| {
            site.healthy().policy(LISTS_OTHER);
        },
        changed: Some(|site| {
            site.policy(LISTS_IT).txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, Arrives("mx", Over::Tls))],
        failed_by: Control::NeverLooksAgain,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/smaller-id",
        number: "D9",
        sentence: NEW_ID,
        shows: "a policy that lists another host, then the right one under an id that sorts before the first",
        first: |site| {
            site.healthy()
                .policy(LISTS_OTHER)
                .txt(&["v=STSv1; id=20260301;"]);
        },
        changed: Some(|site| {
            site.policy(LISTS_IT).txt(&["v=STSv1; id=20250301;"]);
        }),
        demands: &[(First, StaysAway), (Changed, Arrives("mx", Over::Tls))],
        failed_by: Control::OrdersIds,
        ..STEADY
    },
    Requirement {
        id: "8461/5.1/new-enforce",
        number: "D9",
        sentence: NEW_ID,
        shows: "a policy in testing, then a new id and one that is enforced",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: testing\nmx: mx.{d}\nmax_age: {life}\n");
        },
        changed: Some(|site| {
            site.policy(LISTS_IT).txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, Arrives("mx", Over::Any)), (Changed, StaysAway)],
        failed_by: Control::NeverLooksAgain,
        ..STEADY
    },
    Requirement {
        id: "8461/5.1/max-age-over",
        number: "A7",
        sentence: "Check for a cached policy whose time-since-fetch has not exceeded its \"max_age\". If none exists, \
                   attempt to fetch a new policy",
        shows: "a policy of a few minutes, after which record and policy are gone",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {short}\n");
        },
        changed: Some(|site| {
            site.without_txt().status(404);
        }),
        demands: &[(First, StaysAway), (Later, Arrives("mx", Over::Any))],
        failed_by: Control::NeverExpires,
        level: Level::Should,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/max-age-same-id",
        number: "P3",
        sentence: "\"max_age\": Max lifetime of the policy (plaintext non-negative integer seconds, maximum value of \
                   31557600). Well-behaved clients SHOULD cache a policy for up to this value from the last policy fetch \
                   time.",
        shows: "a policy of a few minutes that lists another host, then the right one under the same id",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: other.{d}\nmax_age: {short}\n");
        },
        changed: Some(|site| {
            site.policy(LISTS_IT);
        }),
        demands: &[(First, StaysAway), (Later, Arrives("mx", Over::Tls))],
        failed_by: Control::RaisesMaxAge,
        level: Level::Should,
        ..STEADY
    },
];
