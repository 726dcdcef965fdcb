//! The facts about one domain, each judged once: all that is said of them says the same.

use std::net::IpAddr;

use super::alias::{AliasedName, Aliases};
use super::document::MxVerdict;
use super::hosting::found::Hosting;
use super::port::PortReport;
use super::survey::{MxHost, Survey};
use super::zone::JudgedZone;
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpFailureKind, SmtpPort};
use crate::sender::candidates::{Exchangers, Families, HostAddresses};
use crate::sender::discover::no_edge;
use crate::sts::fetch::{self, FetchError, Fetched};
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::{ByReading, Reading};
use crate::sts::record::{self, RecordId, Selection};
use crate::sts::transport::{self, Certainty, Transport};
use crate::tlsrpt;

/// What the facts come to.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The policy domain.
    pub domain: &'a DnsName,
    /// The facts.
    pub survey: &'a Survey,
    /// What the TXT records at `_mta-sts` come to; nothing where there is no answer.
    pub record: ByReading<Selection>,
    /// The policy host's addresses.
    pub edges: Vec<Edge<'a>>,
    /// What the servers of the zone say themselves; `None` if it is not known which they are.
    pub zone: Option<JudgedZone<'a>>,
    /// The live policy: what a sender gets from the policy host; `None` if its name is too long to exist.
    pub live: Option<ByReading<Result<Fetched, FetchError>>>,
    /// The MX hosts, in the order of preference, those that were not tried last.
    pub hosts: Vec<Host<'a>>,
    /// Whether the port of the MX hosts can be had from here.
    pub port: PortReport,
    /// Over which families of address everything is judged; the worst counts.
    pub families: &'static [Families],
    /// What the TXT records at `_smtp._tls` come to; nothing where there is no answer.
    pub tlsrpt: tlsrpt::record::Selection,
    /// The names that are aliases.
    pub aliases: Aliases,
    /// Where the policy really lives.
    pub hosting: Hosting,
}

/// The policy host at one address.
#[derive(Clone, Debug)]
pub struct Edge<'a> {
    /// What it answered.
    pub exchange: &'a HttpExchange,
    /// Whether that is a policy.
    pub fetched: ByReading<Result<Fetched, FetchError>>,
}

/// An MX host.
#[derive(Clone, Debug)]
pub struct Host<'a> {
    /// What was seen of it.
    pub facts: &'a MxHost,
    /// The port at which it was spoken to.
    pub port: SmtpPort,
    /// Its addresses, in order.
    pub addresses: Vec<Address<'a>>,
    /// What it is worth by its transport alone: accepted if any of its addresses is, refused if one is and
    /// others too could use none. Over one family alone it may be worth less: that counts.
    pub verdict: MxVerdict,
    /// Over which families of address it is worth that.
    pub families: Families,
}

/// An MX host at one address.
#[derive(Clone, Debug)]
pub struct Address<'a> {
    /// What it did.
    pub probe: &'a SmtpExchange,
    /// Whether that is the transport which a policy demands.
    pub transport: Transport,
    /// The same in one word.
    pub verdict: MxVerdict,
}

impl<'a> Judged<'a> {
    /// Judges each fact.
    #[must_use]
    pub fn new(domain: &'a DnsName, survey: &'a Survey) -> Self {
        let texts = |answer: &'a Option<_>| answer.iter().flat_map(DnsAnswer::texts);
        let edges: Vec<Edge<'a>> = survey
            .policy_host
            .iter()
            .flat_map(|host| &host.edges)
            .map(|exchange| Edge {
                exchange,
                fetched: ByReading::of(|reading| fetch::judge(exchange, reading)),
            })
            .collect();
        let families = families(survey);
        let live = survey.policy_host.as_ref().map(|host| {
            let nowhere = no_edge(&host.name, &host.addresses);
            ByReading::of(|reading| take_live(&edges, survey, reading, nowhere.clone()))
        });
        Self {
            domain,
            survey,
            record: ByReading::of(|reading| record::select(texts(&survey.record), reading)),
            edges,
            zone: survey.known_zone().map(JudgedZone::new),
            live,
            hosts: survey
                .hosts
                .iter()
                .map(|facts| Host::judge(facts, survey.smtp_port, families))
                .collect(),
            port: PortReport::judge(survey),
            families,
            tlsrpt: tlsrpt::record::select(texts(&survey.tlsrpt)),
            aliases: Aliases::new(domain, survey),
            hosting: Hosting::judge(domain, survey),
        }
    }

    /// Returns what a sender of this reading gets from the policy host.
    #[must_use]
    pub fn live_in(&self, reading: Reading) -> Option<&Result<Fetched, FetchError>> {
        self.live.as_ref().map(|live| live.get(reading))
    }

    /// Returns the live policy, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_policy(&self) -> Option<&Policy> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| self.live_in(reading)?.as_ref().ok())
            .map(|fetched| &fetched.policy)
    }

    /// Returns the id of the live record in one reading.
    #[must_use]
    pub fn id_in(&self, reading: Reading) -> Option<&RecordId> {
        self.record.get(reading).record().map(record::Record::id)
    }

    /// Returns the id of the live record, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_id(&self) -> Option<&RecordId> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| self.id_in(reading))
    }

    /// Returns whether both readings see the same record, and the same at each address of the policy host.
    #[must_use]
    pub fn reads_alike(&self) -> bool {
        self.record.agree() && self.edges.iter().all(|edge| edge.fetched.agree())
    }

    /// Returns the patterns that match no live MX host; none where the MX records are not known.
    pub fn unused_patterns<'p>(
        &self,
        patterns: &'p [MxPattern],
    ) -> impl Iterator<Item = &'p MxPattern> {
        let hosts: Vec<&DnsName> = names(&self.hosts).collect();
        patterns.iter().filter(move |pattern| {
            !hosts.is_empty() && !hosts.iter().any(|host| pattern.matches(host))
        })
    }

    /// Returns whether the domain certainly has no MX record and no address of its own.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.is_implicit() && self.leads_nowhere()
    }

    /// Returns whether certainly no MX host has an address: mail for the domain bounces.
    #[must_use]
    pub fn leads_nowhere(&self) -> bool {
        matches!(&self.survey.exchangers, Exchangers::Candidates { not_tried, .. } if not_tried.is_empty())
            && self
                .survey
                .hosts
                .iter()
                .all(|host| host.addresses.as_ref().is_none_or(HostAddresses::has_none))
    }

    /// Returns whether neither the MX records nor the MTA-STS record could be looked up, and that is ours.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        let record = self.survey.record.as_ref().map(|answer| &answer.outcome);
        matches!(&self.survey.exchangers, Exchangers::Unknown(failure) if failure.kind.is_ours())
            && matches!(record, Some(DnsOutcome::Failed(failure)) if failure.kind.is_ours())
    }

    fn is_implicit(&self) -> bool {
        let exchangers = &self.survey.exchangers;
        matches!(exchangers, Exchangers::Candidates { implicit: true, .. })
    }

    /// Returns where the aliases of a domain without MX record end: senders split over which of both names is
    /// its MX host.
    #[must_use]
    pub fn implicit_alias(&self) -> Option<&DnsName> {
        let end = self.survey.mx.aliases.last().filter(|_| self.is_implicit());
        end.map(|alias| &alias.target)
    }

    /// Returns whether every address of every MX host that a sender goes to refuses the connection (RST). A
    /// firewall that keeps port 25 from us looks the same.
    #[must_use]
    pub fn is_every_connection_refused(&self, families: Families) -> bool {
        let mut probes = self
            .survey
            .hosts
            .iter()
            .flat_map(|host| {
                let probes: Vec<&SmtpExchange> = host.probes.iter().collect();
                families.select(&probes, |probe| probe.address)
            })
            .peekable();
        probes.peek().is_some()
            && probes.all(|probe| {
                probe
                    .failure
                    .as_ref()
                    .is_some_and(|failure| failure.kind == SmtpFailureKind::Refused)
            })
    }

    /// Returns how many addresses of the policy host were not asked: any of them may serve another policy.
    #[must_use]
    pub fn unasked_edges(&self) -> usize {
        let host = self.survey.policy_host.as_ref();
        host.map_or(0, |host| host.addresses.not_tried.len())
    }

    /// Returns the MX hosts that a policy would list: a domain without MX record and without address has none.
    #[must_use]
    pub fn usable_hosts(&self) -> &[Host<'a>] {
        if self.is_nowhere() { &[] } else { &self.hosts }
    }

    /// Returns the MX hosts that a policy does not list.
    #[must_use]
    pub fn uncovered_by(&self, policy: &Policy) -> Vec<&Host<'a>> {
        self.usable_hosts()
            .iter()
            .filter(|host| {
                host.name()
                    .is_some_and(|name| policy.matching(name).is_none())
            })
            .collect()
    }

    /// Returns the live policy, if senders look for it and it has a list of MX hosts that counts.
    #[must_use]
    pub fn listing_policy(&self) -> Option<&Policy> {
        self.live_policy()
            .filter(|policy| policy.mode() != Mode::None && self.live_id().is_some())
    }

    /// Returns the MX hosts that the live policy does not list, with that policy, if there are any.
    #[must_use]
    pub fn uncovered(&self) -> Option<(&Policy, Vec<&Host<'a>>)> {
        let policy = self.listing_policy()?;
        let uncovered = self.uncovered_by(policy);
        (!uncovered.is_empty()).then_some((policy, uncovered))
    }
}

/// Returns the names of MX hosts.
pub fn names<'h, 'a: 'h>(
    hosts: impl IntoIterator<Item = &'h Host<'a>>,
) -> impl Iterator<Item = &'a DnsName> {
    hosts.into_iter().filter_map(Host::name)
}

impl Edge<'_> {
    /// Returns whether that is a policy, in one reading.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub const fn in_reading(&self, reading: Reading) -> &Result<Fetched, FetchError> {
        self.fetched.get(reading)
    }
}

/// What a sender gets from the policy host: where the edges give different policies, one that leaves an MX
/// host out, for that is what gives the domain its verdict, whatever the order of the addresses today; where
/// none gives a policy, the first answer that is none, or else why there was no answer.
fn take_live(
    edges: &[Edge<'_>],
    survey: &Survey,
    reading: Reading,
    nowhere: FetchError,
) -> Result<Fetched, FetchError> {
    let mut last = nowhere;
    let mut answer = None;
    let mut first = None;
    for edge in edges {
        match edge.in_reading(reading) {
            Ok(fetched) if leaves_out(&fetched.policy, survey) => return Ok(fetched.clone()),
            Ok(fetched) => first = first.or(Some(fetched)),
            // As a sender goes on, and with its preference: see `Sender::fetch`.
            Err(error) if edge.exchange.is_before_connection() => {
                if !last.is_ours() {
                    last = error.clone();
                }
            }
            Err(error) => answer = answer.or(Some(error)),
        }
    }
    match (first, answer) {
        (Some(fetched), _) => Ok(fetched.clone()),
        (None, Some(error)) => Err(error.clone()),
        (None, None) => Err(last),
    }
}

fn leaves_out(policy: &Policy, survey: &Survey) -> bool {
    policy.mode() != Mode::None
        && survey
            .hosts
            .iter()
            .filter_map(|host| host.candidate.host())
            .any(|host| policy.matching(host).is_none())
}

impl<'a> Host<'a> {
    pub(super) fn judge(facts: &'a MxHost, port: SmtpPort, families: &[Families]) -> Self {
        let addresses: Vec<Address<'a>> = facts.probes.iter().map(Address::judge).collect();
        let all: Vec<&Address<'_>> = addresses.iter().collect();
        let mut worst = (Families::Both, MxVerdict::NotTried);
        if facts.is_tried() {
            worst.1 = worth(&all);
            for &alone in families {
                let verdict = worth(&alone.select(&all, |address| address.probe.address));
                if badness(verdict) > badness(worst.1) {
                    worst = (alone, verdict);
                }
            }
        }
        let (families, verdict) = worst;
        Self {
            facts,
            port,
            addresses,
            verdict,
            families,
        }
    }

    /// Returns its name, if the MX record names a host that can exist.
    #[must_use]
    pub fn name(&self) -> Option<&'a DnsName> {
        self.facts.candidate.host()
    }

    /// Returns the alias that it is; `None` if it is none, as it should be.
    #[must_use]
    pub fn alias(&self) -> Option<AliasedName> {
        AliasedName::of_host(self.name()?, self.facts.addresses.as_ref()?)
    }

    /// Returns the addresses that fail beside good ones, other than for want of their family here.
    pub fn bad_addresses(&self) -> impl Iterator<Item = &Address<'a>> {
        let has_good = self.has(MxVerdict::Accepted);
        self.addresses.iter().filter(move |address| {
            has_good
                && !matches!(address.verdict, MxVerdict::Accepted | MxVerdict::NotTried)
                && !address.is_out_of_reach()
        })
    }

    /// Returns whether an address of it is worth this.
    #[must_use]
    pub fn has(&self, verdict: MxVerdict) -> bool {
        self.addresses
            .iter()
            .any(|address| address.verdict == verdict)
    }
}

impl<'a> Address<'a> {
    fn judge(probe: &'a SmtpExchange) -> Self {
        let transport = transport::judge(probe);
        Self {
            probe,
            verdict: match transport {
                Transport::Accepted(_) => MxVerdict::Accepted,
                // What only we refuse is no refusal.
                Transport::Refused(_) if transport.certainty() == Certainty::Ours => {
                    MxVerdict::Undetermined
                }
                Transport::Refused(_) => MxVerdict::Refused,
                Transport::RejectedUs(_) => MxVerdict::RejectedUs,
                Transport::NotAsked => MxVerdict::NotAsked,
                Transport::Undetermined { .. } => MxVerdict::Undetermined,
                Transport::Unreachable { ref failure, .. }
                    if failure.kind == SmtpFailureKind::NotGlobal =>
                {
                    MxVerdict::NotTried
                }
                Transport::Unreachable { .. } => MxVerdict::Unreachable,
            },
            transport,
        }
    }

    /// Returns whether we could not even try, as without IPv6: that says nothing about the address.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        is_out_of_reach(self.probe)
    }
}

fn is_out_of_reach(probe: &SmtpExchange) -> bool {
    probe
        .failure
        .as_ref()
        .is_some_and(|failure| failure.kind.is_out_of_reach())
}

/// Chooses over which families of address everything is judged.
///
/// Senders without IPv6 are many, so what passes over all addresses has to pass over IPv4 alone. Where one
/// family cannot be had from here, the other is judged by itself: what was seen counts. The MX hosts decide
/// that, and the policy host where they are all of one family: a network may close port 25 of one family alone.
fn families(survey: &Survey) -> &'static [Families] {
    let probes = survey.all_hosts().flat_map(|host| &host.probes);
    let edges = survey.policy_host.iter().flat_map(|host| &host.edges);
    let of_hosts = alone(probes.map(|probe| (probe.address, is_out_of_reach(probe))));
    let of_edges = alone(edges.map(|edge| (edge.address, edge.is_out_of_reach())));
    match of_hosts.or(of_edges) {
        Some(Families::Ipv4) => &[Families::Both, Families::Ipv4],
        Some(Families::Ipv6) => &[Families::Both, Families::Ipv6],
        Some(Families::Both) | None => &[Families::Both],
    }
}

/// Chooses the family to be judged alone, of addresses and whether each is out of reach; `None` where they are
/// not of both families.
fn alone(seen: impl Iterator<Item = (IpAddr, bool)>) -> Option<Families> {
    let seen: Vec<(IpAddr, bool)> = seen.collect();
    let has = |families: Families| seen.iter().any(|(address, _)| families.have(*address));
    let can_have = |families: Families| {
        seen.iter()
            .any(|(address, is_out_of_reach)| !is_out_of_reach && families.have(*address))
    };
    if !has(Families::Ipv4) || !has(Families::Ipv6) {
        None
    } else {
        [Families::Ipv4, Families::Ipv6]
            .into_iter()
            .find(|families| can_have(*families))
    }
}

/// Orders verdicts over one host: what is proven against it counts more than what is not known.
const fn badness(verdict: MxVerdict) -> u8 {
    match verdict {
        MxVerdict::Accepted => 0,
        MxVerdict::NotAsked
        | MxVerdict::NotTried
        | MxVerdict::RejectedUs
        | MxVerdict::Undetermined
        | MxVerdict::Unreachable => 1,
        MxVerdict::Refused => 2,
    }
}

fn worth(addresses: &[&Address<'_>]) -> MxVerdict {
    let Some(first) = addresses.first().map(|address| address.verdict) else {
        return MxVerdict::Unreachable;
    };
    let is_definite = addresses
        .iter()
        .all(|address| address.transport.certainty() == Certainty::Definite);
    if addresses
        .iter()
        .any(|address| address.verdict == MxVerdict::Accepted)
    {
        MxVerdict::Accepted
    } else if addresses.iter().all(|address| address.verdict == first) {
        first
    } else if is_definite {
        // Some broken, some refused: no sender gets mail to this host.
        MxVerdict::Refused
    } else {
        // Some addresses refused, others unknown to us: they might have been accepted elsewhere.
        MxVerdict::Undetermined
    }
}
