//! What can be wrong with one hop, and what that means to a sender.

use std::time::Duration;

use crate::facts::certificate::CertificateFault;
use crate::facts::smtp::{SmtpFailureKind, TlsFailureKind};
use crate::facts::tls::{Alert, AlertReceived};
use crate::model::script::Script;
use crate::model::stage::{START, reply};
use crate::tlsrpt::result_type::ResultType;

/// A fault of the first MX host, and what the sender reports of it.
pub(super) type Fault = (
    &'static str,
    fn(&mut Script),
    // Whether enforce refuses it, and testing and none take it all the same.
    Hop,
    &'static [ResultType],
);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hop {
    /// Nothing is wrong.
    Good,
    /// Enforce refuses it for good reason; others deliver.
    Refused,
    /// Nobody delivers here, for a reason that is reported.
    Unsafe,
    /// Only we may be unable to use it; unprotected mail goes there.
    Doubtful,
    /// Nobody delivers here; the failure is a fact, or may be about us.
    Down { ours: bool },
}

pub(super) const FAULTS: &[Fault] = &[
    ("nothing", |_| {}, Hop::Good, &[]),
    (
        "no STARTTLS",
        |receiver| receiver.ehlo = Ok(reply(250, &["mx1.corp.test", "PIPELINING"])),
        Hop::Refused,
        &[ResultType::StarttlsNotSupported],
    ),
    (
        "STARTTLS answered 454",
        |receiver| receiver.starttls = Ok(reply(454, &["no TLS now"])),
        Hop::Refused,
        &[ResultType::StarttlsNotSupported],
    ),
    (
        "STARTTLS answered 502",
        |receiver| receiver.starttls = Ok(reply(502, &["what?"])),
        Hop::Refused,
        &[ResultType::StarttlsNotSupported],
    ),
    (
        "octets before the handshake",
        |receiver| receiver.injected = Some((*b"250 ok\r\n").into()),
        Hop::Unsafe,
        &[ResultType::ValidationFailure],
    ),
    (
        "an expired certificate",
        |receiver| receiver.certificate.not_after = START.saturating_sub(Duration::from_secs(1)),
        Hop::Refused,
        &[ResultType::CertificateExpired],
    ),
    (
        "a certificate in its last second",
        |receiver| receiver.certificate.not_after = START,
        Hop::Good,
        &[],
    ),
    (
        "a certificate of tomorrow",
        |receiver| receiver.certificate.not_before = START.saturating_add(Duration::from_secs(1)),
        Hop::Refused,
        &[ResultType::CertificateNotTrusted],
    ),
    (
        "a certificate in its first second",
        |receiver| receiver.certificate.not_before = START,
        Hop::Good,
        &[],
    ),
    (
        "a certificate for the other host that the policy lists",
        |receiver| receiver.certificate.names = vec!["mx2.corp.test".into()],
        Hop::Refused,
        &[ResultType::CertificateHostMismatch],
    ),
    (
        "a certificate for the domain, not for the host",
        |receiver| receiver.certificate.names = vec!["corp.test".into()],
        Hop::Refused,
        &[ResultType::CertificateHostMismatch],
    ),
    (
        "a wildcard certificate",
        |receiver| receiver.certificate.names = vec!["*.corp.test".into()],
        Hop::Good,
        &[],
    ),
    (
        "a wildcard certificate for hosts below",
        |receiver| receiver.certificate.names = vec!["*.mx1.corp.test".into(), "*.test".into()],
        Hop::Refused,
        &[ResultType::CertificateHostMismatch],
    ),
    (
        "a self-signed certificate for nobody",
        |receiver| {
            receiver.certificate.names.clear();
            receiver.certificate.chain_faults = vec![CertificateFault::SelfSigned];
        },
        Hop::Refused,
        &[
            ResultType::CertificateHostMismatch,
            ResultType::CertificateNotTrusted,
        ],
    ),
    (
        "an old TLS version",
        |receiver| receiver.handshake = Some(TlsFailureKind::OldVersion),
        Hop::Refused,
        &[ResultType::ValidationFailure],
    ),
    (
        "a reset in the handshake",
        |receiver| receiver.handshake = Some(TlsFailureKind::Reset),
        Hop::Doubtful,
        &[ResultType::ValidationFailure],
    ),
    (
        "no cipher suite in common",
        |receiver| receiver.handshake = Some(TlsFailureKind::NoCommonParameters),
        Hop::Doubtful,
        &[ResultType::ValidationFailure],
    ),
    (
        "an alert that may be about our cipher suites",
        |receiver| {
            let alert = AlertReceived::once(Alert::HANDSHAKE_FAILURE);
            receiver.handshake = Some(TlsFailureKind::Alert(alert));
        },
        Hop::Doubtful,
        &[ResultType::ValidationFailure],
    ),
    (
        "an alert that is an answer",
        |receiver| {
            let alert = AlertReceived::once(Alert::ACCESS_DENIED);
            receiver.handshake = Some(TlsFailureKind::Alert(alert));
        },
        Hop::Refused,
        &[ResultType::ValidationFailure],
    ),
    (
        "a handshake that does not end",
        |receiver| receiver.handshake = Some(TlsFailureKind::TimedOut),
        Hop::Doubtful,
        &[],
    ),
    (
        "no answer to STARTTLS",
        |receiver| receiver.starttls = Err(SmtpFailureKind::TimedOut),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "closed after STARTTLS",
        |receiver| receiver.starttls = Err(SmtpFailureKind::Closed),
        Hop::Down { ours: false },
        &[],
    ),
    (
        "connection refused",
        |receiver| receiver.connect = Some(SmtpFailureKind::Refused),
        Hop::Down { ours: false },
        &[],
    ),
    (
        "no connection in time",
        |receiver| receiver.connect = Some(SmtpFailureKind::TimedOut),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "no route",
        |receiver| receiver.connect = Some(SmtpFailureKind::Unreachable),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "a greeting with 554",
        |receiver| receiver.greeting = Ok(reply(554, &["you are listed"])),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "no greeting",
        |receiver| receiver.greeting = Err(SmtpFailureKind::Closed),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "EHLO answered 502: no extensions, no STARTTLS, and HELO for those who do not need it",
        |receiver| receiver.ehlo = Ok(reply(502, &["what?"])),
        Hop::Refused,
        &[ResultType::StarttlsNotSupported],
    ),
    (
        "EHLO answered 421",
        |receiver| receiver.ehlo = Ok(reply(421, &["later"])),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "closed at EHLO",
        |receiver| receiver.ehlo = Err(SmtpFailureKind::Closed),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "a reply that is too long for us",
        |receiver| receiver.ehlo = Err(SmtpFailureKind::TooLong),
        Hop::Down { ours: true },
        &[],
    ),
    (
        "no SMTP after EHLO",
        |receiver| receiver.ehlo = Err(SmtpFailureKind::Protocol),
        Hop::Down { ours: false },
        &[],
    ),
];
