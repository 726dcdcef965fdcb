//! What comes over sockets and goes through the libraries first: replies of a resolver, responses of a policy host.

use std::cell::OnceCell;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;
use stickler::clock::Clock;
use stickler::facts::DnsName;
use stickler::facts::dns::{DnsOutcome, Question, RecordType};
use stickler::facts::http::HttpResponse;
use stickler::net::routes::{Route, Routes};
use stickler::net::{Deadlines, Live, LiveConfig, ResolverConfig};
use stickler::sender::Network as _;
use stickler::sts::certificate::Roots;
use stickler::sts::fetch;
use stickler::sts::reading::Reading;
use tokio::runtime::{Builder, Runtime};

/// Long enough for a peer on loopback that answers.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the fake peer says next.
type Said = Arc<Mutex<Vec<u8>>>;

struct Peer {
    said: Said,
    live: Live,
    runtime: Runtime,
}

impl Peer {
    fn new(said: Said, resolver: SocketAddr, routes: Routes, roots: Roots) -> Self {
        let clock = Clock::manual("2026-06-01T00:00:00Z".parse().expect("a time"));
        let mut config = LiveConfig::new(clock, roots);
        config.resolver = ResolverConfig::Addresses(vec![resolver]);
        config.routes = routes;
        config.deadlines = Deadlines {
            dns_try: PATIENCE,
            dns_lookup: PATIENCE,
            fetch: PATIENCE * 20,
            ..Deadlines::default()
        };
        Self {
            said,
            live: Live::new(config).expect("it has a resolver"),
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn says(&self, octets: &[u8]) {
        *self.said.lock().expect("nobody panics with it") = octets.to_vec();
    }
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn name(text: &str) -> DnsName {
    text.parse().expect("a name")
}

/// A reply to a question: the first octet picks the type that is asked for, the next ten are flags and counts, what
/// remains follows the question.
pub(crate) fn dns(octets: &[u8]) {
    thread_local! {
        static PEER: OnceCell<Peer> = const { OnceCell::new() };
    }
    const TYPES: [RecordType; 7] = [
        RecordType::Txt,
        RecordType::Mx,
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Ns,
        RecordType::Soa,
        RecordType::Tlsa,
    ];
    let Some((pick, reply)) = octets.split_first() else {
        return;
    };
    let record_type = TYPES[usize::from(*pick) % TYPES.len()];
    PEER.with(|peer| {
        let peer = peer.get_or_init(resolver);
        peer.says(reply);
        peer.live.flush_dns();
        let question = Question::new(name("corp.test"), record_type);
        let answer = peer.runtime.block_on(peer.live.lookup(&question));
        assert!(answer.aliases.len() <= 16, "{answer:?}");
        match &answer.outcome {
            DnsOutcome::Records { records, ttl } => {
                assert!(!records.is_empty(), "{answer:?}");
                assert!(ttl.as_secs() <= 0x7fff_ffff, "{answer:?}");
            }
            DnsOutcome::Failed(failure) => {
                let shown = failure.to_string();
                assert!(!shown.contains(char::is_control), "{shown:?}");
                assert!(shown.len() < 8_192, "{shown}");
            }
            DnsOutcome::NoData { .. } | DnsOutcome::NxDomain { .. } => {}
        }
    });
}

/// Answers each question with what is to be said, under the question's own id.
fn resolver() -> Peer {
    let said = Said::default();
    let socket = UdpSocket::bind(loopback()).expect("a port of the loopback");
    let address = socket.local_addr().expect("it is bound");
    thread::spawn({
        let said = Arc::clone(&said);
        move || {
            let mut asked = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut asked) {
                let said = said.lock().expect("nobody panics with it").clone();
                let mut head = [0; 10];
                let taken = said.len().min(head.len());
                head[..taken].copy_from_slice(&said[..taken]);
                // A response with the one question, or nobody would read on.
                head[0] |= 0x80;
                head[2..4].copy_from_slice(&[0, 1]);
                let question = asked.get(12..length).unwrap_or_default();
                // EDNS follows the question: the root's name, of type OPT.
                let end = question.iter().position(|octet| *octet == 0).unwrap_or(0) + 5;
                let question = question.get(..end).unwrap_or_default();
                let reply = [&asked[..2], &head, question, &said[taken..]].concat();
                if socket.send_to(&reply, from).is_err() {
                    return;
                }
            }
        }
    });
    Peer::new(said, address, Routes::default(), Roots::none())
}

/// A response to the request for a policy, head and body as they come.
pub(crate) fn http(octets: &[u8]) {
    thread_local! {
        static PEER: OnceCell<Peer> = const { OnceCell::new() };
    }
    PEER.with(|peer| {
        let peer = peer.get_or_init(policy_host);
        peer.says(octets);
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let host = name("mta-sts.corp.test");
        let exchange = peer.runtime.block_on(peer.live.get_policy(&host, address));
        if let Ok(response) = &exchange.outcome {
            let limit = usize::try_from(fetch::DEFAULT_MAX_POLICY_BYTES).unwrap_or(usize::MAX);
            assert!(response.body.len() <= limit);
            let types: usize = response.content_types.iter().map(|value| value.len()).sum();
            assert!(types <= HttpResponse::MAX_VALUE_OCTETS);
        }
        for reading in Reading::BOTH {
            if let Err(error) = fetch::judge(&exchange, reading) {
                let shown = error.to_string();
                assert!(!shown.contains(char::is_control), "{shown:?}");
            }
        }
    });
}

/// Answers each request over TLS with what is to be said, and closes.
fn policy_host() -> Peer {
    let said = Said::default();
    let listener = TcpListener::bind(loopback()).expect("a port of the loopback");
    let address = listener.local_addr().expect("it is bound");
    let (tls, roots) = identity();
    thread::spawn({
        let said = Arc::clone(&said);
        move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let Ok(session) = ServerConnection::new(Arc::clone(&tls)) else {
                    return;
                };
                let mut stream = StreamOwned::new(session, connection);
                let mut request = [0; 2_048];
                let mut length = 0;
                while !request[..length].ends_with(b"\r\n\r\n") {
                    match stream.read(&mut request[length..]) {
                        Ok(more @ 1..) => length += more,
                        Ok(0) | Err(_) => break,
                    }
                }
                let said = said.lock().expect("nobody panics with it").clone();
                // The client may have left.
                let _sent = stream.write_all(&said);
                stream.conn.send_close_notify();
                let _sent = stream.flush();
            }
        }
    });
    let route = Route::for_address(
        SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 443)),
        address,
    );
    Peer::new(said, address, Routes::new([route]), roots)
}

fn identity() -> (Arc<ServerConfig>, Roots) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, key()).expect("a root");
    let own = key();
    let params = CertificateParams::new(["mta-sts.corp.test".to_owned()]).expect("a name");
    let certificate = params.signed_by(&own, &root).expect("a certificate");
    let key = PrivateKeyDer::try_from(own.serialize_der()).expect("its key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key is the certificate's");
    let roots = Roots::none().with([root.der()]).expect("a root");
    (Arc::new(tls), roots)
}
