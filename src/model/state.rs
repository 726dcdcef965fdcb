//! What the model's DNS, policy hosts and MX hosts hold: templates of the facts that a sender gets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::dns::{Alias, DnsFailure, DnsOutcome, RecordType};
use crate::facts::http::{HttpFailureKind, HttpResponse};
use crate::facts::smtp::{Reply, SmtpFailureKind, TlsFailureKind};
use crate::facts::{DnsName, UnixTime};

/// Everything that the model's servers hold at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ModelState {
    /// What the DNS says; a question about a name that is not here is noted as unannounced.
    pub names: Names,
    /// What it says through a resolver that sees something else, by the resolver's name.
    pub views: BTreeMap<Box<str>, Names>,
    /// The edges of policy hosts.
    pub edges: BTreeMap<IpAddr, Edge>,
    /// The MX hosts' addresses.
    pub receivers: BTreeMap<IpAddr, Receiver>,
}

/// What the DNS says, by name.
pub type Names = BTreeMap<DnsName, Name>;

/// What the DNS says about one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Name {
    /// Every question gets the CNAME.
    Alias(Alias),
    /// Every question gets the same failure, or NXDOMAIN.
    Failed(DnsOutcome),
    /// The name exists.
    Types {
        /// The outcome of each type that has one.
        outcomes: BTreeMap<RecordType, DnsOutcome>,
        /// The outcome of every other type.
        otherwise: DnsOutcome,
    },
}

/// A policy host at one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edge {
    /// What goes wrong before a certificate is seen.
    pub fault: Option<HttpFailureKind>,
    /// What goes wrong after it was accepted.
    pub late_fault: Option<HttpFailureKind>,
    /// The certificate it presents.
    pub certificate: Certificate,
    /// What it answers, by the Host asked for.
    pub responses: BTreeMap<DnsName, HttpResponse>,
}

/// An MX host at one address: what it says at each step, if the session gets there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receiver {
    /// The name of the MX host that this address belongs to.
    pub host: DnsName,
    /// What goes wrong with the connection.
    pub connect: Option<SmtpFailureKind>,
    /// The greeting.
    pub greeting: Result<Reply, SmtpFailureKind>,
    /// The answer to EHLO, before and after TLS; the latter without STARTTLS.
    pub ehlo: Result<Reply, SmtpFailureKind>,
    /// The answer to HELO, which a sender says where EHLO is not known.
    pub helo: Result<Reply, SmtpFailureKind>,
    /// The answer to STARTTLS.
    pub starttls: Result<Reply, SmtpFailureKind>,
    /// Octets that follow the answer to STARTTLS before the handshake.
    pub injected: Option<Box<[u8]>>,
    /// What goes wrong with the handshake before a certificate is seen.
    pub handshake: Option<TlsFailureKind>,
    /// The TLS version.
    pub tls_version: Box<str>,
    /// The certificate it presents.
    pub certificate: Certificate,
    /// The answer to RCPT the first time that a sender names a recipient, if it differs.
    pub greylist: Option<Reply>,
    /// The answer to RCPT.
    pub rcpt: Reply,
    /// The answer to the end of the message.
    pub end_of_data: Reply,
}

/// A certificate, as much of it as a verifier looks at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// Its DNS names: whole names, or `*.` before one.
    pub names: Vec<Box<str>>,
    /// From when it is valid.
    pub not_before: UnixTime,
    /// Until when it is valid.
    pub not_after: UnixTime,
    /// What is wrong with it besides its names and its dates.
    pub chain_faults: Vec<CertificateFault>,
}

impl Certificate {
    /// Shows the certificate to a sender that asks for `host` at `now`.
    #[must_use]
    pub fn present(&self, host: &DnsName, now: UnixTime) -> PeerCertificate {
        let mut faults = Vec::new();
        if now > self.not_after {
            faults.push(CertificateFault::Expired {
                not_after: self.not_after,
            });
        }
        if now < self.not_before {
            faults.push(CertificateFault::NotYetValid {
                not_before: self.not_before,
            });
        }
        faults.extend(self.chain_faults.iter().cloned());
        if !self.names.iter().any(|name| is_for(name, host)) {
            faults.push(CertificateFault::NameMismatch {
                expected: host.as_str().into(),
                presented: self.names.clone(),
            });
        }
        PeerCertificate {
            chain: Vec::new(),
            subject_alt_names: self.names.clone(),
            issuer: "CN=model".into(),
            not_before: self.not_before,
            not_after: self.not_after,
            faults,
        }
    }
}

/// Written apart from the sender's own rule, so that the two can disagree.
fn is_for(name: &str, host: &DnsName) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host
            .split_first_label()
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host.as_str()),
    }
}

impl Name {
    /// A name that fails every question the same way.
    #[must_use]
    pub const fn failing(failure: DnsFailure) -> Self {
        Self::Failed(DnsOutcome::Failed(failure))
    }
}
