//! Exchanges judged, one by one.

use std::net::{IpAddr, Ipv4Addr};

use super::{FetchError, is_text_plain, judge};
use crate::facts::Say;
use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::dns::{DnsFailure, DnsFailureKind};
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::facts::tls::{Alert, AlertReceived};
use crate::sts::policy::{self, Mode};
use crate::sts::reading::Reading;

const BODY: &[u8] = b"version: STSv1\nmode: none\nmax_age: 60\n";

fn certificate(faults: Vec<CertificateFault>) -> PeerCertificate {
    PeerCertificate {
        faults,
        ..PeerCertificate::default()
    }
}

fn response() -> HttpResponse {
    HttpResponse {
        status: 200,
        content_types: vec![b"text/plain"[..].into()],
        location: None,
        headers: Headers::default(),
        body: BODY.into(),
        body_end: BodyEnd::Complete,
    }
}

fn exchange(outcome: Result<HttpResponse, HttpFailure>) -> HttpExchange {
    HttpExchange {
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        certificate: Some(certificate(Vec::new())),
        outcome,
    }
}

#[test]
fn a_policy_comes_with_its_body() {
    let fetched = judge(&exchange(Ok(response())), Reading::Letter).unwrap();
    assert_eq!(fetched.policy.mode(), Mode::None);
    assert_eq!(&*fetched.body, BODY);
}

#[test]
fn any_status_but_200_is_refused_whatever_the_body() {
    for status in [
        100, 199, 201, 203, 204, 206, 301, 302, 304, 307, 308, 404, 410, 500, 503,
    ] {
        for reading in Reading::BOTH {
            let response = HttpResponse {
                status,
                location: Some(b"https://x.test/\r\n"[..].into()),
                ..response()
            };
            assert_eq!(
                judge(&exchange(Ok(response)), reading),
                Err(FetchError::Status {
                    status,
                    location: Some("https://x.test/\\r\\n".into()),
                    is_web_page: false,
                })
            );
        }
    }
}

#[test]
fn the_media_type_is_text_plain_with_any_parameters() {
    for (value, expected) in [
        (&b"text/plain"[..], true),
        (b"TEXT/Plain", true),
        (b" text/plain\t", true),
        (b"text/plain; charset=utf-8", true),
        (b"text/plain;charset=US-ASCII", true),
        (b"text/plain; charset=iso-8859-1; x", true),
        (b"text/plain;", true),
        (b"text/plain ; =", true),
        (b"text/html", false),
        (b"text/plain, text/html", false),
        (b"text/plainer", false),
        (b"text / plain", false),
        (b"application/octet-stream; x=text/plain", false),
        (b"", false),
        (b";", false),
        (b"text/pl\xffain", false),
    ] {
        assert_eq!(
            is_text_plain(value),
            expected,
            "{:?}",
            String::from_utf8_lossy(value)
        );
    }
}

#[test]
fn another_media_type_or_none_passes_only_tolerantly() {
    for (content_types, found) in [
        (vec![], None),
        (vec![&b"text/html"[..]], Some("text/html")),
        (vec![b"text/plain", b"text/html"], Some("text/html")),
        (vec![b"text/html", b"text/plain"], Some("text/html")),
    ] {
        let response = HttpResponse {
            content_types: content_types.into_iter().map(Into::into).collect(),
            ..response()
        };
        let exchange = exchange(Ok(response));
        assert_eq!(
            judge(&exchange, Reading::Letter),
            Err(FetchError::MediaType {
                found: found.map(Into::into)
            })
        );
        assert!(judge(&exchange, Reading::Tolerant).is_ok(), "{found:?}");
    }
}

#[test]
fn a_body_that_is_not_whole_is_refused_though_it_reads_as_a_policy() {
    for (body_end, expected, is_ours) in [
        (
            BodyEnd::Interrupted {
                detail: "eof".into(),
            },
            FetchError::Interrupted {
                detail: "eof".into(),
            },
            false,
        ),
        (BodyEnd::TimedOut, FetchError::TimedOut, true),
        (
            BodyEnd::TooLarge {
                limit_bytes: 65_536,
            },
            FetchError::TooLarge {
                limit_bytes: 65_536,
            },
            false,
        ),
    ] {
        for reading in Reading::BOTH {
            let response = HttpResponse {
                body_end: body_end.clone(),
                ..response()
            };
            let error = judge(&exchange(Ok(response)), reading).unwrap_err();
            assert_eq!((&error, error.is_ours()), (&expected, is_ours));
        }
    }
}

#[test]
fn a_certificate_with_faults_is_refused_with_all_of_them() {
    let faults = vec![CertificateFault::SelfSigned, CertificateFault::WrongPurpose];
    let refused = HttpFailure {
        kind: HttpFailureKind::CertificateRefused,
        detail: "".into(),
    };
    for (outcome, certificate, expected) in [
        (
            Err(refused.clone()),
            Some(certificate(faults.clone())),
            FetchError::Certificate(faults.clone()),
        ),
        // A network that goes on regardless does not make the policy valid.
        (
            Ok(response()),
            Some(certificate(faults.clone())),
            FetchError::Certificate(faults),
        ),
        (
            Ok(response()),
            None,
            FetchError::Certificate(vec![CertificateFault::Unreadable {
                detail: "no certificate was presented".into(),
            }]),
        ),
        (
            Err(refused.clone()),
            Some(certificate(Vec::new())),
            FetchError::Connection(refused.clone()),
        ),
        (Err(refused.clone()), None, FetchError::Connection(refused)),
    ] {
        for reading in Reading::BOTH {
            let exchange = HttpExchange {
                certificate: certificate.clone(),
                ..exchange(outcome.clone())
            };
            let error = judge(&exchange, reading).unwrap_err();
            assert_eq!((&error, error.is_ours()), (&expected, false));
        }
    }
}

#[test]
fn a_failed_connection_is_ours_where_another_vantage_may_do_better() {
    use HttpFailureKind as H;
    for (kind, is_ours) in [
        (H::Alert(AlertReceived::once(Alert::ACCESS_DENIED)), false),
        (
            H::Alert(AlertReceived::once(Alert::HANDSHAKE_FAILURE)),
            true,
        ),
        (H::BrokenInHandshake, true),
        (H::HandshakeFailed, true),
        (H::Malformed, false),
        (H::OldTls, false),
        (H::Refused, false),
        (H::Reset, false),
        (H::TimedOut, true),
        (H::Unreachable, true),
    ] {
        let failure = HttpFailure {
            kind,
            detail: "why".into(),
        };
        let error = judge(&exchange(Err(failure.clone())), Reading::Letter).unwrap_err();
        assert_eq!(error, FetchError::Connection(failure));
        assert_eq!(error.is_ours(), is_ours, "{kind}");
    }
    for (kind, is_ours) in [
        (DnsFailureKind::TimedOut, true),
        (DnsFailureKind::SERVFAIL, false),
    ] {
        let failure = DnsFailure {
            kind,
            detail: "".into(),
        };
        assert_eq!(FetchError::HostLookup(failure).is_ours(), is_ours, "{kind}");
    }
}

#[test]
fn a_body_that_is_no_policy_says_where() {
    let response = HttpResponse {
        body: b"version: STSv1\nmode: on\n"[..].into(),
        ..response()
    };
    for reading in Reading::BOTH {
        let error = judge(&exchange(Ok(response.clone())), reading).unwrap_err();
        let expected = policy::parse(&response.body, reading).unwrap_err();
        assert_eq!(error, FetchError::Policy(expected));
        assert_eq!(
            error.to_string(),
            "line 2: mode `on` is none of enforce, testing, none"
        );
    }
}

#[test]
fn errors_read_as_sentences() {
    for (error, expected) in [
        (
            FetchError::Status {
                status: 301,
                location: Some("https://x.test/".into()),
                is_web_page: true,
            },
            "status 301, a redirect to https://x.test/, which is never followed",
        ),
        (
            FetchError::Status {
                status: 404,
                location: None,
                is_web_page: false,
            },
            "status 404",
        ),
        (
            FetchError::MediaType { found: None },
            "media type is absent, not text/plain",
        ),
        (
            FetchError::Certificate(vec![
                CertificateFault::SelfSigned,
                CertificateFault::IssuerExpired,
            ]),
            "certificate of the policy host: certificate is self-signed; \
             a certificate of the chain has expired",
        ),
        (
            FetchError::Certificate(vec![CertificateFault::SelfSigned]),
            "certificate of the policy host: certificate is self-signed",
        ),
        (
            FetchError::HostLookup(DnsFailure {
                kind: DnsFailureKind::TimedOut,
                detail: "192.0.2.53".into(),
            }),
            "lookup of the policy host: no reply in time (192.0.2.53)",
        ),
        (
            FetchError::Connection(HttpFailure {
                kind: HttpFailureKind::Reset,
                detail: "why".into(),
            }),
            "connection broke (why)",
        ),
        (
            FetchError::Interrupted {
                detail: "why".into(),
            },
            "the connection broke within the body (why)",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
        // What stands in parentheses at the end is that of the whole.
        let sentence = error.sentence();
        assert_eq!(sentence.to_string(), expected);
        let is_whole = sentence.spans().len() == 1 && sentence.failures().count() == 1;
        assert_eq!(is_whole, expected.ends_with(')'), "{expected}");
    }
}

#[test]
fn a_status_says_whether_a_page_for_people_came_with_it() {
    for (content_type, body, expected) in [
        ("text/html; charset=utf-8", "", true),
        ("TEXT/HTML", "x", true),
        ("text/plain", "\n<!doctype html>", true),
        ("text/plain", "Forbidden", false),
        ("application/json", "{}", false),
    ] {
        let response = HttpResponse {
            status: 403,
            content_types: vec![content_type.as_bytes().into()],
            body: body.as_bytes().into(),
            ..response()
        };
        let Err(FetchError::Status { is_web_page, .. }) =
            judge(&exchange(Ok(response)), Reading::Letter)
        else {
            panic!("403 is no policy");
        };
        assert_eq!(is_web_page, expected, "{content_type} {body}");
    }
}

#[test]
fn a_host_that_is_an_alias_is_told_with_its_target() {
    let host = || "mta-sts.corp.test".parse().unwrap();
    for (alias_of, between) in [
        (None, ""),
        (
            Some("sts.vendor.test".parse().unwrap()),
            " is an alias (CNAME) of sts.vendor.test, which",
        ),
    ] {
        let missing = FetchError::HostNotFound {
            host: host(),
            alias_of: alias_of.clone(),
        };
        let bare = FetchError::NoAddress {
            host: host(),
            alias_of,
        };
        for (error, what) in [(missing, "does not exist"), (bare, "has no address")] {
            let expected = format!("the policy host mta-sts.corp.test{between} {what}");
            assert_eq!(error.to_string(), expected);
        }
    }
}
