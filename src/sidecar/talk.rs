//! One connection in each protocol: bounded in octets and in time, answered in order.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::desk::Desk;
use super::exim::{self, Line};
use super::listen::Serve;
use super::netstring::Decoder;
use crate::sender::Network;

/// How many octets are read at once.
const READ_OCTETS: usize = 4_096;

/// How many octets of replies are put together at most before they are sent.
const MOST_UNSENT: usize = 65_536;

/// The limits of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest request, in octets, without its frame.
    pub request: usize,
    /// How long a connection may stay open without a request. Postfix leaves its own open for up to 100 s.
    pub idle: Duration,
    /// How long a request may take to arrive once it has begun, and an answer to be taken.
    pub step: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: super::netstring::MAX_REQUEST_OCTETS,
            idle: Duration::from_secs(600),
            step: Duration::from_secs(10),
        }
    }
}

/// Talks to Postfix.
#[derive(Debug)]
pub struct Socketmap<N>(pub Arc<Desk<N>>, pub Limits);

impl<N: Network + Send + 'static> Serve for Socketmap<N> {
    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        mut stream: S,
        mut ends: watch::Receiver<bool>,
    ) {
        let Self(desk, limits) = &*self;
        let mut decoder = Decoder::new(limits.request);
        let (mut octets, mut replies) = (Vec::new(), Vec::new());
        // Both last as long as the connection: to make and drop them with each request costs more than its answer.
        let told = ends.clone();
        let mut ended = pin!(ends.wait_for(|ends| *ends));
        let mut deadline = Deadline::after(limits.idle);
        loop {
            let is_within = decoder.is_within_request();
            // What has begun to arrive is answered; else the peer finds the connection closed between two requests,
            // which Postfix does not mind.
            if !is_within && told.has_changed().unwrap_or(true) {
                return;
            }
            let read = tokio::select! {
                biased;
                read = receive(&mut stream, &mut octets) => read,
                _ = &mut ended, if !is_within => return,
                () = deadline.passed() => return,
            };
            if !matches!(read, Ok(1..)) {
                return;
            }
            let mut requests = decoder.feed(&octets);
            let (mut has_begun, mut is_prepared) = (!is_within, false);
            loop {
                let request = match requests.next() {
                    Ok(Some(request)) => request,
                    Ok(None) => break,
                    Err(fault) => {
                        desk.tally().closed.add();
                        tracing::debug!("a connection is closed: {fault}");
                        return;
                    }
                };
                has_begun = true;
                let mut answer = pin!(desk.socketmap(request));
                let reply = match answer.as_mut().now_or_never() {
                    Some(reply) => reply,
                    None => {
                        // What is known does not wait for what is not, nor one look-up for another.
                        if !is_within && !is_prepared {
                            is_prepared = true;
                            prepare(desk, &octets, limits.request);
                        }
                        if send(&mut stream, &mut replies, limits.step).await.is_err() {
                            return;
                        }
                        answer.await
                    }
                };
                reply.encode(&mut replies);
                if replies.len() > MOST_UNSENT
                    && send(&mut stream, &mut replies, limits.step).await.is_err()
                {
                    return;
                }
            }
            octets.clear();
            if send(&mut stream, &mut replies, limits.step).await.is_err() {
                return;
            }
            match (decoder.is_within_request(), has_begun) {
                (false, _) => deadline.put_off(limits.idle),
                (true, true) => deadline.put_off(limits.step),
                // More of it does not give it more time.
                (true, false) => {}
            }
        }
    }
}

/// Begins the look-ups of all requests that stand in `octets`, the first at its beginning.
fn prepare<N: Network>(desk: &Desk<N>, octets: &[u8], limit: usize) {
    let mut decoder = Decoder::new(limit);
    let mut requests = decoder.feed(octets);
    while let Ok(Some(request)) = requests.next() {
        desk.prepare(request);
    }
}

/// When a connection is given up.
struct Deadline {
    at: Instant,
    /// Rings at that moment, or before it.
    bell: Pin<Box<Sleep>>,
}

impl Deadline {
    fn after(span: Duration) -> Self {
        let at = from_now(span);
        let bell = Box::pin(sleep_until(at));
        Self { at, bell }
    }

    /// Moves it: later for nothing, for the bell is set anew only when it rings.
    fn put_off(&mut self, span: Duration) {
        self.at = from_now(span);
        if self.at < self.bell.deadline() {
            self.bell.as_mut().reset(self.at);
        }
    }

    async fn passed(&mut self) {
        loop {
            self.bell.as_mut().await;
            if Instant::now() >= self.at {
                return;
            }
            self.bell.as_mut().reset(self.at);
        }
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "limits are minutes")]
fn from_now(span: Duration) -> Instant {
    Instant::now() + span
}

/// Waits for octets, appends them, and returns how many came.
///
/// What they are read into is there only when they have come: a connection that is idle keeps no room for them.
async fn receive<S: AsyncRead + Unpin>(stream: &mut S, octets: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|context| {
        let mut room = [const { MaybeUninit::uninit() }; READ_OCTETS];
        let mut room = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut room))?;
        octets.extend_from_slice(room.filled());
        Poll::Ready(Ok(room.filled().len()))
    })
    .await
}

/// Sends what there is, and leaves little room for what comes next.
///
/// # Errors
///
/// When the peer has gone, or takes nothing for as long as a step may take.
async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    replies: &mut Vec<u8>,
    step: Duration,
) -> io::Result<()> {
    if replies.is_empty() {
        return Ok(());
    }
    // As a rule the system takes all of it at once, and no timer is needed.
    let sent = match stream.write(replies).now_or_never() {
        Some(sent) => sent?,
        None => 0,
    };
    if let Some(rest @ [_, ..]) = replies.get(sent..) {
        timeout(step, stream.write_all(rest)).await??;
    }
    replies.clear();
    replies.shrink_to(READ_OCTETS);
    Ok(())
}

/// Talks to Exim: one line, one answer.
#[derive(Debug)]
pub struct Exim<N>(pub Arc<Desk<N>>, pub Limits);

impl<N: Network + Send + 'static> Serve for Exim<N> {
    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        mut stream: S,
        _ends: watch::Receiver<bool>,
    ) {
        let Self(desk, limits) = &*self;
        let mut line = Line::default();
        let mut buffer = [0; READ_OCTETS];
        let asked = async {
            loop {
                let octets = match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(octets) => buffer.get(..octets)?,
                };
                match line.feed(octets) {
                    Ok(Some(key)) => return Some(Ok(key)),
                    Ok(None) => {}
                    Err(fault) => return Some(Err(fault)),
                }
            }
        };
        let answer = match timeout(limits.step, asked).await {
            Ok(Some(Ok(key))) => desk.exim(&key).await,
            Ok(Some(Err(fault))) => {
                desk.tally().closed.add();
                tracing::debug!("a line is not answered: {fault}");
                exim::Answer::NotKnown.to_string()
            }
            Ok(None) | Err(_) => return,
        };
        let said = timeout(limits.step, async {
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        });
        // A client that went away does not miss the answer.
        let _gone = said.await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::sync::watch;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::{Limits, Socketmap};
    use crate::keeper::{Jobs, Keeper, Persistence, Settings};
    use crate::model::stage::Stage;
    use crate::sidecar::desk::{self, Desk};
    use crate::sidecar::listen::Serve as _;

    /// A connection to a sidecar whose work nobody does: of no domain anything becomes known.
    struct Connection {
        client: DuplexStream,
        end: watch::Sender<bool>,
        _jobs: Jobs,
        _tasks: JoinSet<()>,
    }

    impl Connection {
        fn open(limits: Limits) -> Self {
            let stage = Stage::with(|_| {});
            let network = (stage.model.through("resolver"), stage.clock.clone());
            let (keeper, jobs) =
                Keeper::new(network, Persistence::Memory, Settings::default(), 1_000);
            let desk = Desk::new(Arc::new(keeper), desk::Settings::default(), Arc::default());
            let (client, server) = duplex(1 << 16);
            let (end, ends) = watch::channel(false);
            let mut tasks = JoinSet::new();
            let socketmap = Arc::new(Socketmap(Arc::new(desk), limits));
            tasks.spawn(socketmap.serve(server, ends));
            Self {
                client,
                end,
                _jobs: jobs,
                _tasks: tasks,
            }
        }

        /// Sends octets; returns whether the sidecar still reads.
        async fn send(&mut self, octets: &[u8]) -> bool {
            self.client.write_all(octets).await.is_ok()
        }

        /// Waits for octets; `None` if none come in time.
        async fn receive(&mut self, time: Duration) -> Option<String> {
            let mut octets = [0; 100];
            let read = timeout(time, self.client.read(&mut octets)).await.ok()?;
            Some(String::from_utf8_lossy(&octets[..read.unwrap()]).into_owned())
        }
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(10);
    const ASKED: &[u8] = b"13:postfix .test,";
    const ANSWERED: Option<&str> = Some("9:NOTFOUND ,");
    const CLOSED: Option<&str> = Some("");

    #[tokio::test]
    async fn what_is_known_does_not_wait_for_what_is_not() {
        let mut connection = Connection::open(Limits::default());
        connection.send(ASKED).await;
        connection.send(b"17:postfix cold.test,").await;
        assert_eq!(connection.receive(LONG).await.as_deref(), ANSWERED);
        let mut connection = Connection::open(Limits::default());
        connection
            .send(&[ASKED, b"17:postfix cold.test,", ASKED].concat())
            .await;
        assert_eq!(connection.receive(LONG).await.as_deref(), ANSWERED);
        assert_eq!(connection.receive(SHORT).await, None, "in its turn");
    }

    #[tokio::test]
    async fn a_request_in_drips_gets_no_more_time_than_another() {
        let mut connection = Connection::open(Limits {
            step: Duration::from_millis(100),
            ..Limits::default()
        });
        connection.send(b"9000:").await;
        for _ in 0..1_000 {
            let is_open = connection.send(b"x").await;
            if !is_open || connection.receive(SHORT).await.as_deref() == CLOSED {
                return;
            }
        }
        panic!("it waits for a request that takes ten seconds");
    }

    #[tokio::test]
    async fn a_connection_is_closed_when_it_was_idle_and_not_before() {
        let idle = Duration::from_millis(200);
        let mut connection = Connection::open(Limits {
            idle,
            ..Limits::default()
        });
        // Longer than that altogether.
        for _ in 0..4 {
            assert!(connection.send(ASKED).await);
            assert_eq!(connection.receive(LONG).await.as_deref(), ANSWERED);
            assert_eq!(connection.receive(idle / 3).await, None);
        }
        assert_eq!(connection.receive(LONG).await.as_deref(), CLOSED);
    }

    #[tokio::test]
    async fn at_the_end_a_connection_is_closed_between_two_requests() {
        let mut connection = Connection::open(Limits::default());
        let (first, rest) = ASKED.split_at(5);
        connection.send(first).await;
        assert_eq!(connection.receive(SHORT).await, None);
        connection.end.send(true).unwrap();
        connection.send(rest).await;
        assert_eq!(connection.receive(LONG).await.as_deref(), ANSWERED);
        assert_eq!(connection.receive(LONG).await.as_deref(), CLOSED);
        let mut idle = Connection::open(Limits::default());
        idle.end.send(true).unwrap();
        assert_eq!(idle.receive(LONG).await.as_deref(), CLOSED);
    }
}
