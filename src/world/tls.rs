//! The server's side of TLS: which certificate for whom, and handshakes that go wrong.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{NamedGroup, ProtocolVersion, ServerConfig, version};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::{StartHandshake, TlsStream};

use super::error::WorldError;
use super::pki::Pki;
use crate::fakes::{AlertFault, Certificate, Identity, TlsFault, TlsVersions};

/// How long a client may take for one step: a server's five minutes (RFC 5321, Section 4.5.3.2.7).
pub(super) const DEADLINE: Duration = Duration::from_secs(300);

const TLS_1_0: u8 = 1;
const TLS_1_1: u8 = 2;

/// Makes the configuration of a server; its sessions can be resumed, as real servers' can.
pub(super) fn server_config(
    pki: &Pki,
    identity: &Identity,
    versions: TlsVersions,
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, WorldError> {
    let versions = match versions {
        TlsVersions::Both => &[&version::TLS13, &version::TLS12][..],
        TlsVersions::Tls12 => &[&version::TLS12],
        TlsVersions::Tls13 => &[&version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(Arc::clone(pki.provider()))
        .with_protocol_versions(versions)
        .map_err(|error| WorldError::Key(error.to_string().into()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Certificates::new(pki, identity)?));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

/// The certificates of a server, made.
#[derive(Debug)]
struct Certificates {
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    default: Vec<Arc<CertifiedKey>>,
}

impl Certificates {
    fn new(pki: &Pki, identity: &Identity) -> Result<Self, WorldError> {
        let issue = |specs: &[Certificate]| {
            let made = specs.iter().map(|spec| pki.issue(spec));
            made.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            by_name: identity
                .by_name
                .iter()
                .map(|(name, specs)| Ok((name.to_ascii_lowercase(), issue(specs)?)))
                .collect::<Result<_, WorldError>>()?,
            default: issue(&identity.default)?,
        })
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| {
            let name = name.to_ascii_lowercase();
            let parent = name.split_once('.').map(|(_, parent)| parent);
            let wildcard = parent.and_then(|parent| self.by_name.get(&format!("*.{parent}")));
            self.by_name.get(&name).or(wildcard)
        });
        named
            .unwrap_or(&self.default)
            .iter()
            .find(|certificate| {
                let schemes = hello.signature_schemes();
                certificate.key.choose_scheme(schemes).is_some()
            })
            .cloned()
    }
}

/// Reads the `ClientHello`, with which every handshake begins, the bad ones included.
pub(super) async fn read_client_hello(stream: TcpStream) -> io::Result<StartHandshake<TcpStream>> {
    timeout(
        DEADLINE,
        LazyConfigAcceptor::new(Acceptor::default(), stream),
    )
    .await?
}

/// Returns the name that the client asked for, in lower case.
pub(super) fn sni(handshake: &StartHandshake<TcpStream>) -> Option<String> {
    let hello = handshake.client_hello();
    hello.server_name().map(str::to_ascii_lowercase)
}

/// Goes on with a handshake to its good end.
pub(super) async fn finish(
    handshake: StartHandshake<TcpStream>,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    timeout(DEADLINE, handshake.into_stream(config)).await?
}

/// Returns the version of an established session, as `TLSv1.3`.
pub(super) fn version_name(stream: &TlsStream<TcpStream>) -> String {
    match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Lets a handshake go wrong after its `ClientHello`.
pub(super) async fn suffer(fault: TlsFault, mut stream: TcpStream) -> io::Result<()> {
    match fault {
        TlsFault::Tls10Only => stream.write_all(&old_server_hello(TLS_1_0)).await?,
        TlsFault::Tls11Only => stream.write_all(&old_server_hello(TLS_1_1)).await?,
        TlsFault::LargeHelloRefused => return answer(AlertFault::InternalError, stream).await,
        TlsFault::HandshakeReset => return reset(&stream),
        TlsFault::HandshakeClose => return stream.shutdown().await,
        TlsFault::HandshakeSilence => {}
        TlsFault::NotTls => stream.write_all(b"this is not TLS\r\n").await?,
    }
    wait_for_end(&mut stream).await
}

/// Answers a `ClientHello` with an alert.
pub(super) async fn answer(alert: AlertFault, mut stream: TcpStream) -> io::Result<()> {
    // The record: alert, version, 2 octets; the alert: fatal, which one.
    let octets = [21, 3, 3, 0, 2, 2, alert.number()];
    stream.write_all(&octets).await?;
    wait_for_end(&mut stream).await
}

/// Returns whether the handshake goes on in spite of the fault.
pub(super) fn is_spared(fault: TlsFault, handshake: &StartHandshake<TcpStream>) -> bool {
    let groups = handshake.client_hello().named_groups();
    fault == TlsFault::LargeHelloRefused
        && !groups.is_some_and(|groups| groups.contains(&NamedGroup::X25519MLKEM768))
}

/// Closes the connection with RST as soon as the stream is dropped.
pub(super) fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

/// Says nothing more, swallows what comes, and returns when the client has gone.
pub(super) async fn wait_for_end(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut scratch = [0; 1024];
    while stream.read(&mut scratch).await? > 0 {}
    Ok(())
}

/// Returns a whole `ServerHello` of TLS 1.`minor - 1`: 47 octets, no session, no extension.
fn old_server_hello(minor: u8) -> [u8; 47] {
    let mut hello = [0x53; 47];
    // The record: handshake, version, 42 octets; the message: ServerHello, 38 octets, version.
    hello[..11].copy_from_slice(&[22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor]);
    // After the random: no session id, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    hello[43..].copy_from_slice(&[0, 0, 0x2f, 0]);
    hello
}
