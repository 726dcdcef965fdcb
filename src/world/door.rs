//! The real port behind one address of the fake Internet: open, closed, or swallowing SYNs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::tasks::{Tasks, pause};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What serves the connections of a door.
pub(super) trait Serve: Clone + Send + 'static {
    /// Serves one connection to its end.
    fn serve(self, stream: TcpStream) -> impl Future<Output = ()> + Send;
}

/// What the port does with SYNs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// Accepts them.
    Open,
    /// Answers with RST: the socket is bound and never listens.
    Closed,
    /// Drops them: the socket listens, its queue is full, and nobody accepts.
    Blackhole,
}

/// A port that stays ours, whatever it does, until the door is dropped.
///
/// While the port is open its listener holds it, otherwise a socket that never listens; so that one can
/// follow the other without a gap, both have `SO_REUSEPORT`.
#[derive(Debug)]
pub(super) struct Door {
    to: SocketAddr,
    hold: Hold,
}

/// What holds a port.
#[derive(Debug)]
enum Hold {
    /// A socket that is bound and never listens.
    Closed { _socket: TcpSocket },
    /// The task that accepts, and with it every connection.
    Open(Tasks),
    /// A listener whose queue is full.
    Blackhole {
        _listener: TcpListener,
        _filler: TcpStream,
    },
}

impl Hold {
    const fn mode(&self) -> Mode {
        match self {
            Self::Closed { .. } => Mode::Closed,
            Self::Open(_) => Mode::Open,
            Self::Blackhole { .. } => Mode::Blackhole,
        }
    }
}

impl Door {
    /// Reserves a port, closed; port 0 is a free one.
    pub(super) fn reserve(at: SocketAddr) -> io::Result<Self> {
        let socket = socket(at)?;
        // A port that is named can be had again at once after another world; one that is not must be nobody's.
        socket.set_reuseaddr(at.port() != 0)?;
        // Without SO_REUSEPORT, so that the port is nobody else's …
        socket.bind(at)?;
        let to = socket.local_addr()?;
        // … and with it, so that a socket of ours can join.
        socket.set_reuseport(true)?;
        Ok(Self {
            to,
            hold: Hold::Closed { _socket: socket },
        })
    }

    /// Returns where the port really is.
    pub(super) const fn to(&self) -> SocketAddr {
        self.to
    }

    /// Changes what the port does; connections end unless it was open and stays open.
    pub(super) async fn set(&mut self, mode: Mode, server: impl Serve) -> io::Result<()> {
        if mode == self.hold.mode() {
            return Ok(());
        }
        self.close().await?;
        match mode {
            Mode::Open => {
                let listener = self.join()?.listen(BACKLOG)?;
                let mut tasks = Tasks::default();
                tasks.spawn(accept_all(listener, server));
                self.hold = Hold::Open(tasks);
            }
            Mode::Closed => {}
            Mode::Blackhole => {
                let listener = self.join()?.listen(0)?;
                self.hold = Hold::Blackhole {
                    _filler: TcpStream::connect(self.to).await?,
                    _listener: listener,
                };
            }
        }
        Ok(())
    }

    /// Ends all connections and closes the port, which stays reserved.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        let closed = Hold::Closed {
            _socket: self.join()?,
        };
        if let Hold::Open(mut tasks) = std::mem::replace(&mut self.hold, closed) {
            tasks.stop().await;
        }
        Ok(())
    }

    /// Binds a second socket to the port.
    fn join(&self) -> io::Result<TcpSocket> {
        let socket = socket(self.to)?;
        socket.set_reuseport(true)?;
        // A port whose connections have just ended can be bound again at once.
        socket.set_reuseaddr(true)?;
        socket.bind(self.to)?;
        Ok(socket)
    }
}

fn socket(at: SocketAddr) -> io::Result<TcpSocket> {
    if at.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
}

async fn accept_all(listener: TcpListener, server: impl Serve) {
    let mut connections = Tasks::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _from)) => connections.spawn(server.clone().serve(stream)),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    pause(ACCEPT_PAUSE).await;
                }
            },
            () = connections.one_ended() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpStream;

    use super::{Door, Mode, Serve};

    /// Ends each connection at once.
    #[derive(Clone)]
    struct End;

    impl Serve for End {
        async fn serve(self, _stream: TcpStream) {}
    }

    #[tokio::test]
    async fn a_door_stands_where_it_is_told_and_can_be_had_again_at_once() {
        let mut door = Door::reserve("127.0.0.77:0".parse().unwrap()).unwrap();
        let to = door.to();
        assert_eq!(to.ip().to_string(), "127.0.0.77");
        assert!(TcpStream::connect(to).await.is_err(), "closed: {to}");
        door.set(Mode::Open, End).await.unwrap();
        // The end that closes first keeps the port busy for a while.
        let mut stream = TcpStream::connect(to).await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        drop(stream);
        door.close().await.unwrap();
        drop(door);
        assert_eq!(Door::reserve(to).unwrap().to(), to, "named");
    }
}
