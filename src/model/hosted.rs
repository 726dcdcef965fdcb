//! The fake Internet in facts: what is observed of each thing that it serves, and of each fault.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::certificate::Certificate;
use super::script::{LARGE_HELLO_REFUSED, NO_CERTIFICATE, Script, received};
use super::servers::{Said, Servers};
use crate::facts::dns::{
    Alias, DnsFailure, DnsFailureKind, DnsOutcome, Exchange, ExtendedErrors, MxRecord, NsRecord,
    Question, Record, RecordType, ServFail, TlsaRecord, TxtRecord,
};
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::facts::{DnsName, UnixTime};
use crate::fakes::{
    Answer, DnsFault, HttpsFault, Internet, ListenerFault, Name, Page, Rcode, RecordData,
    RecordFault, RecordKind, Response, TlsFault, Transfer, closest,
};
use crate::sts::fetch::DEFAULT_MAX_POLICY_BYTES;

/// The fake Internet, in a story that starts at `start`.
#[derive(Clone, Debug, Default)]
pub struct Hosted {
    /// What is served.
    pub internet: Arc<Internet>,
    /// From when the lives of certificates are counted.
    pub start: UnixTime,
    /// How many requests each server has answered that lags.
    answered: BTreeMap<IpAddr, u32>,
}

impl Hosted {
    /// Hosts an Internet, of which no server has answered anything yet.
    #[must_use]
    pub const fn new(internet: Arc<Internet>, start: UnixTime) -> Self {
        Self {
            internet,
            start,
            answered: BTreeMap::new(),
        }
    }
}

/// Counts a request, and returns how many came before it.
fn count(answered: &mut BTreeMap<IpAddr, u32>, address: IpAddr) -> u32 {
    let count = answered.entry(address).or_default();
    *count = count.saturating_add(1);
    *count - 1
}

impl Servers for Hosted {
    fn say(&self, resolver: Option<&str>, question: &Question) -> Option<Said> {
        let own = resolver.and_then(|resolver| self.internet.views.get(resolver));
        let find = |name: &str| {
            closest(name, |name| {
                let own = own.and_then(|own| own.names.get(name));
                own.or_else(|| self.internet.dns.names.get(name))
            })
        };
        let name = find(question.name.as_str())?;
        let view = own.unwrap_or(&self.internet.dns);
        let mut said = say(name, view.fault, question, Validation::On);
        if view.sends_addresses
            && let Said::Outcome(DnsOutcome::Records { records, ttl }) = &mut said
        {
            for record in records {
                if let Record::Ns(server) = record
                    && let Some(name) = find(server.host.as_str())
                {
                    *ttl = (*ttl).min(add_addresses(server, name));
                }
            }
        }
        Some(said)
    }

    fn say_at(&mut self, address: IpAddr, question: &Question) -> Option<Said> {
        let server = self.internet.name_servers.get(&address)?;
        if server.lame {
            return Some(Said::Outcome(failed(DnsFailureKind::NotAuthoritative)));
        }
        let lag = server.lag.as_ref();
        let still = lag.and_then(|lag| lag.still(count(&mut self.answered, address)));
        let says = still.unwrap_or(&server.says);
        let name = closest(question.name.as_str(), |name| {
            let own = says.names.get(name);
            own.or_else(|| self.internet.dns.names.get(name))
        });
        let Some(name) = name else {
            return Some(Said::Outcome(DnsOutcome::NxDomain { ttl: None }));
        };
        let mut said = say(name, says.fault, question, Validation::Off);
        if let Said::Outcome(DnsOutcome::Failed(failure)) = &mut said
            && let DnsFailureKind::ServFail(servfail) = &mut failure.kind
        {
            // It is asked once, and for nothing else.
            *servfail = ServFail {
                extended: servfail.extended,
                ..ServFail::PLAIN
            };
        }
        Some(said)
    }

    fn get(&mut self, host: &DnsName, address: IpAddr, now: UnixTime) -> Option<HttpExchange> {
        let edge = self.internet.https.get(&address)?;
        let shown = Certificate::shown(&edge.identity, host, self.start);
        let (certificate, outcome) = match (edge.fault, shown) {
            (Some(fault), _) => (None, Err(https_failure(fault))),
            // The server's alert.
            (None, None) => (None, Err(HttpFailureKind::Alert(NO_CERTIFICATE))),
            (None, Some(shown)) => {
                let certificate = shown.present(host, now);
                let outcome = if certificate.faults.is_empty() {
                    let lag = edge.lag.as_ref();
                    let still = lag.and_then(|lag| lag.still(count(&mut self.answered, address)));
                    page(still.unwrap_or(&edge.pages), host)
                } else {
                    Err(HttpFailureKind::CertificateRefused)
                };
                (Some(certificate), outcome)
            }
        };
        Some(HttpExchange {
            address,
            certificate,
            outcome: outcome.map_err(|kind| HttpFailure {
                kind,
                detail: Box::default(),
            }),
        })
    }

    fn receive(&self, host: &DnsName, address: IpAddr) -> Option<Script> {
        let receiver = self.internet.smtp.get(&address)?;
        Some(Script::of(receiver, host, self.start))
    }

    fn lives(&self) -> Vec<(UnixTime, UnixTime)> {
        let edges = self.internet.https.values().map(|edge| &edge.identity);
        let receivers = self.internet.smtp.values().map(|mx| &mx.identity);
        edges
            .chain(receivers)
            .flat_map(|identity| identity.all())
            .map(|certificate| certificate.life(self.start))
            .map(|life| (life.not_before, life.not_after))
            .collect()
    }
}

/// Whether who answers validates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Validation {
    On,
    Off,
}

/// Returns what a name says to a server that suffers `of_view` whatever it is asked.
fn say(
    name: &Name,
    of_view: Option<DnsFault>,
    question: &Question,
    validation: Validation,
) -> Said {
    let is_suffered = |fault: &DnsFault| {
        validation == Validation::On || *fault != DnsFault::Spoiled(RecordFault::Bogus)
    };
    let fault = of_view.or(name.fault).filter(is_suffered);
    let kind = match question.record_type {
        RecordType::A => RecordKind::A,
        RecordType::Aaaa => RecordKind::Aaaa,
        RecordType::Mx => RecordKind::Mx,
        RecordType::Ns => RecordKind::Ns,
        RecordType::Soa => RecordKind::Soa,
        RecordType::Tlsa => RecordKind::Tlsa,
        RecordType::Txt => RecordKind::Txt,
    };
    let asked = name.answers.get(&kind);
    let answer = asked.or_else(|| name.answers.get(&RecordKind::Cname));
    let own = answer.and_then(|answer| answer.fault).filter(is_suffered);
    // What one type lacks may be remembered as long as its records might.
    let negative_ttl = match answer {
        Some(answer) if fault.is_none_or(|fault| own == Some(fault)) => {
            name.negative_ttl.map(|_of_name| answer.ttl)
        }
        Some(_) | None => name.negative_ttl,
    };
    let outcome = match (fault.or(own), answer) {
        (Some(fault), answer) => suffer(fault, answer, negative_ttl, of_view.is_some()),
        (None, None) => DnsOutcome::NoData { ttl: negative_ttl },
        (None, Some(answer)) => match (asked, name.target()) {
            (None, Some(target)) => return alias(question, target, answer.ttl),
            (Some(_), _) | (None, None) => records(answer),
        },
    };
    Said::Outcome(outcome)
}

/// Gives a name server the addresses that its name has; returns how long these may be kept.
fn add_addresses(server: &mut NsRecord, name: &Name) -> Duration {
    let mut ttl = Duration::MAX;
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        let Some(answer) = name.answers.get(&kind) else {
            continue;
        };
        if name.fault.is_some() || answer.fault.is_some() {
            continue;
        }
        ttl = ttl.min(answer.ttl);
        for address in answer.records.iter().filter_map(record) {
            match address.address() {
                Some(IpAddr::V4(address)) => server.ipv4 = server.ipv4.or(Some(address)),
                Some(IpAddr::V6(address)) => server.ipv6 = server.ipv6.or(Some(address)),
                None => {}
            }
        }
    }
    ttl
}

fn alias(question: &Question, target: &str, ttl: Duration) -> Said {
    match target.parse() {
        Ok(target) => Said::Alias(Alias {
            owner: question.name.clone(),
            target,
            ttl,
        }),
        Err(_no_name) => Said::Outcome(failed(DnsFailureKind::Malformed)),
    }
}

fn suffer(
    fault: DnsFault,
    answer: Option<&Answer>,
    negative_ttl: Option<Duration>,
    is_of_view: bool,
) -> DnsOutcome {
    match fault {
        DnsFault::NoData => DnsOutcome::NoData { ttl: negative_ttl },
        DnsFault::Rcode(Rcode::Nxdomain) => DnsOutcome::NxDomain { ttl: negative_ttl },
        DnsFault::Rcode(Rcode::Refused) => failed(DnsFailureKind::Rcode(5)),
        DnsFault::Rcode(rcode) => failed(DnsFailureKind::ServFail(ServFail {
            extended: rcode
                .extended_error()
                .into_iter()
                .fold(ExtendedErrors::default(), ExtendedErrors::with),
            root_fails: is_of_view,
            ..ServFail::PLAIN
        })),
        DnsFault::Spoiled(RecordFault::Bogus) => failed(DnsFailureKind::ServFail(ServFail {
            answers_unchecked: true,
            ..ServFail::PLAIN
        })),
        DnsFault::Silence => failed(DnsFailureKind::TimedOut),
        DnsFault::Spoiled(RecordFault::TruncatedOnTcp) => failed(DnsFailureKind::Truncated),
        // Records that do not answer the question leave no answer.
        DnsFault::Spoiled(RecordFault::WrongOwner | RecordFault::WrongType) => {
            DnsOutcome::NoData { ttl: None }
        }
        DnsFault::Spoiled(RecordFault::Truncated | RecordFault::ExtraRecords) => {
            answer.map_or(DnsOutcome::NoData { ttl: None }, records)
        }
    }
}

fn failed(kind: DnsFailureKind) -> DnsOutcome {
    DnsOutcome::Failed(DnsFailure {
        kind,
        detail: Box::default(),
    })
}

/// Returns the records of an answer; without any, it has no SOA either.
fn records(answer: &Answer) -> DnsOutcome {
    let records: Vec<Record> = answer.records.iter().filter_map(record).collect();
    if records.is_empty() {
        return DnsOutcome::NoData { ttl: None };
    }
    DnsOutcome::Records {
        records,
        ttl: answer.ttl,
    }
}

fn record(data: &RecordData) -> Option<Record> {
    Some(match data {
        RecordData::A(address) => Record::A(*address),
        RecordData::Aaaa(address) => Record::Aaaa(*address),
        // An alias beside other records is looked past.
        RecordData::Cname(_) => return None,
        RecordData::Mx {
            preference,
            exchange,
        } => Record::Mx(MxRecord {
            preference: *preference,
            exchange: match &**exchange {
                "" | "." => Exchange::Root,
                text => text.parse().map_or_else(
                    |_no_host_name| Exchange::NotAHostName(text.into()),
                    Exchange::Host,
                ),
            },
        }),
        RecordData::Ns(server) => Record::Ns(NsRecord::new(server.parse().ok()?)),
        RecordData::Soa(serial) => Record::Soa(*serial),
        RecordData::Tlsa {
            usage,
            selector,
            matching,
            data,
        } => Record::Tlsa(TlsaRecord {
            usage: *usage,
            selector: *selector,
            matching: *matching,
            data: data.clone(),
        }),
        RecordData::Txt(strings) => Record::Txt(TxtRecord {
            strings: strings.clone(),
        }),
    })
}

const fn https_failure(fault: HttpsFault) -> HttpFailureKind {
    match fault {
        HttpsFault::Listener(ListenerFault::Refused) => HttpFailureKind::Refused,
        HttpsFault::Listener(ListenerFault::Blackhole) => HttpFailureKind::ConnectTimedOut,
        HttpsFault::Listener(ListenerFault::Silence)
        | HttpsFault::Tls(TlsFault::HandshakeSilence) => HttpFailureKind::TimedOut,
        HttpsFault::Listener(ListenerFault::Reset)
        | HttpsFault::Tls(TlsFault::HandshakeReset | TlsFault::HandshakeClose) => {
            HttpFailureKind::BrokenInHandshake
        }
        HttpsFault::Tls(TlsFault::Tls10Only | TlsFault::Tls11Only) => HttpFailureKind::OldTls,
        HttpsFault::Tls(TlsFault::LargeHelloRefused) => HttpFailureKind::Alert(LARGE_HELLO_REFUSED),
        HttpsFault::Alert(fault) => match received(fault) {
            Some(received) => HttpFailureKind::Alert(received),
            None => HttpFailureKind::OldTls,
        },
        HttpsFault::Tls(TlsFault::NotTls) => HttpFailureKind::Malformed,
    }
}

fn page(pages: &BTreeMap<String, Page>, host: &DnsName) -> Result<HttpResponse, HttpFailureKind> {
    match pages.get(host.as_str()) {
        Some(Page::Response(response)) => Ok(http_response(response)),
        Some(Page::Raw(_)) => Err(HttpFailureKind::Malformed),
        // A Host that the edge does not know.
        None => Err(HttpFailureKind::Reset),
    }
}

fn http_response(response: &Response) -> HttpResponse {
    let limit = usize::try_from(DEFAULT_MAX_POLICY_BYTES).unwrap_or(usize::MAX);
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
        Transfer::Slow | Transfer::Stall => (response.half(), BodyEnd::TimedOut),
        Transfer::Cut => (
            response.half(),
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
        content_types: response.header("content-type").map(Into::into).collect(),
        location: response.header("location").next().map(Into::into),
        headers: Headers::keep(
            response
                .headers
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        ),
        body: body.into(),
        body_end,
    }
}
