//! A small mail Internet for tests: `corp.test` publishes an enforced policy and all is well, until a test
//! says otherwise.

pub(crate) mod scripted;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::certificate::Certificate;
use super::script::Script;
use super::{Model, ModelRequest};
use crate::clock::Clock;
use crate::facts::dns::{
    Alias, DnsFailure, DnsFailureKind, DnsOutcome, Exchange, MxRecord, Record, RecordType,
    TxtRecord,
};
use crate::facts::http::{BodyEnd, Headers, HttpResponse};
use crate::facts::smtp::{Message, Reply};
use crate::facts::{DnsName, Say, UnixTime};
use crate::sender::discover::Occasion;
use crate::sender::found::{PolicyInUse, PolicySource};
use crate::sender::{
    Attempt, Families, Limits, Mail, Network, PolicyState, Sender, SenderClass, Trace,
};
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::reading::Reading;
use crate::sts::transport::Certainty;

use scripted::{Edge, Name, Scripted};

/// Where the policy host answers.
pub(crate) const EDGE: &str = "203.0.113.1";

/// When every test begins: 2026-03-02T08:00:00Z.
pub(crate) const START: UnixTime = UnixTime::from_secs(1_772_438_400);

/// The stage: a state that tests change, a clock that they move, and the model that plays it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) state: Scripted,
    pub(crate) clock: Clock,
    pub(crate) model: Arc<Model<Scripted>>,
    /// The TTL of every record set that is put from now on; zero, so that nothing is cached, at first.
    pub(crate) ttl: Duration,
}

impl Stage {
    /// `corp.test`: record id 1, an enforced policy for `mx1` and `mx2.corp.test`, which are its MX hosts in
    /// that order, at 192.0.2.1 and 192.0.2.2; `mx3.corp.test` stands by at 192.0.2.3.
    pub(crate) fn new() -> Self {
        let clock = Clock::manual(START);
        let mut stage = Self {
            state: Scripted::default(),
            model: Arc::new(Model::new(clock.clone())),
            clock,
            ttl: Duration::ZERO,
        };
        stage.edge_at(EDGE, "mta-sts.corp.test");
        stage.addresses("mta-sts.corp.test", &[EDGE]);
        for (host, address) in [
            ("mx1.corp.test", "192.0.2.1"),
            ("mx2.corp.test", "192.0.2.2"),
            ("mx3.corp.test", "192.0.2.3"),
        ] {
            stage.server(host, &[address]);
        }
        stage.id("1");
        stage.policy("enforce", &["mx1.corp.test", "mx2.corp.test"], 604_800);
        stage.mx(&["10 mx1.corp.test", "20 mx2.corp.test"]);
        stage
    }

    /// Starts anew and changes what `change` changes.
    pub(crate) fn with(change: fn(&mut Self)) -> Self {
        let mut stage = Self::new();
        change(&mut stage);
        stage
    }

    pub(crate) fn outcome(
        &mut self,
        owner: &str,
        record_type: RecordType,
        outcome: DnsOutcome,
    ) -> &mut Self {
        let absent = || Name::Types {
            outcomes: BTreeMap::new(),
            otherwise: DnsOutcome::NoData { ttl: None },
        };
        let entry = self.state.names.entry(name(owner)).or_insert_with(absent);
        if !matches!(entry, Name::Types { .. }) {
            *entry = absent();
        }
        if let Name::Types { outcomes, .. } = entry {
            outcomes.insert(record_type, outcome);
        }
        self
    }

    fn records(&mut self, owner: &str, record_type: RecordType, records: Vec<Record>) -> &mut Self {
        let ttl = self.ttl;
        self.outcome(owner, record_type, DnsOutcome::Records { records, ttl })
    }

    /// The TXT records at `_mta-sts.corp.test`.
    pub(crate) fn txt(&mut self, texts: &[&str]) -> &mut Self {
        self.txt_at("_mta-sts.corp.test", texts)
    }

    pub(crate) fn txt_at(&mut self, owner: &str, texts: &[&str]) -> &mut Self {
        let records = texts
            .iter()
            .map(|text| Record::Txt(TxtRecord::from_text(text.as_bytes())))
            .collect();
        self.records(owner, RecordType::Txt, records)
    }

    /// One good TXT record with this id.
    pub(crate) fn id(&mut self, id: &str) -> &mut Self {
        self.txt(&[&format!("v=STSv1; id={id};")])
    }

    /// The MX records of `corp.test`, as in a zone file.
    pub(crate) fn mx(&mut self, records: &[&str]) -> &mut Self {
        let records = records
            .iter()
            .map(|text| {
                let (preference, target) = text.split_once(' ').unwrap();
                Record::Mx(MxRecord {
                    preference: preference.parse().unwrap(),
                    exchange: match target {
                        "." => Exchange::Root,
                        host => host.parse().map_or_else(
                            |_no_name| Exchange::NotAHostName(host.into()),
                            Exchange::Host,
                        ),
                    },
                })
            })
            .collect();
        self.records("corp.test", RecordType::Mx, records)
    }

    pub(crate) fn addresses(&mut self, host: &str, addresses: &[&str]) -> &mut Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for address in addresses {
            match ip(address) {
                IpAddr::V4(address) => v4.push(Record::A(address)),
                IpAddr::V6(address) => v6.push(Record::Aaaa(address)),
            }
        }
        for (record_type, records) in [(RecordType::A, v4), (RecordType::Aaaa, v6)] {
            if records.is_empty() {
                self.outcome(host, record_type, DnsOutcome::NoData { ttl: None });
            } else {
                self.records(host, record_type, records);
            }
        }
        self
    }

    /// Every question about the name gets the CNAME.
    pub(crate) fn alias(&mut self, owner: &str, target: &str) -> &mut Self {
        let alias = Alias {
            owner: name(owner),
            target: name(target),
            ttl: self.ttl,
        };
        self.state.names.insert(name(owner), Name::Alias(alias));
        self
    }

    /// Every question about the name fails.
    pub(crate) fn fail(&mut self, owner: &str, kind: DnsFailureKind) -> &mut Self {
        let failing = Name::failing(dns_failure(kind));
        self.state.names.insert(name(owner), failing);
        self
    }

    /// One type of the name fails.
    pub(crate) fn fail_type(
        &mut self,
        owner: &str,
        record_type: RecordType,
        kind: DnsFailureKind,
    ) -> &mut Self {
        self.outcome(owner, record_type, DnsOutcome::Failed(dns_failure(kind)))
    }

    /// The name does not exist.
    pub(crate) fn absent(&mut self, owner: &str) -> &mut Self {
        let absent = Name::Failed(DnsOutcome::NxDomain { ttl: None });
        self.state.names.insert(name(owner), absent);
        self
    }

    /// The body that the policy host serves.
    pub(crate) fn policy(&mut self, mode: &str, mx: &[&str], max_age_secs: u32) -> &mut Self {
        let body = body(mode, mx, max_age_secs);
        self.response(|response| response.body = body.into_bytes().into())
    }

    /// What the policy host answers.
    pub(crate) fn response(&mut self, change: impl FnOnce(&mut HttpResponse)) -> &mut Self {
        self.edge(|edge| {
            let response = edge.responses.get_mut(&name("mta-sts.corp.test"));
            change(response.expect("the stage has made it"));
        })
    }

    /// The policy host's one edge.
    pub(crate) fn edge(&mut self, change: impl FnOnce(&mut Edge)) -> &mut Self {
        change(self.state.edges.get_mut(&ip(EDGE)).unwrap());
        self
    }

    /// A healthy edge that serves a policy for no host yet known to the DNS under that address.
    pub(crate) fn edge_at(&mut self, address: &str, host: &str) -> &mut Self {
        let response = HttpResponse {
            status: 200,
            content_types: vec![(*b"text/plain").into()],
            location: None,
            headers: Headers::default(),
            body: body("enforce", &["mx1.corp.test"], 604_800)
                .into_bytes()
                .into(),
            body_end: BodyEnd::Complete,
        };
        let edge = Edge {
            fault: None,
            late_fault: None,
            certificate: certificate(host),
            responses: BTreeMap::from([(name(host), response)]),
        };
        self.state.edges.insert(ip(address), edge);
        self
    }

    /// A healthy MX host at these addresses.
    pub(crate) fn server(&mut self, host: &str, addresses: &[&str]) -> &mut Self {
        self.addresses(host, addresses);
        for address in addresses {
            self.state.receivers.insert(ip(address), receiver(host));
        }
        self
    }

    /// The server at an address.
    pub(crate) fn at(&mut self, address: &str, change: impl FnOnce(&mut Script)) -> &mut Self {
        change(self.state.receivers.get_mut(&ip(address)).unwrap());
        self
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, secs: u64) -> &mut Self {
        self.clock
            .advance_to(self.clock.now().saturating_add(Duration::from_secs(secs)));
        self
    }

    /// Hands one fresh message for `corp.test` to a sender of that class, and lets it remember what it learns.
    pub(crate) async fn send(&self, class: &str, state: &mut PolicyState) -> Attempt {
        let message = message();
        let next_hop = name("corp.test");
        let mail = Mail {
            message: Some(&message),
            ..Mail::probe(&next_hop)
        };
        self.attempt(class, mail, state).await
    }

    /// Makes an attempt and applies its changes to `state`.
    pub(crate) async fn attempt(
        &self,
        class: &str,
        mail: Mail<'_>,
        state: &mut PolicyState,
    ) -> Attempt {
        self.model.apply(self.state.clone());
        let network = self.model.through("resolver");
        let sender = sender(&network, class);
        let attempt = sender.attempt(mail, state).await;
        for change in &attempt.changes {
            state.apply(change);
        }
        attempt
    }

    /// Looks for the policy alone, changes nothing, and tells what was found.
    pub(crate) async fn discover(&self, class: &str, state: &PolicyState) -> PolicyInUse {
        self.model.apply(self.state.clone());
        let network = self.model.through("resolver");
        let sender = sender(&network, class);
        sender
            .discover(
                &name("corp.test"),
                state,
                Occasion::Delivery,
                &mut Trace::default(),
            )
            .await
            .policy
    }

    /// Takes what reached the servers since the last call, the questions for addresses left out.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.model
            .drain_requests()
            .into_iter()
            .filter_map(|request| match request {
                ModelRequest::Dns(question) => {
                    let is_family =
                        matches!(question.record_type, RecordType::A | RecordType::Aaaa);
                    (!is_family).then(|| question.to_string())
                }
                ModelRequest::Get { host, address } => Some(format!("GET {host} {address}")),
                ModelRequest::Connect { host, address } => Some(format!("SMTP {host} {address}")),
                ModelRequest::Received { host, address, tls } => Some(format!(
                    "mail {host} {address} {}",
                    tls.as_deref().unwrap_or("in clear")
                )),
            })
            .collect()
    }
}

/// A sender of a class, over any network.
pub(crate) fn sender<'a, N: Network>(network: &'a N, class: &str) -> Sender<'a, N> {
    Sender {
        network,
        class: SenderClass::by_name(class).unwrap(),
        limits: Limits::default(),
        families: Families::Both,
    }
}

/// Says in one line what came of an attempt: verdict, certainty, host and proof, policy.
pub(crate) fn told(attempt: &Attempt) -> String {
    let mut text = attempt.verdict.to_string();
    if attempt.certainty == Certainty::Ours {
        text.push_str(" (ours)");
    }
    if let Some(via) = &attempt.delivery.via {
        let proof = if via.validated { " validated" } else { "" };
        text.push_str(&format!(" via {} {}{proof}", via.host, via.address));
    }
    format!("{text}; {}", in_use(&attempt.discovery.policy))
}

/// Says in one line which policy applies.
pub(crate) fn in_use(policy: &PolicyInUse) -> String {
    match policy {
        PolicyInUse::Policy { policy, source } => format!(
            "{} policy {} {}",
            match source {
                PolicySource::Cached => "cached",
                PolicySource::Live => "live",
            },
            policy.id,
            policy.policy.mode()
        ),
        PolicyInUse::None(why) => format!("no policy: {}", why.sentence()),
    }
}

/// A policy as a sender keeps it that fetched it at `fetched_at`.
pub(crate) fn cached(id: &str, body: &str, fetched_at: UnixTime) -> CachedPolicy {
    StoredPolicy {
        id: id.parse().unwrap(),
        body: body.as_bytes().into(),
        fetched_at,
    }
    .read(Reading::Letter)
    .unwrap()
}

/// The memory of a sender that fetched an enforced policy for `mx` when the test began.
pub(crate) fn warm(id: &str, mx: &[&str]) -> PolicyState {
    PolicyState::with_policy(cached(id, &body("enforce", mx, 604_800), START))
}

/// A policy's text.
pub(crate) fn body(mode: &str, mx: &[&str], max_age_secs: u32) -> String {
    let mx: String = mx.iter().map(|mx| format!("mx: {mx}\n")).collect();
    format!("version: STSv1\nmode: {mode}\n{mx}max_age: {max_age_secs}\n")
}

/// A certificate for one name that outlives every test.
pub(crate) fn certificate(host: &str) -> Certificate {
    Certificate {
        subject: host.into(),
        names: vec![host.into()],
        other_names: Vec::new(),
        not_before: START.saturating_sub(Duration::from_secs(86_400)),
        not_after: START.saturating_add(Duration::from_secs(400 * 86_400)),
        chain_faults: Vec::new(),
    }
}

/// An MX host that does everything right.
pub(crate) fn receiver(host: &str) -> Script {
    Script {
        host: name(host),
        connect: None,
        greeting: Ok(reply(220, &[host])),
        ehlo: Ok(reply(250, &[host, "PIPELINING", "STARTTLS"])),
        helo: Ok(reply(250, &[host])),
        starttls: Ok(reply(220, &["go ahead"])),
        injected: None,
        handshake: None,
        tls_version: "TLSv1.3".into(),
        certificate: certificate(host),
        rcpt: reply(250, &["OK"]),
        greylist: None,
        end_of_data: reply(250, &["taken"]),
    }
}

/// A message for `corp.test`.
pub(crate) fn message() -> Message {
    Message {
        mail_from: Some("a@sender.test".into()),
        rcpt_to: "b@corp.test".into(),
        content: (*b"Subject: test\r\n\r\ntext\r\n").into(),
    }
}

pub(crate) fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().copied().map(Into::into).collect(),
    }
}

pub(crate) fn dns_failure(kind: DnsFailureKind) -> DnsFailure {
    DnsFailure {
        kind,
        detail: Box::default(),
    }
}

pub(crate) fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
