//! One HTTP request to a port of the lab, and its answer: no name to resolve, no TLS, a connection each.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take: a mail server's queue may be run before it comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer: the history of a long story.
const MAX_OCTETS: u64 = 256 * 1024 * 1024;

/// The most headers of an answer.
const MAX_HEADERS: usize = 32;

/// Sends a request and returns the body of its answer.
///
/// # Errors
///
/// When nobody answers, or with something else than success.
pub(super) async fn exchange(
    at: SocketAddr,
    method: &str,
    target: &str,
    body: &[u8],
) -> io::Result<Vec<u8>> {
    let answered = timeout(PATIENCE, answer(at, method, target, body)).await;
    let answered = answered.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()));
    answered.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{method} http://{at}{target}: {error}"),
        )
    })
}

async fn answer(at: SocketAddr, method: &str, target: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at).await?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {at}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut octets = Vec::new();
    stream.take(MAX_OCTETS).read_to_end(&mut octets).await?;
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let start = match response.parse(&octets).map_err(io::Error::other)? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    let body = octets.get(start..).unwrap_or_default().to_vec();
    match response.code {
        Some(200..=299) => Ok(body),
        code => {
            let code = code.unwrap_or_default();
            let text = String::from_utf8_lossy(&body);
            Err(io::Error::other(format!("{code}: {}", text.trim())))
        }
    }
}
