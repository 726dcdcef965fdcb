//! The places of a sidecar: its sockets, inherited or bound, and its files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use listenfd::ListenFd;

use super::{Directories, ListenArgs, Place};
use crate::cli::values::CacheChoice;
use crate::sidecar::address::Address;
use crate::sidecar::listen::{Listener, bind_unix};
use crate::sidecar::run::Listeners;

/// Where a sidecar listens, before it does.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Places {
    pub(super) socketmap: Vec<Address>,
    pub(super) exim: Vec<Address>,
    pub(super) control: Option<PathBuf>,
    pub(super) http: Option<Address>,
}

impl Places {
    /// Puts together what the options and the directories say.
    ///
    /// # Errors
    ///
    /// When an address can be reached by other hosts and nobody said that it may, or there is no directory for
    /// sockets.
    pub(super) fn new(args: &ListenArgs, directories: &Directories) -> anyhow::Result<Self> {
        let exim = match (args.exim.as_slice(), &directories.runtime) {
            ([], Some(runtime)) => vec![Address::Unix(runtime.join("exim.sock"))],
            ([], None) => bail!(
                "there is no directory for sockets: name a socket with --exim and one with --control, or set RUNTIME_DIRECTORY"
            ),
            (named, _) => named.to_vec(),
        };
        let places = Self {
            socketmap: args.socketmap.clone(),
            exim,
            control: control_path(args.control.as_ref(), directories)?,
            http: match &args.http {
                Place::None => None,
                Place::At(address) => Some(address.clone()),
            },
        };
        let all = places
            .socketmap
            .iter()
            .chain(&places.exim)
            .chain(&places.http);
        if let Some(remote) = all.clone().find(|address| address.is_remote())
            && !args.allow_remote
        {
            bail!(
                "{remote} can be reached by other hosts, and any client there makes this host ask anybody's: \
                 listen on loopback or a unix socket, or say --allow-remote"
            );
        }
        Ok(places)
    }

    /// Begins to listen; what systemd has bound already takes the place of what is named here.
    ///
    /// # Errors
    ///
    /// When an address is taken or may not be used.
    pub(super) async fn listen(&self, inherited: Inherited) -> anyhow::Result<Listeners> {
        let Inherited {
            mut socketmap,
            mut exim,
            mut control,
            mut http,
        } = inherited;
        for (addresses, listeners) in [(&self.socketmap, &mut socketmap), (&self.exim, &mut exim)] {
            if listeners.is_empty() {
                for address in addresses {
                    listeners.push(bind(address).await?);
                }
            }
        }
        if let (Some(address), true) = (&self.http, http.is_empty()) {
            http.push(bind(address).await?);
        }
        if let (Some(path), true) = (&self.control, control.is_empty()) {
            make_directory_of(path)?;
            let listener = bind_unix(path, 0o600)
                .await
                .with_context(|| format!("cannot listen at unix:{}", path.display()))?;
            control.push(Listener::Unix(listener));
        }
        Ok(Listeners {
            socketmap,
            exim,
            control: control.pop(),
            http: http.pop(),
        })
    }
}

/// Returns where the control socket is, `None` if there is to be none.
///
/// # Errors
///
/// When there is no directory for it.
pub(crate) fn control_path(
    named: Option<&CacheChoice>,
    directories: &Directories,
) -> anyhow::Result<Option<PathBuf>> {
    match (named, &directories.runtime) {
        (Some(CacheChoice::None), _) => Ok(None),
        (Some(CacheChoice::Path(path)), _) => Ok(Some(path.clone())),
        (None, Some(runtime)) => Ok(Some(runtime.join("control.sock"))),
        (None, None) => bail!("there is no directory for sockets: name one with --control PATH"),
    }
}

async fn bind(address: &Address) -> anyhow::Result<Listener> {
    if let Address::Unix(path) = address {
        make_directory_of(path)?;
    }
    Listener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address}"))
}

fn make_directory_of(path: &Path) -> anyhow::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the directory {}", parent.display())),
        Some(_) | None => Ok(()),
    }
}

/// The sockets that systemd has bound for us, by the names in `FileDescriptorName=`.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    socketmap: Vec<Listener>,
    exim: Vec<Listener>,
    control: Vec<Listener>,
    http: Vec<Listener>,
}

impl Inherited {
    /// Takes them; `names` is what stands in `LISTEN_FDNAMES`.
    ///
    /// # Errors
    ///
    /// When one has another name than `socketmap`, `exim`, `control` or `http`, or is no listening socket.
    pub(super) fn take(names: Option<&str>) -> anyhow::Result<Self> {
        let mut sockets = ListenFd::from_env();
        let mut inherited = Self::default();
        let names: Vec<&str> = names
            .into_iter()
            .flat_map(|names| names.split(':'))
            .collect();
        for index in 0..sockets.len() {
            let name = names.get(index).copied().unwrap_or_default();
            let kind = match name {
                "socketmap" => &mut inherited.socketmap,
                "exim" => &mut inherited.exim,
                "control" => &mut inherited.control,
                "http" => &mut inherited.http,
                _ => bail!(
                    "an inherited socket is named `{name}`: say FileDescriptorName=socketmap, exim, control or http"
                ),
            };
            kind.push(listener(&mut sockets, index).with_context(|| {
                format!("the inherited socket `{name}` is no listening TCP or unix socket")
            })?);
        }
        Ok(inherited)
    }
}

fn listener(sockets: &mut ListenFd, index: usize) -> anyhow::Result<Listener> {
    if let Ok(Some(socket)) = sockets.take_tcp_listener(index) {
        socket.set_nonblocking(true)?;
        return Ok(Listener::Tcp(tokio::net::TcpListener::from_std(socket)?));
    }
    let socket = sockets
        .take_unix_listener(index)?
        .context("it was taken already")?;
    socket.set_nonblocking(true)?;
    Ok(Listener::Unix(tokio::net::UnixListener::from_std(socket)?))
}
