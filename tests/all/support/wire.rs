//! Simple clients that share nothing with the sender: DNS messages, TLS without a judgement, SMTP lines.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, Record, RecordType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than anything on loopback takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long a silence is listened to.
pub(crate) const SILENCE: Duration = Duration::from_millis(150);

/// Makes a DNS question.
fn question(name: &str, record_type: RecordType) -> Message {
    let mut query = Query::new();
    query
        .set_name(Name::from_ascii(name).unwrap())
        .set_query_type(record_type);
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(query);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.edns = Some(edns);
    message
}

/// Asks over UDP; `None` if there is no answer within `patience`.
pub(crate) async fn ask_udp_for(
    server: SocketAddr,
    name: &str,
    record_type: RecordType,
    patience: Duration,
) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    let octets = question(name, record_type).to_vec().unwrap();
    socket.send(&octets).await.unwrap();
    let mut answer = vec![0; 65_535];
    let length = timeout(patience, socket.recv(&mut answer)).await.ok()?;
    Some(Message::from_vec(&answer[..length.unwrap()]).unwrap())
}

/// Asks over UDP.
pub(crate) async fn ask(server: SocketAddr, name: &str, record_type: RecordType) -> Message {
    ask_udp_for(server, name, record_type, PATIENCE)
        .await
        .expect("an answer")
}

/// Asks over TCP.
pub(crate) async fn ask_tcp(server: SocketAddr, name: &str, record_type: RecordType) -> Message {
    let octets = question(name, record_type).to_vec().unwrap();
    let mut stream = TcpStream::connect(server).await.unwrap();
    let length = u16::try_from(octets.len()).unwrap();
    stream.write_u16(length).await.unwrap();
    stream.write_all(&octets).await.unwrap();
    let length = stream.read_u16().await.unwrap();
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

/// Returns an answer's records as text: owner, TTL, type and data.
pub(crate) fn records(message: &Message) -> Vec<String> {
    message.answers.iter().map(text).collect()
}

/// Returns the records that came along with an answer, in the same form.
pub(crate) fn additional(message: &Message) -> Vec<String> {
    message.additionals.iter().map(text).collect()
}

fn text(record: &Record) -> String {
    let (owner, kind) = (record.name.to_ascii(), record.record_type());
    format!("{owner} {} {kind} {}", record.ttl, record.data)
}

/// A verifier that has no opinion.
#[derive(Debug)]
struct Anything;

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Makes a client that takes any certificate.
pub(crate) fn any_certificate(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything))
        .with_no_client_auth();
    Arc::new(config)
}

/// Shakes hands over `stream`; a `name` that is an address is not sent as SNI.
pub(crate) async fn shake_hands(
    stream: TcpStream,
    name: &str,
    config: Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(config);
    timeout(PATIENCE, connector.connect(name, stream)).await?
}

/// Connects and shakes hands, in TLS 1.2 or 1.3, with any certificate.
pub(crate) async fn connect_tls(to: SocketAddr, name: &str) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(to).await?;
    shake_hands(stream, name, any_certificate(rustls::ALL_VERSIONS)).await
}

/// Reads until the peer closes, or breaks off.
pub(crate) async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, io::Result<()>) {
    let mut octets = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut octets))
        .await
        .unwrap();
    (octets, end.map(|_read| ()))
}

/// Returns whether nothing comes for a while.
pub(crate) async fn is_silent(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    timeout(SILENCE, stream.read_u8()).await.is_err()
}

/// A GET as text.
pub(crate) fn get(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: wire\r\n\r\n")
}

/// An SMTP client that speaks in lines.
#[derive(Debug)]
pub(crate) struct SmtpLines<S>(pub(crate) S);

impl SmtpLines<TcpStream> {
    /// Connects.
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        Self(TcpStream::connect(to).await.unwrap())
    }

    /// Says STARTTLS after EHLO and shakes hands.
    pub(crate) async fn start_tls(
        mut self,
        name: &str,
        config: Arc<ClientConfig>,
    ) -> io::Result<SmtpLines<TlsStream<TcpStream>>> {
        assert_eq!(&self.say("STARTTLS").await[..3], "220");
        Ok(SmtpLines(shake_hands(self.0, name, config).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpLines<S> {
    /// Reads one reply, octet by octet, so that nothing after it is lost.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            while !line.ends_with('\n') {
                let octet = timeout(PATIENCE, self.0.read_u8()).await.unwrap();
                match octet {
                    Ok(octet) => line.push(char::from(octet)),
                    Err(_end) => return reply + &line,
                }
            }
            let is_last = line.as_bytes()[3] != b'-';
            reply += &line;
            if is_last {
                return reply;
            }
        }
    }

    /// Sends a line and reads the reply.
    pub(crate) async fn say(&mut self, line: &str) -> String {
        let line = format!("{line}\r\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.reply().await
    }
}
