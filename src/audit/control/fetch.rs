//! Controls that fetch wrongly.

use std::net::IpAddr;

use super::{Control, Mutant};
use crate::facts::DnsName;
use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::dns::{Question, RecordType};
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::fakes::{Page, Response};
use crate::sender::Network;

/// The status of a policy.
const OK: u16 = 200;

/// A policy that lists nobody.
const LISTS_NOBODY: &str = "version: STSv1\nmode: enforce\nmx: nobody.test\nmax_age: 604800\n";

/// A policy that ends all policies.
const NONE: &str = "version: STSv1\nmode: none\nmax_age: 604800\n";

impl<N: Network> Mutant<N> {
    /// Fetches a policy, and lies about how that went.
    pub(super) async fn fetch(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        if self.is(Control::AsksTheParent)
            && let Some(parents) = parents(host)
        {
            return self
                .fetch_from(&parents)
                .await
                .unwrap_or_else(|| policy(address, NONE));
        }
        if self.is(Control::PolicyHostNoSni) {
            // A name that nobody has stands for none.
            return match "no-sni.test".parse() {
                Ok(nobody) => HttpExchange {
                    certificate: None,
                    ..self.inner.get_policy(&nobody, address).await
                },
                Err(_never) => self.inner.get_policy(host, address).await,
            };
        }
        let exchange = self.inner.get_policy(host, address).await;
        let faults = exchange.certificate.as_ref().map(|seen| &seen.faults[..]);
        let is_refused_for = |is_overlooked: fn(&CertificateFault) -> bool| {
            exchange.outcome.is_err()
                && faults
                    .is_some_and(|faults| !faults.is_empty() && faults.iter().all(is_overlooked))
        };
        let is_fetched = matches!(&exchange.outcome, Ok(response) if response.status == OK);
        match self.control {
            Control::PolicyHostExpired if is_refused_for(about_time) => self.served(host, exchange),
            Control::PolicyHostAnyName if is_refused_for(about_names) => {
                self.served(host, exchange)
            }
            Control::PolicyHostAnyIssuer if is_refused_for(about_issuers) => {
                self.served(host, exchange)
            }
            Control::PolicyHostNoWildcard if has_wildcard(&exchange) => failed(exchange),
            Control::AnyStatus => match exchange.outcome {
                Ok(response) => answered(
                    exchange.address,
                    HttpResponse {
                        status: OK,
                        ..response
                    },
                ),
                Err(_) => exchange,
            },
            Control::FollowsRedirects => self.follow(exchange).await,
            Control::AnyMediaType => match exchange.outcome {
                Ok(response) => answered(
                    exchange.address,
                    HttpResponse {
                        content_types: vec![(*b"text/plain").into()],
                        ..response
                    },
                ),
                Err(_) => exchange,
            },
            Control::WaitsForThePolicy if !is_fetched => policy(address, LISTS_NOBODY),
            Control::ForgetsAfterFailedFetch if !is_readable(&exchange) => policy(address, NONE),
            Control::ForgetsWithoutRecord if self.lacks_record(host).await => policy(address, NONE),
            Control::CachesHttp => {
                let mut memory = self.memory();
                let first = memory.pages.entry(host.clone()).or_insert(exchange);
                first.clone()
            }
            _other_facts => exchange,
        }
    }

    /// Returns what is served behind a certificate that the network refuses.
    fn served(&self, host: &DnsName, exchange: HttpExchange) -> HttpExchange {
        let edge = self.internet.https.get(&exchange.address);
        match edge.and_then(|edge| edge.pages.get(host.as_str())) {
            Some(Page::Response(response)) => answered(exchange.address, as_seen(response)),
            Some(Page::Raw(_)) | None => exchange,
        }
    }

    async fn follow(&self, exchange: HttpExchange) -> HttpExchange {
        let location = match &exchange.outcome {
            Ok(response) if (300..400).contains(&response.status) => response.location.as_deref(),
            Ok(_) | Err(_) => None,
        };
        let host = location
            .and_then(|location| std::str::from_utf8(location).ok())
            .and_then(|location| location.strip_prefix("https://")?.split('/').next())
            .and_then(|host| host.parse().ok());
        match host {
            Some(host) => self.fetch_from(&host).await.unwrap_or(exchange),
            None => exchange,
        }
    }

    async fn fetch_from(&self, host: &DnsName) -> Option<HttpExchange> {
        let question = Question::new(host.clone(), RecordType::A);
        let address = self.inner.lookup(&question).await.addresses().next()?;
        Some(self.inner.get_policy(host, address).await)
    }

    /// Returns whether the domain of a policy host has no usable record now.
    async fn lacks_record(&self, host: &DnsName) -> bool {
        let Some(name) = super::domain_of(host).and_then(|domain| domain.prefixed("_mta-sts").ok())
        else {
            return false;
        };
        let question = Question::new(name, RecordType::Txt);
        let answer = self.inner.lookup(&question).await;
        let is_usable = |text: Vec<u8>| text.starts_with(b"v=STSv1;");
        answer
            .texts()
            .filter(|record| is_usable(record.joined()))
            .count()
            != 1
    }
}

/// Returns the name of the same service of the parent of a domain.
pub(super) fn parents(name: &DnsName) -> Option<DnsName> {
    let (service, domain) = name.split_first_label()?;
    let (_, parent) = domain.split_once('.')?;
    // Above a domain of the audit there is nobody.
    let parent: DnsName = parent.contains('.').then(|| parent.parse().ok())??;
    parent.prefixed(service).ok()
}

/// Overlooks that a certificate's time is over, or has not come.
pub(super) const fn about_time(fault: &CertificateFault) -> bool {
    matches!(
        fault,
        CertificateFault::Expired { .. } | CertificateFault::NotYetValid { .. }
    )
}

/// Overlooks that a certificate is not for this host.
pub(super) const fn about_names(fault: &CertificateFault) -> bool {
    matches!(fault, CertificateFault::NameMismatch { .. })
}

/// Overlooks that nobody known issued a certificate.
pub(super) const fn about_issuers(fault: &CertificateFault) -> bool {
    matches!(
        fault,
        CertificateFault::SelfSigned
            | CertificateFault::UnknownIssuer { .. }
            | CertificateFault::IssuerNotSent { .. }
    )
}

fn has_wildcard(exchange: &HttpExchange) -> bool {
    exchange
        .certificate
        .iter()
        .flat_map(|seen| seen.dns_names())
        .any(|name| name.starts_with('*'))
}

fn is_readable(exchange: &HttpExchange) -> bool {
    exchange
        .outcome
        .as_ref()
        .is_ok_and(|response| response.status == OK && response.body.starts_with(b"version: STSv1"))
}

fn failed(exchange: HttpExchange) -> HttpExchange {
    HttpExchange {
        outcome: Err(HttpFailure {
            kind: HttpFailureKind::Malformed,
            detail: Box::default(),
        }),
        ..exchange
    }
}

/// Returns a policy of one's own making.
fn policy(address: IpAddr, body: &str) -> HttpExchange {
    answered(address, as_seen(&Response::ok(body)))
}

fn answered(address: IpAddr, response: HttpResponse) -> HttpExchange {
    HttpExchange {
        address,
        certificate: Some(PeerCertificate::default()),
        outcome: Ok(response),
    }
}

fn as_seen(response: &Response) -> HttpResponse {
    HttpResponse {
        status: response.status,
        content_types: response.header("Content-Type").map(Into::into).collect(),
        location: None,
        headers: Headers::default(),
        body: response.body.to_vec().into(),
        body_end: BodyEnd::Complete,
    }
}
