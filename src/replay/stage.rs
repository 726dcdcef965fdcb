//! Where a scenario is played: the model or the lab, behind one face.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use crate::facts::tls::version_in_words;
use crate::facts::{DnsName, UnixTime};
use crate::sender::Authorities;
use crate::story::state::Deadlines;
use crate::story::{Asked, State};

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Client<'a> {
    /// The one whose `check` it is: how long it waits stands beside it, and its resolver is nobody
    /// else's, whatever senders and resolvers are called.
    Observer(Deadlines),
    /// The sender of this name.
    Sender(&'a str),
}

/// A fake Internet that a scenario's state can be laid on.
pub trait Stage: Sync {
    /// How a client reaches it.
    type Network: Authorities;

    /// Returns the network as one client sees it.
    fn network(&self, client: Client<'_>) -> Self::Network;

    /// Replaces what the servers hold.
    fn apply(&self, state: &State) -> impl Future<Output = Result<(), StageError>> + Send;

    /// Lets time pass until then: moves the clock, or waits for it.
    fn advance_to(&self, now: UnixTime) -> impl Future<Output = ()> + Send;

    /// Takes what reached the servers since the last call, in order.
    fn drain(&self) -> Vec<Seen>;

    /// Returns the requests for what the scenario does not declare, since the start, in order.
    fn unannounced(&self) -> Vec<Unannounced>;
}

/// A request for what the scenario does not declare.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Unannounced {
    /// A connection to where no server stands.
    Connection {
        /// The address; `None` if no DNS answer ever gave it.
        address: Option<IpAddr>,
        /// What was looked for there.
        port: Port,
    },
    /// A question about a name that has no entry.
    Question {
        /// The name.
        name: Box<str>,
        /// The type, as `MX`.
        record_type: Box<str>,
    },
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Port {
    /// 53: what a name server says.
    Dns,
    /// 443: a policy.
    Https,
    /// 25: mail.
    Smtp,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for Unannounced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, port) = match self {
            Self::Question { name, record_type } => {
                return write!(
                    f,
                    "`{record_type} {name}` was asked, which the scenario does not announce: declare the \
                     name, if only as one that does not exist: [names.\"{name}\"] with rcode = \"nxdomain\""
                );
            }
            Self::Connection { address, port } => (address, port),
        };
        let (what, whose, key) = match port {
            Port::Dns => ("port 53 of ", "name server", "nameservers"),
            Port::Https => ("port 443 of ", "policy host", "hosts"),
            Port::Smtp => ("port 25 of ", "server", "servers"),
            Port::Unknown => ("", "server", "servers"),
        };
        let (address, entry) = match address {
            Some(address) => (address.to_string(), address.to_string()),
            None => ("an address".into(), "…".into()),
        };
        write!(
            f,
            "a connection to {what}{address} was made, where no {whose} stands: declare it, if only as dead: \
             {key}.\"old.test\" = {{ addresses = [\"{entry}\"], fault = \"refused\" }}, or \"blackhole\""
        )
    }
}

/// Something that reached a server.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Seen {
    /// A request.
    Asked(Asked),
    /// A message that an MX host took.
    Received {
        /// The MX host.
        server: DnsName,
        /// Its address.
        address: IpAddr,
        /// The TLS version, as `TLSv1.3`; `None` in clear text.
        tls: Option<Box<str>>,
    },
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(asked) => asked.fmt(f),
            Self::Received {
                server,
                address,
                tls,
            } => write!(
                f,
                "message received by {server} [{address}] {}",
                tls.as_deref()
                    .map_or_else(|| "in clear text".to_owned(), version_in_words)
            ),
        }
    }
}

/// Why a scenario's state cannot be laid out.
#[derive(Debug, thiserror::Error)]
#[error("the {stage} cannot be set up: {detail}")]
pub struct StageError {
    /// `lab` or `model`.
    pub stage: &'static str,
    /// The cause chain.
    pub detail: Box<str>,
}
