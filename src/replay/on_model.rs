//! A scenario's state in the model's words.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::model_receiver::receiver;
use super::stage::{Client, Port, Seen, Stage, StageError, Unannounced};
use crate::facts::UnixTime;
use crate::facts::certificate::CertificateFault as Fault;
use crate::facts::dns::{
    Alias, DnsFailure, DnsFailureKind, DnsOutcome, Record, RecordType, TlsaRecord, TxtRecord,
};
use crate::facts::http::{BodyEnd, HttpFailureKind, HttpResponse};
use crate::model::state::{Certificate, Edge, ModelState, Name, Names};
use crate::model::{Model, ModelNetwork, ModelRequest, Stray};
use crate::net::DEFAULT_MAX_POLICY_BYTES;
use crate::scenario::state::{self, Answer, DEFAULT_TTL, DnsFault, Types, ZoneName, Zones};
use crate::scenario::{Asked, CertificateFault, HttpsFault, RecordFault, State, Transfer};

/// The model, with the resolver of each client.
#[derive(Clone, Debug)]
pub struct ModelStage {
    model: Arc<Model>,
    clock: crate::clock::Clock,
    resolvers: BTreeMap<Box<str>, Box<str>>,
}

impl ModelStage {
    /// Makes a model whose clock stands at `start`; `clients` name the resolver that each client asks.
    #[must_use]
    pub fn new(start: UnixTime, clients: BTreeMap<Box<str>, Box<str>>) -> Self {
        let clock = crate::clock::Clock::manual(start);
        Self {
            model: Arc::new(Model::new(clock.clone())),
            clock,
            resolvers: clients,
        }
    }

    /// Copies servers and caches, with a clock of the copy's own.
    #[must_use]
    pub fn copy_at(&self, now: UnixTime) -> Self {
        let clock = crate::clock::Clock::manual(now);
        Self {
            model: Arc::new(self.model.copy_with(clock.clone())),
            clock,
            resolvers: self.resolvers.clone(),
        }
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Returns the moments after now at which an answer in a client's resolver runs out.
    #[must_use]
    pub fn cache_ends(&self) -> Vec<UnixTime> {
        self.model.cache_ends(self.clock.now())
    }

    /// Returns the moments after now at which a certificate's life begins, and the first after one ends.
    #[must_use]
    pub fn life_ends(&self) -> Vec<UnixTime> {
        let now = self.clock.now();
        self.model
            .certificates()
            .into_iter()
            // A certificate is valid up to the last second of its life.
            .flat_map(|(begins, ends)| [begins, ends.saturating_add(Duration::from_secs(1))])
            .filter(|moment| *moment > now)
            .collect()
    }
}

impl Stage for ModelStage {
    type Network = ModelNetwork;

    fn network(&self, client: Client<'_>) -> ModelNetwork {
        match client {
            Client::Observer => self.model.through_its_own(),
            Client::Sender(name) => {
                let resolver = self.resolvers.get(name).map_or(name, |resolver| resolver);
                self.model.through(resolver)
            }
        }
    }

    async fn apply(&self, state: &State) -> Result<(), StageError> {
        self.model.apply(translate(state));
        Ok(())
    }

    fn advance_to(&self, now: UnixTime) {
        self.clock.advance_to(now);
    }

    fn drain(&self) -> Vec<Seen> {
        self.model
            .drain_requests()
            .into_iter()
            .map(|request| match request {
                ModelRequest::Dns(question) => Seen::Asked(Asked::Dns(question)),
                ModelRequest::Get { host, address } => Seen::Asked(Asked::Get {
                    host,
                    address: Some(address),
                }),
                ModelRequest::Connect { host, address } => Seen::Asked(Asked::Smtp {
                    host,
                    address: Some(address),
                }),
                ModelRequest::Received { host, address, tls } => Seen::Received {
                    server: host,
                    address,
                    tls,
                },
            })
            .collect()
    }

    fn unannounced(&self) -> Vec<Unannounced> {
        let connection = |address, port| Unannounced::Connection {
            address: Some(address),
            port,
        };
        self.model
            .unannounced()
            .into_iter()
            .map(|request| match request {
                Stray::Question(question) => Unannounced::Question {
                    name: question.name.as_str().into(),
                    record_type: question.record_type.to_string().into(),
                },
                Stray::Https(address) => connection(address, Port::Https),
                Stray::Smtp(address) => connection(address, Port::Smtp),
            })
            .collect()
    }
}

fn translate(state: &State) -> ModelState {
    let mut edges = BTreeMap::new();
    for host in &state.policy_hosts {
        for edge in &host.edges {
            edges.insert(edge.address, policy_edge(edge));
        }
    }
    let mut receivers = BTreeMap::new();
    for server in &state.servers {
        for address in &server.addresses {
            receivers.insert(address.address, receiver(&server.name, address));
        }
    }
    ModelState {
        names: names(&state.zones),
        views: state
            .resolvers
            .iter()
            .map(|resolver| {
                let seen = match resolver.fault {
                    None => names(&resolver.zones),
                    Some(fault) => resolver
                        .zones
                        .keys()
                        .map(|name| (name.clone(), Name::Failed(failed(fault))))
                        .collect(),
                };
                (resolver.name.clone(), seen)
            })
            .collect(),
        edges,
        receivers,
    }
}

fn names(zones: &Zones) -> Names {
    zones
        .iter()
        .map(|(owner, zone)| {
            let name = match zone {
                ZoneName::Alias { target, ttl } => Name::Alias(Alias {
                    owner: owner.clone(),
                    target: target.clone(),
                    ttl: *ttl,
                }),
                ZoneName::Failed(fault) => Name::Failed(failed(*fault)),
                ZoneName::Types(types) => Name::Types {
                    outcomes: outcomes(types),
                    otherwise: DnsOutcome::NoData {
                        ttl: Some(DEFAULT_TTL),
                    },
                },
            };
            (owner.clone(), name)
        })
        .collect()
}

fn outcomes(types: &Types) -> BTreeMap<RecordType, DnsOutcome> {
    let address = |address: &IpAddr| {
        Some(match address {
            IpAddr::V4(address) => Record::A(*address),
            IpAddr::V6(address) => Record::Aaaa(*address),
        })
    };
    [
        (RecordType::A, types.a.as_ref().map(|a| answer(a, address))),
        (
            RecordType::Aaaa,
            types.aaaa.as_ref().map(|aaaa| answer(aaaa, address)),
        ),
        (
            RecordType::Mx,
            types
                .mx
                .as_ref()
                .map(|mx| answer(mx, |mx| Some(Record::Mx(mx.clone())))),
        ),
        (
            RecordType::Txt,
            types.txt.as_ref().map(|txt| {
                answer(txt, |strings| {
                    Some(Record::Txt(TxtRecord {
                        strings: strings.clone(),
                    }))
                })
            }),
        ),
        (
            RecordType::Tlsa,
            types
                .tlsa
                .as_ref()
                .map(|tlsa| answer(tlsa, |text| tlsa_record(text))),
        ),
    ]
    .into_iter()
    .filter_map(|(kind, outcome)| Some((kind, outcome?)))
    .collect()
}

fn answer<T>(answer: &Answer<T>, record: impl Fn(&T) -> Option<Record>) -> DnsOutcome {
    match answer {
        Answer::Records {
            fault: Some(RecordFault::TruncatedOnTcp),
            ..
        } => broken(DnsFailureKind::Truncated),
        // Records that do not answer the question leave no answer.
        Answer::Records {
            fault: Some(RecordFault::WrongOwner | RecordFault::WrongType),
            ..
        } => DnsOutcome::NoData { ttl: None },
        Answer::Records {
            records,
            ttl,
            fault: None | Some(RecordFault::Truncated | RecordFault::ExtraRecords),
        } => DnsOutcome::Records {
            records: records.iter().filter_map(record).collect(),
            ttl: *ttl,
        },
        Answer::NoData { ttl } => DnsOutcome::NoData { ttl: Some(*ttl) },
        Answer::Failed(fault) => failed(*fault),
    }
}

fn failed(fault: DnsFault) -> DnsOutcome {
    match fault {
        DnsFault::NxDomain { ttl } => DnsOutcome::NxDomain { ttl: Some(ttl) },
        DnsFault::ServFail => broken(DnsFailureKind::ServFail),
        DnsFault::Refused => broken(DnsFailureKind::Rcode(5)),
        DnsFault::Silence => broken(DnsFailureKind::TimedOut),
    }
}

fn broken(kind: DnsFailureKind) -> DnsOutcome {
    DnsOutcome::Failed(DnsFailure {
        kind,
        detail: Box::default(),
    })
}

/// Reads `3 1 1 0a0b…`.
pub(super) fn tlsa_record(text: &str) -> Option<Record> {
    let mut fields = text.split_ascii_whitespace();
    let mut number = || fields.next()?.parse::<u8>().ok();
    let (usage, selector, matching) = (number()?, number()?, number()?);
    let hex: String = fields.collect();
    let data = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    Some(Record::Tlsa(TlsaRecord {
        usage,
        selector,
        matching,
        data: data.into(),
    }))
}

fn policy_edge(edge: &state::Edge) -> Edge {
    Edge {
        fault: edge.fault.map(https_failure),
        late_fault: None,
        certificate: certificate(&edge.certificate),
        responses: edge
            .responses
            .iter()
            .map(|(host, response)| (host.clone(), http_response(response)))
            .collect(),
    }
}

const fn https_failure(fault: HttpsFault) -> HttpFailureKind {
    match fault {
        HttpsFault::Refused => HttpFailureKind::Refused,
        HttpsFault::Blackhole => HttpFailureKind::ConnectTimedOut,
        HttpsFault::Silence | HttpsFault::HandshakeSilence => HttpFailureKind::TimedOut,
        HttpsFault::Reset | HttpsFault::HandshakeReset | HttpsFault::HandshakeClose => {
            HttpFailureKind::Reset
        }
        HttpsFault::Tls10Only | HttpsFault::Tls11Only | HttpsFault::AlertProtocolVersion => {
            HttpFailureKind::OldTls
        }
        HttpsFault::AlertHandshakeFailure => HttpFailureKind::HandshakeFailed,
        HttpsFault::NotTls => HttpFailureKind::Malformed,
    }
}

fn http_response(response: &state::Response) -> HttpResponse {
    let limit = usize::try_from(DEFAULT_MAX_POLICY_BYTES).unwrap_or(usize::MAX);
    let half = response.body.len() / 2;
    let header = |name: &str| {
        response
            .headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_bytes().into())
            .collect::<Vec<Box<[u8]>>>()
    };
    let mut content_types: Vec<Box<[u8]>> = response
        .content_type
        .iter()
        .map(|value| value.as_bytes().into())
        .collect();
    content_types.extend(header("content-type"));
    let (kept, body_end) = match response.transfer {
        _ if response.body.len() > limit => (
            limit,
            BodyEnd::TooLarge {
                limit_bytes: DEFAULT_MAX_POLICY_BYTES,
            },
        ),
        Transfer::Plain | Transfer::Chunked | Transfer::Close | Transfer::Gzip => {
            (response.body.len(), BodyEnd::Complete)
        }
        Transfer::Slow | Transfer::Stall => (half, BodyEnd::TimedOut),
        Transfer::Cut => (
            half,
            BodyEnd::Interrupted {
                detail: "cut".into(),
            },
        ),
    };
    let mut body: Vec<u8> = response.body.iter().copied().take(kept).collect();
    if response.transfer == Transfer::Gzip {
        // The magic number is enough: nobody asked for gzip, so nobody unpacks it.
        body.splice(..0, [0x1f, 0x8b, 8, 0]);
    }
    HttpResponse {
        status: response.status,
        content_types,
        location: header("location").into_iter().next(),
        body: body.into(),
        body_end,
    }
}

/// A certificate with the faults that a verifier would find in it.
pub(super) fn certificate(certificate: &state::Certificate) -> Certificate {
    let renamed = |to: &dyn Fn(&str) -> String| -> Vec<Box<str>> {
        certificate
            .names
            .iter()
            .map(|name| to(name).into())
            .collect()
    };
    let parent = |name: &str| {
        name.split_once('.')
            .map_or_else(|| name.to_owned(), |(_, rest)| rest.to_owned())
    };
    let names = match certificate.fault {
        Some(CertificateFault::WrongName) => vec!["wrong-name.test".into()],
        Some(CertificateFault::CnOnly | CertificateFault::IpSanOnly) => Vec::new(),
        Some(CertificateFault::ApexCertOnly) => renamed(&parent),
        Some(CertificateFault::Wildcard) => renamed(&|name| format!("*.{}", parent(name))),
        Some(CertificateFault::WildcardTwoLevels) => {
            renamed(&|name| format!("*.{}", parent(&parent(name))))
        }
        Some(CertificateFault::PartialWildcard) => renamed(&|name| {
            let first: String = name.chars().take(1).collect();
            format!("{first}*.{}", parent(name))
        }),
        Some(_) | None => certificate.names.clone(),
    };
    let chain_faults = match certificate.fault {
        Some(CertificateFault::SelfSigned | CertificateFault::SelfSignedCa) => {
            vec![Fault::SelfSigned]
        }
        Some(CertificateFault::UntrustedRoot | CertificateFault::MissingIntermediate) => {
            vec![Fault::UnknownIssuer]
        }
        Some(CertificateFault::ExpiredIntermediate) => vec![Fault::IssuerExpired],
        Some(CertificateFault::WrongEku) => vec![Fault::WrongPurpose],
        Some(CertificateFault::NameConstraints) => vec![Fault::BadChain {
            detail: "name constraints".into(),
        }],
        Some(CertificateFault::Garbled) => vec![Fault::Unreadable {
            detail: "cut short".into(),
        }],
        Some(
            CertificateFault::Expired
            | CertificateFault::NotYetValid
            | CertificateFault::WrongName
            | CertificateFault::CnOnly
            | CertificateFault::ApexCertOnly
            | CertificateFault::Wildcard
            | CertificateFault::WildcardTwoLevels
            | CertificateFault::PartialWildcard
            | CertificateFault::IpSanOnly,
        )
        | None => Vec::new(),
    };
    Certificate {
        names,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        chain_faults,
    }
}
