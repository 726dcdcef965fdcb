//! Listeners: connections taken, bounded in number, served until the sidecar ends.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::address::Address;
use super::metrics::Tally;

/// How long a listener rests after the system refused it a connection, for want of descriptors as a rule.
const REST: Duration = Duration::from_millis(100);

/// Something that listens.
#[derive(Debug)]
pub enum Listener {
    /// At a port.
    Tcp(TcpListener),
    /// At a socket in the file system.
    Unix(UnixListener),
}

impl Listener {
    /// Begins to listen. A socket that nobody listens at any more is replaced; everybody on this host may connect
    /// to ours, as they may to a port of it.
    ///
    /// # Errors
    ///
    /// When the address is taken, or may not be used.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Address::Unix(path) => bind_unix(path, 0o666).await.map(Self::Unix),
        }
    }

    /// Returns where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(Path::new(""));
                Ok(Address::Unix(path.into()))
            }
        }
    }
}

/// Listens at a path with these permissions.
///
/// # Errors
///
/// When somebody listens there, something else stands there, or the directory cannot be written.
pub async fn bind_unix(path: &Path, mode: u32) -> io::Result<UnixListener> {
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Ok(_) | Err(_) => {}
        }
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

/// What serves one connection.
pub trait Serve: Send + Sync + 'static {
    /// Serves a connection until its end, or soon after `ends` says so.
    fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        stream: S,
        ends: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send;
}

/// Takes connections and has them served, at most as many as `places` has room for, until `ends` says so; then
/// waits for those that are open.
pub async fn listen<H: Serve>(
    listener: Listener,
    handler: Arc<H>,
    (places, tally): (Arc<Semaphore>, Arc<Tally>),
    mut ends: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    let ended = ends.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = ends.wait_for(|ends| *ends) => break,
            Some(served) = tasks.join_next() => {
                if let Err(error) = served {
                    tracing::error!("a connection was lost to a fault of ours: {error}");
                }
                continue;
            }
            accepted = accept(&listener) => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!("no connection can be taken: {error}");
                // The listener stays ready, so it would be asked again at once.
                #[expect(
                    clippy::disallowed_methods,
                    reason = "nothing tells when descriptors are free again"
                )]
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tally.turned_away.add();
            continue;
        };
        tally.accepted.add();
        let (handler, tally, ends) = (Arc::clone(&handler), Arc::clone(&tally), ended.clone());
        tasks.spawn(async move {
            tally.open.fetch_add(1, Ordering::Relaxed);
            match stream {
                Stream::Tcp(stream) => handler.serve(stream, ends).await,
                Stream::Unix(stream) => handler.serve(stream, ends).await,
            }
            tally.open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    while tasks.join_next().await.is_some() {}
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    Unix(UnixStream),
}

async fn accept(listener: &Listener) -> io::Result<Stream> {
    match listener {
        Listener::Tcp(listener) => {
            let (stream, _peer) = listener.accept().await?;
            // One small answer after another: each is to go out at once.
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        Listener::Unix(listener) => listener
            .accept()
            .await
            .map(|(stream, _peer)| Stream::Unix(stream)),
    }
}
