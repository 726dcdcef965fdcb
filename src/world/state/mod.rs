//! What the fake Internet serves: plain data, compared and swapped as a whole.
//!
//! A fault is data wherever data can say it: a bad record is a [`RecordData::Txt`], a null MX the exchange
//! `.`, an edge that is behind a second [`Edge`] with the old body, a soft 404 a [`Response`] of status 200
//! with HTML, a certificate that is good for one address only two [`Receiver`]s with one name, one that needs
//! SNI an [`Identity`] with another default, RSA good and ECDSA bad an identity with two certificates, two
//! resolvers that disagree two [`View`]s, and what comes and goes two states, one after the other. Only what
//! a server does to the wire has a name of its own, in [`fault`](super::fault).

mod certificate;
mod dns;
mod https;
mod smtp;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use certificate::{CertificateFault, CertificateSpec, Identity, KeyKind, Life, TlsVersions};
pub use dns::{Answer, NameState, RecordData, RecordKind, View};
pub use https::{Edge, Framing, Pace, Page, Response, Site};
pub use smtp::Receiver;

/// Everything that a [`World`](super::World) serves at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WorldState {
    /// What the resolver at [`World::dns_address`](super::World::dns_address) says.
    pub dns: View,
    /// Resolvers that see something else, by a name of their own; what they do not declare is as in `dns`.
    pub views: BTreeMap<String, View>,
    /// The edges of policy hosts, by the address that the DNS gives for them (port 443).
    pub https: BTreeMap<IpAddr, Edge>,
    /// The SMTP receivers, by the address that the DNS gives for them (port 25).
    pub smtp: BTreeMap<IpAddr, Receiver>,
}
