//! Policy hosts and MX hosts in the words of the fake Internet: what they answer, and what they suffer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::same_name;
use crate::facts::DnsName;
use crate::scenario::state::{self, ServerAddress};
use crate::scenario::{self, SmtpFault, State, Transfer};
use crate::world::{
    self, CertificateSpec, Edge, Framing, Identity, Life, Pace, Page, Receiver, Site,
};

/// The pause before the last line of a greeting that is late, yet in time: postscreen's 6 s in small.
const LATE: Duration = Duration::from_millis(100);

/// A pause that outlasts every deadline of a scenario.
const SLOW: Duration = Duration::from_secs(600);

/// Returns the edges of every policy host, by address.
pub(super) fn edges(state: &State) -> BTreeMap<IpAddr, Edge> {
    state
        .policy_hosts
        .iter()
        .flat_map(|host| &host.edges)
        .map(|edge| (edge.address, policy_edge(edge)))
        .collect()
}

/// Returns the MX hosts at each of their addresses.
pub(super) fn receivers(state: &State) -> BTreeMap<IpAddr, Receiver> {
    state
        .servers
        .iter()
        .flat_map(|server| {
            server
                .addresses
                .iter()
                .map(|address| (address.address, receiver(&server.name, address)))
        })
        .collect()
}

fn policy_edge(edge: &state::Edge) -> Edge {
    Edge {
        identity: identity(&edge.certificate),
        versions: versions(edge.tls),
        fault: edge.fault.map(same_name),
        sites: edge
            .responses
            .iter()
            .map(|(host, response)| {
                let page = Page::Response(http_response(response));
                (host.to_string(), Site::policy(page))
            })
            .collect(),
    }
}

fn http_response(response: &state::Response) -> world::Response {
    let mut served = world::Response::new(response.status, response.reason.to_string());
    if let Some(media_type) = &response.content_type {
        served = served.with_header("Content-Type", media_type.as_bytes());
    }
    for (name, value) in &response.headers {
        served = served.with_header(name, value.as_bytes());
    }
    served = served.with_body(response.body.to_vec());
    let half = response.body.len() / 2;
    match response.transfer {
        Transfer::Plain => {}
        Transfer::Chunked => served.framing = Framing::Chunked(16),
        Transfer::Close => served.framing = Framing::Close,
        Transfer::Gzip => served = served.gzipped(),
        Transfer::Slow => {
            served.pace = Pace::Slow {
                octets: 1,
                pause: SLOW,
            };
        }
        Transfer::Stall => served.pace = Pace::StallAfter(half),
        Transfer::Cut => served.pace = Pace::CutAfter(half),
    }
    served
}

fn versions(versions: scenario::TlsVersions) -> world::TlsVersions {
    match versions {
        scenario::TlsVersions::Both => world::TlsVersions::Both,
        scenario::TlsVersions::Tls12 => world::TlsVersions::Tls12,
        scenario::TlsVersions::Tls13 => world::TlsVersions::Tls13,
    }
}

fn identity(certificate: &state::Certificate) -> Identity {
    let spec = CertificateSpec {
        names: certificate.names.iter().map(ToString::to_string).collect(),
        ip_names: Vec::new(),
        key: same_name(certificate.key),
        life: Some(Life {
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        }),
        fault: certificate.fault.map(same_name),
    };
    if !certificate.sni_only {
        return Identity::of(spec);
    }
    let by_name = certificate
        .names
        .iter()
        .map(|name| (name.to_string(), vec![spec.clone()]))
        .collect();
    Identity {
        by_name,
        default: vec![CertificateSpec::new(["default.test"])],
    }
}

fn receiver(host: &DnsName, address: &ServerAddress) -> Receiver {
    Receiver {
        identity: identity(&address.certificate),
        versions: versions(address.tls),
        fault: address.fault.map(same_name),
        pace: match address.fault {
            Some(SmtpFault::GreetingMultiline) => LATE,
            Some(_) | None => SLOW,
        },
        ..Receiver::new(host.as_str())
    }
}
