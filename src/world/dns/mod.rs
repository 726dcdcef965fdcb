//! The resolvers and name servers: they answer as a recursive resolver does, or as a server of zones, from what
//! the scenario declares.

mod table;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name, RecordType};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

pub(super) use self::table::Table;
use self::table::{Delivery, Resolution, Role, Validation};
use super::error::WorldError;
use super::history::{self, History, Transport};

/// How long an idle TCP connection is kept.
const TCP_IDLE: Duration = Duration::from_secs(10);

/// Answers that wait to be written to one TCP connection.
const TCP_QUEUE: usize = 64;

/// The EDNS option of an extended error (RFC 8914, Section 2).
const EXTENDED_ERROR: u16 = 15;

/// How often a UDP port is tried whose TCP port turns out to be taken.
const BIND_ATTEMPTS: usize = 64;

/// A resolver, or a name server, on a port of its own, over UDP and TCP.
pub(super) struct Resolver {
    address: SocketAddr,
    table: Arc<RwLock<Arc<Table>>>,
    server: Server<Handler>,
}

impl Resolver {
    /// Starts a resolver; `view` is its name in the history.
    pub(super) async fn start(
        view: Option<Box<str>>,
        at: SocketAddr,
        table: Table,
        history: Arc<History>,
    ) -> Result<Self, WorldError> {
        let failed = |source| WorldError::Bind { at, source };
        let (udp, tcp) = bind(at).await.map_err(failed)?;
        let address = udp.local_addr().map_err(failed)?;
        let table = Arc::new(RwLock::new(Arc::new(table)));
        let mut server = Server::new(Handler {
            view,
            table: Arc::clone(&table),
            history,
        });
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE, TCP_QUEUE);
        Ok(Self {
            address,
            table,
            server,
        })
    }

    /// Returns the address, for UDP and TCP.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the resolver says.
    pub(super) fn set(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// Stops the resolver and frees its port.
    pub(super) async fn stop(mut self) -> Result<(), WorldError> {
        self.server
            .shutdown_gracefully()
            .await
            .map_err(|error| WorldError::Stop(error.to_string().into()))
    }
}

/// Binds one port of both kinds; port 0 is one that is free for both.
async fn bind(at: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let attempts = if at.port() == 0 { BIND_ATTEMPTS } else { 1 };
    let mut attempt = 1;
    loop {
        let udp = UdpSocket::bind(at).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse || attempt == attempts => {
                return Err(error);
            }
            Err(_taken) => attempt += 1,
        }
    }
}

/// A question, and how it came.
struct Asked<'q> {
    name: &'q Name,
    record_type: RecordType,
    validation: Validation,
    transport: Transport,
}

/// Answers the questions of one resolver.
struct Handler {
    view: Option<Box<str>>,
    table: Arc<RwLock<Arc<Table>>>,
    history: Arc<History>,
}

impl Handler {
    /// Looks a question up and records it.
    ///
    /// That for the name servers of the root is no scenario's affair: it shows whether the resolver works. Nor
    /// are those of a name that nobody declared: they show where a zone begins.
    fn resolve(&self, table: &Table, asked: &Asked<'_>) -> Resolution {
        let Asked {
            name,
            record_type,
            validation,
            transport,
        } = *asked;
        if name.is_root() && record_type == RecordType::NS {
            return table.resolve_root();
        }
        let (resolution, undeclared) = table.resolve(name, record_type, validation);
        let name = wire::text(name);
        let question = |name| history::Request::Question {
            view: self.view.as_deref().map(str::to_owned),
            name,
            record_type: record_type.to_string(),
            transport,
        };
        if record_type == RecordType::NS {
            self.history.record(question(name));
        } else if undeclared.contains(&name) {
            self.history.record_unannounced(question(name));
        } else {
            self.history.record(question(name));
            for target in undeclared {
                self.history.mark_unannounced(question(target));
            }
        }
        resolution
    }
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut responder: R,
    ) -> ResponseInfo {
        let table = Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        let table = table.now();
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = table.role() == Role::Resolver;
        metadata.authoritative = table.role() == Role::Authority;
        let silent = ResponseInfo::from(Header {
            metadata,
            counts: HeaderCounts::default(),
        });
        let transport = match request.protocol() {
            Protocol::Udp => Transport::Udp,
            _ => Transport::Tcp,
        };
        let resolution = match request.request_info() {
            Ok(info)
                if request.metadata.op_code == OpCode::Query
                    && info.query.query_class() == DNSClass::IN =>
            {
                let name = info.query.original().name();
                let validation = if request.metadata.checking_disabled {
                    Validation::Off
                } else {
                    Validation::On
                };
                let asked = Asked {
                    name,
                    record_type: info.query.query_type(),
                    validation,
                    transport,
                };
                self.resolve(table, &asked)
            }
            Ok(_other) => Resolution::negative(ResponseCode::NotImp, Vec::new(), None),
            Err(_no_question) => Resolution::negative(ResponseCode::FormErr, Vec::new(), None),
        };
        metadata.response_code = resolution.code;
        let cut = match resolution.delivery {
            Delivery::Whole => false,
            Delivery::Never => return silent,
            Delivery::CutOverUdp => transport == Transport::Udp,
            Delivery::Cut => true,
        };
        metadata.truncation = cut;
        let records = if cut { &[] } else { &resolution.records[..] };
        let additional = table.additional(records);
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().max(512))
                .set_dnssec_ok(asked.flags().dnssec_ok);
            if let Some(code) = resolution.extended_error {
                let option = EdnsOption::Unknown(EXTENDED_ERROR, code.to_be_bytes().to_vec());
                edns.options_mut().insert(option);
            }
            edns
        });
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, records, [], &resolution.soa, &additional);
        match responder.send_response(response).await {
            Ok(sent) => sent,
            Err(error) => {
                tracing::debug!(%error, "a DNS answer could not be sent");
                silent
            }
        }
    }
}
