//! §3.3: the HTTPS exchange, and what a failed one leaves behind.
//!
//! F3 and the like are numbers of requirements: `sts/requirements.md` lists them.

use crate::facts::certificate::CertificateFault;
use crate::facts::dns::{DnsFailureKind, RecordType};
use crate::facts::http::{BodyEnd, HttpFailureKind};
use crate::model::stage::{EDGE, START, Stage, in_use, ip, told, warm};
use crate::sender::PolicyState;
use crate::sender::state::CacheChange;
use crate::sts::transport::Certainty::{self, Assumed, Definite, Ours};

type Row = (&'static str, fn(&mut Stage), &'static str, Certainty);

const FAILURES: &[Row] = &[
    (
        "a good body under status 404",
        |stage| {
            stage.response(|response| response.status = 404);
        },
        "status 404",
        Definite,
    ),
    (
        "another success",
        |stage| {
            stage.response(|response| response.status = 203);
        },
        "status 203",
        Definite,
    ),
    (
        "a redirect to a good policy",
        |stage| {
            stage.response(|response| {
                response.status = 301;
                response.location = Some((*b"https://corp.test/mta-sts.txt").into());
            });
        },
        "status 301, a redirect to https://corp.test/mta-sts.txt, which is never followed",
        Definite,
    ),
    (
        "HTML",
        |stage| {
            stage.response(|response| response.content_types = vec![(*b"text/html").into()]);
        },
        "media type is text/html, not text/plain",
        Definite,
    ),
    (
        "too long a body",
        |stage| {
            stage.response(|response| {
                response.body_end = BodyEnd::TooLarge {
                    limit_bytes: 65_536,
                };
            });
        },
        "the body is longer than 65536 octets",
        Definite,
    ),
    (
        "a body that never ends",
        |stage| {
            stage.response(|response| response.body_end = BodyEnd::TimedOut);
        },
        "the body was not finished in time",
        Ours,
    ),
    (
        "half a body",
        |stage| {
            stage.response(|response| {
                response.body_end = BodyEnd::Interrupted {
                    detail: "reset".into(),
                };
            });
        },
        "the connection broke within the body (reset)",
        Definite,
    ),
    (
        "a certificate for the domain alone",
        |stage| {
            stage.edge(|edge| edge.certificate.names = vec!["corp.test".into()]);
        },
        "certificate of the policy host: certificate is for corp.test, not for mta-sts.corp.test",
        Definite,
    ),
    (
        "a certificate with two faults",
        |stage| {
            stage.edge(|edge| {
                edge.certificate.not_after =
                    START.saturating_sub(std::time::Duration::from_secs(1));
                edge.certificate.chain_faults = vec![CertificateFault::SelfSigned];
            });
        },
        "certificate of the policy host: certificate expired at 2026-03-02T07:59:59Z; certificate is self-signed",
        Definite,
    ),
    (
        "connection refused",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
        },
        "connection refused",
        Definite,
    ),
    (
        "nobody at the address",
        |stage| {
            stage.state.edges.clear();
        },
        "connection refused",
        Definite,
    ),
    (
        "no connection in time",
        |stage| {
            stage.edge(|edge| edge.fault = Some(HttpFailureKind::ConnectTimedOut));
        },
        "no connection in time",
        Ours,
    ),
    (
        "no answer in time",
        |stage| {
            stage.edge(|edge| edge.late_fault = Some(HttpFailureKind::TimedOut));
        },
        "no answer in time",
        Ours,
    ),
    (
        "a Host that the server does not know",
        |stage| {
            stage.edge(|edge| edge.responses.clear());
        },
        "connection broke",
        Definite,
    ),
    (
        "no such host",
        |stage| {
            stage.absent("mta-sts.corp.test");
        },
        "the policy host mta-sts.corp.test does not exist",
        Definite,
    ),
    (
        "no address",
        |stage| {
            stage.addresses("mta-sts.corp.test", &[]);
        },
        "the policy host mta-sts.corp.test has no address",
        Definite,
    ),
    (
        "SERVFAIL for the host",
        |stage| {
            stage.fail("mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        "lookup of the policy host: SERVFAIL",
        Definite,
    ),
    (
        "no IPv4 address, and no answer for IPv6",
        |stage| {
            stage.addresses("mta-sts.corp.test", &[]).fail_type(
                "mta-sts.corp.test",
                RecordType::Aaaa,
                DnsFailureKind::TimedOut,
            );
        },
        "lookup of the policy host: no reply in time",
        Ours,
    ),
    (
        "no IPv6 address, and no answer for IPv4",
        |stage| {
            stage.fail_type("mta-sts.corp.test", RecordType::A, DnsFailureKind::TimedOut);
        },
        "lookup of the policy host: no reply in time",
        Ours,
    ),
    (
        "one address refuses, and the other family has no answer",
        |stage| {
            stage
                .fail_type(
                    "mta-sts.corp.test",
                    RecordType::Aaaa,
                    DnsFailureKind::TimedOut,
                )
                .edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
        },
        "lookup of the policy host: no reply in time",
        Ours,
    ),
    (
        "a body that is no policy",
        |stage| {
            stage.response(|response| response.body = (*b"hello").into());
        },
        "line 1: there is no `:` in `hello`",
        Definite,
    ),
];

/// F3, F5, F6, F8, F10–F12: each way in which a fetch fails. Without a cached policy mail goes on as if there
/// were no MTA-STS; a cached one stays, though the record has a new id; and the id is backed off from.
#[tokio::test]
async fn a_failed_fetch_of_any_kind_keeps_the_cached_policy() {
    for (case, change, error, certainty) in FAILURES {
        let mut stage = Stage::with(*change);
        let mut cold = PolicyState::default();
        let attempt = stage.send("strict", &mut cold).await;
        let ours = match certainty {
            Ours => " (ours)",
            Assumed => " (assumed)",
            Definite => "",
        };
        let what = if error.starts_with("line ") {
            "cannot be used"
        } else {
            "could not be fetched"
        };
        assert_eq!(
            told(&attempt),
            format!(
                "deliver-unprotected{ours} via mx1.corp.test 192.0.2.1; \
                 no policy: the policy {what}: {error}"
            ),
            "{case}"
        );
        assert!(attempt.reason.names_fetch_error(), "{case}");
        let until = START.saturating_add(std::time::Duration::from_secs(300));
        assert_eq!(
            cold.back_offs.until(&"1".parse().unwrap(), START),
            Some(until),
            "{case}"
        );
        let before = warm("0", &["mx1.corp.test"]);
        let mut after = before.clone();
        let attempt = stage.pass(1).send("strict", &mut after).await;
        assert_eq!(
            (told(&attempt).as_str(), &after.cached),
            (
                format!(
                    "deliver{ours} via mx1.corp.test 192.0.2.1 validated; cached policy 0 enforce"
                )
                .as_str(),
                &before.cached
            ),
            "{case}"
        );
        assert!(!attempt.reason.names_fetch_error(), "{case}");
        assert_eq!(
            attempt.discovery.fetch_error.map(|error| error.to_string()),
            Some((*error).to_owned()),
            "{case}"
        );
    }
}

/// F9: five minutes a record id, and a new id at once.
#[tokio::test]
async fn a_failed_fetch_is_waited_out_for_its_id_alone() {
    let mut stage = Stage::with(|stage| {
        stage.response(|response| response.status = 500);
    });
    let mut state = PolicyState::default();
    let get = || format!("GET mta-sts.corp.test {EDGE}");
    let failed = "no policy: the policy could not be fetched: status 500";
    let waits = "no policy: the last fetch failed, the next may be made at 2026-03-02T08:05:00Z";
    type Step = (u64, fn(&mut Stage), &'static str, bool);
    let steps: &[Step] = &[
        (0, |_| {}, failed, true),
        (0, |_| {}, waits, false),
        (299, |_| {}, waits, false),
        (
            0,
            |stage| {
                stage.id("2");
            },
            failed,
            true,
        ),
        // Back at the first id: its own five minutes are not over.
        (
            0,
            |stage| {
                stage.id("1");
            },
            "no policy: the last fetch failed, the next may be made at 2026-03-02T08:05:00Z",
            false,
        ),
        (
            1,
            |stage| {
                stage.id("2").response(|response| response.status = 200);
            },
            "no policy: the last fetch failed, the next may be made at 2026-03-02T08:09:59Z",
            false,
        ),
        (299, |_| {}, "live policy 2 enforce", true),
    ];
    for (index, (secs, change, expected, fetches)) in steps.iter().enumerate() {
        stage.pass(*secs);
        change(&mut stage);
        let attempt = stage.send("strict", &mut state).await;
        assert_eq!(
            (
                in_use(&attempt.discovery.policy).as_str(),
                stage.asked().contains(&get())
            ),
            (*expected, *fetches),
            "step {index}"
        );
    }
    assert_eq!(
        state.back_offs.until(&"2".parse().unwrap(), START),
        None,
        "a fetch that went well ends it"
    );
}

/// F12: the back-off keeps a sender from fetching, not from the policy that it has.
#[tokio::test]
async fn a_sender_that_backs_off_applies_the_cached_policy() {
    let stage = Stage::with(|stage| {
        stage.response(|response| response.status = 500);
    });
    let mut state = warm("0", &["mx1.corp.test"]);
    for fetches in [true, false] {
        let attempt = stage.send("strict", &mut state).await;
        let asked = stage.asked();
        assert_eq!(
            told(&attempt),
            "deliver via mx1.corp.test 192.0.2.1 validated; cached policy 0 enforce"
        );
        assert_eq!(
            asked.iter().any(|asked| asked.starts_with("GET")),
            fetches,
            "{asked:?}"
        );
        assert_eq!(
            matches!(attempt.changes.as_slice(), [CacheChange::Keep]),
            !fetches
        );
    }
}

/// The next address of the policy host is asked where no connection was made, and only there: what a server
/// answers is the answer.
#[tokio::test]
async fn another_edge_is_asked_only_if_the_first_cannot_be_reached() {
    type Case = (&'static str, fn(&mut Stage), &'static str, usize);
    let failed = |error: &str| format!("no policy: the policy could not be fetched: {error}");
    let rows: &[Case] = &[
        ("all is well", |_| {}, "", 1),
        (
            "the first refuses",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
            },
            "",
            2,
        ),
        (
            "the first cannot be reached",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::Unreachable));
            },
            "",
            2,
        ),
        (
            "the first breaks off",
            |stage| {
                stage.edge(|edge| edge.late_fault = Some(HttpFailureKind::Reset));
            },
            "connection broke",
            1,
        ),
        (
            "the first has no policy",
            |stage| {
                stage.response(|response| response.status = 404);
            },
            "status 404",
            1,
        ),
        (
            "the first has a bad certificate",
            |stage| {
                stage.edge(|edge| edge.certificate.names.clear());
            },
            "certificate of the policy host: certificate has no DNS name, mta-sts.corp.test was expected",
            1,
        ),
        (
            "no edge can be reached: the last one's reason counts",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
                let second = stage.state.edges.get_mut(&ip("203.0.113.2")).unwrap();
                second.fault = Some(HttpFailureKind::Unreachable);
            },
            "address unreachable from here",
            2,
        ),
    ];
    for (case, change, error, reached) in rows {
        let mut stage = Stage::with(|stage| {
            stage
                .edge_at("203.0.113.2", "mta-sts.corp.test")
                .addresses("mta-sts.corp.test", &[EDGE, "203.0.113.2"]);
        });
        change(&mut stage);
        let found = in_use(&stage.discover("strict", &PolicyState::default()).await);
        let expected = if error.is_empty() {
            "live policy 1 enforce".to_owned()
        } else {
            failed(error)
        };
        let second = stage
            .asked()
            .contains(&"GET mta-sts.corp.test 203.0.113.2".to_owned());
        assert_eq!(
            (found, second),
            (expected, *reached == 2 && error.is_empty()),
            "{case}"
        );
    }
}
