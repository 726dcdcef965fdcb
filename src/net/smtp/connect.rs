//! The connection to an MX host.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::facts::smtp::{SmtpFailure, SmtpFailureKind, SmtpStep};

use super::super::causes::{self, SocketFault};
use super::session::SmtpClient;
use super::wire::Wire;

impl SmtpClient {
    /// Connects to `routed`.
    pub(super) async fn open(&self, routed: SocketAddr) -> Result<Wire, SmtpFailure> {
        let connect = async {
            let socket = match routed {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(source) = self.source {
                socket.bind(SocketAddr::new(source, 0))?;
            }
            let stream: TcpStream = socket.connect(routed).await?;
            // A command is a small packet that waits for its answer.
            stream.set_nodelay(true)?;
            Wire::new(stream)
        };
        let connected = match self.while_none_answers(connect).await {
            Ok(Ok(wire)) => Ok(wire),
            Ok(Err(error)) => Err(failure(&error)),
            Err(waited) => Err(SmtpFailure {
                kind: SmtpFailureKind::TimedOut,
                during: SmtpStep::Connect,
                detail: format!("no answer in {waited:?}").into(),
            }),
        };
        if let Some(reach) = &self.reach
            && connected.as_ref().err().is_none_or(SmtpFailure::is_answer)
        {
            reach.note_answer();
        }
        connected
    }

    /// Waits for a connection until its deadline, or as long as is worth while where no address of the run has
    /// answered yet; returns how long that was if none came.
    async fn while_none_answers<T>(&self, connect: impl Future<Output = T>) -> Result<T, Duration> {
        let deadline = self.deadlines.connect;
        let began = Instant::now();
        let mut connect = pin!(connect);
        if let Some(reach) = &self.reach
            && let Some(patience) = reach.patience().filter(|patience| *patience < deadline)
        {
            match timeout(patience, &mut connect).await {
                Ok(made) => return Ok(made),
                Err(_elapsed) if reach.has_answer() => {}
                Err(_elapsed) => {
                    reach.note_silence();
                    return Err(patience);
                }
            }
        }
        timeout_at(began + deadline, connect)
            .await
            .map_err(|_elapsed| deadline)
    }
}

fn failure(error: &io::Error) -> SmtpFailure {
    let kind = match SocketFault::of(error) {
        SocketFault::Refused => SmtpFailureKind::Refused,
        SocketFault::Reset | SocketFault::Closed => SmtpFailureKind::Reset,
        SocketFault::TimedOut => SmtpFailureKind::TimedOut,
        SocketFault::Exhausted | SocketFault::Local => SmtpFailureKind::Unreachable,
    };
    SmtpFailure {
        kind,
        // A connection that is refused was never made; one that is reset was, and broke before the greeting,
        // however early the reset is seen.
        during: if kind == SmtpFailureKind::Reset {
            SmtpStep::Greeting
        } else {
            SmtpStep::Connect
        },
        detail: causes::describe(error),
    }
}
