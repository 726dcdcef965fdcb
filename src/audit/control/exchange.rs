//! Controls that misread MX records, or look for hosts in the wrong place.

use super::fetch::parents;
use super::{Control, Mutant};
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsOutcome, Question, Record, RecordType};
use crate::sender::Network;

impl<N: Network> Mutant<N> {
    /// Asks for MX records, and lies about the answer.
    pub(super) async fn exchangers(&self, question: &Question) -> DnsAnswer {
        let mut answer = self.inner.lookup(question).await;
        if self.is(Control::FirstHostOnly)
            && let DnsOutcome::Records { records, .. } = &mut answer.outcome
        {
            let preference = |record: &Record| match record {
                Record::Mx(mx) => mx.preference,
                Record::A(_)
                | Record::Aaaa(_)
                | Record::Ns(_)
                | Record::Soa(_)
                | Record::Tlsa(_)
                | Record::Txt(_) => u16::MAX,
            };
            records.sort_by_key(preference);
            records.truncate(1);
        }
        answer
    }

    /// Asks for addresses; who asks the parent for a policy finds its policy host too.
    pub(super) async fn addresses(&self, question: &Question) -> DnsAnswer {
        if self.is(Control::AsksTheParent)
            && question.name.as_str().starts_with("mta-sts.")
            && let Some(name) = parents(&question.name)
        {
            let question = Question::new(name, question.record_type);
            return self.inner.lookup(&question).await;
        }
        self.inner.lookup(question).await
    }

    /// Returns the MX hosts of a domain, and whether it has MX records.
    pub(super) async fn hosts_of(&self, domain: &DnsName) -> (Vec<DnsName>, bool) {
        let question = Question::new(domain.clone(), RecordType::Mx);
        let answer = self.inner.lookup(&question).await;
        let hosts: Vec<DnsName> = answer
            .exchangers()
            .filter_map(|mx| mx.exchange.name().cloned())
            .collect();
        if hosts.is_empty() {
            (vec![domain.clone()], false)
        } else {
            (hosts, true)
        }
    }

    /// Returns where the aliases of a host end; the host itself if it is none.
    pub(super) async fn target_of(&self, host: &DnsName) -> DnsName {
        let question = Question::new(host.clone(), RecordType::A);
        let answer = self.inner.lookup(&question).await;
        answer.end_of_aliases().unwrap_or(host).clone()
    }
}
