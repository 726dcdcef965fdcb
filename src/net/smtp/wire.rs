//! The stream under lettre: it frames replies, keeps the transcript, and can turn to TLS.
//!
//! lettre reads lines without end, parses replies in quadratic time, panics at a line of spaces, drops the
//! greeting, knows no HELO, and believes what a stranger put behind the reply to STARTTLS. So it is handed one
//! reply at a time, in a form that it takes; the facts come from the replies themselves.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::facts::smtp::{Reply, SmtpExchange, SmtpFailureKind, Speaker, TranscriptLine};

use super::super::causes::{self, SocketFault};
use super::super::tls::to_alert;
use super::framing::{FramingError, ReplyFraming, printable};
use super::tap::{MAX_INJECTED_OCTETS, Tap};

/// How much is read at once.
const CHUNK_OCTETS: usize = 4_096;

/// The longest text of a line that lettre is handed: it refuses lines of 1,000 octets and replies of 100,000.
const MAX_LETTRE_TEXT: usize = 512;

/// A handle on the stream; clones share it. lettre holds one, the session another.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    io: Io,
    peer: SocketAddr,
    framing: ReplyFraming,
    /// Replies that lettre was handed and the session has not taken yet.
    replies: VecDeque<Reply>,
    /// The reply that lettre is being handed.
    for_lettre: VecDeque<u8>,
    began: Instant,
    transcript: Vec<TranscriptLine>,
    transcript_octets: usize,
    /// The command that is being written, up to its line's end.
    command: Vec<u8>,
    /// Whether what is written is a message, which no transcript repeats.
    in_message: bool,
    /// Whether the command that lettre writes next was said already.
    is_command_said: bool,
    fault: Option<WireFault>,
}

#[derive(Debug)]
enum Io {
    Plain(Tap),
    Tls(Box<TlsStream<Tap>>),
    /// The socket was taken for a handshake that has not come back.
    Taken,
}

/// Why the stream is of no more use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct WireFault {
    pub(super) kind: SmtpFailureKind,
    pub(super) detail: Box<str>,
}

/// A socket taken for a handshake.
#[derive(Debug)]
pub(super) enum ForTls {
    /// Nothing has come since the reply to STARTTLS.
    Clean(Tap),
    /// Octets have.
    Injected(Box<[u8]>),
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        Ok(Self(Arc::new(Mutex::new(State {
            io: Io::Plain(Tap::new(stream)),
            peer,
            framing: ReplyFraming::default(),
            replies: VecDeque::new(),
            for_lettre: VecDeque::new(),
            began: Instant::now(),
            transcript: Vec::new(),
            transcript_octets: 0,
            command: Vec::new(),
            in_message: false,
            is_command_said: false,
            fault: None,
        }))))
    }

    /// Waits for a reply that lettre does not hear of.
    pub(super) async fn reply(&self) -> io::Result<Reply> {
        std::future::poll_fn(|cx| self.lock().poll_reply(cx)).await
    }

    /// Says a line that lettre does not know of, and waits for the answer.
    pub(super) async fn say(&self, line: &str) -> io::Result<Reply> {
        let line = format!("{line}\r\n");
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            let written = std::future::poll_fn(|cx| self.lock().poll_write(cx, rest)).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
        std::future::poll_fn(|cx| self.lock().poll_flush(cx)).await?;
        self.reply().await
    }

    /// Has lettre find the greeting and, for an EHLO that it will say to nobody, the reply to the real one.
    pub(super) fn set_introduced(&self, greeting: &Reply, ehlo: &Reply) {
        let mut state = self.lock();
        state.for_lettre = to_lettre(greeting);
        state.for_lettre.extend(to_lettre(ehlo));
        state.is_command_said = true;
    }

    /// Says QUIT and waits for the answer and for TLS to be closed.
    pub(super) async fn quit(&self) -> io::Result<()> {
        self.say("QUIT").await?;
        std::future::poll_fn(|cx| self.lock().poll_shutdown(cx)).await
    }

    /// Takes the reply that lettre was handed last.
    pub(super) fn take_reply(&self) -> Option<Reply> {
        self.lock().replies.pop_front()
    }

    /// Returns why the stream is of no more use, if it is not.
    pub(super) fn fault(&self) -> Option<WireFault> {
        self.lock().fault.clone()
    }

    /// Returns the lines said so far.
    pub(super) fn take_transcript(&self) -> Vec<TranscriptLine> {
        std::mem::take(&mut self.lock().transcript)
    }

    /// Says that a message of `octets` octets is written from now on, or no more.
    pub(super) fn set_message(&self, octets: Option<usize>) {
        let mut state = self.lock();
        state.in_message = octets.is_some();
        if let Some(octets) = octets {
            state.log(
                Speaker::Client,
                format!("(message, {octets} octets)").into(),
            );
        }
    }

    /// Takes the socket for a handshake, after the reply to STARTTLS.
    ///
    /// Whatever has come behind that reply was not said inside TLS ([RFC 3207, Section 4.2]).
    ///
    /// [RFC 3207, Section 4.2]: https://www.rfc-editor.org/rfc/rfc3207#section-4.2
    pub(super) fn take_for_tls(&self) -> io::Result<ForTls> {
        let mut state = self.lock();
        let mut behind = state.framing.take_rest();
        let Io::Plain(tap) = std::mem::replace(&mut state.io, Io::Taken) else {
            return Err(io::Error::other("TLS is on, or its handshake has begun"));
        };
        let (mut tap, at_once) = tap.read_at_once()?;
        if behind.is_empty() {
            behind = at_once;
        }
        if !behind.is_empty() {
            behind.truncate(MAX_INJECTED_OCTETS);
            state.log(Speaker::Server, printable(&behind));
            return Ok(ForTls::Injected(behind.into()));
        }
        tap.remember();
        Ok(ForTls::Clean(tap))
    }

    /// Goes on inside TLS, with nothing left of what was said before it.
    pub(super) fn set_tls(&self, stream: Box<TlsStream<Tap>>) {
        let mut state = self.lock();
        state.io = Io::Tls(stream);
        state.framing = ReplyFraming::default();
        state.replies.clear();
        state.for_lettre.clear();
        state.command.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Reply>> {
        let outcome = ready!(self.poll_framed(cx));
        if let (Err(error), None) = (&outcome, &self.fault) {
            self.fault = Some(WireFault::of(error));
        }
        Poll::Ready(outcome)
    }

    /// Reads until a reply is whole, or the connection ends in a refusal.
    fn poll_framed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Reply>> {
        loop {
            let framed = self.framing.next_reply();
            self.log_said();
            match framed {
                Ok(Some(reply)) => return Poll::Ready(Ok(reply)),
                Ok(None) => {}
                Err(error) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                }
            }
            let mut chunk = [0; CHUNK_OCTETS];
            let mut buffer = ReadBuf::new(&mut chunk);
            let read = ready!(match &mut self.io {
                Io::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
                Io::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
                Io::Taken => Poll::Ready(Err(taken())),
            });
            if read.is_ok() && !buffer.filled().is_empty() {
                self.framing.push(buffer.filled());
                continue;
            }
            let is_cut = self.framing.has_rest();
            let refusal = self.framing.last_refusal();
            self.log_said();
            return Poll::Ready(match (refusal, read) {
                (Some(reply), _) => Ok(reply),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    if is_cut {
                        "closed in the middle of a reply"
                    } else {
                        "closed without a reply"
                    },
                )),
            });
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = ready!(match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
            Io::Taken => Poll::Ready(Err(taken())),
        });
        match &outcome {
            Ok(written) => self.log_command(octets.get(..*written).unwrap_or_default()),
            Err(error) => {
                self.fault.get_or_insert_with(|| WireFault::of(error));
            }
        }
        Poll::Ready(outcome)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Io::Taken => Poll::Ready(Err(taken())),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Taken => Poll::Ready(Err(taken())),
        }
    }

    fn log_command(&mut self, octets: &[u8]) {
        if self.in_message {
            return;
        }
        for octet in octets {
            match octet {
                b'\n' => {
                    let line = std::mem::take(&mut self.command);
                    self.log(Speaker::Client, printable(&line));
                }
                b'\r' => {}
                octet => self.command.push(*octet),
            }
        }
    }

    fn log_said(&mut self) {
        for line in self.framing.take_said() {
            self.log(Speaker::Server, line);
        }
    }

    fn log(&mut self, from: Speaker, text: Box<str>) {
        let octets = self.transcript_octets.saturating_add(text.len());
        if self.transcript.len() < SmtpExchange::MAX_TRANSCRIPT
            && octets <= SmtpExchange::MAX_TRANSCRIPT_OCTETS
        {
            self.transcript_octets = octets;
            let after = self.began.elapsed();
            self.transcript.push(TranscriptLine { after, from, text });
        }
    }
}

fn taken() -> io::Error {
    io::Error::other("the socket was taken for a TLS handshake")
}

impl WireFault {
    pub(super) fn of(error: &io::Error) -> Self {
        let kind = if let Some(error) = causes::find::<FramingError>(error) {
            if error.is_limit() {
                SmtpFailureKind::TooLong
            } else {
                SmtpFailureKind::Protocol
            }
        } else if let Some(rustls::Error::AlertReceived(alert)) = causes::find(error) {
            SmtpFailureKind::Alert(to_alert(*alert))
        } else {
            match SocketFault::find(error).unwrap_or(SocketFault::Local) {
                SocketFault::Closed => SmtpFailureKind::Closed,
                SocketFault::Refused => SmtpFailureKind::Refused,
                SocketFault::TimedOut => SmtpFailureKind::TimedOut,
                SocketFault::Exhausted | SocketFault::Reset | SocketFault::Local => {
                    SmtpFailureKind::Reset
                }
            }
        };
        Self {
            kind,
            detail: causes::describe(error),
        }
    }
}

/// Writes a reply as lettre takes it: it knows second digits up to 5, and trips over lines without a word.
fn to_lettre(reply: &Reply) -> VecDeque<u8> {
    let (first, second, third) = (reply.code / 100, reply.code / 10 % 10, reply.code % 10);
    let code = format!("{first}{}{third}", second.min(5));
    let last = reply.lines.len().saturating_sub(1);
    let mut text = String::new();
    for (number, line) in reply.lines.iter().enumerate() {
        let line = match line.trim() {
            "" => "-",
            line => line.get(..MAX_LETTRE_TEXT).unwrap_or(line),
        };
        let separator = if number < last { '-' } else { ' ' };
        text.push_str(&code);
        text.push(separator);
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.into_bytes().into()
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if state.for_lettre.is_empty() {
            let reply = ready!(state.poll_reply(cx))?;
            state.for_lettre = to_lettre(&reply);
            state.replies.push_back(reply);
        }
        let (ready, _) = state.for_lettre.as_slices();
        let octets = ready.len().min(buffer.remaining());
        buffer.put_slice(ready.get(..octets).unwrap_or_default());
        state.for_lettre.drain(..octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        if !state.is_command_said {
            return state.poll_write(cx, octets);
        }
        let line = octets.iter().position(|octet| *octet == b'\n');
        state.is_command_said = line.is_none();
        Poll::Ready(Ok(line.map_or(octets.len(), |end| end.saturating_add(1))))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flush(cx)
    }

    /// Leaves the stream open: lettre closes it when it has enough of a server, and the session is not done then.
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.lock().peer)
    }
}
