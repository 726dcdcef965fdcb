//! How replies, failures and sessions are read and written.

use super::{
    MessageExchange, Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpPort, SmtpStep,
    TlsExchange, TlsFailure, TlsFailureKind,
};
use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::tls::{Alert, AlertReceived};

fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().copied().map(Into::into).collect(),
    }
}

#[test]
fn a_reply_has_a_class_and_its_first_line_shows() {
    for (code, class) in [(199, 1), (200, 2), (250, 2), (299, 2), (300, 3), (554, 5)] {
        let classes: Vec<u16> = (0..7)
            .filter(|digit| reply(code, &[]).is_class(*digit))
            .collect();
        assert_eq!(classes, [class], "{code}");
    }
    for (lines, expected) in [
        (&[][..], "250"),
        (&[""], "250"),
        (&["mx.test", "SIZE"], "250 mx.test"),
    ] {
        assert_eq!(reply(250, lines).to_string(), expected);
    }
}

#[test]
fn a_refused_certificate_is_still_the_certificate() {
    let shown = PeerCertificate {
        faults: vec![CertificateFault::SelfSigned],
        ..PeerCertificate::default()
    };
    let handshake = |certificate, kind| TlsExchange {
        certificate,
        outcome: Err(TlsFailure {
            kind,
            detail: Box::default(),
        }),
    };
    for (tls, expected) in [
        (None, None),
        (Some(handshake(None, TlsFailureKind::Reset)), None),
        (
            Some(handshake(
                Some(shown.clone()),
                TlsFailureKind::CertificateRefused,
            )),
            Some(&shown),
        ),
    ] {
        let mut exchange = SmtpExchange::new("mx.test".parse().unwrap(), [0; 4].into());
        exchange.tls = tls;
        assert_eq!(exchange.certificate(), expected, "{:?}", exchange.tls);
    }
}

/// RFC 5321, Section 4.1.1.1: the first line of the answer to EHLO is the host's name, the others keywords.
#[test]
fn a_keyword_is_the_first_word_of_any_line_but_the_first() {
    for (lines, expected) in [
        (&["mx.test", "PIPELINING", "STARTTLS"][..], true),
        (&["mx.test", "starttls"], true),
        (&["mx.test", "StartTLS x"], true),
        (&["STARTTLS"], false),
        (&["mx.test", "XSTARTTLS"], false),
        (&["mx.test", "STARTTLSX"], false),
        (&["mx.test", "X STARTTLS"], false),
        (&["mx.test", ""], false),
        (&[], false),
    ] {
        let mut exchange = SmtpExchange::new("mx.test".parse().unwrap(), [0; 4].into());
        assert!(!exchange.offers_starttls(), "nothing was said yet");
        exchange.ehlo = Some(reply(250, lines));
        assert_eq!(exchange.offers_starttls(), expected, "{lines:?}");
    }
}

#[test]
fn the_last_reply_decides_and_only_the_final_dot_delivers() {
    let steps = |codes: [Option<u16>; 4]| {
        let [mail, rcpt, data, end_of_data] = codes.map(|code| code.map(|code| reply(code, &[])));
        MessageExchange {
            mail,
            rcpt,
            data,
            end_of_data,
        }
    };
    for (codes, decisive, is_delivered) in [
        ([None; 4], None, false),
        ([Some(550), None, None, None], Some(550), false),
        ([Some(250), None, None, None], Some(250), false),
        ([Some(250), Some(450), None, None], Some(450), false),
        ([Some(250), Some(250), Some(554), None], Some(554), false),
        ([Some(250), Some(250), Some(354), None], Some(354), false),
        (
            [Some(250), Some(250), Some(354), Some(451)],
            Some(451),
            false,
        ),
        (
            [Some(250), Some(250), Some(354), Some(250)],
            Some(250),
            true,
        ),
    ] {
        let exchange = steps(codes);
        assert_eq!(
            (
                exchange.decisive().map(|reply| reply.code),
                exchange.is_delivered()
            ),
            (decisive, is_delivered),
            "{codes:?}"
        );
    }
}

#[test]
fn a_port_is_its_number() {
    assert_eq!(SmtpPort::default().to_string(), "25");
    assert_eq!(SmtpPort(587).to_string(), "587");
}

#[test]
fn an_address_answers_that_does_more_than_let_a_connection_wait() {
    use SmtpFailureKind as Kind;
    use SmtpStep as Step;
    for (failure, is_answered, is_silence, is_ours) in [
        (None, true, false, false),
        (Some((Kind::TimedOut, Step::Connect)), false, true, true),
        (Some((Kind::TimedOut, Step::Greeting)), true, false, true),
        (Some((Kind::Refused, Step::Connect)), true, false, false),
        (Some((Kind::Unreachable, Step::Connect)), false, false, true),
        (Some((Kind::Protocol, Step::Greeting)), true, false, true),
        (Some((Kind::Protocol, Step::Ehlo)), true, false, false),
        (Some((Kind::Closed, Step::Greeting)), true, false, true),
        (Some((Kind::Closed, Step::Ehlo)), true, false, true),
        (Some((Kind::Closed, Step::Starttls)), true, false, false),
        (Some((Kind::Reset, Step::Greeting)), true, false, true),
        (Some((Kind::Reset, Step::Ehlo)), true, false, true),
        (Some((Kind::Reset, Step::Starttls)), true, false, false),
    ] {
        let mut exchange = SmtpExchange::new("mx.test".parse().unwrap(), [192, 0, 2, 1].into());
        exchange.failure = failure.map(|(kind, during)| SmtpFailure {
            kind,
            during,
            detail: Box::default(),
        });
        assert_eq!(exchange.is_answered(), is_answered, "{failure:?}");
        let failure = exchange.failure.as_ref();
        assert_eq!(failure.is_some_and(SmtpFailure::is_silence), is_silence);
        assert_eq!(failure.is_some_and(SmtpFailure::is_ours), is_ours);
    }
}

#[test]
fn failures_say_what_happened_when_and_whose_it_may_be() {
    use SmtpFailureKind as Kind;
    for (kind, is_ours, expected) in [
        (
            Kind::Alert(Alert::CERTIFICATE_REQUIRED),
            false,
            "TLS alert certificate_required",
        ),
        (Kind::Closed, false, "connection closed"),
        (Kind::FamilyOff, true, "address family is switched off"),
        (
            Kind::OwnAddress,
            false,
            "address is the sender's own, never another host's",
        ),
        (Kind::Protocol, false, "not a valid SMTP reply"),
        (Kind::Refused, false, "connection refused"),
        (Kind::Reset, false, "connection reset"),
        (Kind::TimedOut, true, "no answer in time"),
        (
            Kind::TooLong,
            true,
            "reply is longer than this client takes",
        ),
        (Kind::Unreachable, true, "address unreachable from here"),
    ] {
        assert_eq!(kind.is_ours(), is_ours, "{kind}");
        let is_out_of_reach = matches!(kind, Kind::FamilyOff | Kind::Unreachable);
        assert_eq!(kind.is_out_of_reach(), is_out_of_reach, "{kind}");
        for (during, step) in [
            (SmtpStep::Connect, "connect"),
            (SmtpStep::Greeting, "greeting"),
            (SmtpStep::Ehlo, "EHLO"),
            (SmtpStep::Starttls, "STARTTLS"),
            (SmtpStep::EhloAfterTls, "EHLO after TLS"),
            (SmtpStep::Message, "message"),
        ] {
            for (detail, expected) in [
                ("", format!("{expected} during {step}")),
                ("x", format!("{expected} during {step} (x)")),
            ] {
                let failure = SmtpFailure {
                    kind,
                    during,
                    detail: detail.into(),
                };
                assert_eq!(failure.to_string(), expected);
            }
        }
    }
}

#[test]
fn failed_handshakes_say_what_happened() {
    use TlsFailureKind as Kind;
    for (kind, expected) in [
        (Kind::CertificateRefused, "certificate refused"),
        (Kind::Closed, "connection closed during the handshake"),
        (
            Kind::Alert(AlertReceived::once(Alert(112))),
            "TLS alert unrecognized_name",
        ),
        (Kind::NoCommonParameters, "no TLS parameters in common"),
        (Kind::OldVersion, "server speaks no TLS version from 1.2 on"),
        (Kind::Protocol, "not a valid TLS handshake"),
        (Kind::Reset, "connection reset during the handshake"),
        (Kind::TimedOut, "handshake not finished in time"),
    ] {
        assert_eq!(kind.to_string(), expected);
    }
}
