//! The socket under SMTP and under TLS: what came is read to the end, whatever becomes of what is written.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most octets that are kept of an injection, or of the start of a handshake.
pub(super) const MAX_INJECTED_OCTETS: usize = 512;

/// A socket that tells the peer's last words before it tells that it broke.
///
/// A peer that says 421, or sends an alert, and hangs up may break the connection under what we are writing:
/// whether that shows as a failed write or as the end of what can be read is the system's choice. So a write
/// never fails here: the fault is told where the reading ends.
///
/// It can remember the first octets it receives: a server's part of the handshake, or plain text.
#[derive(Debug)]
pub(super) struct Tap {
    stream: TcpStream,
    first: Option<Vec<u8>>,
    /// Why nothing can be written any more.
    broken: Option<io::Error>,
}

impl Tap {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            first: None,
            broken: None,
        }
    }

    /// Remembers the first octets that come from now on.
    pub(super) fn remember(&mut self) {
        self.first = Some(Vec::new());
    }

    /// Returns the first octets, if they are no TLS record: text sent before the server took up TLS.
    pub(super) fn plain_text(&self) -> Option<Box<[u8]>> {
        // RFC 8446, Section 5.1: record types are 20 to 24, below all printable octets.
        self.first
            .as_ref()
            .filter(|first| matches!(first.first(), Some(b'\t' | b'\n' | b'\r' | b' '..=b'~')))
            .map(|text| text.as_slice().into())
    }

    /// Takes what has come already, up to [`MAX_INJECTED_OCTETS`], without waiting.
    pub(super) fn read_at_once(mut self) -> io::Result<(Self, Vec<u8>)> {
        // tokio's own `try_read` asks its last news of the socket, not the socket.
        let mut stream = self.stream.into_std()?;
        let mut chunk = [0; MAX_INJECTED_OCTETS];
        let octets = match stream.read(&mut chunk) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.stream = TcpStream::from_std(stream)?;
        Ok((self, chunk.iter().take(octets).copied().collect()))
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        if new.is_empty()
            && let Some(error) = &self.broken
        {
            return Poll::Ready(Err(again(error)));
        }
        if let Some(first) = &mut self.first {
            let room = MAX_INJECTED_OCTETS.saturating_sub(first.len());
            first.extend(new.iter().take(room));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken.is_none() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, octets)) {
                Ok(written) => return Poll::Ready(Ok(written)),
                Err(error) => self.broken = Some(error),
            }
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Makes the same error once more: an error of the system can be reported twice, though it is no `Clone`.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::super::causes::SocketFault;
    use super::Tap;

    #[tokio::test]
    async fn last_words_are_read_though_writing_has_failed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (mut client, (mut server, _)) = (Tap::new(client.unwrap()), accepted.unwrap());
        client.write_all(b"never read").await.unwrap();
        server.readable().await.unwrap();
        server.write_all(b"last words").await.unwrap();
        // What was not read makes the system break the connection.
        drop(server);
        for _ in 0..3 {
            client.write_all(b"more").await.unwrap();
        }
        let mut octets = Vec::new();
        let error = client.read_to_end(&mut octets).await.unwrap_err();
        assert_eq!(octets, b"last words");
        assert_eq!(SocketFault::of(&error), SocketFault::Reset, "{error}");
        let error = client.read_u8().await.unwrap_err();
        assert_eq!(SocketFault::of(&error), SocketFault::Reset, "{error}");
    }
}
