//! A domain that makes a check as dear as it can: hosts and addresses to the limits, certificates of 20,000
//! names, long chains, long replies, a policy of 64 KiB that differs at each address.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls_pki_types::CertificateDer;
use stickler::facts::dns::{
    DnsAnswer, DnsOutcome, Exchange, MxRecord, NsRecord, Question, Record, RecordType, TxtRecord,
};
use stickler::facts::http::{BodyEnd, Headers, HttpExchange, HttpResponse};
use stickler::facts::smtp::{
    Reply, SmtpExchange, SmtpRequest, TlsExchange, TlsFailure, TlsFailureKind,
};
use stickler::facts::{DnsName, UnixTime};
use stickler::sender::{Authorities, Network};
use stickler::sts::certificate::{Roots, judge};

/// The domain.
pub(crate) const DOMAIN: &str = "evil.test";

/// How many names each certificate has.
const NAMES: usize = 20_000;

/// How many certificates each chain has.
const CHAIN: usize = 40;

/// How many MX records there are: as many as fit into one answer over TCP.
const EXCHANGERS: u16 = 3_000;

/// How many name servers the zone has.
const NAME_SERVERS: u32 = 500;

/// How many addresses each host has.
const ADDRESSES: u32 = 64;

/// The longest reply that is read, in lines of 120 octets.
const REPLY_LINES: usize = 128;

const NOW: UnixTime = UnixTime::from_secs(1_772_438_400);

/// The domain's servers, in memory: nothing is measured but what a check does with the facts.
#[derive(Debug)]
pub(crate) struct Hostile {
    chain: Vec<CertificateDer<'static>>,
    roots: Roots,
    /// How long the longest judgement of a certificate took.
    longest: Mutex<Duration>,
}

impl Hostile {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = || KeyPair::generate().expect("a key can be made");
        let root = CertifiedIssuer::self_signed(params.clone(), key()).expect("it signs itself");
        let mut leaf = CertificateParams::default();
        leaf.subject_alt_names = (0..NAMES)
            .map(|number| {
                let name = format!("a{number}.{}.{DOMAIN}", "x".repeat(40));
                SanType::DnsName(name.try_into().expect("it is ASCII"))
            })
            .collect();
        let signed = leaf.signed_by(&key(), &root).expect("the root signs");
        // Many issuers of one name: each is tried.
        let bundle = (1..CHAIN).map(|_| {
            let issuer = params
                .clone()
                .signed_by(&key(), &root)
                .expect("the root signs");
            issuer.der().clone()
        });
        Self {
            chain: [signed.der().clone()].into_iter().chain(bundle).collect(),
            roots: Roots::none(),
            longest: Mutex::default(),
        }
    }

    /// Returns how long the longest judgement of a certificate took.
    pub(crate) fn longest_judgement(&self) -> Duration {
        *self.longest.lock().expect("no judgement panics")
    }

    fn certificate(&self, host: &DnsName) -> stickler::facts::certificate::PeerCertificate {
        let began = Instant::now();
        let peer = judge(&self.chain, &self.roots, host, NOW);
        let mut longest = self.longest.lock().expect("no judgement panics");
        *longest = began.elapsed().max(*longest);
        peer
    }
}

impl Network for Hostile {
    fn now(&self) -> UnixTime {
        NOW
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let name = question.name.as_str();
        let records: Vec<Record> = match question.record_type {
            RecordType::Mx if name == DOMAIN => (0..EXCHANGERS).map(exchanger).collect(),
            RecordType::A => (0..ADDRESSES)
                .map(|number| Record::A(Ipv4Addr::from(0xc612_0000 + hash(name) * 64 + number)))
                .collect(),
            RecordType::Txt if name == "_mta-sts.evil.test" => {
                vec![Record::Txt(TxtRecord::from_text(b"v=STSv1; id=1;"))]
            }
            RecordType::Txt => (0..200)
                .map(|_| Record::Txt(TxtRecord::from_text(&[0xff; 255])))
                .collect(),
            RecordType::Ns => (0..NAME_SERVERS)
                .filter_map(|number| format!("ns{number}.{DOMAIN}").parse().ok())
                .map(|host| Record::Ns(NsRecord::new(host)))
                .collect(),
            RecordType::Aaaa | RecordType::Mx | RecordType::Soa | RecordType::Tlsa => Vec::new(),
        };
        DnsAnswer::plain(if records.is_empty() {
            DnsOutcome::NoData { ttl: None }
        } else {
            DnsOutcome::Records {
                records,
                ttl: Duration::from_secs(60),
            }
        })
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        let mut body = "version: STSv1\nmode: enforce\nmax_age: 604800\n".to_owned();
        for number in 0.. {
            let line = format!(
                "mx: a{number}.b{}.test\n",
                address.to_string().replace('.', "-")
            );
            if body.len() + line.len() > 65_536 {
                break;
            }
            body.push_str(&line);
        }
        let mut certificate = self.certificate(host);
        // Of a host whose certificate is refused nothing is read.
        certificate.faults.clear();
        HttpExchange {
            address,
            certificate: Some(certificate),
            outcome: Ok(HttpResponse {
                status: 200,
                content_types: vec![(*b"text/plain").into()],
                location: None,
                headers: Headers::default(),
                body: body.into_bytes().into(),
                body_end: BodyEnd::Complete,
            }),
        }
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        let mut exchange = SmtpExchange::new(request.host.clone(), request.address);
        exchange.greeting = Some(reply("hello"));
        exchange.ehlo = Some(reply("STARTTLS"));
        exchange.starttls = Some(reply("go"));
        exchange.tls = Some(TlsExchange {
            certificate: Some(self.certificate(&request.host)),
            outcome: Err(TlsFailure {
                kind: TlsFailureKind::CertificateRefused,
                detail: "refused".into(),
            }),
        });
        exchange
    }
}

impl Authorities for Hostile {
    async fn ask_server(
        &self,
        _host: &DnsName,
        _address: IpAddr,
        question: &Question,
    ) -> DnsAnswer {
        self.lookup(question).await
    }
}

fn exchanger(number: u16) -> Record {
    let host = format!("mx{number}.{}.{DOMAIN}", "y".repeat(60));
    Record::Mx(MxRecord {
        preference: number,
        exchange: Exchange::Host(host.parse().expect("it is a name")),
    })
}

fn reply(word: &str) -> Reply {
    Reply {
        code: if word == "go" { 220 } else { 250 },
        lines: (0..REPLY_LINES)
            .map(|_| format!("{word} {}", "z".repeat(110)).into())
            .collect(),
    }
}

/// Spreads hosts over the addresses for measurements, 198.18.0.0/15.
fn hash(name: &str) -> u32 {
    name.bytes().fold(7, |hash: u32, octet| {
        hash.wrapping_mul(31).wrapping_add(octet.into())
    }) % 2_048
}
