//! Servers that answer with whatever facts a test says, those included that no fake server can make.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::dns::{Alias, DnsFailure, DnsOutcome, Question, RecordType};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind, HttpResponse};
use crate::facts::{DnsName, UnixTime};
use crate::model::certificate::Certificate;
use crate::model::script::Script;
use crate::model::servers::{Said, Servers};

/// Everything that the servers hold at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted {
    /// What the DNS says.
    pub(crate) names: Names,
    /// What it says through a resolver that sees something else, by the resolver's name.
    pub(crate) views: BTreeMap<Box<str>, Names>,
    /// The edges of policy hosts.
    pub(crate) edges: BTreeMap<IpAddr, Edge>,
    /// The MX hosts' addresses.
    pub(crate) receivers: BTreeMap<IpAddr, Script>,
}

/// What the DNS says, by name.
pub(crate) type Names = BTreeMap<DnsName, Name>;

/// What the DNS says about one name.
#[derive(Clone, Debug)]
pub(crate) enum Name {
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

impl Name {
    /// A name that fails every question the same way.
    pub(crate) const fn failing(failure: DnsFailure) -> Self {
        Self::Failed(DnsOutcome::Failed(failure))
    }
}

/// A policy host at one address.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// What goes wrong before a certificate is seen.
    pub(crate) fault: Option<HttpFailureKind>,
    /// What goes wrong after it was accepted.
    pub(crate) late_fault: Option<HttpFailureKind>,
    /// The certificate it presents.
    pub(crate) certificate: Certificate,
    /// What it answers, by the Host asked for.
    pub(crate) responses: BTreeMap<DnsName, HttpResponse>,
}

impl Servers for Scripted {
    fn say(&self, resolver: Option<&str>, question: &Question) -> Option<Said> {
        let view = resolver.and_then(|resolver| self.views.get(resolver));
        let said = match view.unwrap_or(&self.names).get(&question.name)? {
            Name::Alias(alias) => Said::Alias(alias.clone()),
            Name::Failed(outcome) => Said::Outcome(outcome.clone()),
            Name::Types {
                outcomes,
                otherwise,
            } => {
                let outcome = outcomes.get(&question.record_type);
                Said::Outcome(outcome.unwrap_or(otherwise).clone())
            }
        };
        Some(said)
    }

    fn say_at(&mut self, _address: IpAddr, _question: &Question) -> Option<Said> {
        None
    }

    fn get(&mut self, host: &DnsName, address: IpAddr, now: UnixTime) -> Option<HttpExchange> {
        let edge = self.edges.get(&address)?;
        let failure = |kind| HttpFailure {
            kind,
            detail: Box::default(),
        };
        if let Some(kind) = edge.fault {
            return Some(HttpExchange {
                address,
                certificate: None,
                outcome: Err(failure(kind)),
            });
        }
        let certificate = edge.certificate.present(host, now);
        let outcome = match (edge.late_fault, edge.responses.get(host)) {
            _ if !certificate.faults.is_empty() => {
                Err(failure(HttpFailureKind::CertificateRefused))
            }
            (Some(kind), _) => Err(failure(kind)),
            (None, Some(response)) => Ok(response.clone()),
            (None, None) => Err(failure(HttpFailureKind::Reset)),
        };
        Some(HttpExchange {
            address,
            certificate: Some(certificate),
            outcome,
        })
    }

    fn receive(&self, _host: &DnsName, address: IpAddr) -> Option<Script> {
        self.receivers.get(&address).cloned()
    }

    fn lives(&self) -> Vec<(UnixTime, UnixTime)> {
        let edges = self.edges.values().map(|edge| &edge.certificate);
        let receivers = self.receivers.values().map(|script| &script.certificate);
        edges
            .chain(receivers)
            .map(|certificate| (certificate.not_before, certificate.not_after))
            .collect()
    }
}
