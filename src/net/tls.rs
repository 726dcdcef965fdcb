//! TLS: the one place that makes configurations, and the verifier that keeps what it saw.
//!
//! [RFC 8461, Section 3.3] and 4.2 say what a certificate must be; [`sts::certificate`](certificate) judges
//! it. The verifier here only calls that, refuses where it found a fault, and keeps chain and faults as facts.
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls12Resumption,
    Tls13ClientSessionValue,
};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage,
    NamedGroup, PeerIncompatible, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::clock::Clock;
use crate::facts::certificate::{CertificateFault, ChainFault, PeerCertificate};
use crate::facts::smtp::TlsUse;
use crate::facts::tls::Alert;
use crate::facts::{DnsName, UnixTime};
use crate::sts::certificate::{self, Roots};

/// What every TLS connection of ours has in common.
#[derive(Clone, Debug)]
pub(super) struct TlsClients {
    provider: Arc<CryptoProvider>,
    clock: Arc<Clock>,
    roots: Roots,
}

/// The protocol inside TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Inside {
    /// HTTP/1.1, named by ALPN.
    Http,
    /// SMTP, which has no ALPN name.
    Smtp,
}

impl TlsClients {
    pub(super) fn new(clock: Clock, roots: Roots) -> Self {
        Self {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            clock: Arc::new(clock),
            roots,
        }
    }

    /// Returns the same without post-quantum key shares, whose hello fits into one packet.
    pub(super) fn with_smaller_hello(&self) -> Self {
        let mut provider = CryptoProvider::clone(&self.provider);
        provider
            .kx_groups
            .retain(|group| group.name() != NamedGroup::X25519MLKEM768);
        Self {
            provider: Arc::new(provider),
            ..self.clone()
        }
    }

    /// Makes a verifier for one connection to `host`.
    pub(super) fn witness(&self, host: &DnsName, tls_use: TlsUse) -> Arc<Witness> {
        Arc::new(Witness {
            host: host.clone(),
            tls_use,
            roots: self.roots.clone(),
            provider: Arc::clone(&self.provider),
            seen: Mutex::default(),
            has_begun: AtomicBool::new(false),
        })
    }

    /// Makes the configuration of one connection, and the name to give to rustls with it.
    ///
    /// Every TLS connection of this crate is made here. The provider and the clock are named, not taken from
    /// the process. A session is never resumed: rustls asks no verifier then, so a certificate that expired
    /// or changed since would be believed.
    pub(super) fn connection(
        &self,
        witness: &Arc<Witness>,
        inside: Inside,
    ) -> Result<(ClientConfig, ServerName<'static>), rustls::Error> {
        let mut config = ClientConfig::builder_with_details(
            Arc::clone(&self.provider),
            Arc::clone(&self.clock) as Arc<dyn rustls::time_provider::TimeProvider>,
        )
        // §7.2: "MTAs supporting MTA-STS MUST have support for TLS 1.2 ... or TLS 1.3 ... or higher"
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
        config.resumption = Resumption::store(Arc::clone(witness) as Arc<dyn ClientSessionStore>)
            .tls12_resumption(Tls12Resumption::Disabled);
        config.enable_early_data = false;
        config.alpn_protocols = match inside {
            Inside::Http => vec![b"http/1.1".to_vec()],
            Inside::Smtp => Vec::new(),
        };
        // §7.1: SNI is the host's name. rustls would take a host that looks like an address for one, send no
        // SNI and look for an IP SAN; the name given to it serves for SNI alone, so such a host gets none,
        // and the verifier, which knows the host itself, finds that no certificate is for it.
        let name = match rustls_pki_types::DnsName::try_from(witness.host.as_str()) {
            Ok(name) => ServerName::DnsName(name.to_owned()),
            Err(_not_for_sni) => {
                config.enable_sni = false;
                ServerName::try_from(NAMELESS)
                    .map_err(|error| rustls::Error::General(error.to_string()))?
            }
        };
        Ok((config, name))
    }
}

/// What stands where rustls wants a name that the host cannot give: nothing looks at it.
const NAMELESS: &str = "nameless.invalid";

/// Verifies the certificate of one connection and keeps what it saw.
#[derive(Debug)]
pub(super) struct Witness {
    host: DnsName,
    tls_use: TlsUse,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<PeerCertificate>>,
    has_begun: AtomicBool,
}

impl Witness {
    /// Returns the certificate seen, with its faults.
    pub(super) fn certificate(&self) -> Option<PeerCertificate> {
        self.lock().clone()
    }

    /// Returns whether the handshake has begun, and so a connection was made.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Returns whether the handshake was ended over the certificate.
    pub(super) fn refused(&self) -> bool {
        match self.tls_use {
            TlsUse::Opportunistic => false,
            TlsUse::Verified => self
                .lock()
                .as_ref()
                .is_some_and(|seen| !seen.faults.is_empty()),
        }
    }

    /// A server without the certificate's own key shows only here, so this failure is a fault of the
    /// certificate like the others.
    fn check_signature(
        &self,
        outcome: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let Err(error) = outcome else { return outcome };
        // What cannot be read holds no key either, and one of a bad size cannot be used: one fault, not two.
        let is_of_the_key = |fault: &CertificateFault| {
            matches!(
                fault,
                CertificateFault::Unreadable { .. }
                    | CertificateFault::BadChain(
                        ChainFault::ShortKey { .. } | ChainFault::Unsupported { .. }
                    )
            )
        };
        if let Some(seen) = self.lock().as_mut()
            && !seen.faults.iter().any(is_of_the_key)
        {
            seen.faults
                .push(CertificateFault::BadChain(ChainFault::HandshakeSignature {
                    detail: error.to_string().into(),
                }));
        }
        match self.tls_use {
            TlsUse::Opportunistic => Ok(HandshakeSignatureValid::assertion()),
            TlsUse::Verified => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<PeerCertificate>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: rustls_pki_types::UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<CertificateDer<'_>> = std::iter::once(end_entity)
            .chain(intermediates)
            .cloned()
            .collect();
        let now = UnixTime::from_secs(now.as_secs());
        let seen = certificate::judge(&chain, &self.roots, &self.host, now);
        let alert = seen.faults.first().map(to_rustls);
        *self.lock() = Some(seen);
        match (self.tls_use, alert) {
            (TlsUse::Verified, Some(error)) => Err(error.into()),
            (TlsUse::Verified, None) | (TlsUse::Opportunistic, _) => {
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.check_signature(verify_tls12_signature(message, cert, dss, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.check_signature(verify_tls13_signature(message, cert, dss, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A store that holds nothing, so no session is ever resumed. Each client hello asks it first: that is how the
/// witness learns that there is a connection, which a client that wraps both in one time-out does not tell.
impl ClientSessionStore for Witness {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.has_begun.store(true, Ordering::Relaxed);
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

/// Chooses the alert that the peer gets to see in its log.
fn to_rustls(fault: &CertificateFault) -> CertificateError {
    match fault {
        CertificateFault::Expired { .. } | CertificateFault::IssuerExpired => {
            CertificateError::Expired
        }
        CertificateFault::NotYetValid { .. } | CertificateFault::IssuerNotYetValid { .. } => {
            CertificateError::NotValidYet
        }
        CertificateFault::NameMismatch { .. } => CertificateError::NotValidForName,
        CertificateFault::IssuerNotSent { .. }
        | CertificateFault::UnknownIssuer { .. }
        | CertificateFault::SelfSigned => CertificateError::UnknownIssuer,
        CertificateFault::NotForSignatures { .. } | CertificateFault::WrongPurpose => {
            CertificateError::InvalidPurpose
        }
        CertificateFault::BadChain(_) | CertificateFault::IssuerMayNotSign { .. } => {
            CertificateError::ApplicationVerificationFailure
        }
        CertificateFault::Unreadable { .. } => CertificateError::BadEncoding,
    }
}

/// What a handshake that failed in rustls, for another reason than the certificate, says of the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HandshakeFault {
    /// The peer sent this alert.
    Alert(Alert),
    /// It may only be that we have no parameters in common.
    NoCommonParameters,
    /// The peer proved that it speaks nothing from TLS 1.2 on.
    OldVersion,
    /// The peer broke the protocol, or speaks another.
    Protocol,
}

impl HandshakeFault {
    pub(super) fn of(error: &rustls::Error) -> Self {
        match error {
            // Our hello offers 1.2 and 1.3: either answer to it is proof.
            rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
            | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::OldVersion,
            // A chain over 64 KiB: rustls takes no more, OpenSSL does.
            rustls::Error::InvalidMessage(
                InvalidMessage::HandshakePayloadTooLarge
                | InvalidMessage::CertificatePayloadTooLarge,
            )
            | rustls::Error::PeerIncompatible(_)
            | rustls::Error::NoApplicationProtocol => Self::NoCommonParameters,
            rustls::Error::AlertReceived(alert) => Self::Alert(to_alert(*alert)),
            _ => Self::Protocol,
        }
    }
}

pub(super) fn to_alert(alert: AlertDescription) -> Alert {
    Alert(alert.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{HandshakeKind, ServerConfig};
    use rustls_pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::{Inside, TlsClients};
    use crate::clock::Clock;
    use crate::facts::UnixTime;
    use crate::facts::smtp::TlsUse;
    use crate::sts::certificate::Roots;

    /// One configuration for two connections, which nothing but this test does: even so the second is
    /// verified, though the server hands out what it takes to resume the first.
    #[tokio::test]
    async fn a_session_is_never_resumed() {
        let key = rcgen::generate_simple_self_signed(["mx.test".to_owned()]).unwrap();
        let roots = Roots::none().with([key.cert.der()]).unwrap();
        let now = UnixTime::from_secs(1_772_438_400);
        let clients = TlsClients::new(Clock::manual(now), roots);
        for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
            let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
            let server = ServerConfig::builder_with_provider(Arc::clone(&clients.provider))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![key.cert.der().clone()], private)
                .unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(server));
            let witness = clients.witness(&"mx.test".parse().unwrap(), TlsUse::Opportunistic);
            let (config, name) = clients.connection(&witness, Inside::Smtp).unwrap();
            let connector = TlsConnector::from(Arc::new(config));
            for _ in 0..2 {
                *witness.lock() = None;
                let (ours, theirs) = tokio::io::duplex(1 << 16);
                let (mut ours, _theirs) = tokio::join!(
                    async { connector.connect(name.clone(), ours).await.unwrap() },
                    async {
                        let mut theirs = acceptor.accept(theirs).await.unwrap();
                        theirs.write_all(b"!").await.unwrap();
                        theirs.flush().await.unwrap();
                        theirs
                    }
                );
                // Tickets come before it.
                assert_eq!(ours.read_u8().await.unwrap(), b'!');
                let kind = ours.get_ref().1.handshake_kind();
                assert_eq!(kind, Some(HandshakeKind::Full), "{version:?}");
                assert!(witness.certificate().is_some(), "{version:?}");
            }
        }
    }
}
