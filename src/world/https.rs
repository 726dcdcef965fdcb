//! The edges of policy hosts: HTTP/1.1 over TLS, one request a connection, octets as they are told.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::door::Serve;
use super::gzip;
use super::history::Request;
use super::served::{ServedEdge, Shared};
use super::tasks::pause;
use super::tls::{self, DEADLINE};
use crate::fakes::{HttpsFault, ListenerFault, Page, Response, Transfer};

/// The longest request head that is read.
const MAX_HEAD_OCTETS: usize = 16 * 1024;

/// The most headers that are read.
const MAX_HEADERS: usize = 64;

/// The octets of a chunk.
const CHUNK_OCTETS: usize = 16;

/// The pause after each octet of what is slow; real time, and longer than any deadline.
const PAUSE: Duration = Duration::from_secs(600);

/// Serves the connections to one address, whatever is there at the time.
#[derive(Clone, Debug)]
pub(super) struct HttpsServer {
    pub(super) address: IpAddr,
    pub(super) shared: Arc<Shared>,
}

impl Serve for HttpsServer {
    async fn serve(self, stream: TcpStream) {
        if let Err(error) = Box::pin(self.converse(stream)).await {
            tracing::debug!(address = %self.address, %error, "an HTTPS connection ended early");
        }
    }
}

impl HttpsServer {
    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        let history = &self.shared.history;
        let connect = Request::HttpsConnect {
            address: self.address,
        };
        let served = self.shared.served();
        let Some(served) = served.https.get(&self.address) else {
            history.record_unannounced(connect);
            return tls::reset(&stream);
        };
        history.record(connect);
        stream.set_nodelay(true)?;
        if let Some(HttpsFault::Listener(fault)) = served.edge.fault {
            return match fault {
                ListenerFault::Silence => tls::wait_for_end(&mut stream).await,
                // The door does the first two; they are here only while a fault is being set.
                ListenerFault::Refused | ListenerFault::Blackhole | ListenerFault::Reset => {
                    tls::reset(&stream)
                }
            };
        }
        let handshake = tls::read_client_hello(stream).await?;
        let sni = tls::sni(&handshake);
        history.record(Request::HttpsHandshake {
            address: self.address,
            sni: sni.clone(),
        });
        match served.edge.fault {
            Some(HttpsFault::Alert(alert)) => return tls::answer(alert, handshake.io).await,
            Some(HttpsFault::Tls(fault)) if !tls::is_spared(fault, &handshake) => {
                return tls::suffer(fault, handshake.io).await;
            }
            Some(HttpsFault::Listener(_) | HttpsFault::Tls(_)) | None => {}
        }
        let mut stream = tls::finish(handshake, Arc::clone(&served.config)).await?;
        let head = read_head(&mut stream).await?;
        let page = self.look_up(served, &head, sni, &stream);
        send(&mut stream, &page, head.method == "HEAD").await
    }

    /// Records a request and finds its page.
    fn look_up(
        &self,
        served: &ServedEdge,
        head: &Head,
        sni: Option<String>,
        stream: &TlsStream<TcpStream>,
    ) -> Page {
        let host = head.header("host").unwrap_or_default().to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host).to_owned();
        let found = served
            .pages()
            .get(&host)
            .filter(|_page| head.method == "GET" && head.path == Page::PATH);
        let request = Request::Get {
            address: self.address,
            method: head.method.clone(),
            host,
            path: head.path.clone(),
            sni,
            tls: tls::version_name(stream),
            user_agent: head.header("user-agent").map(str::to_owned),
        };
        let Some(page) = found else {
            self.shared.history.record_unannounced(request);
            return Response::new(404, "Not Found").into();
        };
        self.shared.history.record(request);
        page.clone()
    }
}

/// What a client asks for.
#[derive(Debug, Default)]
struct Head {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Reads a request's head; one that is none of HTTP/1 is the empty head, which no page answers.
async fn read_head(stream: &mut TlsStream<TcpStream>) -> io::Result<Head> {
    let mut octets = Vec::new();
    let mut chunk = [0; 2048];
    while octets.len() < MAX_HEAD_OCTETS {
        let read = timeout(DEADLINE, stream.read(&mut chunk)).await??;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        octets.extend_from_slice(&chunk[..read]);
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&octets) {
            Ok(httparse::Status::Complete(_body)) => return Ok(head_of(&request)),
            Ok(httparse::Status::Partial) => {}
            Err(error) => {
                tracing::debug!(%error, "a request is not HTTP/1");
                return Ok(Head::default());
            }
        }
    }
    Ok(Head::default())
}

fn head_of(request: &httparse::Request<'_, '_>) -> Head {
    let header = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    };
    Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        headers: request.headers.iter().map(header).collect(),
    }
}

/// Sends a page and closes the connection.
async fn send(stream: &mut TlsStream<TcpStream>, page: &Page, head_only: bool) -> io::Result<()> {
    let response = match page {
        Page::Response(response) => response,
        Page::Raw(octets) => {
            stream.write_all(octets).await?;
            return close(stream).await;
        }
    };
    let (framing, body) = frame(response);
    let head = response_head(response, &framing);
    let body = if head_only { Vec::new() } else { body };
    match response.transfer {
        Transfer::Plain | Transfer::Chunked | Transfer::Close | Transfer::Gzip => {
            stream.write_all(&[head, body].concat()).await?;
            close(stream).await
        }
        Transfer::Slow => {
            for octet in [head, body].concat() {
                stream.write_all(&[octet]).await?;
                stream.flush().await?;
                pause(PAUSE).await;
            }
            close(stream).await
        }
        Transfer::Stall => {
            send_start(stream, &head, &body, response.half()).await?;
            tls::wait_for_end(stream).await
        }
        Transfer::Cut => {
            send_start(stream, &head, &body, response.half()).await?;
            // Without close_notify: the session is cut, not ended.
            stream.get_mut().0.shutdown().await
        }
    }
}

async fn send_start(
    stream: &mut TlsStream<TcpStream>,
    head: &[u8],
    body: &[u8],
    octets: usize,
) -> io::Result<()> {
    let start = &body[..octets.min(body.len())];
    stream.write_all(&[head, start].concat()).await?;
    stream.flush().await
}

/// Ends the session, and waits for the client to have read it all.
async fn close(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    stream.shutdown().await?;
    timeout(DEADLINE, tls::wait_for_end(stream)).await?
}

fn response_head(response: &Response, framing: &str) -> Vec<u8> {
    let status = format!("HTTP/1.1 {:03} {}\r\n", response.status, response.reason);
    let mut head = status.into_bytes();
    for (name, value) in &response.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(framing.as_bytes());
    head.extend_from_slice(b"Connection: close\r\n\r\n");
    head
}

/// Returns the headers that say where the body ends, and the body as it goes over the wire.
fn frame(response: &Response) -> (String, Vec<u8>) {
    let body = &response.body;
    let length = |body: &[u8]| format!("Content-Length: {}\r\n", body.len());
    match response.transfer {
        Transfer::Plain | Transfer::Slow | Transfer::Stall | Transfer::Cut => {
            (length(body), body.to_vec())
        }
        Transfer::Close => (String::new(), body.to_vec()),
        Transfer::Gzip => {
            let member = gzip::stored(body);
            let encoding = "Content-Encoding: gzip\r\n".to_owned();
            (encoding + &length(&member), member)
        }
        Transfer::Chunked => {
            let mut coded = Vec::new();
            for chunk in body.chunks(CHUNK_OCTETS) {
                coded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
            }
            coded.extend_from_slice(b"0\r\n\r\n");
            ("Transfer-Encoding: chunked\r\n".to_owned(), coded)
        }
    }
}
