//! The other side: the same questions, GETs and SMTP dialogues with the same libraries, and nothing kept of
//! the answers but what the next request needs.
//!
//! No judgement, no trace, no transcript, no limits and deadlines of our own, one TLS configuration and one
//! HTTP client for all.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsRequestSender as _, FirstAnswer as _};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use reqwest::dns::{Addrs, Resolve, Resolving};
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use stickler::clock::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::{FakeInternet, NAME_SERVERS, START, domain, mx_hosts};

/// One run of the bare loop.
pub(crate) struct Client {
    resolver: SocketAddr,
    routes: HashMap<(IpAddr, u16), SocketAddr>,
    /// Where a name's A record led, for the HTTP client, which asks by name.
    found: Found,
    http: reqwest::Client,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn new(internet: &FakeInternet) -> Self {
        let ca = CertificateDer::from_pem_slice(internet.ca_pem.as_bytes()).expect("a certificate");
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        roots.add(ca).expect("a root");
        let mut tls = ClientConfig::builder_with_details(
            Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            Arc::new(Clock::starting_at(START)),
        )
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for both")
        .with_root_certificates(roots)
        .with_no_client_auth();
        // As on the other side: each connection is a whole handshake.
        tls.resumption = Resumption::disabled();
        let mut for_http = tls.clone();
        for_http.alpn_protocols = vec![b"http/1.1".to_vec()];
        let found = Found::default();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(for_http)
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(found.clone())
            .build()
            .expect("a client");
        Self {
            resolver: internet.dns,
            routes: internet.routes.clone(),
            found,
            http,
            tls: Arc::new(tls),
        }
    }

    /// Asks of one domain what a check asks, in the same order and as much at a time.
    pub(crate) async fn visit(&self, number: usize) {
        let domain = domain(number);
        let record = format!("_mta-sts.{domain}");
        let reports = format!("_smtp._tls.{domain}");
        tokio::join!(
            self.ask(&record, RecordType::TXT),
            self.ask(&reports, RecordType::TXT),
            self.fetch(format!("mta-sts.{domain}")),
            self.visit_receivers(number, &domain),
            self.visit_servers(&domain, &record),
        );
    }

    /// Asks the servers of the domain's zone, each by itself, where it is said to be that comes along.
    async fn visit_servers(&self, domain: &str, record: &str) {
        let servers = self.ask(domain, RecordType::NS).await;
        assert_eq!(servers.answers.len(), NAME_SERVERS.len(), "{domain}");
        let addresses: Vec<IpAddr> = servers.additionals.iter().filter_map(address).collect();
        let [first, second] = addresses[..] else {
            unreachable!("{domain}: each server has one address");
        };
        tokio::join!(
            self.visit_server(first, domain, record),
            self.visit_server(second, domain, record),
        );
    }

    async fn visit_server(&self, at: IpAddr, domain: &str, record: &str) {
        let server = self.route(at, 53);
        tokio::join!(
            self.ask_at(server, domain, RecordType::MX),
            self.ask_at(server, record, RecordType::TXT),
        );
    }

    async fn visit_receivers(&self, number: usize, domain: &str) {
        let mx = self.ask(domain, RecordType::MX).await;
        assert_eq!(mx.answers.len(), 2, "{domain}");
        let [first, second] = mx_hosts(number);
        tokio::join!(self.visit_receiver(&first), self.visit_receiver(&second));
    }

    async fn visit_receiver(&self, host: &str) {
        let tlsa = format!("_25._tcp.{host}");
        let (address, _tlsa) = tokio::join!(self.address(host), self.ask(&tlsa, RecordType::TLSA));
        self.speak(host, self.route(address, 25)).await;
    }

    async fn address(&self, host: &str) -> IpAddr {
        let (v4, _v6) = tokio::join!(
            self.ask(host, RecordType::A),
            self.ask(host, RecordType::AAAA)
        );
        first_address(&v4)
    }

    fn route(&self, address: IpAddr, port: u16) -> SocketAddr {
        *self.routes.get(&(address, port)).expect("a route")
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> DnsResponse {
        self.ask_at(self.resolver, name, record_type).await
    }

    async fn ask_at(&self, server: SocketAddr, name: &str, record_type: RecordType) -> DnsResponse {
        let name = Name::from_ascii(format!("{name}.")).expect("a name");
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        options.edns_set_dnssec_ok = true;
        options.recursion_desired = server == self.resolver;
        let request = DnsRequest::from_query(Query::query(name, record_type), options);
        let mut udp = UdpClientStream::builder(server, TokioRuntimeProvider::new())
            .with_timeout(Some(Duration::from_secs(5)))
            .build();
        let reply = udp.send_message(request).first_answer().await;
        reply.expect("the server answers")
    }

    async fn fetch(&self, host: String) {
        let address = self.address(&host).await;
        self.found.insert(&host, self.route(address, 443));
        let url = format!("https://{host}/.well-known/mta-sts.txt");
        let response = self.http.get(url).send().await.expect("a response");
        assert_eq!(response.status().as_u16(), 200, "{host}");
        let body = response.bytes().await.expect("a body");
        assert!(body.starts_with(b"version: STSv1"), "{host}");
    }

    async fn speak(&self, host: &str, to: SocketAddr) {
        let stream = TcpStream::connect(to).await.expect("the receiver listens");
        stream.set_nodelay(true).expect("a socket option");
        let line = Line(Arc::new(Mutex::new(Some(Io::Plain(stream)))));
        let helo = ClientId::Domain("bench.test".to_owned());
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(Box::new(line.clone()), &helo)
                .await
                .expect("a greeting and an answer to EHLO");
        connection.command(Starttls).await.expect("220");
        let Some(Io::Plain(stream)) = line.lock().take() else {
            unreachable!("the stream was plain");
        };
        let name = ServerName::try_from(host.to_owned()).expect("a name");
        let tls = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .expect("a handshake");
        *line.lock() = Some(Io::Tls(Box::new(tls)));
        connection.command(Ehlo::new(helo)).await.expect("250");
        connection.command(Quit).await.expect("221");
        std::future::poll_fn(|cx| line.with(|io| io.poll_shutdown(cx)))
            .await
            .expect("the end of TLS");
    }
}

fn first_address(answer: &DnsResponse) -> IpAddr {
    let address = answer.answers.iter().find_map(address);
    address.expect("every host has an address")
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        _ => None,
    }
}

/// Where names led.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<HashMap<String, SocketAddr>>>);

impl Found {
    fn insert(&self, host: &str, to: SocketAddr) {
        let mut found = self.0.lock().expect("nobody panics with it");
        found.insert(host.to_owned(), to);
    }
}

impl Resolve for Found {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let found = self.0.lock().expect("nobody panics with it");
        let to = *found.get(name.as_str()).expect("it was asked for before");
        let addresses: Addrs = Box::new([to].into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// The stream under lettre, which turns to TLS.
#[derive(Clone, Debug)]
struct Line(Arc<Mutex<Option<Io>>>);

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Option<Io>> {
        self.0.lock().expect("nobody panics with it")
    }

    fn with<T>(&self, run: impl FnOnce(Pin<&mut dyn Stream>) -> T) -> T {
        match self.lock().as_mut().expect("no handshake is on") {
            Io::Plain(stream) => run(Pin::new(stream)),
            Io::Tls(stream) => run(Pin::new(stream)),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|io| io.poll_write(cx, octets))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_shutdown(cx))
    }
}

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self.lock().as_ref().expect("no handshake is on") {
            Io::Plain(stream) => stream.peer_addr(),
            Io::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}
