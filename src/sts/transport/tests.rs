//! Sessions of every shape, and what each proves.

use std::net::{IpAddr, Ipv4Addr};

use super::{CertVerified, Certainty, Transport, TransportFault as T, judge};
use crate::facts::certificate::{CertificateFault, ChainFault, PeerCertificate};
use crate::facts::smtp::{
    Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpStep, TlsExchange, TlsFailure,
    TlsFailureKind, TlsSession,
};
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 25));

fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().map(|line| (*line).into()).collect(),
    }
}

fn certificate(faults: Vec<CertificateFault>) -> PeerCertificate {
    PeerCertificate {
        faults,
        ..PeerCertificate::default()
    }
}

fn session(version: &str) -> TlsSession {
    TlsSession {
        version: version.into(),
        cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
        key_exchange: None,
    }
}

/// A session in which all went well.
fn good() -> SmtpExchange {
    SmtpExchange {
        greeting: Some(reply(220, &["mx.corp.test ESMTP"])),
        ehlo: Some(reply(250, &["mx.corp.test", "SIZE 1000", "starttls"])),
        starttls: Some(reply(220, &["go ahead"])),
        tls: Some(TlsExchange {
            certificate: Some(certificate(Vec::new())),
            outcome: Ok(session("TLSv1.3")),
        }),
        ehlo_after_tls: Some(reply(250, &["mx.corp.test"])),
        ..SmtpExchange::new("mx.corp.test".parse().unwrap(), ADDRESS)
    }
}

fn accepted() -> Transport {
    Transport::Accepted(CertVerified {
        host: "mx.corp.test".parse().unwrap(),
        address: ADDRESS,
    })
}

fn failure(kind: SmtpFailureKind, during: SmtpStep) -> SmtpFailure {
    SmtpFailure {
        kind,
        during,
        detail: "why".into(),
    }
}

fn refused(faults: &[T]) -> Transport {
    Transport::Refused(faults.to_vec())
}

fn handshake(kind: TlsFailureKind, faults: Vec<CertificateFault>) -> SmtpExchange {
    SmtpExchange {
        tls: Some(TlsExchange {
            certificate: Some(certificate(faults)),
            outcome: Err(TlsFailure {
                kind,
                detail: "why".into(),
            }),
        }),
        ehlo_after_tls: None,
        ..good()
    }
}

#[test]
fn a_session_in_which_all_went_well_is_proof() {
    assert_eq!(judge(&good()), accepted());
    assert_eq!(judge(&good()).certainty(), Certainty::Definite);
    let Transport::Accepted(proof) = judge(&good()) else {
        panic!("not accepted");
    };
    assert_eq!(
        (proof.host().as_str(), proof.address()),
        ("mx.corp.test", ADDRESS)
    );
    for version in ["TLSv1.2", "TLSv1.3"] {
        let mut exchange = good();
        exchange.tls.as_mut().unwrap().outcome = Ok(session(version));
        assert_eq!(judge(&exchange), accepted(), "{version}");
    }
}

#[test]
fn a_refusal_before_tls_is_about_us() {
    for code in [421, 450, 501, 503, 521, 554, 354, 123] {
        let rejecting = reply(code, &["go away"]);
        let mut greeting = good();
        greeting.greeting = Some(rejecting.clone());
        let mut ehlo = good();
        ehlo.ehlo = Some(rejecting.clone());
        let mut ehlo_after_tls = good();
        ehlo_after_tls.ehlo_after_tls = Some(rejecting.clone());
        for exchange in [greeting, ehlo, ehlo_after_tls] {
            let transport = judge(&exchange);
            assert_eq!(transport, Transport::RejectedUs(rejecting.clone()));
            assert_eq!(transport.certainty(), Certainty::Ours);
        }
    }
}

#[test]
fn a_host_without_ehlo_has_no_starttls_for_anybody() {
    for code in [500, 502] {
        let mut exchange = good();
        exchange.ehlo = Some(reply(code, &["what?"]));
        assert_eq!(
            judge(&exchange),
            refused(&[T::StarttlsNotOffered]),
            "{code}"
        );
        // A greeting is not about EHLO, and inside TLS there has been STARTTLS.
        let rejecting = reply(code, &["go away"]);
        let mut greeting = good();
        greeting.greeting = Some(rejecting.clone());
        let mut inside = good();
        inside.ehlo_after_tls = Some(rejecting.clone());
        for exchange in [greeting, inside] {
            assert_eq!(judge(&exchange), Transport::RejectedUs(rejecting.clone()));
        }
    }
}

#[test]
fn starttls_has_to_be_offered_and_granted_with_exactly_220() {
    let mut bare = good();
    bare.ehlo = Some(reply(250, &["STARTTLS is my first name", "PIPELINING"]));
    bare.starttls = None;
    bare.tls = None;
    bare.ehlo_after_tls = None;
    assert_eq!(judge(&bare), refused(&[T::StarttlsNotOffered]));
    for code in [200, 221, 250, 354, 421, 454, 500, 502, 554] {
        let mut exchange = good();
        exchange.starttls = Some(reply(code, &["no"]));
        assert_eq!(
            judge(&exchange),
            refused(&[T::StarttlsRefused(reply(code, &["no"]))]),
            "whatever came after it"
        );
    }
}

#[test]
fn injected_octets_are_refused_whatever_came_after() {
    let mut exchange = good();
    exchange.injected = Some(b"250 AUTH PLAIN\r\n"[..].into());
    assert_eq!(judge(&exchange), refused(&[T::Injected]));
}

#[test]
fn certificate_faults_are_all_told() {
    let faults = vec![
        CertificateFault::IssuerExpired,
        CertificateFault::WrongPurpose,
    ];
    let expected = refused(&[
        T::Certificate(CertificateFault::IssuerExpired),
        T::Certificate(CertificateFault::WrongPurpose),
    ]);
    assert_eq!(
        judge(&handshake(
            TlsFailureKind::CertificateRefused,
            faults.clone()
        )),
        expected
    );
    // Opportunistic TLS goes on with a bad certificate; that is no proof.
    let mut exchange = good();
    exchange.tls.as_mut().unwrap().certificate = Some(certificate(faults.clone()));
    assert_eq!(judge(&exchange), expected);
    // What was seen counts, whatever ended the handshake then.
    for kind in [
        TlsFailureKind::Closed,
        TlsFailureKind::NoCommonParameters,
        TlsFailureKind::TimedOut,
    ] {
        assert_eq!(judge(&handshake(kind, faults.clone())), expected, "{kind}");
    }
    let mut none = good();
    none.tls.as_mut().unwrap().certificate = None;
    assert_eq!(
        judge(&none),
        refused(&[T::Certificate(CertificateFault::Unreadable {
            detail: "no certificate was presented".into()
        })])
    );
}

#[test]
fn a_failed_handshake_is_a_refusal_only_where_it_proves_something() {
    use TlsFailureKind as K;
    let failed = |detail: &str| {
        refused(&[T::HandshakeFailed {
            detail: detail.into(),
        }])
    };
    let undetermined = |detail: &str| Transport::Undetermined {
        detail: detail.into(),
    };
    for (kind, expected) in [
        (K::OldVersion, refused(&[T::OldTls])),
        (
            K::Alert(AlertReceived::once(Alert(112))),
            refused(&[T::Alert(Alert(112))]),
        ),
        (
            K::Alert(AlertReceived::once(Alert::HANDSHAKE_FAILURE)),
            undetermined("TLS alert handshake_failure: why"),
        ),
        (
            K::Alert(AlertReceived {
                alert: Alert::INTERNAL_ERROR,
                smaller_hello: SmallerHello::Alert(Alert::INTERNAL_ERROR),
            }),
            refused(&[T::Alert(Alert::INTERNAL_ERROR)]),
        ),
        (
            K::Alert(AlertReceived {
                alert: Alert::INTERNAL_ERROR,
                smaller_hello: SmallerHello::EndedOtherwise,
            }),
            undetermined(
                "TLS alert internal_error (not without a post-quantum key share, so it is about the size of \
                 the hello): why",
            ),
        ),
        (
            K::Reset,
            undetermined("connection reset during the handshake: why"),
        ),
        (K::Protocol, failed("not a valid TLS handshake: why")),
        (K::CertificateRefused, failed("certificate refused: why")),
        (
            K::Closed,
            undetermined("connection closed during the handshake: why"),
        ),
        (
            K::NoCommonParameters,
            undetermined("no TLS parameters in common: why"),
        ),
        (
            K::TimedOut,
            Transport::Unreachable {
                failure: SmtpFailure {
                    kind: SmtpFailureKind::TimedOut,
                    during: SmtpStep::Starttls,
                    detail: "handshake not finished in time: why".into(),
                },
                certainty: Certainty::Ours,
            },
        ),
    ] {
        assert_eq!(judge(&handshake(kind, Vec::new())), expected, "{kind}");
    }
    let reset = handshake(K::Reset, vec![CertificateFault::SelfSigned]);
    assert_eq!(
        judge(&reset),
        refused(&[T::Certificate(CertificateFault::SelfSigned)])
    );
}

#[test]
fn an_alert_is_named_once() {
    let alert = AlertReceived::once(Alert::HANDSHAKE_FAILURE);
    let mut exchange = handshake(TlsFailureKind::Alert(alert), Vec::new());
    let tls = exchange.tls.as_mut().unwrap();
    tls.outcome.as_mut().unwrap_err().detail = "TLS alert handshake_failure".into();
    let said = judge(&exchange).to_string();
    assert_eq!(said, "could not be determined: TLS alert handshake_failure");
}

/// In TLS 1.3 the alert of a server that wants a client's certificate comes when the client is done.
#[test]
fn an_alert_in_the_place_of_the_second_ehlo_is_an_answer_to_the_handshake() {
    let alert = SmtpFailureKind::Alert(Alert::CERTIFICATE_REQUIRED);
    let mut exchange = good();
    exchange.ehlo_after_tls = None;
    exchange.failure = Some(failure(alert, SmtpStep::EhloAfterTls));
    assert_eq!(
        judge(&exchange),
        refused(&[T::Alert(Alert::CERTIFICATE_REQUIRED)])
    );
}

#[test]
fn tls_below_1_2_is_refused() {
    for version in ["SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"] {
        let mut exchange = good();
        exchange.tls.as_mut().unwrap().outcome = Ok(session(version));
        assert_eq!(judge(&exchange), refused(&[T::OldTls]), "{version}");
    }
}

#[test]
fn a_broken_session_is_unreachable_and_ours_for_want_of_an_answer_or_of_a_greeting() {
    use SmtpFailureKind as K;
    let reached = |step: SmtpStep| {
        let mut exchange = good();
        exchange.ehlo_after_tls = None;
        if step <= SmtpStep::Starttls {
            exchange.starttls = None;
            exchange.tls = None;
        }
        if step <= SmtpStep::Ehlo {
            exchange.ehlo = None;
        }
        if step <= SmtpStep::Greeting {
            exchange.greeting = None;
        }
        exchange
    };
    for step in [
        SmtpStep::Connect,
        SmtpStep::Greeting,
        SmtpStep::Ehlo,
        SmtpStep::Starttls,
        SmtpStep::EhloAfterTls,
    ] {
        for (kind, certainty) in [
            (K::Closed, Certainty::Definite),
            (K::Protocol, Certainty::Definite),
            (K::Refused, Certainty::Definite),
            (K::Reset, Certainty::Definite),
            (K::TimedOut, Certainty::Ours),
            (K::TooLong, Certainty::Ours),
            (K::Unreachable, Certainty::Ours),
        ] {
            let failure = failure(kind, step);
            // Any sender is known by the address alone before the greeting, and by the name at EHLO: see
            // `SmtpFailure::is_ours`.
            let certainty = match (step, kind) {
                (SmtpStep::Greeting, K::Closed | K::Protocol | K::Reset)
                | (SmtpStep::Ehlo, K::Closed | K::Reset) => Certainty::Ours,
                _ => certainty,
            };
            let exchange = SmtpExchange {
                failure: Some(failure.clone()),
                ..reached(step)
            };
            let transport = judge(&exchange);
            assert_eq!(transport, Transport::Unreachable { failure, certainty });
            assert_eq!(transport.certainty(), certainty, "{kind} during {step}");
        }
        let transport = judge(&reached(step));
        assert_eq!(transport.certainty(), Certainty::Ours, "{step}");
        assert!(matches!(transport, Transport::Undetermined { .. }));
    }
}

#[test]
fn a_failure_after_the_second_ehlo_does_not_unmake_the_proof() {
    let mut exchange = good();
    exchange.failure = Some(failure(SmtpFailureKind::Reset, SmtpStep::Message));
    assert_eq!(judge(&exchange), accepted());
}

#[test]
fn outcomes_read_as_sentences() {
    for (transport, expected) in [
        (accepted(), "STARTTLS with a valid certificate"),
        (
            refused(&[T::StarttlsRefused(reply(454, &["later"])), T::OldTls]),
            "STARTTLS was refused: 454 later; server speaks no TLS version from 1.2 on",
        ),
        (
            Transport::RejectedUs(reply(554, &["blocked"])),
            "it turned this client away: 554 blocked",
        ),
        (
            Transport::Unreachable {
                failure: failure(SmtpFailureKind::Refused, SmtpStep::Connect),
                certainty: Certainty::Definite,
            },
            "connection refused during connect (why)",
        ),
        (
            refused(&[T::HandshakeFailed { detail: "".into() }]),
            "TLS handshake failed",
        ),
        (
            refused(&[T::HandshakeFailed {
                detail: "why".into(),
            }]),
            "TLS handshake failed (why)",
        ),
    ] {
        assert_eq!(transport.to_string(), expected);
    }
    assert_eq!(
        [Certainty::Definite, Certainty::Ours].map(|certainty| certainty.to_string()),
        ["definite", "ours"]
    );
}

#[test]
fn what_openssl_accepts_is_refused_for_us_alone() {
    let ours = || T::Certificate(CertificateFault::BadChain(ChainFault::CaAsServer));
    let theirs = || T::Certificate(CertificateFault::SelfSigned);
    for (faults, expected) in [
        (vec![ours()], Certainty::Ours),
        (vec![ours(), ours()], Certainty::Ours),
        (vec![theirs()], Certainty::Definite),
        (vec![ours(), theirs()], Certainty::Definite),
        (vec![ours(), T::OldTls], Certainty::Definite),
        (vec![], Certainty::Definite),
    ] {
        assert_eq!(refused(&faults).certainty(), expected, "{faults:?}");
    }
}
