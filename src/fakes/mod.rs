//! The vocabulary of the fake Internet: what a resolver's view, a policy host's edge, an MX host's address, a
//! certificate and a fault *is*. Plain data and names, compared and swapped as a whole; no protocol.
//!
//! A fault is data wherever data can say it: a bad record is a [`RecordData::Txt`], a null MX the exchange
//! `.`, an edge that is behind a second [`Edge`] with the old body, a soft 404 a [`Response`] of status 200
//! with HTML, a certificate that is good for one address only two [`Receiver`]s with one name, one that needs
//! SNI an [`Identity`] with another default, RSA good and ECDSA bad an identity with two certificates, two
//! resolvers that disagree two [`View`]s, and what comes and goes two states, one after the other. Only what
//! a server does to the wire, or an authority to a certificate, has a name of its own.
//!
//! # Adding a fault
//!
//! 1. A line in the list that it belongs to, with its name: [`ListenerFault`], [`TlsFault`],
//!    [`DialogueFault`], [`CertificateFault`], [`RecordFault`] or [`Transfer`]. Scenarios can say it now.
//! 2. What is observed of it, where the compiler names `model`: `script` for SMTP, `hosted` for DNS and
//!    HTTPS, `certificate` for certificates.
//! 3. What is done on the wire, where the compiler names `world`; for a dialogue the compiler names the table
//!    in `tests/all/world/smtp.rs` instead, and that test fails until `world/smtp/dialogue.rs` does it.
//! 4. What clients see of it, in the table of `tests/all/world` that the compiler names.
//! 5. A row in `scenarios/README.md`; `tests/all/scenario_files` says which.
//!
//! `tests/all/replay/faults.rs` plays every name on both networks and fails where 2 and 3 differ.

mod certificate;
mod dns;
mod faults;
mod https;
mod lag;
pub(crate) mod names;
mod record;
mod smtp;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use certificate::{
    Certificate, CertificateFault, ChainPart, Identity, KeyKind, Life, TlsVersions,
    UNKNOWN_EXTENSION,
};
pub use dns::{Answer, DEFAULT_TTL, DnsFault, Name, NameServer, Rcode, RecordFault, View, closest};
pub use faults::{AlertFault, DialogueFault, HttpsFault, ListenerFault, SmtpFault, TlsFault};
pub use https::{Edge, Page, Response, Transfer};
pub use lag::Lag;
pub use names::{Named, UnknownName};
pub use record::{RecordData, RecordKind};
pub use smtp::Receiver;

/// Everything that the fake Internet serves at one moment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Internet {
    /// What resolvers say that have no view of their own.
    pub dns: View,
    /// Resolvers that see something else, by a name of their own; what they do not declare is as in `dns`.
    pub views: BTreeMap<Box<str>, View>,
    /// The servers of zones, by the address that the DNS gives for them (port 53).
    pub name_servers: BTreeMap<IpAddr, NameServer>,
    /// The edges of policy hosts, by the address that the DNS gives for them (port 443).
    pub https: BTreeMap<IpAddr, Edge>,
    /// The SMTP receivers, by the address that the DNS gives for them (port 25).
    pub smtp: BTreeMap<IpAddr, Receiver>,
}
