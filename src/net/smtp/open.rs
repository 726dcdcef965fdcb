//! The connection of a session, and when all sessions end.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

use super::super::causes::{self, SocketFault};
use super::session::{OVER, SmtpClient};
use super::wire::Wire;
use crate::facts::smtp::{SmtpFailure, SmtpFailureKind, SmtpStep};

impl SmtpClient {
    /// Returns `deadline`, or the end of all sessions if that comes first.
    pub(super) fn within(&self, deadline: Instant) -> Instant {
        self.end.map_or(deadline, |end| end.min(deadline))
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    /// Opens a connection.
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
        let failed = |kind, detail| SmtpFailure {
            kind,
            during: SmtpStep::Connect,
            detail,
        };
        if self.is_over() {
            return Err(failed(SmtpFailureKind::TimedOut, OVER.into()));
        }
        timeout_at(
            self.within(Instant::now() + self.deadlines.connect),
            connect,
        )
        .await
        .map_err(|_elapsed| {
            let detail = if self.is_over() {
                OVER.into()
            } else {
                format!("no answer in {:?}", self.deadlines.connect).into()
            };
            failed(SmtpFailureKind::TimedOut, detail)
        })?
        .map_err(|error: io::Error| {
            let kind = match SocketFault::of(&error) {
                SocketFault::Refused => SmtpFailureKind::Refused,
                SocketFault::Reset | SocketFault::Closed => SmtpFailureKind::Reset,
                SocketFault::TimedOut => SmtpFailureKind::TimedOut,
                SocketFault::Exhausted | SocketFault::Local => SmtpFailureKind::Unreachable,
            };
            SmtpFailure {
                // A connection that is refused was never made; one that is reset was, and broke before the
                // greeting, however early the reset is seen.
                during: if kind == SmtpFailureKind::Reset {
                    SmtpStep::Greeting
                } else {
                    SmtpStep::Connect
                },
                ..failed(kind, causes::describe(&error))
            }
        })
    }
}
