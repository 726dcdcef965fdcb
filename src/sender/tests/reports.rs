//! §6: what would be reported; and the reason, which is for people.
//!
//! R1 and the like are numbers of requirements: `sts/requirements.md` lists them.

use crate::facts::certificate::CertificateFault;
use crate::facts::dns::{DnsFailureKind, RecordType};
use crate::facts::http::HttpFailureKind;
use crate::facts::smtp::{SmtpFailureKind, TlsFailureKind};
use crate::model::stage::{START, Stage, body, cached, message, name, reply, warm};
use crate::sender::{Mail, PolicyState};
use crate::sts::transport::Certainty;
use crate::tlsrpt::result_type::ResultType;

type Row = (
    &'static str,
    &'static str,
    fn(&mut Stage),
    &'static [ResultType],
);

const REPORTED: &[Row] = &[
    ("nothing wrong", "strict", |_| {}, &[]),
    (
        "no policy to be had",
        "strict",
        |stage| {
            stage.id("2").response(|response| response.status = 404);
        },
        &[ResultType::StsPolicyFetchError],
    ),
    (
        "a bad certificate at the policy host",
        "strict",
        |stage| {
            stage.id("2").edge(|edge| edge.certificate.names.clear());
        },
        &[ResultType::StsWebpkiInvalid],
    ),
    (
        "a body that is no policy",
        "strict",
        |stage| {
            stage
                .id("2")
                .response(|response| response.body = Box::default());
        },
        &[ResultType::StsPolicyInvalid],
    ),
    (
        "hosts that the policy does not list: once, however many",
        "strict",
        |stage| {
            stage.mx(&["10 mx3.corp.test", "20 mx4.corp.test"]);
        },
        &[ResultType::MX_MISMATCH],
    ),
    (
        "an unlisted host, then a fault, in the order of appearance",
        "strict",
        |stage| {
            stage
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"])
                .at("192.0.2.1", |receiver| {
                    receiver.ehlo = Ok(reply(250, &["mx1"]));
                });
        },
        &[ResultType::MX_MISMATCH, ResultType::StarttlsNotSupported],
    ),
    (
        "testing: an unlisted host takes the mail and is reported, with its faults",
        "strict",
        |stage| {
            stage
                .id("2")
                .policy("testing", &["mx1.corp.test"], 60)
                .mx(&["10 mx3.corp.test"])
                .at("192.0.2.3", |receiver| {
                    receiver.certificate.names.clear();
                    receiver.certificate.chain_faults =
                        vec![CertificateFault::SelfSigned, CertificateFault::SelfSigned];
                });
        },
        &[
            ResultType::MX_MISMATCH,
            ResultType::CertificateHostMismatch,
            ResultType::CertificateNotTrusted,
        ],
    ),
    (
        "mode none: nothing of the hosts",
        "strict",
        |stage| {
            stage
                .id("2")
                .policy("none", &[], 60)
                .mx(&["10 mx3.corp.test"])
                .at("192.0.2.3", |receiver| receiver.certificate.names.clear());
        },
        &[],
    ),
    (
        "no policy: nothing of the hosts",
        "no-sts",
        |stage| {
            stage.at("192.0.2.1", |receiver| receiver.certificate.names.clear());
        },
        &[],
    ),
    (
        "what a lazy sender sees before and after it looks again",
        "lazy",
        |stage| {
            stage
                .id("2")
                .mx(&["10 mx3.corp.test"])
                .edge(|edge| edge.fault = Some(HttpFailureKind::Refused));
        },
        &[ResultType::MX_MISMATCH, ResultType::StsPolicyFetchError],
    ),
    (
        "the record is gone while a policy is cached: a fetch failure of any kind",
        "strict",
        |stage| {
            stage.absent("_mta-sts.corp.test");
        },
        &[ResultType::StsPolicyFetchError],
    ),
    (
        "the record is broken while a policy is cached",
        "strict",
        |stage| {
            stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
        },
        &[ResultType::StsPolicyFetchError],
    ),
    (
        "the record's servers fail while a policy is cached",
        "strict",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
        },
        &[ResultType::StsPolicyFetchError],
    ),
    (
        "the record does not reach us: nobody else's business",
        "strict",
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        &[],
    ),
    (
        "testing: a fault is reported though the message is put off",
        "strict",
        |stage| {
            stage
                .id("2")
                .policy("testing", &["mx1.corp.test"], 60)
                .mx(&["10 mx1.corp.test"])
                .at("192.0.2.1", |receiver| {
                    receiver.certificate.names.clear();
                    receiver.rcpt.code = 450;
                });
        },
        &[ResultType::CertificateHostMismatch],
    ),
];

/// R1: the types that a report would hold.
#[tokio::test]
async fn a_report_names_each_kind_of_failure_once() {
    for (case, class, change, expected) in REPORTED {
        let stage = Stage::with(*change);
        let attempt = stage.send(class, &mut warm("1", &["mx1.corp.test"])).await;
        assert_eq!(attempt.result_types, *expected, "{class}: {case}");
    }
}

/// R1: with a cached policy of mode none nothing is reported of its record.
#[tokio::test]
async fn a_missing_record_is_not_reported_under_mode_none() {
    let stage = Stage::with(|stage| {
        stage.absent("_mta-sts.corp.test");
    });
    let none = cached("1", &body("none", &[], 604_800), START);
    let attempt = stage
        .send("strict", &mut PolicyState::with_policy(none))
        .await;
    assert_eq!(attempt.result_types, []);
}

type Reason = (fn(&mut Stage), &'static str);

/// Verdict and reason as people read them; a sender that has nothing cached.
const REASONS: &[Reason] = &[
    (
        |_| {},
        "deliver: mx1.corp.test is in the policy and its certificate is valid",
    ),
    (
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], 60);
        },
        "deliver: mx1.corp.test passes the policy, whose mode is testing",
    ),
    (
        |stage| {
            stage
                .policy("testing", &["mx2.corp.test"], 60)
                .at("192.0.2.1", |receiver| receiver.certificate.names.clear());
        },
        "deliver-unprotected: mail goes to mx1.corp.test only because the mode is testing: \
         mx1.corp.test is not in the policy (accepted, although certificate has no DNS name, \
         mx1.corp.test was expected)",
    ),
    (
        |stage| {
            stage
                .policy("testing", &["mx1.corp.test"], 60)
                .at("192.0.2.1", |receiver| {
                    receiver.certificate.names.clear();
                    receiver.certificate.chain_faults = vec![CertificateFault::SelfSigned];
                });
        },
        "deliver-unprotected: mail goes to mx1.corp.test only because the mode is testing: \
         mx1.corp.test: accepted, although certificate has no DNS name, mx1.corp.test was expected; \
         certificate is self-signed",
    ),
    (
        |stage| {
            stage.policy("none", &[], 60);
        },
        "deliver-unprotected: mail goes to mx1.corp.test without MTA-STS: the policy's mode is none",
    ),
    (
        |stage| {
            stage.absent("_mta-sts.corp.test");
        },
        "deliver-unprotected: mail goes to mx1.corp.test without MTA-STS: there is no MTA-STS record",
    ),
    (
        |stage| {
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        "deliver-unprotected (ours): mail goes to mx1.corp.test without MTA-STS: \
         the MTA-STS record could not be looked up: no reply in time",
    ),
    (
        |stage| {
            stage.state.receivers.clear();
            stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
        },
        // No policy could add a host.
        "defer: no MX host can be used: mx1.corp.test: connection refused during connect; \
         mx2.corp.test: connection refused during connect",
    ),
    (
        |stage| {
            stage.state.receivers.clear();
            stage.absent("_mta-sts.corp.test");
        },
        "defer: no MX host can be used: mx1.corp.test: connection refused during connect; \
         mx2.corp.test: connection refused during connect",
    ),
    (
        |stage| {
            stage.absent("corp.test");
        },
        "bounce: the domain does not exist",
    ),
    (
        |stage| {
            stage.fail("corp.test", DnsFailureKind::Rcode(5));
        },
        "defer (ours): the MX records could not be looked up: REFUSED",
    ),
    (
        |stage| {
            stage
                .mx(&["10 mx 1", "20 mx1.corp.test", "30 mx2.corp.test"])
                .absent("mx1.corp.test")
                .fail_type("mx2.corp.test", RecordType::A, DnsFailureKind::SERVFAIL);
        },
        "defer: no MX host can be used: mx 1 is not a host name; mx1.corp.test has no address; \
         the address of mx2.corp.test could not be looked up: SERVFAIL",
    ),
    (
        |stage| {
            for host in ["a.test", "b.test", "c.test", "d.test", "e.test"] {
                stage.addresses(host, &["192.0.2.9"]);
            }
            stage.mx(&["1 a.test", "2 b.test", "3 c.test", "4 d.test", "5 e.test"]);
        },
        "defer: no MX host can be used: a.test is not in the policy; b.test is not in the policy; \
         c.test is not in the policy; and 2 more",
    ),
    (
        // Whether the policy lists them or not.
        |stage| {
            stage
                .mx(&["10 mx 1", "20 mx1.corp.test", "30 a.test"])
                .absent("mx1.corp.test")
                .absent("a.test");
        },
        "bounce: there is no address to send mail to (RFC 5321, Section 5.1): mx 1 is not a host name; \
         mx1.corp.test has no address; a.test has no address",
    ),
    (
        |stage| {
            for host in ["a.test", "b.test", "c.test"] {
                stage.addresses(host, &["192.0.2.9"]);
            }
            stage.mx(&["1 a.test", "2 b.test", "3 c.test"]);
        },
        "defer: no MX host can be used: a.test is not in the policy; b.test is not in the policy; \
         c.test is not in the policy",
    ),
    (
        |stage| {
            stage
                .mx(&["10 mx1.corp.test", "20 mx3.corp.test"])
                .at("192.0.2.1", |receiver| {
                    receiver.greeting = Ok(reply(554, &["no"]));
                });
        },
        "defer (ours): no MX host can be used: mx1.corp.test: greeted us with 554 no; \
         mx3.corp.test is not in the policy",
    ),
    (
        |stage| {
            stage
                .policy("testing", &["mx1.corp.test"], 60)
                .at("192.0.2.1", |receiver| {
                    receiver.handshake = Some(TlsFailureKind::NoCommonParameters);
                });
        },
        "deliver-unprotected (ours): mail goes to mx1.corp.test only because the mode is testing: \
         mx1.corp.test: accepted, although no TLS parameters in common",
    ),
    (
        // Others may get mail to the first host, which is not listed.
        |stage| {
            stage
                .policy("testing", &["mx1.corp.test"], 60)
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"])
                .at("192.0.2.3", |receiver| {
                    receiver.connect = Some(SmtpFailureKind::TimedOut);
                });
        },
        "deliver (ours): mx1.corp.test passes the policy, whose mode is testing",
    ),
    (
        // The address that could not be looked up may be the good one.
        |stage| {
            stage
                .mx(&["10 mx1.corp.test"])
                .fail_type("mx1.corp.test", RecordType::Aaaa, DnsFailureKind::TimedOut)
                .at("192.0.2.1", |receiver| receiver.certificate.names.clear());
        },
        "defer (ours): no MX host can be used: mx1.corp.test: certificate has no DNS name, \
         mx1.corp.test was expected",
    ),
    (
        // Of two failures the one that is ours counts, whichever family it is.
        |stage| {
            stage
                .mx(&["10 mx1.corp.test"])
                .fail_type("mx1.corp.test", RecordType::Aaaa, DnsFailureKind::SERVFAIL)
                .fail_type("mx1.corp.test", RecordType::A, DnsFailureKind::TimedOut);
        },
        "defer (ours): no MX host can be used: \
         the address of mx1.corp.test could not be looked up: no reply in time",
    ),
    (
        // An alias without an MX record: the host is where the alias ends.
        |stage| {
            stage
                .alias("corp.test", "mx3.corp.test")
                .policy("enforce", &["mx3.corp.test"], 60);
        },
        "deliver: mx3.corp.test is in the policy and its certificate is valid",
    ),
];

#[tokio::test]
async fn the_reason_says_what_stood_in_the_way() {
    for (index, (change, expected)) in REASONS.iter().enumerate() {
        let stage = Stage::with(*change);
        let attempt = stage.send("strict", &mut PolicyState::default()).await;
        let ours = match attempt.certainty {
            Certainty::Ours => " (ours)",
            Certainty::Assumed => " (assumed)",
            Certainty::Definite => "",
        };
        assert_eq!(
            format!("{}{ours}: {}", attempt.verdict, attempt.reason),
            *expected,
            "row {index}"
        );
    }
}

/// A probe tells of the TLS session that a hop gives.
#[tokio::test]
async fn the_hop_that_is_used_is_told_with_its_tls() {
    let next_hop = name("corp.test");
    let message = message();
    for (case, change, sends, expected) in [
        (
            "a probe",
            (|_| {}) as fn(&mut Stage),
            false,
            Some("TLSv1.3"),
        ),
        ("a message", |_| {}, true, Some("TLSv1.3")),
        (
            "in clear",
            |stage| {
                stage.policy("none", &[], 60).at("192.0.2.1", |receiver| {
                    receiver.ehlo = Ok(reply(250, &["mx1"]));
                });
            },
            true,
            None,
        ),
    ] {
        let stage = Stage::with(change);
        let mail = Mail {
            message: sends.then_some(&message),
            ..Mail::probe(&next_hop)
        };
        let attempt = stage
            .attempt("strict", mail, &mut PolicyState::default())
            .await;
        let via = attempt.delivery.via.unwrap();
        assert_eq!(
            via.tls.as_ref().map(|session| &*session.version),
            expected,
            "{case}"
        );
    }
}
