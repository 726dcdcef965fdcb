//! §3.1: the record that says whether to ask for a policy.
//!
//! D2 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::time::Duration;

use crate::facts::dns::{
    Alias, DnsFailure, DnsFailureKind, DnsOutcome, Record, RecordType, TxtRecord,
};
use crate::model::stage::{EDGE, Stage, in_use, ip, name, sender, warm};
use crate::sender::candidates::HostAddresses;
use crate::sender::discover::{Occasion, no_edge};
use crate::sender::{PolicyState, Trace};
use crate::sts::fetch::FetchError;

type Row = (&'static str, fn(&mut Stage), &'static str, &'static str);

const GET: &str = "GET mta-sts.corp.test 203.0.113.1";

const CACHED: &str = "cached policy 0 enforce";
const LIVE: &str = "live policy 1 enforce";

const RECORDS: &[Row] = &[
    ("a good record", |_| {}, LIVE, LIVE),
    (
        "unknown fields",
        |stage| {
            stage.txt(&["v=STSv1; x=y; id=1; z=1;"]);
        },
        LIVE,
        LIVE,
    ),
    (
        "a second id",
        |stage| {
            stage.txt(&["v=STSv1; id=1; id=0;"]);
        },
        LIVE,
        LIVE,
    ),
    (
        "the record in two strings",
        |stage| {
            let strings = vec![(*b"v=STSv1; i").into(), (*b"d=1;").into()];
            stage.outcome(
                "_mta-sts.corp.test",
                RecordType::Txt,
                DnsOutcome::Records {
                    records: vec![Record::Txt(TxtRecord { strings })],
                    ttl: stage.ttl,
                },
            );
        },
        LIVE,
        LIVE,
    ),
    (
        "other TXT records beside it",
        |stage| {
            stage.txt(&["v=spf1 -all", "v=STSv1; id=1;", "v=STSv10; id=2;"]);
        },
        LIVE,
        LIVE,
    ),
    (
        "a CNAME to the provider's record",
        |stage| {
            stage
                .txt_at("_mta-sts.provider.test", &["v=STSv1; id=1;"])
                .alias("_mta-sts.corp.test", "_mta-sts.provider.test");
        },
        LIVE,
        LIVE,
    ),
    (
        "no such name",
        |stage| {
            stage.absent("_mta-sts.corp.test");
        },
        "no policy: there is no MTA-STS record",
        CACHED,
    ),
    (
        "no TXT record",
        |stage| {
            let none = DnsOutcome::NoData { ttl: None };
            stage.outcome("_mta-sts.corp.test", RecordType::Txt, none);
        },
        "no policy: there is no MTA-STS record",
        CACHED,
    ),
    (
        "only other TXT records",
        |stage| {
            stage.txt(&["v=spf1 -all", "google-site-verification=x"]);
        },
        "no policy: there is no MTA-STS record",
        CACHED,
    ),
    (
        "only other TXT records, one of them meant to be the one",
        |stage| {
            stage.txt(&["v=spf1 -all", "v=stsv1; id=2;"]);
        },
        "no policy: the MTA-STS record cannot be used: the record begins with `v=stsv1; id=2;`, not with \
         `v=STSv1;`: upper and lower case count",
        CACHED,
    ),
    (
        "two records",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=1;"]);
        },
        "no policy: the MTA-STS record cannot be used: 2 records begin with `v=STSv1;`, only one may",
        CACHED,
    ),
    (
        "a record without id",
        |stage| {
            stage.txt(&["v=STSv1; x=1;"]);
        },
        "no policy: the MTA-STS record cannot be used: there is no `id` field",
        CACHED,
    ),
    (
        "SERVFAIL",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        "no policy: the MTA-STS record could not be looked up: SERVFAIL",
        CACHED,
    ),
    (
        "no answer",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        "no policy: the MTA-STS record could not be looked up: no reply in time",
        CACHED,
    ),
];

/// D2, D5–D8, D10, D11, F11, F12: each state of the record, seen by a sender that has nothing and by one that
/// has an enforced policy under id 0. Whatever is wrong with the record, a cached policy stays.
#[tokio::test]
async fn a_record_that_cannot_be_used_means_no_fetch_and_keeps_what_is_cached() {
    for (case, change, expected_cold, expected_warm) in RECORDS {
        let stage = Stage::with(*change);
        let warm = warm("0", &["mx1.corp.test"]);
        for (state, expected) in [
            (&PolicyState::default(), expected_cold),
            (&warm, expected_warm),
        ] {
            let found = in_use(&stage.discover("strict", state).await);
            let is_live = expected.starts_with("live");
            assert_eq!(
                (
                    found.as_str(),
                    stage.asked().iter().any(|asked| asked == GET)
                ),
                (*expected, is_live),
                "{case}; cached: {:?}",
                state.cached.as_ref().map(|cached| &cached.id)
            );
        }
    }
}

/// A caller that looks at the record again only when that may have changed needs to know when.
#[tokio::test]
async fn how_long_a_record_may_be_believed_is_found_with_it() {
    let mut stage = Stage::new();
    stage.ttl = Duration::from_secs(300);
    stage.id("2");
    stage.model.apply(stage.state.clone());
    let warm = warm("1", &["mx1.corp.test"]);
    let domain = name("corp.test");
    for (resolver, state) in [("cold", &PolicyState::default()), ("warm", &warm)] {
        let network = stage.model.through(resolver);
        let sender = sender(&network, "strict");
        let found = sender
            .discover(&domain, state, Occasion::Delivery, &mut Trace::default())
            .await;
        assert_eq!(found.record_ttl, Some(stage.ttl), "{resolver}");
    }
    let network = stage.model.through("refreshing");
    let sender = sender(&network, "strict");
    let found = sender.refresh(&domain, &warm, &mut Trace::default()).await;
    assert_eq!(found.record_ttl, Some(stage.ttl), "a refresh");
}

/// Addresses that nobody asked leave open what they serve, whatever else is wrong.
#[test]
fn a_policy_host_out_of_reach_fails_for_what_was_not_asked_first() {
    let host = name("mta-sts.corp.test");
    let silent = DnsFailure {
        kind: DnsFailureKind::TimedOut,
        detail: Box::default(),
    };
    let alias = Alias {
        owner: host.clone(),
        target: name("provider.test"),
        ttl: Duration::ZERO,
    };
    let nothing = HostAddresses {
        aliases: Vec::new(),
        addresses: Vec::new(),
        not_tried: Vec::new(),
        failure: None,
        no_such_name: false,
    };
    for (found, expected) in [
        (
            HostAddresses {
                addresses: vec![ip(EDGE); 2],
                not_tried: vec![ip(EDGE)],
                failure: Some(silent.clone()),
                ..nothing.clone()
            },
            FetchError::MoreAddresses {
                host: host.clone(),
                tried: 2,
                not_tried: 1,
            },
        ),
        (
            HostAddresses {
                failure: Some(silent.clone()),
                ..nothing.clone()
            },
            FetchError::HostLookup(silent),
        ),
        (
            HostAddresses {
                no_such_name: true,
                aliases: vec![alias],
                ..nothing.clone()
            },
            FetchError::HostNotFound {
                host: host.clone(),
                alias_of: Some(name("provider.test")),
            },
        ),
        (
            nothing,
            FetchError::NoAddress {
                host: host.clone(),
                alias_of: None,
            },
        ),
    ] {
        assert_eq!(no_edge(&host, &found), expected);
    }
}
