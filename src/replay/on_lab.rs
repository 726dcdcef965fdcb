//! A scenario's state in the words of the fake Internet, and the live network on top of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::on_model::tlsa_record;
use super::stage::{Client, Port, Seen, Stage, StageError, Unannounced};
use crate::clock::Clock;
use crate::facts::dns::{Question, Record, RecordType};
use crate::facts::{DnsName, UnixTime};
use crate::net::routes::{Route, RouteFrom, Routes};
use crate::net::{Deadlines, HeloName, Live, LiveConfig, ResolverConfig};
use crate::scenario::state::{self, Answer, DnsFault, Types, ZoneName, Zones};
use crate::scenario::{Asked, RecordFault, SmtpFault, State, Transfer};
use crate::sts::certificate::Roots;
use crate::world::{
    self, CertificateSpec, Edge, Framing, Identity, Life, NameState, Pace, Page, Receiver,
    RecordData, RecordKind, Request, Site, View, World, WorldState,
};

/// How long the observer's `check` waits for each step.
const OBSERVER_DEADLINE: Duration = Duration::from_secs(2);

/// The pause before the last line of a greeting that is late, yet in time: postscreen's 6 s in small.
const LATE: Duration = Duration::from_millis(100);

/// A pause that outlasts every deadline of a scenario.
const SLOW: Duration = Duration::from_secs(600);

/// The fake Internet, and a live network for each client.
#[derive(Debug)]
pub struct LabStage {
    world: World,
    clock: Clock,
    roots: Roots,
    clients: BTreeMap<Box<str>, Reach>,
    /// One network a resolver, whose DNS cache its clients share; the observer's has no name.
    resolvers: Mutex<BTreeMap<Option<Box<str>>, Live>>,
    /// What each address is called, for connections that end before they name a host.
    edges: Mutex<BTreeMap<IpAddr, Vec<DnsName>>>,
}

/// How one sender reaches the lab.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The resolver that it asks.
    pub resolver: Box<str>,
    /// How long it waits.
    pub deadlines: state::Deadlines,
}

impl LabStage {
    /// Starts the fake Internet with a scenario's first state.
    ///
    /// # Errors
    ///
    /// When the state cannot be served, or a port cannot be had.
    pub async fn start(
        start: UnixTime,
        state: &State,
        clients: BTreeMap<Box<str>, Reach>,
    ) -> Result<Self, StageError> {
        let world = World::start(translate(state), start)
            .await
            .map_err(failed)?;
        let ca: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(world.ca_pem().as_bytes())
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let roots = Roots::none().with(&ca).map_err(failed)?;
        let stage = Self {
            world,
            clock: Clock::manual(start),
            roots,
            clients,
            resolvers: Mutex::default(),
            edges: Mutex::default(),
        };
        stage.note_edges(state);
        Ok(stage)
    }

    /// Returns the fake Internet.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Ends every server.
    ///
    /// # Errors
    ///
    /// When a server ended badly.
    pub async fn shutdown(self) -> Result<(), StageError> {
        self.world.shutdown().await.map_err(failed)
    }

    fn note_edges(&self, state: &State) {
        let mut names: BTreeMap<IpAddr, Vec<DnsName>> = BTreeMap::new();
        for host in &state.policy_hosts {
            for edge in &host.edges {
                names.insert(edge.address, edge.responses.keys().cloned().collect());
            }
        }
        *self.edges.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Returns the routes into the lab; the last one catches all else, since nothing that a scenario makes
    /// may leave the machine.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        let declared =
            self.world.routes().into_iter().map(|route| {
                Route::for_address(SocketAddr::new(route.address, route.port), route.to)
            });
        let elsewhere = Route {
            from: RouteFrom::Any,
            port: None,
            to: self.world.elsewhere(),
        };
        declared.chain([elsewhere]).collect()
    }

    /// The hosts that an address may have been asked for, if that is certain.
    fn edge_name(&self, address: IpAddr) -> Option<DnsName> {
        let edges = self.edges.lock().unwrap_or_else(PoisonError::into_inner);
        match edges.get(&address).map(Vec::as_slice) {
            Some([only]) => Some(only.clone()),
            Some(_) | None => None,
        }
    }

    fn seen(&self, request: Request) -> Option<Seen> {
        let get = |host: Option<DnsName>, address| {
            Some(Seen::Asked(Asked::Get {
                host: host?,
                address: Some(address),
            }))
        };
        match request {
            Request::Question {
                name, record_type, ..
            } => Some(Seen::Asked(Asked::Dns(Question::new(
                name.parse().ok()?,
                record_kind(&record_type)?,
            )))),
            Request::HttpsConnect { address } => get(self.edge_name(address), address),
            Request::HttpsHandshake { address, sni } => get(sni?.parse().ok(), address),
            Request::Get { address, host, .. } => get(host.parse().ok(), address),
            Request::SmtpConnect { server, address } => Some(Seen::Asked(Asked::Smtp {
                host: server.parse().ok()?,
                address: Some(address),
            })),
            Request::SmtpReceived {
                server,
                address,
                tls,
                ..
            } => Some(Seen::Received {
                server: server.parse().ok()?,
                address,
                tls: tls.map(Into::into),
            }),
            // What SMTP says inside a connection that is already noted.
            Request::SmtpHandshake { .. } | Request::StrayConnect => None,
        }
    }
}

impl Stage for LabStage {
    type Network = Live;

    fn network(&self, client: Client<'_>) -> Live {
        let (resolver, of_sender) = match client {
            Client::Observer => (None, None),
            Client::Sender(name) => match self.clients.get(name) {
                Some(known) => (Some(&*known.resolver), Some(known.deadlines)),
                None => (Some(name), None),
            },
        };
        let address = resolver
            .and_then(|resolver| self.world.view_address(resolver))
            .unwrap_or_else(|| self.world.dns_address());
        let live = Live::new(LiveConfig {
            resolver: ResolverConfig::Addresses(vec![address]),
            routes: Routes::new(self.routes()),
            deadlines: deadlines(of_sender),
            helo: HeloName::Literal(IpAddr::from([192, 0, 2, 1])),
            ..LiveConfig::new(self.clock.clone(), self.roots.clone())
        })
        .expect("the one resolver is given");
        let mut resolvers = self
            .resolvers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = resolvers
            .entry(resolver.map(Into::into))
            .or_insert_with(|| live.clone());
        live.sharing_dns_of(first)
    }

    async fn apply(&self, state: &State) -> Result<(), StageError> {
        self.note_edges(state);
        self.world.apply(translate(state)).await.map_err(failed)
    }

    fn advance_to(&self, now: UnixTime) {
        self.clock.advance_to(now);
    }

    fn drain(&self) -> Vec<Seen> {
        self.world
            .drain_history()
            .into_iter()
            .filter_map(|request| self.seen(request))
            .collect()
    }

    fn unannounced(&self) -> Vec<Unannounced> {
        let connection = |address, port| Unannounced::Connection { address, port };
        self.world
            .unannounced()
            .into_iter()
            .map(|request| match request {
                Request::Question {
                    name, record_type, ..
                } => Unannounced::Question {
                    name: name.into(),
                    record_type: record_type.into(),
                },
                Request::HttpsConnect { address }
                | Request::HttpsHandshake { address, .. }
                | Request::Get { address, .. } => connection(Some(address), Port::Https),
                Request::SmtpConnect { address, .. }
                | Request::SmtpHandshake { address, .. }
                | Request::SmtpReceived { address, .. } => connection(Some(address), Port::Smtp),
                Request::StrayConnect => connection(None, Port::Unknown),
            })
            .collect()
    }
}

fn failed(error: impl std::error::Error) -> StageError {
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        detail.push_str(&format!(": {error}"));
        cause = error.source();
    }
    StageError {
        stage: "lab",
        detail: detail.into(),
    }
}

fn deadlines(of_sender: Option<state::Deadlines>) -> Deadlines {
    match of_sender {
        None => Deadlines::with_step(OBSERVER_DEADLINE),
        Some(waits) => Deadlines {
            // A dead address must leave time for the next one.
            connect: waits.smtp.min(waits.fetch / 2),
            dns_try: waits.dns,
            dns_lookup: waits.dns,
            fetch: waits.fetch,
            ..Deadlines::with_step(waits.smtp)
        },
    }
}

fn record_kind(name: &str) -> Option<RecordType> {
    [
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Mx,
        RecordType::Tlsa,
        RecordType::Txt,
    ]
    .into_iter()
    .find(|kind| kind.to_string() == name)
}

/// Lays a scenario's state out for the fake Internet.
#[must_use]
pub fn translate(state: &State) -> WorldState {
    let mut https = BTreeMap::new();
    for host in &state.policy_hosts {
        for edge in &host.edges {
            https.insert(edge.address, policy_edge(edge));
        }
    }
    let mut smtp = BTreeMap::new();
    for server in &state.servers {
        for address in &server.addresses {
            smtp.insert(
                address.address,
                Receiver {
                    identity: identity(&address.certificate),
                    versions: versions(address.tls),
                    fault: address.fault.map(same_name),
                    pace: match address.fault {
                        Some(SmtpFault::GreetingMultiline) => LATE,
                        Some(_) | None => SLOW,
                    },
                    ..Receiver::new(server.name.as_str())
                },
            );
        }
    }
    WorldState {
        dns: view(&state.zones),
        views: state
            .resolvers
            .iter()
            .map(|resolver| {
                (
                    resolver.name.to_string(),
                    View {
                        fault: resolver.fault.map(dns_fault),
                        ..view(&resolver.zones)
                    },
                )
            })
            .collect(),
        https,
        smtp,
    }
}

/// The scenario and the fake Internet spell their faults alike; a test holds them to it.
fn same_name<A: Copy + ToString, B: std::str::FromStr>(name: A) -> B
where
    B::Err: std::fmt::Debug,
{
    name.to_string()
        .parse()
        .expect("both rooms have the same names, as a test checks")
}

fn view(zones: &Zones) -> View {
    View {
        names: zones
            .iter()
            .map(|(name, zone)| (name.to_string(), name_state(zone)))
            .collect(),
        ..View::default()
    }
}

fn name_state(zone: &ZoneName) -> NameState {
    let negative_ttl_secs = Some(secs(state::DEFAULT_TTL));
    match zone {
        ZoneName::Alias { target, ttl } => NameState::new([(
            RecordKind::Cname,
            world::Answer {
                records: vec![RecordData::Cname(target.to_string())],
                ttl_secs: secs(*ttl),
                fault: None,
            },
        )]),
        ZoneName::Failed(fault) => NameState {
            negative_ttl_secs: match fault {
                DnsFault::NxDomain { ttl } => Some(secs(*ttl)),
                DnsFault::ServFail | DnsFault::Refused | DnsFault::Silence => negative_ttl_secs,
            },
            ..NameState::faulty(dns_fault(*fault))
        },
        ZoneName::Types(types) => NameState {
            negative_ttl_secs,
            ..NameState::new(answers(types))
        },
    }
}

fn answers(types: &Types) -> Vec<(RecordKind, world::Answer)> {
    let address = |address: &IpAddr| {
        Some(match address {
            IpAddr::V4(address) => RecordData::A(*address),
            IpAddr::V6(address) => RecordData::Aaaa(*address),
        })
    };
    let mut answers = Vec::new();
    if let Some(a) = &types.a {
        answers.push((RecordKind::A, answer(a, address)));
    }
    if let Some(aaaa) = &types.aaaa {
        answers.push((RecordKind::Aaaa, answer(aaaa, address)));
    }
    if let Some(mx) = &types.mx {
        let record = |mx: &crate::facts::dns::MxRecord| {
            Some(RecordData::mx(mx.preference, mx.exchange.to_string()))
        };
        answers.push((RecordKind::Mx, answer(mx, record)));
    }
    if let Some(txt) = &types.txt {
        let record = |strings: &Vec<Box<[u8]>>| {
            Some(RecordData::Txt(
                strings.iter().map(|string| string.to_vec()).collect(),
            ))
        };
        answers.push((RecordKind::Txt, answer(txt, record)));
    }
    if let Some(tlsa) = &types.tlsa {
        let served = answer(tlsa, |text| tlsa_record(text).and_then(tlsa_data));
        answers.push((RecordKind::Tlsa, served));
    }
    answers
}

fn tlsa_data(record: Record) -> Option<RecordData> {
    match record {
        Record::Tlsa(tlsa) => Some(RecordData::Tlsa {
            usage: tlsa.usage,
            selector: tlsa.selector,
            matching: tlsa.matching,
            data: tlsa.data.into_vec(),
        }),
        Record::A(_) | Record::Aaaa(_) | Record::Mx(_) | Record::Txt(_) => None,
    }
}

fn answer<T>(answer: &Answer<T>, record: impl Fn(&T) -> Option<RecordData>) -> world::Answer {
    match answer {
        Answer::Records {
            records,
            ttl,
            fault,
        } => world::Answer {
            records: records.iter().filter_map(record).collect(),
            ttl_secs: secs(*ttl),
            fault: fault.map(same_name::<RecordFault, world::DnsFault>),
        },
        Answer::NoData { ttl } => world::Answer {
            records: Vec::new(),
            ttl_secs: secs(*ttl),
            fault: Some(world::DnsFault::Nodata),
        },
        Answer::Failed(fault) => world::Answer {
            records: Vec::new(),
            ttl_secs: match fault {
                DnsFault::NxDomain { ttl } => secs(*ttl),
                DnsFault::ServFail | DnsFault::Refused | DnsFault::Silence => 0,
            },
            fault: Some(dns_fault(*fault)),
        },
    }
}

const fn dns_fault(fault: DnsFault) -> world::DnsFault {
    match fault {
        DnsFault::NxDomain { .. } => world::DnsFault::Nxdomain,
        DnsFault::ServFail => world::DnsFault::Servfail,
        DnsFault::Refused => world::DnsFault::Refused,
        DnsFault::Silence => world::DnsFault::Timeout,
    }
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
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

fn versions(versions: crate::scenario::TlsVersions) -> world::TlsVersions {
    match versions {
        crate::scenario::TlsVersions::Both => world::TlsVersions::Both,
        crate::scenario::TlsVersions::Tls12 => world::TlsVersions::Tls12,
        crate::scenario::TlsVersions::Tls13 => world::TlsVersions::Tls13,
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

/// Every sender's way into the lab.
#[must_use]
pub fn clients(state: &State) -> BTreeMap<Box<str>, Reach> {
    state
        .senders
        .iter()
        .map(|sender| {
            (
                sender.name.clone(),
                Reach {
                    resolver: sender.resolver.clone(),
                    deadlines: sender.deadlines,
                },
            )
        })
        .collect()
}
