//! Lines over a stream, bounded in length and time.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::world::tls::{DEADLINE, wait_for_end};

/// The longest line that is read: twice what RFC 5321, Section 4.5.3.1.6 allows.
const MAX_LINE_OCTETS: usize = 2_000;

/// A stream, read by the line.
#[derive(Debug)]
pub(super) struct Lines<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    /// Starts with nothing read.
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Returns the stream and forgets what was read of it beyond the last line.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Reads the next line, with its end; `None` if the client has gone.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            let mut unsearched = self.buffer.iter().skip(searched);
            if let Some(end) = unsearched.position(|octet| *octet == b'\n') {
                let rest = self.buffer.split_off(searched + end + 1);
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            searched = self.buffer.len();
            if searched > MAX_LINE_OCTETS {
                return Err(io::Error::other("a line is too long"));
            }
            let read = timeout(DEADLINE, self.stream.read_buf(&mut self.buffer)).await??;
            if read == 0 {
                return Ok(None);
            }
        }
    }

    /// Writes `octets` in one go.
    pub(super) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await
    }

    /// Swallows what comes until the client has gone.
    pub(super) async fn wait_for_end(&mut self) -> io::Result<()> {
        wait_for_end(&mut self.stream).await
    }

    /// Ends the connection, and waits for the client to have read it all.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        timeout(DEADLINE, wait_for_end(&mut self.stream)).await?
    }
}
