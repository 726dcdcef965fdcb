//! Whether others see what we see: what hangs on a policy that we may have missed, and what does not.

use crate::facts::dns::DnsFailureKind;
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::START;
use crate::model::stage::{Stage, body, cached, told, warm};
use crate::sender::{PolicyState, Verdict};
use crate::sts::transport::Certainty;

/// Each sender holds an enforced policy, id 1, for `mx1` alone.
type Row = (&'static str, fn(&mut Stage), &'static str);

const ROWS: &[Row] = &[
    (
        "no answer about the record, and the policy stops the mail",
        |stage| {
            stage
                .fail("_mta-sts.corp.test", DnsFailureKind::TimedOut)
                .mx(&["10 mx3.corp.test"]);
        },
        "defer (ours); cached policy 1 enforce",
    ),
    (
        "SERVFAIL for the record: that is what everybody gets",
        |stage| {
            stage
                .fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL)
                .mx(&["10 mx3.corp.test"]);
        },
        "defer; cached policy 1 enforce",
    ),
    (
        "no answer about the record, and the mail goes: others may hold another policy",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        "deliver (ours) via mx1.corp.test 192.0.2.1 validated; cached policy 1 enforce",
    ),
    (
        "no answer about the record, and the only host refuses connections: no policy helps",
        |stage| {
            stage
                .fail("_mta-sts.corp.test", DnsFailureKind::TimedOut)
                .mx(&["10 mx1.corp.test"])
                .at("192.0.2.1", |receiver| {
                    receiver.connect = Some(SmtpFailureKind::Refused);
                });
        },
        "defer; cached policy 1 enforce",
    ),
    (
        "no answer about the record, one host not listed, the other rejects the message",
        |stage| {
            stage
                .fail("_mta-sts.corp.test", DnsFailureKind::TimedOut)
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"])
                .at("192.0.2.1", |receiver| receiver.rcpt.code = 550);
        },
        "bounce; cached policy 1 enforce",
    ),
    (
        "a new id, and no way to its policy for us alone",
        |stage| {
            stage
                .id("2")
                .edge(|edge| edge.fault = Some(HttpFailureKind::ConnectTimedOut))
                .mx(&["10 mx3.corp.test"]);
        },
        "defer (ours); cached policy 1 enforce",
    ),
    (
        "a new id, and no way to its policy for anybody",
        |stage| {
            stage
                .id("2")
                .edge(|edge| edge.fault = Some(HttpFailureKind::Refused))
                .mx(&["10 mx3.corp.test"]);
        },
        "defer; cached policy 1 enforce",
    ),
    (
        "the record is read, the id is the same: nothing is in doubt",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
        },
        "defer; cached policy 1 enforce",
    ),
];

#[tokio::test]
async fn what_we_may_have_missed_counts_where_the_policy_decides() {
    for (case, change, expected) in ROWS {
        let stage = Stage::with(*change);
        let attempt = stage
            .send("strict", &mut warm("1", &["mx1.corp.test"]))
            .await;
        assert_eq!(told(&attempt), *expected, "{case}");
    }
}

/// In testing no policy keeps mail from a host: if none takes it, none would under another policy.
#[tokio::test]
async fn a_policy_in_testing_is_in_nobodys_way() {
    let stage = Stage::with(|stage| {
        stage
            .fail("_mta-sts.corp.test", DnsFailureKind::TimedOut)
            .mx(&["10 mx1.corp.test"])
            .at("192.0.2.1", |receiver| {
                receiver.injected = Some((*b"250 ok\r\n").into());
            });
    });
    let testing = cached("1", &body("testing", &["mx1.corp.test"], 604_800), START);
    let attempt = stage
        .send("strict", &mut PolicyState::with_policy(testing))
        .await;
    assert_eq!(told(&attempt), "defer; cached policy 1 testing");
}

/// What lies beyond our limits leaves the outcome open, if the policy lets mail go there.
#[tokio::test]
async fn hosts_beyond_the_limit_leave_the_outcome_open() {
    for (listed, mode, expected) in [
        ("mx32.corp.test", "enforce", Certainty::Ours),
        ("mx31.corp.test", "enforce", Certainty::Definite),
        ("mx31.corp.test", "none", Certainty::Ours),
    ] {
        let mut stage = Stage::new();
        let records: Vec<String> = (0..33)
            .map(|number| format!("{number} mx{number}.corp.test"))
            .collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        stage.mx(&records).policy(mode, &[listed], 60);
        for number in 0..32 {
            stage.absent(&format!("mx{number}.corp.test"));
        }
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(
            (attempt.verdict, attempt.certainty),
            (Verdict::Defer, expected),
            "{mode}, {listed}"
        );
    }
}

/// So do addresses beyond the limit.
#[tokio::test]
async fn addresses_beyond_the_limit_leave_the_outcome_open() {
    for (count, expected) in [(8, Certainty::Definite), (9, Certainty::Ours)] {
        let mut stage = Stage::new();
        let addresses: Vec<String> = (1..=count)
            .map(|number| format!("198.51.100.{number}"))
            .collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        stage
            .addresses("mx1.corp.test", &addresses)
            .mx(&["10 mx1.corp.test"]);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(
            (attempt.verdict, attempt.certainty),
            (Verdict::Defer, expected),
            "{count} addresses"
        );
    }
}

/// A sender chooses among equals: in testing the first host counts that takes the mail, and that may be one that
/// we do not try.
#[tokio::test]
async fn in_testing_equals_beyond_the_limit_leave_the_outcome_open() {
    for (last, expected) in [
        ("10 mx2.corp.test", Certainty::Ours),
        ("11 mx2.corp.test", Certainty::Definite),
    ] {
        let mut stage = Stage::new();
        let mut records = vec!["10 mx1.corp.test".to_owned()];
        let others = (0..31).map(|number| format!("10 other{number}.corp.test"));
        records.extend(others);
        // Among equals the order of the answer counts, so this one is beyond the limit.
        records.push(last.to_owned());
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        stage.mx(&records).policy("testing", &["mx1.corp.test"], 60);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(
            (attempt.verdict, attempt.certainty),
            (Verdict::Deliver, expected),
            "{last}"
        );
    }
}

/// Where every MX host refuses our connections, our own firewall may be what refuses.
#[tokio::test]
async fn refused_connections_can_be_doubted_and_nothing_else() {
    let refused: fn(&mut Stage) = |stage| {
        stage.mx(&["10 mx1.corp.test"]).at("192.0.2.1", |receiver| {
            receiver.connect = Some(SmtpFailureKind::Refused);
        });
    };
    let not_listed: fn(&mut Stage) = |stage| {
        stage.mx(&["10 mx3.corp.test"]);
    };
    for (case, change, expected) in [
        (
            "connections refused",
            refused,
            (Verdict::Defer, Certainty::Ours),
        ),
        (
            "no host is listed, so none is spoken to",
            not_listed,
            (Verdict::Defer, Certainty::Definite),
        ),
        (
            "a host takes the mail",
            |_: &mut Stage| {},
            (Verdict::Deliver, Certainty::Definite),
        ),
    ] {
        let stage = Stage::with(change);
        let mut attempt = stage.send("strict", &mut PolicyState::default()).await;
        assert_eq!(attempt.certainty, Certainty::Definite, "{case}");
        attempt.doubt_refusals();
        assert_eq!((attempt.verdict, attempt.certainty), expected, "{case}");
    }
}
