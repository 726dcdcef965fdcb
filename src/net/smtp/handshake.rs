//! The handshake behind STARTTLS ([RFC 8461, Section 4]; RFC 3207).
//!
//! [RFC 8461, Section 4]: https://www.rfc-editor.org/rfc/rfc8461#section-4

use std::io;
use std::sync::Arc;

use rustls::ProtocolVersion;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::facts::DnsName;
use crate::facts::smtp::{TlsExchange, TlsFailure, TlsFailureKind, TlsSession, TlsUse};
use crate::facts::tls::AlertReceived;

use super::super::causes::{self, SocketFault};
use super::super::tls::{HandshakeFault, Inside, TlsClients, Witness};
use super::tap::Tap;

/// What came of a handshake.
pub(super) struct Handshake {
    pub(super) facts: TlsExchange,
    /// The stream inside TLS, if there is one.
    pub(super) stream: Option<Box<TlsStream<Tap>>>,
    /// Plain text that came where the server's part of the handshake should have stood.
    pub(super) injected: Option<Box<[u8]>>,
}

/// Shakes hands as a client of `host`.
pub(super) async fn shake_hands(
    tls: &TlsClients,
    host: &DnsName,
    tls_use: TlsUse,
    tap: Tap,
    deadline: Instant,
) -> Handshake {
    let witness = tls.witness(host, tls_use);
    let mut injected = None;
    let mut stream = None;
    let outcome = match tls.connection(&witness, Inside::Smtp) {
        Err(error) => Err(TlsFailure {
            kind: TlsFailureKind::NoCommonParameters,
            detail: causes::describe(&error),
        }),
        Ok((config, name)) => {
            let connect = TlsConnector::from(Arc::new(config))
                .connect(name, tap)
                .into_fallible();
            match timeout_at(deadline, connect).await {
                Ok(Ok(established)) => {
                    let session = describe(&established);
                    stream = Some(Box::new(established));
                    Ok(session)
                }
                Ok(Err((error, tap))) => {
                    injected = tap.plain_text();
                    Err(TlsFailure {
                        kind: to_kind(&error, &witness),
                        detail: causes::describe(&error),
                    })
                }
                Err(_elapsed) => Err(TlsFailure {
                    kind: TlsFailureKind::TimedOut,
                    detail: Box::default(),
                }),
            }
        }
    };
    Handshake {
        facts: TlsExchange {
            certificate: witness.certificate(),
            outcome,
        },
        stream,
        injected,
    }
}

fn to_kind(error: &io::Error, witness: &Witness) -> TlsFailureKind {
    if witness.refused() {
        return TlsFailureKind::CertificateRefused;
    }
    if let Some(error) = causes::find::<rustls::Error>(error) {
        return match HandshakeFault::of(error) {
            HandshakeFault::Alert(alert) => TlsFailureKind::Alert(AlertReceived::once(alert)),
            HandshakeFault::NoCommonParameters => TlsFailureKind::NoCommonParameters,
            HandshakeFault::OldVersion => TlsFailureKind::OldVersion,
            HandshakeFault::Protocol => TlsFailureKind::Protocol,
        };
    }
    match SocketFault::find(error).unwrap_or(SocketFault::Local) {
        SocketFault::Closed => TlsFailureKind::Closed,
        SocketFault::TimedOut => TlsFailureKind::TimedOut,
        SocketFault::Exhausted | SocketFault::Refused | SocketFault::Reset | SocketFault::Local => {
            TlsFailureKind::Reset
        }
    }
}

fn describe(stream: &TlsStream<Tap>) -> TlsSession {
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".into(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".into(),
        other => format!("{other:?}").into(),
    };
    let cipher_suite = connection
        .negotiated_cipher_suite()
        .map(|suite| format!("{:?}", suite.suite()))
        .unwrap_or_default()
        // rustls puts the version into the names of TLS 1.3's suites; IANA does not.
        .replacen("TLS13_", "TLS_", 1)
        .into();
    let key_exchange = connection
        .negotiated_key_exchange_group()
        .map(|group| format!("{:?}", group.name()).into());
    TlsSession {
        version,
        cipher_suite,
        key_exchange,
    }
}
