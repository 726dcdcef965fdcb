//! TCP servers that follow a script.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose connections each run the script.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Starts on a free port of loopback. Every script has to end when its client goes.
    pub(crate) async fn start<F, R>(script: F) -> Self
    where
        F: Fn(Talk<TcpStream>) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let stop = Arc::clone(&stop);
            async move {
                let mut scripts = JoinSet::new();
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            scripts.spawn(script(Talk::new(accepted.unwrap().0)));
                        }
                        () = stop.notified() => break,
                    }
                }
                while let Some(ended) = scripts.join_next().await {
                    if let Err(error) = ended {
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
            }
        });
        Self {
            address,
            stop,
            tasks,
        }
    }

    /// Ends the server once its scripts have ended; one that panicked makes the test panic.
    pub(crate) async fn finish(mut self) {
        self.stop.notify_one();
        let ended = timeout(Duration::from_secs(20), self.tasks.join_next()).await;
        if let Some(Err(error)) = ended.expect("a script goes on without its client") {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// One connection, from the server's side.
pub(crate) struct Talk<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Writes octets in one go; a client that has gone is no fault.
    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) -> &mut Self {
        let _gone = self.stream.write_all(octets.as_ref()).await;
        let _gone = self.stream.flush().await;
        self
    }

    /// Writes octets; says whether the client is still there.
    pub(crate) async fn try_say(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).await.is_ok()
    }

    /// Ends the server's side properly, and waits for the client's.
    pub(crate) async fn close(&mut self) {
        let _gone = self.stream.shutdown().await;
        self.rest().await;
    }

    /// Reads a line, without its end; empty if the client has gone.
    pub(crate) async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return String::from_utf8_lossy(&line).trim_end().to_owned();
            }
            if !self.more().await {
                return String::new();
            }
        }
    }

    /// Reads a line and checks how it begins.
    pub(crate) async fn expect(&mut self, start: &str) -> String {
        let line = self.line().await;
        assert!(line.starts_with(start), "{start} was expected: {line:?}");
        line
    }

    /// Reads some octets that have not been looked at.
    pub(crate) async fn some(&mut self) -> Vec<u8> {
        if self.read.is_empty() {
            self.more().await;
        }
        std::mem::take(&mut self.read)
    }

    /// Reads up to the end of what the client sends.
    pub(crate) async fn rest(&mut self) {
        while self.more().await {
            self.read.clear();
        }
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 4_096];
        match self.stream.read(&mut chunk).await {
            Ok(0) | Err(_) => false,
            Ok(octets) => {
                self.read.extend_from_slice(&chunk[..octets]);
                true
            }
        }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }
}

impl Talk<TcpStream> {
    /// Greets, answers EHLO with STARTTLS and says `reply` to it.
    pub(crate) async fn up_to_starttls(mut self, reply: impl AsRef<[u8]>) -> Self {
        self.say("220 mx.test ESMTP\r\n").await;
        self.expect("EHLO ").await;
        self.say("250-mx.test\r\n250 STARTTLS\r\n").await;
        self.expect("STARTTLS").await;
        self.say(reply).await;
        self
    }

    /// Shakes hands; `None` if the client would not.
    pub(crate) async fn tls(
        self,
        config: &Arc<ServerConfig>,
    ) -> Option<Talk<TlsStream<TcpStream>>> {
        assert!(self.read.is_empty(), "octets were read that belong to TLS");
        let acceptor = TlsAcceptor::from(Arc::clone(config));
        acceptor.accept(self.stream).await.ok().map(Talk::new)
    }

    /// Breaks the connection with an RST.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}
