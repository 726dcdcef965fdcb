//! A sender near one edge: the policy host, wherever it has that address, has it alone.

use std::net::IpAddr;

use tokio::sync::OnceCell;

use crate::facts::dns::{DnsAnswer, DnsOutcome, Question, RecordType};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;

/// A network on which one attempt of a sender asks one edge of the policy host.
#[derive(Debug)]
pub(super) struct NearEdge<N> {
    network: N,
    edge: Option<Edge>,
}

#[derive(Debug)]
struct Edge {
    /// The policy host.
    host: DnsName,
    address: IpAddr,
    /// What the DNS says of the address's family; the other one hangs on it, and it is asked once.
    family: OnceCell<DnsAnswer>,
}

impl<N: Network> NearEdge<N> {
    /// Shows the policy host of `policy_domain` at `address` alone; as it is if there is no address.
    pub(super) fn new(network: N, policy_domain: &DnsName, address: Option<IpAddr>) -> Self {
        // A domain whose policy host has too long a name has none.
        let host = policy_domain.prefixed("mta-sts").ok();
        let edge = address.zip(host).map(|(address, host)| Edge {
            host,
            address,
            family: OnceCell::new(),
        });
        Self { network, edge }
    }
}

impl<N: Network> Network for NearEdge<N> {
    fn now(&self) -> UnixTime {
        self.network.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let Some(edge) = self.edge.as_ref().filter(|edge| edge.has_part_in(question)) else {
            return self.network.lookup(question).await;
        };
        let ask_family = async || {
            let of_family = Question::new(edge.host.clone(), edge.record_type());
            self.network.lookup(&of_family).await
        };
        if question.record_type == edge.record_type() {
            let answer = edge.family.get_or_init(ask_family).await;
            return edge.alone_in(answer.clone());
        }
        let (mut answer, of_family) = tokio::join!(
            self.network.lookup(question),
            edge.family.get_or_init(ask_family)
        );
        if edge.is_in(of_family) && answer.addresses().next().is_some() {
            answer.outcome = DnsOutcome::NoData { ttl: None };
        }
        answer
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.network.get_policy(host, address).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        self.network.smtp(request).await
    }
}

impl Edge {
    const fn record_type(&self) -> RecordType {
        match self.address {
            IpAddr::V4(_) => RecordType::A,
            IpAddr::V6(_) => RecordType::Aaaa,
        }
    }

    fn has_part_in(&self, question: &Question) -> bool {
        let is_family = matches!(question.record_type, RecordType::A | RecordType::Aaaa);
        is_family && question.name == self.host
    }

    fn is_in(&self, answer: &DnsAnswer) -> bool {
        answer.addresses().any(|address| address == self.address)
    }

    /// Takes the other addresses out of an answer that has this one.
    fn alone_in(&self, mut answer: DnsAnswer) -> DnsAnswer {
        if self.is_in(&answer)
            && let DnsOutcome::Records { records, .. } = &mut answer.outcome
        {
            records.retain(|record| record.address() == Some(self.address));
        }
        answer
    }
}
