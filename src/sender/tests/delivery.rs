//! §4, §4.2, §5: what a policy asks of a hop, and what becomes of the message.
//!
//! V1 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::time::Duration;

use super::faults::{FAULTS, Hop};
use crate::facts::smtp::SmtpFailureKind;
use crate::model::stage::{Stage, message, name, reply, sender, told, warm};
use crate::sender::found::{Discovery, NoPolicy, PolicyInUse};
use crate::sender::{Mail, PolicyState, Verdict};
use crate::tlsrpt::result_type::ResultType;

/// V1–V7, A1–A3, A6, R1: each fault of the only MX host, under each mode; a probe foretells the message.
#[tokio::test]
async fn a_fault_stops_mail_under_enforce_alone() {
    for (case, fault, hop, result_types) in FAULTS {
        for mode in ["enforce", "testing", "none"] {
            for sends in [true, false] {
                let mut stage = Stage::new();
                stage
                    .policy(mode, &["mx1.corp.test", "mx2.corp.test"], 60)
                    .mx(&["10 mx1.corp.test"])
                    .at("192.0.2.1", fault);
                let next_hop = name("corp.test");
                let message = message();
                let mail = Mail {
                    message: sends.then_some(&message),
                    ..Mail::probe(&next_hop)
                };
                let attempt = stage
                    .attempt("strict", mail, &mut PolicyState::default())
                    .await;
                let via = "via mx1.corp.test 192.0.2.1";
                let expected = match (hop, mode) {
                    (Hop::Good, "none") => format!("deliver-unprotected {via}"),
                    (Hop::Good, _) => format!("deliver {via} validated"),
                    (Hop::Refused, "enforce") | (Hop::Unsafe | Hop::Down { ours: false }, _) => {
                        "defer".to_owned()
                    }
                    (Hop::Doubtful, "enforce") | (Hop::Down { ours: true }, _) => {
                        "defer (ours)".to_owned()
                    }
                    // Others may get TLS here, and with it a validated hop.
                    (Hop::Doubtful, "testing") => format!("deliver-unprotected (ours) {via}"),
                    (Hop::Refused | Hop::Doubtful, _) => format!("deliver-unprotected {via}"),
                };
                let reported: &[ResultType] = if mode == "none" { &[] } else { result_types };
                assert_eq!(
                    (told(&attempt), attempt.result_types.as_slice()),
                    (format!("{expected}; live policy 1 {mode}"), reported),
                    "{case}, {mode}, {}",
                    if sends { "a message" } else { "a probe" }
                );
            }
        }
    }
}

/// A6: whatever is wrong with the first host, the next one takes the mail.
#[tokio::test]
async fn whatever_is_wrong_with_the_first_host_the_next_is_used() {
    for (case, fault, hop, _) in FAULTS {
        let mut stage = Stage::new();
        stage.at("192.0.2.1", fault);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        let via = match hop {
            Hop::Good => "mx1.corp.test 192.0.2.1",
            Hop::Refused | Hop::Unsafe | Hop::Doubtful | Hop::Down { .. } => {
                "mx2.corp.test 192.0.2.2"
            }
        };
        assert_eq!(
            told(&attempt),
            format!("deliver via {via} validated; live policy 1 enforce"),
            "{case}"
        );
    }
}

/// Each address of a host is tried, after a bad certificate as after a failed connection.
#[tokio::test]
async fn whatever_is_wrong_with_the_first_address_the_next_is_used() {
    for (case, fault, hop, _) in FAULTS {
        let mut stage = Stage::new();
        stage
            .server("mx1.corp.test", &["192.0.2.1", "192.0.2.11"])
            .at("192.0.2.1", fault);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        let address = match hop {
            Hop::Good => "192.0.2.1",
            Hop::Refused | Hop::Unsafe | Hop::Doubtful | Hop::Down { .. } => "192.0.2.11",
        };
        assert_eq!(
            told(&attempt),
            format!("deliver via mx1.corp.test {address} validated; live policy 1 enforce"),
            "{case}"
        );
    }
}

/// How mail that is not protected travels: in TLS if it can, whatever the certificate; else in clear.
#[tokio::test]
async fn unprotected_mail_uses_tls_if_it_can_and_enforced_mail_never_goes_in_clear() {
    for (case, fault, hop, _) in FAULTS {
        for mode in ["enforce", "testing", "none"] {
            let mut stage = Stage::new();
            stage
                .policy(mode, &["mx1.corp.test"], 60)
                .mx(&["10 mx1.corp.test"])
                .at("192.0.2.1", fault);
            stage.send("strict", &mut PolicyState::default()).await;
            let got: Vec<String> = stage
                .asked()
                .into_iter()
                .filter(|asked| asked.starts_with("mail"))
                .collect();
            let has_tls = *hop == Hop::Good || case.contains("certificate");
            let expected = match (hop, mode) {
                (Hop::Unsafe | Hop::Down { .. }, _) | (Hop::Refused | Hop::Doubtful, "enforce") => {
                    None
                }
                _ if has_tls => Some("mail mx1.corp.test 192.0.2.1 TLSv1.3".to_owned()),
                _ => Some("mail mx1.corp.test 192.0.2.1 in clear".to_owned()),
            };
            assert_eq!(got, Vec::from_iter(expected), "{case}, {mode}");
        }
    }
}

/// What the receiver says to the message itself: 4xx waits and tries the next host, 5xx is final.
#[tokio::test]
async fn an_answer_to_the_message_is_about_the_message() {
    type Row = (&'static str, fn(&mut Stage), &'static str, &'static str);
    let rows: &[Row] = &[
        (
            "greylisted by the first",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.rcpt = reply(450, &["wait"]);
                });
            },
            "deliver via mx2.corp.test 192.0.2.2 validated",
            "mx2.corp.test is in the policy and its certificate is valid",
        ),
        (
            "greylisted by both",
            |stage| {
                for address in ["192.0.2.1", "192.0.2.2"] {
                    stage.at(address, |receiver| receiver.rcpt = reply(450, &["wait"]));
                }
            },
            "defer",
            "no MX host can be used: mx1.corp.test: message answered 450 wait; \
             mx2.corp.test: message answered 450 wait",
        ),
        (
            "no such user: the second host is not asked",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.rcpt = reply(550, &["who?"]);
                });
            },
            "bounce",
            "the receiver rejected the message: 550 who?",
        ),
        (
            "the message is refused at its end",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.end_of_data = reply(554, &["spam"]);
                });
            },
            "bounce",
            "the receiver rejected the message: 554 spam",
        ),
        (
            "the message is put off at its end",
            |stage| {
                stage.at("192.0.2.1", |receiver| {
                    receiver.end_of_data = reply(451, &["busy"]);
                });
            },
            "deliver via mx2.corp.test 192.0.2.2 validated",
            "mx2.corp.test is in the policy and its certificate is valid",
        ),
        (
            "a reply that is neither yes nor no",
            |stage| {
                stage.mx(&["10 mx1.corp.test"]).at("192.0.2.1", |receiver| {
                    receiver.end_of_data = reply(354, &["more?"]);
                });
            },
            "defer",
            "no MX host can be used: mx1.corp.test: not a valid SMTP reply during message \
             (the session ended before the message was answered)",
        ),
    ];
    for mode in ["enforce", "testing"] {
        for (case, change, expected, reason) in rows {
            let mut stage = Stage::with(*change);
            stage.policy(mode, &["mx1.corp.test", "mx2.corp.test"], 60);
            let attempt = stage.send("strict", &mut PolicyState::default()).await;
            let reason = if mode == "testing" {
                reason.replace(
                    "is in the policy and its certificate is valid",
                    "passes the policy, whose mode is testing",
                )
            } else {
                (*reason).to_owned()
            };
            assert_eq!(
                (told(&attempt), attempt.reason.to_string()),
                (format!("{expected}; live policy 1 {mode}"), reason),
                "{case}, {mode}"
            );
        }
    }
}

/// A5: a failure is transient until the queue life is over; then the message bounces.
#[tokio::test]
async fn mail_that_waited_too_long_bounces() {
    const DAY: u64 = 86_400;
    for (case, queued_secs, change, expected) in [
        (
            "stopped by the policy",
            5 * DAY - 1,
            (|stage: &mut Stage| {
                stage.mx(&["10 mx3.corp.test"]);
            }) as fn(&mut Stage),
            "defer: no MX host can be used: mx3.corp.test is not in the policy",
        ),
        (
            "stopped by the policy",
            5 * DAY,
            |stage| {
                stage.mx(&["10 mx3.corp.test"]);
            },
            "bounce: the message has waited too long: \
             no MX host can be used: mx3.corp.test is not in the policy",
        ),
        (
            "nothing stops it at last",
            6 * DAY,
            |_| {},
            "deliver: mx1.corp.test is in the policy and its certificate is valid",
        ),
        (
            "a null MX is no matter of time",
            6 * DAY,
            |stage| {
                stage.mx(&["0 ."]);
            },
            "bounce: the domain takes no mail: it has a null MX (RFC 7505)",
        ),
    ] {
        let stage = Stage::with(change);
        let next_hop = name("corp.test");
        let mail = Mail {
            queued_for: Duration::from_secs(queued_secs),
            ..Mail::probe(&next_hop)
        };
        let attempt = stage
            .attempt("lazy", mail, &mut warm("1", &["mx1.corp.test"]))
            .await;
        assert_eq!(
            format!("{}: {}", attempt.verdict, attempt.reason),
            expected,
            "{case}, queued for {queued_secs} s"
        );
    }
}

/// The same under a policy that somebody else found: no record is looked at.
#[tokio::test]
async fn mail_under_a_policy_of_another_waits_as_long() {
    for (queued_secs, expected) in [
        (5 * 86_400 - 1, Verdict::Defer),
        (5 * 86_400, Verdict::Bounce),
    ] {
        let stage = Stage::with(|stage| {
            stage.mx(&["10 mx1.corp.test"]).at("192.0.2.1", |receiver| {
                receiver.connect = Some(SmtpFailureKind::Refused);
            });
        });
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let sender = sender(&network, "strict");
        let next_hop = name("corp.test");
        let mail = Mail {
            queued_for: Duration::from_secs(queued_secs),
            ..Mail::probe(&next_hop)
        };
        let none = Discovery::without_asking(PolicyInUse::None(NoPolicy::MailIsTlsReport));
        let attempt = sender.attempt_under(mail, none).await;
        assert_eq!(attempt.verdict, expected, "queued for {queued_secs} s");
        let asked = stage.asked();
        assert!(
            !asked.iter().any(|asked| asked.starts_with("TXT")),
            "{asked:?}"
        );
    }
}

/// A4: whatever an enforced policy stops, a lazy sender looks for a new one; here, the domain opted out. What
/// stops mail without a policy, too, is no reason to look.
#[tokio::test]
async fn a_lazy_sender_looks_again_whenever_its_policy_is_in_the_way() {
    for (case, fault, hop, _) in FAULTS {
        let mut stage = Stage::new();
        stage
            .mx(&["10 mx1.corp.test"])
            .id("2")
            .policy("none", &[], 60)
            .at("192.0.2.1", fault);
        let mut state = warm("1", &["mx1.corp.test"]);
        let attempt = stage.send("lazy", &mut state).await;
        let looks = case.contains("STARTTLS") || !matches!(hop, Hop::Good | Hop::Down { .. });
        let expected = match hop {
            Hop::Good => "deliver via mx1.corp.test 192.0.2.1 validated; cached policy 1 enforce",
            Hop::Refused | Hop::Doubtful => {
                "deliver-unprotected via mx1.corp.test 192.0.2.1; live policy 2 none"
            }
            Hop::Unsafe => "defer; live policy 2 none",
            Hop::Down { ours: true } if looks => "defer (ours); live policy 2 none",
            Hop::Down { ours: false } if looks => "defer; live policy 2 none",
            Hop::Down { ours: true } => "defer (ours); cached policy 1 enforce",
            Hop::Down { ours: false } => "defer; cached policy 1 enforce",
        };
        assert_eq!(told(&attempt), expected, "{case}");
    }
}
