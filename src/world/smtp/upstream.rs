//! The plain server behind every relay: one a process, told apart by the address that a relay comes from.
//!
//! It cannot be stopped, it has a thread a session, and it knows neither TLS nor which receiver it plays;
//! so it is shared by all worlds of the process, it starts with the first message, and each session with it
//! comes from a loopback address of its own, under which its message is found again.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mailin_embedded::response::OK;
use mailin_embedded::{Handler, Response, Server, SslConfig};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::lines::Lines;

/// Sessions at a time: the server's threads.
const SESSIONS: u32 = 64;

/// The envelope sender that stands for `<>`, which the server does not take.
const NULL_SENDER: &str = "null-sender@stickler.invalid";

static SERVER: OnceLock<Result<Upstream, Box<str>>> = OnceLock::new();

/// The server, from outside.
#[derive(Debug)]
struct Upstream {
    address: SocketAddr,
    permits: Semaphore,
    mailboxes: Mailboxes,
    sources: Mutex<Sources>,
}

/// What was accepted, by the address that it came from.
type Mailboxes = Arc<Mutex<HashMap<IpAddr, Message>>>;

/// A message as the server received it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Message {
    /// The envelope sender; empty is the null sender.
    pub(super) mail_from: String,
    /// The envelope recipients.
    pub(super) rcpt_to: Vec<String>,
    /// The content.
    pub(super) data: Vec<u8>,
}

impl Upstream {
    /// Returns the process's server, and starts it if it is the first time.
    fn get() -> io::Result<&'static Self> {
        SERVER
            .get_or_init(|| Self::start().map_err(|error| error.to_string().into()))
            .as_ref()
            .map_err(|detail| io::Error::other(detail.as_ref()))
    }

    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mailboxes = Mailboxes::default();
        let mut server = Server::new(Receiving {
            mailboxes: Arc::clone(&mailboxes),
            source: None,
            message: Message::default(),
        });
        server
            .with_name("upstream.stickler.invalid")
            .with_num_threads(SESSIONS)
            .with_tcp_listener(listener)
            .with_ssl(SslConfig::None)
            .map_err(|error| io::Error::other(error.to_string()))?;
        std::thread::Builder::new()
            .name("fake-mx".to_owned())
            .spawn(move || {
                if let Err(error) = server.serve() {
                    tracing::error!(%error, "the plain SMTP server ended");
                }
            })?;
        Ok(Self {
            address,
            permits: Semaphore::new(64),
            mailboxes,
            sources: Mutex::default(),
        })
    }
}

/// Loopback addresses in use, and the last one given out.
#[derive(Debug, Default)]
struct Sources {
    last: u16,
    in_use: HashSet<Ipv4Addr>,
}

impl Sources {
    /// Takes an address that no session has; the oldest come last.
    fn take(&mut self) -> Ipv4Addr {
        loop {
            self.last = self.last.wrapping_add(1);
            let [third, fourth] = self.last.to_be_bytes();
            let address = Ipv4Addr::new(127, 9, third, fourth);
            // At most `SESSIONS` of 65,536 are in use.
            if self.in_use.insert(address) {
                return address;
            }
        }
    }
}

/// A loopback address that is one session's until it is dropped.
#[derive(Debug)]
struct Source {
    address: Ipv4Addr,
    upstream: &'static Upstream,
}

impl Source {
    fn take(upstream: &'static Upstream) -> Self {
        Self {
            address: lock(&upstream.sources).take(),
            upstream,
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        lock(&self.upstream.mailboxes).remove(&self.address.into());
        lock(&self.upstream.sources).in_use.remove(&self.address);
    }
}

/// A session with the plain server.
#[derive(Debug)]
pub(super) struct Session {
    lines: Lines<TcpStream>,
    source: Source,
    _permit: SemaphorePermit<'static>,
}

impl Session {
    /// Opens a session and greets as `helo`; waits while all of the server's threads are taken.
    pub(super) async fn open(helo: &str) -> io::Result<Self> {
        let upstream = Upstream::get()?;
        let permit = upstream.permits.acquire().await.map_err(io::Error::other)?;
        let source = Source::take(upstream);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source.address, 0)))?;
        let stream = socket.connect(upstream.address).await?;
        stream.set_nodelay(true)?;
        let mut session = Self {
            lines: Lines::new(stream),
            source,
            _permit: permit,
        };
        let greeting = session.reply().await?;
        let hello = session.command(&format!("EHLO {helo}")).await?;
        if !greeting.starts_with(b"220") || !hello.starts_with(b"250") {
            return Err(io::Error::other("the plain server refuses the session"));
        }
        Ok(session)
    }

    /// Starts a message; an empty sender is the null sender.
    pub(super) async fn mail(&mut self, from: &str) -> io::Result<Vec<u8>> {
        let from = if from.is_empty() { NULL_SENDER } else { from };
        self.command(&format!("MAIL FROM:<{from}>")).await
    }

    /// Adds a recipient.
    pub(super) async fn rcpt(&mut self, to: &str) -> io::Result<Vec<u8>> {
        self.command(&format!("RCPT TO:<{to}>")).await
    }

    /// Sends one command and returns the reply, all lines of it.
    pub(super) async fn command(&mut self, command: &str) -> io::Result<Vec<u8>> {
        self.lines.send(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// Sends a message as it came, up to and with the final dot; returns the reply and the message, if it
    /// was accepted.
    pub(super) async fn content(
        &mut self,
        octets: &[u8],
    ) -> io::Result<(Vec<u8>, Option<Message>)> {
        self.lines.send(octets).await?;
        let reply = self.reply().await?;
        let source = self.source.address.into();
        let message = lock(&self.source.upstream.mailboxes).remove(&source);
        Ok((reply, message))
    }

    async fn reply(&mut self) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        loop {
            let line = self.lines.next().await?;
            let line = line.ok_or(io::ErrorKind::UnexpectedEof)?;
            let is_last = line.get(3) != Some(&b'-');
            reply.extend_from_slice(&line);
            if is_last {
                return Ok(reply);
            }
        }
    }
}

/// The plain server's side of one session.
#[derive(Clone, Debug)]
struct Receiving {
    mailboxes: Mailboxes,
    source: Option<IpAddr>,
    message: Message,
}

impl Handler for Receiving {
    fn helo(&mut self, ip: IpAddr, _domain: &str) -> Response {
        self.source = Some(ip);
        OK
    }

    fn data_start(&mut self, _domain: &str, from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.message = Message {
            mail_from: if from == NULL_SENDER { "" } else { from }.to_owned(),
            rcpt_to: to.to_vec(),
            data: Vec::new(),
        };
        OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.message.data.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        if let Some(source) = self.source {
            lock(&self.mailboxes).insert(source, std::mem::take(&mut self.message));
        }
        OK
    }
}

/// Locks what is whole whenever the lock is free.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
