//! Asks resolvers, over hickory's UDP and TCP streams, and follows CNAMEs itself.
//!
//! Below hickory's `Resolver` and its `NameServerPool`: the first clamps TTLs, knows a hosts file, a search
//! list and special names, and hides loops; the second turns each reply without records into an error that
//! has lost its flags. Here a reply is read as it came, with the true TTLs and AD.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_proto::rr::{self, DNSClass, Name, RData};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use tokio::time::{Instant, timeout, timeout_at};

use crate::dns_cache::follow;
use crate::facts::DnsName;
use crate::facts::dns::{
    Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, Record, RecordType,
    ServFail,
};

use super::causes::{self, SocketFault};
use super::dns_wire::{
    add_addresses, extended_errors, from_wire, present, to_ttl, to_wire, to_wire_type,
};
use super::limits::Sockets;
use super::log;

/// Asks the resolvers it was given.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) try_deadline: Duration,
    pub(super) lookup_deadline: Duration,
    /// How long a question waits for a connection over TCP.
    pub(super) queue_deadline: Duration,
    pub(super) sockets: Sockets,
}

/// How far a question has got: a name, and the CNAMEs that led to it.
#[derive(Clone, Debug)]
pub(super) struct Chase {
    pub(super) name: DnsName,
    pub(super) aliases: Vec<Alias>,
    pub(super) authenticated: bool,
}

/// What one reply says about one name.
enum Step {
    Answer(DnsOutcome),
    /// CNAMEs were followed to a name that the reply says nothing about.
    AskAgain,
}

impl Resolver {
    /// Returns whom it asks.
    pub(super) fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// Answers `question`, from where `chase` stands.
    pub(super) async fn resolve(&self, question: &Question, mut chase: Chase) -> DnsAnswer {
        let deadline = Instant::now() + self.lookup_deadline;
        // Each round adds a CNAME or ends, and `follow` ends the chain at 16.
        let outcome = loop {
            let reply = match self.ask(&chase.name, question.record_type, deadline).await {
                Ok(reply) => reply,
                Err(failure) => {
                    chase.authenticated = false;
                    break DnsOutcome::Failed(failure);
                }
            };
            chase.authenticated &= reply.authentic_data;
            match read(&reply, question, &mut chase) {
                Ok(Step::Answer(outcome)) => break outcome,
                Ok(Step::AskAgain) => {}
                Err(failure) => break DnsOutcome::Failed(failure),
            }
        };
        DnsAnswer {
            aliases: chase.aliases,
            outcome,
            authenticated: chase.authenticated,
        }
    }

    /// Asks a server of a zone what it says itself; once more if it was silent, for a datagram may be lost.
    pub(super) async fn ask_server(&self, server: SocketAddr, question: &Question) -> DnsAnswer {
        let mut chase = Chase {
            name: question.name.clone(),
            aliases: Vec::new(),
            authenticated: false,
        };
        let outcome = match self.ask_authority(server, question).await {
            Ok(reply) => match read(&reply, question, &mut chase) {
                Ok(Step::Answer(outcome)) => outcome,
                // Where its aliases lead is not in its zone, or not its affair.
                Ok(Step::AskAgain) => DnsOutcome::NoData { ttl: None },
                Err(failure) => DnsOutcome::Failed(failure),
            },
            Err(failure) => DnsOutcome::Failed(failure),
        };
        DnsAnswer {
            aliases: chase.aliases,
            outcome,
            authenticated: false,
        }
    }

    async fn ask_authority(
        &self,
        server: SocketAddr,
        question: &Question,
    ) -> Result<DnsResponse, DnsFailure> {
        let query = Query::query(to_wire(&question.name)?, to_wire_type(question.record_type));
        let deadline = Instant::now() + self.lookup_deadline;
        let ask = async || {
            timeout_at(deadline, self.exchange(server, &query, Mode::Authority))
                .await
                .unwrap_or_else(|_elapsed| Err(timed_out(server, self.lookup_deadline)))
        };
        let reply = match ask().await {
            Err(failure) if failure.kind == DnsFailureKind::TimedOut => ask().await,
            reply => reply,
        }?;
        if reply.authoritative {
            Ok(reply)
        } else {
            Err(DnsFailure {
                kind: DnsFailureKind::NotAuthoritative,
                detail: format!("{server} did not set AA").into(),
            })
        }
    }

    /// Asks a question, and after SERVFAIL what there is to know of that.
    async fn ask(
        &self,
        name: &DnsName,
        record_type: RecordType,
        deadline: Instant,
    ) -> Result<DnsResponse, DnsFailure> {
        let query = Query::query(to_wire(name)?, to_wire_type(record_type));
        let reply = self.ask_each(&query, Mode::Validated, deadline).await;
        match reply {
            Err(DnsFailure {
                kind: DnsFailureKind::ServFail(said),
                detail,
            }) => Box::pin(self.ask_again(&query, said, detail)).await,
            Ok(_) | Err(_) => reply,
        }
    }

    /// Asks once more after SERVFAIL, without validation and then with it, and for the name servers of the root: it
    /// may have passed, lie in the signatures, or in the resolver.
    async fn ask_again(
        &self,
        query: &Query,
        said: ServFail,
        detail: Box<str>,
    ) -> Result<DnsResponse, DnsFailure> {
        // Each with a deadline of its own: one that is slow to fail is no reason to know less of the next.
        let deadline = || Instant::now() + self.lookup_deadline;
        let unchecked = self.ask_each(query, Mode::Unchecked, deadline()).await;
        let again = match self.ask_each(query, Mode::Validated, deadline()).await {
            Err(DnsFailure {
                kind: DnsFailureKind::ServFail(again),
                ..
            }) => again,
            // No answer is not the last one.
            Err(failure) if is_silence(failure.kind) => ServFail::PLAIN,
            last => return last,
        };
        let root = Query::query(Name::root(), rr::RecordType::NS);
        let root = self.ask_each(&root, Mode::Validated, deadline()).await;
        Err(DnsFailure {
            kind: DnsFailureKind::ServFail(ServFail {
                extended: said.extended.and(again.extended),
                answers_unchecked: unchecked.is_ok(),
                root_fails: root.is_err(),
            }),
            detail,
        })
    }

    /// Asks one resolver after the other, until one answers with NOERROR or NXDOMAIN.
    async fn ask_each(
        &self,
        query: &Query,
        mode: Mode,
        deadline: Instant,
    ) -> Result<DnsResponse, DnsFailure> {
        let mut worst: Option<DnsFailure> = None;
        for server in &self.servers {
            let failure = match timeout_at(deadline, self.exchange(*server, query, mode)).await {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(failure)) => failure,
                Err(_elapsed) => timed_out(*server, self.lookup_deadline),
            };
            log::no_answer(*server, query.name(), &failure);
            // An answer, even a bad one, says more than silence.
            let says_more = worst
                .as_ref()
                .is_none_or(|worst| is_silence(worst.kind) && !is_silence(failure.kind));
            if says_more {
                worst = Some(failure);
            }
        }
        Err(worst.unwrap_or_else(|| DnsFailure {
            kind: DnsFailureKind::Unreachable,
            detail: "no resolver is configured".into(),
        }))
    }

    /// Asks one resolver, once more without EDNS if it does not know what that is.
    async fn exchange(
        &self,
        server: SocketAddr,
        query: &Query,
        mode: Mode,
    ) -> Result<DnsResponse, DnsFailure> {
        let request = |extensions| to_request(query.clone(), extensions, mode);
        let reply = self
            .exchange_with(server, request(Extensions::Edns))
            .await?;
        let reply = match reply.response_code {
            // RFC 6891, Section 7: FORMERR from who does not implement EDNS; older ones say NOTIMP.
            ResponseCode::FormErr | ResponseCode::NotImp => {
                self.exchange_with(server, request(Extensions::None))
                    .await?
            }
            _ => reply,
        };
        let rcode = match reply.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => return Ok(reply),
            rcode => rcode,
        };
        Err(DnsFailure {
            kind: match rcode {
                ResponseCode::ServFail => DnsFailureKind::ServFail(ServFail {
                    extended: extended_errors(&reply),
                    ..ServFail::PLAIN
                }),
                rcode => DnsFailureKind::Rcode(rcode.into()),
            },
            detail: format!("said {server}").into(),
        })
    }

    /// Asks one resolver over UDP, and over TCP if the reply was cut.
    async fn exchange_with(
        &self,
        server: SocketAddr,
        request: DnsRequest,
    ) -> Result<DnsResponse, DnsFailure> {
        let mut udp = UdpClientStream::builder(server, TokioRuntimeProvider::new())
            .with_timeout(Some(self.try_deadline))
            .build();
        match udp.send_message(request.clone()).first_answer().await {
            Ok(reply) if reply.truncation => self.exchange_tcp(server, request).await,
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.failure(server, &error)),
        }
    }

    async fn exchange_tcp(
        &self,
        server: SocketAddr,
        request: DnsRequest,
    ) -> Result<DnsResponse, DnsFailure> {
        let _socket = timeout(self.queue_deadline, self.sockets.acquire())
            .await
            .map_err(|_elapsed| DnsFailure {
                kind: DnsFailureKind::NoSocket,
                detail: format!("{:?} were waited for one over TCP", self.queue_deadline).into(),
            })?;
        let exchange = async {
            // The connection's task ends with the provider, so it has to outlive the answer.
            let provider = TokioRuntimeProvider::new();
            let exchange =
                TcpClientStream::exchange(server, None, self.try_deadline, None, provider.clone())
                    .await?;
            let reply = exchange.send(request).first_answer().await;
            drop(provider);
            reply
        };
        let reply = timeout(self.try_deadline, exchange)
            .await
            .map_err(|_elapsed| timed_out(server, self.try_deadline))?
            .map_err(|error| {
                let failure = self.failure(server, &error);
                DnsFailure {
                    detail: format!("too long for UDP, and over TCP {}", failure.detail).into(),
                    ..failure
                }
            })?;
        if reply.truncation {
            return Err(DnsFailure {
                kind: DnsFailureKind::Truncated,
                detail: format!("from {server}").into(),
            });
        }
        Ok(reply)
    }

    /// Says what kept a resolver's answer from us, none of which is the domain's doing.
    fn failure(&self, server: SocketAddr, error: &NetError) -> DnsFailure {
        let kind = match error {
            NetError::Timeout => return timed_out(server, self.try_deadline),
            NetError::Io(error) => match SocketFault::of(error) {
                SocketFault::TimedOut => return timed_out(server, self.try_deadline),
                SocketFault::Exhausted => DnsFailureKind::NoSocket,
                SocketFault::Closed
                | SocketFault::Local
                | SocketFault::Refused
                | SocketFault::Reset => DnsFailureKind::Unreachable,
            },
            NetError::Busy | NetError::NoConnections => DnsFailureKind::Unreachable,
            _ => DnsFailureKind::Unreadable,
        };
        DnsFailure {
            kind,
            detail: format!("{server}: {}", causes::describe(error)).into(),
        }
    }
}

/// What a question carries besides itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Extensions {
    /// EDNS with DO set.
    Edns,
    None,
}

/// What a server is asked to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// To recurse, and to validate if it can.
    Validated,
    /// To recurse, and not to validate: CD set (RFC 4035, Section 3.2.2).
    Unchecked,
    /// To say what it has itself: RD not set.
    Authority,
}

fn to_request(query: Query, extensions: Extensions, mode: Mode) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.use_edns = extensions == Extensions::Edns;
    // Without DO a resolver need not say whether it validated (RFC 4035, Section 3.2.3).
    options.edns_set_dnssec_ok = options.use_edns;
    options.recursion_desired = mode != Mode::Authority;
    let mut request = DnsRequest::from_query(query, options);
    request.metadata.checking_disabled = mode == Mode::Unchecked;
    request
}

fn timed_out(server: SocketAddr, waited: Duration) -> DnsFailure {
    DnsFailure {
        kind: DnsFailureKind::TimedOut,
        detail: format!("{server} was silent for {waited:?}").into(),
    }
}

const fn is_silence(kind: DnsFailureKind) -> bool {
    matches!(
        kind,
        DnsFailureKind::NoSocket | DnsFailureKind::TimedOut | DnsFailureKind::Unreachable
    )
}

/// Reads what a NOERROR or NXDOMAIN reply says, following the CNAMEs in it.
fn read(reply: &DnsResponse, question: &Question, chase: &mut Chase) -> Result<Step, DnsFailure> {
    let mut owner = to_wire(&chase.name)?;
    let mut followed = false;
    let wire_type = to_wire_type(question.record_type);
    loop {
        let own = || {
            reply
                .answers
                .iter()
                .filter(|record| record.name == owner && record.dns_class == DNSClass::IN)
        };
        let mut records: Vec<Record> = own()
            .filter(|record| record.record_type() == wire_type)
            .filter_map(|record| from_wire(&record.data))
            .collect();
        if !records.is_empty() {
            let of_addresses = add_addresses(&mut records, reply);
            let ttl = own()
                .filter(|record| record.record_type() == wire_type)
                .map(|record| to_ttl(record.ttl))
                .chain(of_addresses)
                .min()
                .unwrap_or_default();
            return Ok(Step::Answer(DnsOutcome::Records { records, ttl }));
        }
        let Some((target, ttl)) = own().find_map(|record| match &record.data {
            RData::CNAME(target) => Some((&target.0, record.ttl)),
            _ => None,
        }) else {
            break;
        };
        let text = present(target);
        let next: DnsName = text.parse().map_err(|error| DnsFailure {
            kind: DnsFailureKind::Malformed,
            detail: format!("a CNAME points to `{text}`: {error}").into(),
        })?;
        let alias = Alias {
            owner: chase.name.clone(),
            target: next.clone(),
            ttl: to_ttl(ttl),
        };
        follow(&question.name, &mut chase.aliases, alias)?;
        owner = target.clone();
        chase.name = next;
        followed = true;
    }
    let ttl = reply.negative_ttl().map(to_ttl);
    // RFC 6604: an RCODE is about the last name of the chain.
    if reply.response_code == ResponseCode::NXDomain {
        return Ok(Step::Answer(DnsOutcome::NxDomain { ttl }));
    }
    // A resolver that follows CNAMEs says by the SOA that the last name has no such record; a server that
    // does not follow them says nothing, and is asked for the name itself.
    if followed && ttl.is_none() {
        return Ok(Step::AskAgain);
    }
    if ttl.is_none() && is_referral(reply) {
        return Err(DnsFailure {
            kind: DnsFailureKind::Referral,
            detail: format!("asked for {} {}", question.record_type, chase.name).into(),
        });
    }
    Ok(Step::Answer(DnsOutcome::NoData { ttl }))
}

/// Returns whether an empty reply without SOA points elsewhere, or comes from who does not recurse (RFC 2308,
/// Section 2.2: a referral looks like NODATA but for the records it has).
fn is_referral(reply: &DnsResponse) -> bool {
    !reply.recursion_available
        || reply
            .authorities
            .iter()
            .any(|record| record.record_type() == rr::RecordType::NS)
}
