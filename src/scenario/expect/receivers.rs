//! Which requests the servers of a story can receive.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::facts::DnsName;
use crate::facts::dns::{Question, RecordType};
use crate::fakes::RecordKind;
use crate::scenario::words::one_of;
use crate::story::{Asked, State};

/// The names of services, and the one type that senders ask about there.
const SERVICES: [(&str, RecordType); 3] = [
    ("_mta-sts.", RecordType::Txt),
    ("_smtp._tls.", RecordType::Txt),
    ("_25._tcp.", RecordType::Tlsa),
];

/// The hosts that receive requests at any moment of a story, with their addresses.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Receivers {
    /// The names that requests for policies carry, which may differ from the host's.
    policies: BTreeMap<Box<str>, BTreeSet<IpAddr>>,
    /// The policy hosts' own names.
    policy_hosts: BTreeSet<Box<str>>,
    /// The MX hosts.
    mail: BTreeMap<Box<str>, BTreeSet<IpAddr>>,
    /// The names at which somebody answers, by type.
    answers: BTreeSet<(Box<str>, RecordType)>,
}

impl Receivers {
    /// Gathers the receivers of a story.
    pub(in crate::scenario) fn of(states: &[State]) -> Self {
        let mut receivers = Self::default();
        for state in states {
            receivers.add(state);
        }
        receivers
    }

    fn add(&mut self, state: &State) {
        self.policy_hosts
            .extend(state.policy_hosts.iter().map(|host| host.as_str().into()));
        for (address, edge) in &state.internet.https {
            for name in edge.pages.keys() {
                let addresses = self.policies.entry(name.as_str().into()).or_default();
                addresses.insert(*address);
            }
        }
        for (address, receiver) in &state.internet.smtp {
            let known = self.mail.entry(receiver.host.as_str().into());
            known.or_default().insert(*address);
        }
        let next_hops = state
            .senders
            .iter()
            .filter_map(|sender| sender.next_hop.as_ref());
        for domain in state.domains.iter().chain(next_hops) {
            self.answers
                .insert((domain.as_str().into(), RecordType::Mx));
        }
        for (owner, name) in state.views().flat_map(|view| &view.names) {
            for (kind, asked) in [
                (RecordKind::Mx, RecordType::Mx),
                (RecordKind::Txt, RecordType::Txt),
            ] {
                if name.target().is_some() || name.answers.contains_key(&kind) {
                    self.answers.insert((owner.as_str().into(), asked));
                }
            }
        }
    }

    /// Returns why no server of the story can ever receive a request, and what would be right.
    pub(super) fn refuse(&self, asked: &Asked) -> Option<(String, String)> {
        match asked {
            Asked::Dns(question) => self.refuse_question(question),
            Asked::Get { host, address } => match self.policies.get(host.as_str()) {
                None if self.policy_hosts.contains(host.as_str()) => Some((
                    format!("no request carries the name `{host}`"),
                    format!(
                        "a sender asks for the domain's own: {}",
                        one_of_requests("GET", &self.policies)
                    ),
                )),
                None => Some((
                    format!("no policy host ever hears `{asked}`"),
                    one_of_requests("GET", &self.policies),
                )),
                Some(addresses) => refuse_address(host, *address, addresses),
            },
            Asked::Smtp { host, address } => match self.mail.get(host.as_str()) {
                None => Some((
                    format!("no server ever hears `{asked}`"),
                    one_of_requests("SMTP", &self.mail),
                )),
                Some(addresses) => refuse_address(host, *address, addresses),
            },
        }
    }

    fn refuse_question(&self, question: &Question) -> Option<(String, String)> {
        let name = &question.name;
        let message = || format!("no sender asks `{question}`");
        let service = SERVICES
            .iter()
            .find(|(service, _)| name.as_str().starts_with(service));
        let right = match (service, question.record_type) {
            (Some((_, kind)), asked) if *kind == asked => return None,
            (Some((_, kind)), _) => *kind,
            (None, RecordType::A | RecordType::Aaaa) => return None,
            (None, kind @ (RecordType::Mx | RecordType::Txt))
                if self.answers.contains(&(name.as_str().into(), kind)) =>
            {
                return None;
            }
            (
                None,
                RecordType::Mx
                | RecordType::Ns
                | RecordType::Soa
                | RecordType::Txt
                | RecordType::Tlsa,
            ) => {
                return Some((
                    message(),
                    format!("senders ask about `{name}` with `A {name}` and `AAAA {name}`"),
                ));
            }
        };
        Some((message(), format!("write `{right} {name}`")))
    }
}

fn refuse_address(
    host: &DnsName,
    address: Option<IpAddr>,
    known: &BTreeSet<IpAddr>,
) -> Option<(String, String)> {
    let address = address.filter(|address| !known.contains(address))?;
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Some((
        format!("`{host}` is never found at {address}"),
        format!("there is {}", one_of(known.iter().map(String::as_str))),
    ))
}

fn one_of_requests(word: &str, hosts: &BTreeMap<Box<str>, BTreeSet<IpAddr>>) -> String {
    let requests: Vec<String> = hosts.keys().map(|host| format!("{word} {host}")).collect();
    format!("there is {}", one_of(requests.iter().map(String::as_str)))
}
