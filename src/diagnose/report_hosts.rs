//! Who gets the reports that a TLSRPT record asks for, and whether a report can get there.
//!
//! "Report submitters MAY ignore certificate validation errors when submitting reports via https"
//! ([RFC 8460, Section 3]), so a server counts as there when it answers at all.
//!
//! [RFC 8460, Section 3]: https://www.rfc-editor.org/rfc/rfc8460#section-3

use futures_util::future::join_all;

use crate::facts::dns::DnsFailure;
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::{DnsName, Say, Sentence};
use crate::sender::candidates::{
    Exchangers, HostAddresses, ImplicitMx, MxUse, find_addresses, find_exchangers,
};
use crate::sender::{Families, Limits, Network, Trace};
use crate::tlsrpt::record::{Destination, Record, ReportUri};

/// The most addresses of one record that are looked at.
const MAX_LOOKED_AT: usize = 8;

/// An address for reports, and what was seen of whom it names.
#[derive(Clone, Debug)]
pub struct ReportHost {
    /// The address.
    pub uri: ReportUri,
    seen: Seen,
}

#[derive(Clone, Debug)]
enum Seen {
    Https {
        host: DnsName,
        addresses: HostAddresses,
        /// What the first address answered; `None` without an address, or where another port is named.
        exchange: Option<Box<HttpExchange>>,
    },
    Mail {
        domain: DnsName,
        exchangers: Exchangers,
        /// The addresses of the domain itself, where it has no MX record.
        addresses: Option<HostAddresses>,
    },
}

/// Why no report can get there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReportFault {
    /// The server does not answer.
    #[error("{host}: {failure}")]
    Https {
        /// The server.
        host: DnsName,
        /// What happened.
        failure: HttpFailure,
    },
    /// A lookup failed, as it does for everybody.
    #[error("{name}: {failure}")]
    Lookup {
        /// The name.
        name: DnsName,
        /// What happened.
        failure: DnsFailure,
    },
    /// The server has no address.
    #[error("{host} has no address")]
    NoAddress {
        /// The server.
        host: DnsName,
    },
    /// The domain does not exist.
    #[error("{domain} does not exist (NXDOMAIN)")]
    NoDomain {
        /// The domain.
        domain: DnsName,
    },
    /// The domain has neither an MX record nor an address.
    #[error("{domain} has no MX record and no address, so no mail gets there")]
    NoExchanger {
        /// The domain.
        domain: DnsName,
    },
    /// The domain declares that it takes no mail.
    #[error("{domain} declares with a null MX that it takes no mail")]
    NullMx {
        /// The domain.
        domain: DnsName,
    },
}

impl Say for ReportFault {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Https { host, failure } => {
                sentence.words(format_args!("{host}: ")).add(failure);
            }
            Self::Lookup { name, failure } => {
                sentence.words(format_args!("{name}: ")).add(failure);
            }
            Self::NoAddress { .. }
            | Self::NoDomain { .. }
            | Self::NoExchanger { .. }
            | Self::NullMx { .. } => {
                sentence.words(self);
            }
        }
    }
}

impl ReportHost {
    /// Returns why no report can get there; `None` if one can, or if only we could not see it.
    #[must_use]
    pub fn fault(&self) -> Option<ReportFault> {
        match &self.seen {
            Seen::Https {
                host,
                addresses,
                exchange,
            } => {
                let failure = exchange
                    .as_ref()
                    .and_then(|exchange| exchange.outcome.as_ref().err());
                let is_answer = |kind| kind == HttpFailureKind::CertificateRefused;
                match failure {
                    Some(failure) if !failure.kind.is_ours() && !is_answer(failure.kind) => {
                        Some(ReportFault::Https {
                            host: host.clone(),
                            failure: failure.clone(),
                        })
                    }
                    Some(_) => None,
                    None => no_address(host, addresses, |host| ReportFault::NoAddress { host }),
                }
            }
            Seen::Mail {
                domain,
                exchangers,
                addresses,
            } => match (exchangers, addresses) {
                (Exchangers::NullMx, _) => Some(ReportFault::NullMx {
                    domain: domain.clone(),
                }),
                (Exchangers::NoDomain, _) => Some(ReportFault::NoDomain {
                    domain: domain.clone(),
                }),
                (Exchangers::Unknown(failure), _) => lookup(domain, failure),
                (Exchangers::Candidates { .. }, Some(addresses)) => {
                    no_address(domain, addresses, |domain| ReportFault::NoExchanger {
                        domain,
                    })
                }
                (Exchangers::Candidates { .. }, None) => None,
            },
        }
    }
}

fn no_address(
    name: &DnsName,
    found: &HostAddresses,
    fault: impl FnOnce(DnsName) -> ReportFault,
) -> Option<ReportFault> {
    match &found.failure {
        _ if !found.addresses.is_empty() => None,
        Some(failure) => lookup(name, failure),
        None => Some(fault(name.clone())),
    }
}

fn lookup(name: &DnsName, failure: &DnsFailure) -> Option<ReportFault> {
    (!failure.kind.is_ours()).then(|| ReportFault::Lookup {
        name: name.clone(),
        failure: failure.clone(),
    })
}

/// Looks at those who get the reports, as far as they are known and not too many.
pub async fn look_at<N: Network>(network: &N, record: &Record, limits: Limits) -> Vec<ReportHost> {
    let mut seen: Vec<(&ReportUri, Destination)> = Vec::new();
    for uri in record.uris() {
        let Some(destination) = uri.destination() else {
            continue;
        };
        let is_known = seen.iter().any(|(_, earlier)| *earlier == destination);
        if !is_known && seen.len() < MAX_LOOKED_AT {
            seen.push((uri, destination));
        }
    }
    join_all(seen.into_iter().map(|(uri, destination)| async move {
        ReportHost {
            uri: uri.clone(),
            seen: match destination {
                Destination::Mail(domain) => mail(network, domain, limits).await,
                Destination::Https {
                    host,
                    is_usual_port,
                } => https(network, host, is_usual_port, limits).await,
            },
        }
    }))
    .await
}

async fn mail<N: Network>(network: &N, domain: DnsName, limits: Limits) -> Seen {
    // A smart host in brackets is where mail goes, not where reports do.
    let limits = Limits {
        mx: MxUse::LookedUp,
        ..limits
    };
    // Of an implicit MX its addresses count here, and those are the same under both of its names.
    let how = (limits, ImplicitMx::AliasEnd);
    let exchangers = find_exchangers(network, &domain, how, &mut Trace::default()).await;
    let addresses = match &exchangers {
        Exchangers::Candidates { implicit: true, .. } => {
            Some(find_addresses(network, &domain, limits.addresses, Families::Both).await)
        }
        Exchangers::Candidates { .. }
        | Exchangers::NullMx
        | Exchangers::NoDomain
        | Exchangers::Unknown(_) => None,
    };
    Seen::Mail {
        domain,
        exchangers,
        addresses,
    }
}

async fn https<N: Network>(
    network: &N,
    host: DnsName,
    is_usual_port: bool,
    limits: Limits,
) -> Seen {
    let addresses = find_addresses(network, &host, limits.addresses, Families::Both).await;
    // Any answer will do, and the policy is the one thing that a network asks for.
    let exchange = match addresses.addresses.first() {
        Some(address) if is_usual_port => Some(Box::new(network.get_policy(&host, *address).await)),
        Some(_) | None => None,
    };
    Seen::Https {
        host,
        addresses,
        exchange,
    }
}
