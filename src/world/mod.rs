//! The fake Internet on sockets: resolvers, policy hosts and SMTP receivers that do what a scenario says.
//!
//! A [`World`] is told everything as plain data, an [`Internet`], which can be swapped while it runs. It
//! knows nothing of RFC 8461: records, bodies and names are emitted as they stand, so that a bug in our
//! parser cannot hide in our fakes. Every request that reaches a server is kept as a [`Request`], and one
//! that the state has no answer for is [unannounced](World::unannounced): the run that it belongs to fails.
//!
//! The addresses of a state are those that its DNS gives out; [`World::routes`] says on which loopback port
//! each of them really is. Worlds share nothing that can be seen, so any number of them run side by side. For
//! programs that know nothing of routes, [`Listen::RealPorts`] serves each address at itself, and
//! [`Listen::Only`] one of them in a container of its own, which is told over HTTP what to serve ([`control`]).

#[cfg(feature = "cli")]
pub mod control;
mod dns;
mod door;
mod error;
mod gzip;
pub mod history;
mod https;
mod listen;
mod pki;
mod served;
mod smtp;
mod tasks;
mod tls;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::TcpStream;
use tokio::sync::Mutex;

use self::dns::{Resolver, Table};
use self::door::{Door, Mode, Serve};
pub use self::error::WorldError;
use self::history::History;
pub use self::history::{Request, Transport};
use self::https::HttpsServer;
pub use self::listen::Listen;
use self::pki::Pki;
use self::served::{Served, ServedEdge, ServedReceiver, Shared};
use self::smtp::{Greylist, SmtpServer};
use crate::facts::UnixTime;
use crate::fakes::{HttpsFault, Internet, ListenerFault, NameServer, RecordData, SmtpFault};

/// The port of name servers.
const DNS: u16 = 53;

/// The port of policy hosts.
const HTTPS: u16 = 443;

/// The port of SMTP receivers.
const SMTP: u16 = 25;

/// A running fake Internet. Dropping it ends it at once; [`World::shutdown`] also waits for the end.
pub struct World {
    listen: Listen,
    pki: Pki,
    shared: Arc<Shared>,
    directory: RwLock<Directory>,
    machinery: Mutex<Machinery>,
}

/// Where an address of the fake Internet really is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The address that the DNS gives.
    pub address: IpAddr,
    /// The port there: 25, 53 or 443.
    pub port: u16,
    /// The address and port that serves it.
    pub to: SocketAddr,
}

/// Serves the connections to addresses that nobody declared.
#[derive(Clone, Debug)]
struct StrayServer(Arc<Shared>);

impl Serve for StrayServer {
    async fn serve(self, stream: TcpStream) {
        self.0.history.record_unannounced(Request::StrayConnect);
        if let Err(error) = tls::reset(&stream) {
            tracing::debug!(%error, "a stray connection could not be reset");
        }
    }
}

/// Where things are.
#[derive(Debug)]
struct Directory {
    elsewhere: SocketAddr,
    views: BTreeMap<Option<Box<str>>, SocketAddr>,
    routes: BTreeMap<(IpAddr, u16), SocketAddr>,
}

/// What runs.
struct Machinery {
    elsewhere: Door,
    resolvers: BTreeMap<Option<Box<str>>, Resolver>,
    name_servers: BTreeMap<IpAddr, Resolver>,
    doors: BTreeMap<(IpAddr, u16), Door>,
}

impl World {
    /// Starts a world, with a CA of its own; lives of certificates are counted from `start`, the beginning of
    /// the story.
    ///
    /// # Errors
    ///
    /// The state cannot be served, an address is not this machine's, or a port cannot be had.
    pub async fn start(
        listen: Listen,
        state: &Internet,
        start: UnixTime,
    ) -> Result<Self, WorldError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let shared = Arc::new(Shared {
            served: RwLock::default(),
            history: Arc::new(History::default()),
            greylist: Greylist::default(),
        });
        let failed = cannot_listen(Listen::FREE);
        let mut elsewhere = Door::reserve(Listen::FREE).map_err(failed)?;
        let stray = StrayServer(Arc::clone(&shared));
        elsewhere.set(Mode::Open, stray).await.map_err(failed)?;
        let world = Self {
            listen,
            pki: Pki::new(start, provider)?,
            shared,
            directory: RwLock::new(Directory {
                elsewhere: elsewhere.to(),
                views: BTreeMap::new(),
                routes: BTreeMap::new(),
            }),
            machinery: Mutex::new(Machinery {
                elsewhere,
                resolvers: BTreeMap::new(),
                name_servers: BTreeMap::new(),
                doors: BTreeMap::new(),
            }),
        };
        world.apply(state).await?;
        Ok(world)
    }

    /// Serves `state` from now on. Addresses keep their ports; one that is no longer declared is reset, and
    /// a connection to it is unannounced. Connections that are open go on as they began, unless their port
    /// closes.
    ///
    /// # Errors
    ///
    /// The state cannot be served or an address is not this machine's (then nothing has changed), or a port
    /// cannot be had.
    pub async fn apply(&self, state: &Internet) -> Result<(), WorldError> {
        let mut machinery = self.machinery.lock().await;
        let mut tables = BTreeMap::from([(None, Table::new(&state.dns, None)?)]);
        for (name, view) in &state.views {
            let table = Table::new(view, Some(&state.dns))?;
            tables.insert(Some(name.clone()), table);
        }
        for gone in machinery.resolvers.keys() {
            if !tables.contains_key(gone) {
                // A resolver that has gone from the state sees what everybody sees.
                tables.insert(gone.clone(), Table::new(&state.dns, None)?);
            }
        }
        let name_servers = self.name_servers(state, &machinery)?;
        let modes = modes(state, self.listen);
        let served = self.prepare(state)?;
        let strays = strays(state, &modes, self.listen);
        let keys = || modes.keys().chain(&strays);
        let of_servers = keys().map(|(address, _)| *address);
        self.listen
            .check(of_servers.chain(name_servers.keys().copied()))?;
        for key in keys() {
            if !machinery.doors.contains_key(key) {
                let at = self.listen.server(key.0, key.1);
                let door = Door::reserve(at).map_err(cannot_listen(at))?;
                machinery.doors.insert(*key, door);
            }
        }
        for (view, table) in tables {
            if let Some(resolver) = machinery.resolvers.get(&view) {
                resolver.set(table);
            } else {
                let history = Arc::clone(&self.shared.history);
                let at = self.listen.resolver(view.as_deref());
                let resolver = Resolver::start(view.clone(), at, table, history).await?;
                machinery.resolvers.insert(view, resolver);
            }
        }
        for (address, table) in name_servers {
            if let Some(server) = machinery.name_servers.get(&address) {
                server.set(table);
            } else {
                let history = Arc::clone(&self.shared.history);
                let at = self.listen.server(address, DNS);
                let view = Some(address.to_string().into());
                let server = Resolver::start(view, at, table, history).await?;
                machinery.name_servers.insert(address, server);
            }
        }
        self.shared.serve(served);
        for (key, door) in &mut machinery.doors {
            // An address that has gone is open: a connection to it is to be seen.
            let mode = modes.get(key).copied().unwrap_or(Mode::Open);
            let shared = Arc::clone(&self.shared);
            let (address, port) = *key;
            let set = if port == SMTP {
                door.set(mode, SmtpServer { address, shared }).await
            } else {
                door.set(mode, HttpsServer { address, shared }).await
            };
            set.map_err(cannot_listen(door.to()))?;
        }
        self.publish(&machinery);
        Ok(())
    }

    /// Tells where things are now.
    fn publish(&self, machinery: &Machinery) {
        let views = machinery.resolvers.iter();
        let doors = machinery.doors.iter();
        let routes = doors.map(|(key, door)| (*key, door.to()));
        let name_servers = machinery.name_servers.iter();
        let name_servers =
            name_servers.map(|(address, server)| ((*address, DNS), server.address()));
        *self
            .directory
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Directory {
            elsewhere: machinery.elsewhere.to(),
            views: views
                .map(|(view, resolver)| (view.clone(), resolver.address()))
                .collect(),
            routes: routes.chain(name_servers).collect(),
        };
    }

    /// Prepares what the name servers say; one that has gone from the state is lame.
    fn name_servers(
        &self,
        state: &Internet,
        machinery: &Machinery,
    ) -> Result<BTreeMap<IpAddr, Table>, WorldError> {
        let gone = NameServer {
            lame: true,
            ..NameServer::default()
        };
        let before = machinery
            .name_servers
            .keys()
            .map(|address| (address, &gone));
        before
            .chain(&state.name_servers)
            .filter(|(address, _)| self.listen.serves(**address))
            .map(|(address, server)| Ok((*address, Table::of_server(server, &state.dns)?)))
            .collect()
    }

    /// Makes what is new and keeps what stays: a server's sessions outlive a change elsewhere.
    fn prepare(&self, state: &Internet) -> Result<Served, WorldError> {
        let before = self.shared.served();
        let mut served = Served::default();
        for (address, edge) in &state.https {
            let same = before.https.get(address).filter(|old| old.edge == *edge);
            let edge = match same {
                Some(same) => Arc::clone(same),
                None => Arc::new(ServedEdge::new(edge, &self.pki)?),
            };
            served.https.insert(*address, edge);
        }
        for (address, receiver) in &state.smtp {
            let same = before.smtp.get(address);
            let receiver = match same.filter(|old| old.receiver == *receiver) {
                Some(same) => Arc::clone(same),
                None => Arc::new(ServedReceiver::new(receiver, &self.pki)?),
            };
            served.smtp.insert(*address, receiver);
        }
        Ok(served)
    }

    /// Returns where the resolver is that everybody has, over UDP and TCP.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddr {
        *self
            .directory()
            .views
            .get(&None)
            .expect("it is there from the start")
    }

    /// Returns where the resolver `view` is; `None` if no state has declared it.
    #[must_use]
    pub fn view_address(&self, view: &str) -> Option<SocketAddr> {
        let view = Some(view.into());
        self.directory().views.get(&view).copied()
    }

    /// Returns where the addresses really are, those included that are no longer declared.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        let route = |(key, to): (&(IpAddr, u16), &SocketAddr)| Route {
            address: key.0,
            port: key.1,
            to: *to,
        };
        self.directory().routes.iter().map(route).collect()
    }

    /// Returns where connections to all other addresses belong, so that none of them leaves the machine; each
    /// of them is reset, and unannounced.
    #[must_use]
    pub fn elsewhere(&self) -> SocketAddr {
        self.directory().elsewhere
    }

    /// Returns the root certificate that the healthy chains end at, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.pki.ca_pem()
    }

    /// Takes everything that reached a server since the last call, in order.
    #[must_use]
    pub fn drain_history(&self) -> Vec<Request> {
        self.shared.history.drain()
    }

    /// Returns what reached a server since the start and had not been declared.
    #[must_use]
    pub fn unannounced(&self) -> Vec<Request> {
        self.shared.history.unannounced()
    }

    /// Ends all servers and connections, and frees the ports.
    ///
    /// # Errors
    ///
    /// A resolver or a port ended badly.
    ///
    /// # Panics
    ///
    /// If a connection's task panicked: the panic is passed on.
    pub async fn shutdown(self) -> Result<(), WorldError> {
        let Machinery {
            elsewhere,
            resolvers,
            name_servers,
            doors,
        } = self.machinery.into_inner();
        for mut door in doors.into_values().chain([elsewhere]) {
            door.close().await.map_err(cannot_listen(door.to()))?;
        }
        for resolver in resolvers.into_values().chain(name_servers.into_values()) {
            resolver.stop().await?;
        }
        Ok(())
    }

    fn directory(&self) -> std::sync::RwLockReadGuard<'_, Directory> {
        self.directory
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

fn cannot_listen(at: SocketAddr) -> impl Fn(io::Error) -> WorldError + Copy {
    move |source| WorldError::Bind { at, source }
}

/// Returns the ports of addresses that the DNS gives and no server has: a connection there is seen.
fn strays(
    state: &Internet,
    modes: &BTreeMap<(IpAddr, u16), Mode>,
    listen: Listen,
) -> Vec<(IpAddr, u16)> {
    [&state.dns]
        .into_iter()
        .chain(state.views.values())
        .chain(state.name_servers.values().map(|server| &server.says))
        .flat_map(|view| view.names.values())
        .flat_map(|name| name.answers.values())
        .flat_map(|answer| &answer.records)
        .filter_map(RecordData::address)
        .filter(|address| listen.serves(*address) && !state.name_servers.contains_key(address))
        .flat_map(|address| [(address, HTTPS), (address, SMTP)])
        // Where a server stands, its own port is the one that is asked; the other leads elsewhere.
        .filter(|(address, _)| {
            ![HTTPS, SMTP]
                .iter()
                .any(|port| modes.contains_key(&(*address, *port)))
        })
        .collect()
}

/// Returns what each declared port does.
fn modes(state: &Internet, listen: Listen) -> BTreeMap<(IpAddr, u16), Mode> {
    let https = state.https.iter().map(|(address, edge)| {
        let fault = edge.fault.and_then(HttpsFault::listener);
        ((*address, HTTPS), mode(fault))
    });
    let smtp = state.smtp.iter().map(|(address, receiver)| {
        let fault = receiver.fault.and_then(SmtpFault::listener);
        ((*address, SMTP), mode(fault))
    });
    https
        .chain(smtp)
        .filter(|((address, _), _)| listen.serves(*address))
        .collect()
}

const fn mode(fault: Option<ListenerFault>) -> Mode {
    match fault {
        Some(ListenerFault::Refused) => Mode::Closed,
        Some(ListenerFault::Blackhole) => Mode::Blackhole,
        Some(ListenerFault::Silence | ListenerFault::Reset) | None => Mode::Open,
    }
}
