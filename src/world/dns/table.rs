//! What a resolver says: records, aliases followed, and what spoils them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::wire;
use crate::fakes::{
    self, DEFAULT_TTL, DnsFault, Lag, NameServer, Rcode, RecordFault, RecordKind, View,
};
use crate::world::error::WorldError;

/// The longest CNAME chain that a resolver follows; it answers with that much of it.
const MAX_CHAIN: usize = 16;

/// Where records of the "wrong" kinds of fault stand.
const ELSEWHERE: &str = "elsewhere.test.";

/// What one resolver or name server says, ready to be sent.
#[derive(Debug)]
pub(in crate::world) struct Table {
    names: HashMap<String, Entry>,
    fault: Option<DnsFault>,
    follows_cnames: bool,
    sends_addresses: bool,
    role: Role,
    behind: Option<Behind>,
}

/// What a name server still says of a zone that it has not heard of yet.
#[derive(Debug)]
struct Behind {
    lag: Lag<Box<Table>>,
    answered: AtomicU32,
}

/// As what a server answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It recurses for any client.
    Resolver,
    /// It has the zones itself: AA is set.
    Authority,
    /// It was to have them, and does not.
    Lame,
}

#[derive(Debug)]
struct Entry {
    sets: BTreeMap<RecordKind, Set>,
    fault: Option<DnsFault>,
    negative_ttl: Option<Duration>,
}

#[derive(Debug)]
struct Set {
    data: Vec<RData>,
    ttl: Duration,
    fault: Option<DnsFault>,
}

impl Table {
    /// Prepares the answers of `view`, and of `base` where the view does not declare the name.
    pub(in crate::world) fn new(view: &View, base: Option<&View>) -> Result<Self, WorldError> {
        let mut names = HashMap::new();
        let base = base.into_iter().flat_map(|base| &base.names);
        for (name, state) in base.chain(&view.names) {
            let name = name.strip_suffix('.').unwrap_or(name);
            names.insert(name.to_ascii_lowercase(), Entry::new(state)?);
        }
        Ok(Self {
            names,
            fault: view.fault,
            follows_cnames: view.follows_cnames,
            sends_addresses: view.sends_addresses,
            role: Role::Resolver,
            behind: None,
        })
    }

    /// Prepares the answers of a name server; what it does not declare is as `base` has it.
    pub(in crate::world) fn of_server(
        server: &NameServer,
        base: &View,
    ) -> Result<Self, WorldError> {
        let role = if server.lame {
            Role::Lame
        } else {
            Role::Authority
        };
        let of_view = |view| -> Result<Self, WorldError> {
            Ok(Self {
                follows_cnames: false,
                sends_addresses: false,
                role,
                ..Self::new(view, Some(base))?
            })
        };
        let behind = match &server.lag {
            Some(lag) => Some(Behind {
                lag: Lag {
                    requests: lag.requests,
                    before: Box::new(of_view(&lag.before)?),
                },
                answered: AtomicU32::new(0),
            }),
            None => None,
        };
        Ok(Self {
            behind,
            ..of_view(&server.says)?
        })
    }

    /// Returns what answers a question, and counts it.
    pub(super) fn now(&self) -> &Self {
        let Some(behind) = &self.behind else {
            return self;
        };
        let answered = behind.answered.fetch_add(1, Ordering::Relaxed);
        behind.lag.still(answered).map_or(self, Box::as_ref)
    }

    /// Returns as what it answers.
    pub(super) const fn role(&self) -> Role {
        self.role
    }

    /// Finds a name, or the wildcard that stands for it.
    fn find(&self, name: &str) -> Option<&Entry> {
        fakes::closest(name, |name| self.names.get(name))
    }

    /// Answers the question for the name servers of the root, which any resolver knows that works at all.
    pub(super) fn resolve_root(&self) -> Resolution {
        match self.fault {
            Some(fault @ (DnsFault::Rcode(_) | DnsFault::Silence)) => {
                Resolution::faulty(fault, Vec::new(), Vec::new(), None)
            }
            Some(DnsFault::NoData | DnsFault::Spoiled(_)) | None => {
                Resolution::found(vec![wire::root()])
            }
        }
    }

    /// Returns what is sent along with an answer: the addresses of the name servers in it.
    pub(super) fn additional(&self, answer: &[Record]) -> Vec<Record> {
        if !self.sends_addresses {
            return Vec::new();
        }
        let servers = answer.iter().filter_map(|record| match &record.data {
            RData::NS(server) => Some(&server.0),
            _ => None,
        });
        servers
            .filter_map(|server| Some((server, self.find(&wire::text(server))?)))
            .filter(|(_, entry)| entry.fault.is_none())
            .flat_map(|(server, entry)| {
                let sets = [RecordKind::A, RecordKind::Aaaa].map(|kind| entry.sets.get(&kind));
                let sound = sets.into_iter().flatten().filter(|set| set.fault.is_none());
                sound.flat_map(|set| set.records(server))
            })
            .collect()
    }

    /// Answers a question, following aliases; the names that nobody declared come with the answer.
    ///
    /// A question may forbid validation (CD): records that do not validate are then as good as any.
    pub(super) fn resolve(
        &self,
        question: &Name,
        record_type: RecordType,
        validation: Validation,
    ) -> (Resolution, Vec<String>) {
        let validation = match self.role {
            Role::Resolver => validation,
            Role::Lame => return (Resolution::found(Vec::new()), Vec::new()),
            // A zone's own server sends what it has.
            Role::Authority => Validation::Off,
        };
        let mut records = Vec::new();
        let mut seen = Vec::new();
        let mut owner = question.clone();
        loop {
            let key = wire::text(&owner);
            let Some(entry) = self.find(&key) else {
                let ttl = Some(DEFAULT_TTL);
                let negative =
                    Resolution::negative(ResponseCode::NXDomain, records, wire::soa(&owner, ttl));
                return (negative, vec![key]);
            };
            let soa = wire::soa(&owner, entry.negative_ttl);
            let (set, alias) = entry.select(record_type);
            let fault = self.fault.or(entry.fault).or(set.and_then(|set| set.fault));
            let fault = fault.filter(|fault| {
                validation == Validation::On || *fault != DnsFault::Spoiled(RecordFault::Bogus)
            });
            let Some(set) = set else {
                let none = fault.unwrap_or(DnsFault::NoData);
                let none = Resolution::faulty(none, records, Vec::new(), soa);
                return (none, Vec::new());
            };
            let found = set.records(&owner);
            if let Some(fault) = fault {
                // What one type lacks may be remembered as long as its records might.
                let soa = match set.fault.filter(|own| *own == fault) {
                    Some(_) => {
                        let ttl = entry.negative_ttl.map(|_of_name| set.ttl);
                        wire::soa(&owner, ttl)
                    }
                    None => soa,
                };
                return (Resolution::faulty(fault, records, found, soa), Vec::new());
            }
            records.extend(found);
            seen.push(key);
            match alias {
                Some(target)
                    if self.follows_cnames
                        && seen.len() < MAX_CHAIN
                        && !seen.contains(&wire::text(target)) =>
                {
                    owner = target.clone();
                }
                _ => return (Resolution::found(records), Vec::new()),
            }
        }
    }
}

impl Entry {
    fn new(state: &fakes::Name) -> Result<Self, WorldError> {
        let mut sets = BTreeMap::new();
        for (kind, answer) in &state.answers {
            let data = answer.records.iter().map(wire::rdata);
            let set = Set {
                data: data.collect::<Result<_, _>>()?,
                ttl: answer.ttl,
                fault: answer.fault,
            };
            sets.insert(*kind, set);
        }
        Ok(Self {
            sets,
            fault: state.fault,
            negative_ttl: state.negative_ttl,
        })
    }

    /// Returns the set that answers a question about `record_type`, and where it leads if it is an alias.
    fn select(&self, record_type: RecordType) -> (Option<&Set>, Option<&Name>) {
        let asked = RecordKind::ALL
            .iter()
            .find(|kind| wire::record_type(**kind) == record_type);
        if let Some(set) = asked.and_then(|kind| self.sets.get(kind)) {
            return (Some(set), None);
        }
        let alias = self.sets.get(&RecordKind::Cname);
        let target = alias.and_then(|set| {
            set.data.iter().find_map(|data| match data {
                RData::CNAME(target) => Some(&target.0),
                _ => None,
            })
        });
        (alias, target)
    }
}

impl Set {
    fn records(&self, owner: &Name) -> Vec<Record> {
        let data = self.data.iter().cloned();
        data.map(|data| Record::from_rdata(owner.clone(), wire::secs(self.ttl), data))
            .collect()
    }
}

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) code: ResponseCode,
    pub(super) records: Vec<Record>,
    pub(super) soa: Option<Record>,
    pub(super) delivery: Delivery,
    /// The code of an extended error (RFC 8914).
    pub(super) extended_error: Option<u16>,
}

/// Whether a question lets the resolver validate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Validation {
    /// It does.
    On,
    /// It forbids it: CD is set.
    Off,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Delivery {
    Whole,
    Never,
    CutOverUdp,
    Cut,
}

impl Resolution {
    const fn found(records: Vec<Record>) -> Self {
        Self {
            code: ResponseCode::NoError,
            records,
            soa: None,
            delivery: Delivery::Whole,
            extended_error: None,
        }
    }

    pub(super) const fn negative(
        code: ResponseCode,
        chain: Vec<Record>,
        soa: Option<Record>,
    ) -> Self {
        Self {
            code,
            records: chain,
            soa,
            delivery: Delivery::Whole,
            extended_error: None,
        }
    }

    /// Answers with `found`, at the end of `chain`, as `fault` spoils it.
    fn faulty(
        fault: DnsFault,
        mut chain: Vec<Record>,
        found: Vec<Record>,
        soa: Option<Record>,
    ) -> Self {
        let elsewhere = |mut record: Record| {
            record.name = Name::from_ascii(ELSEWHERE).expect("it is a name");
            record
        };
        match fault {
            DnsFault::Rcode(Rcode::Nxdomain) => Self::negative(ResponseCode::NXDomain, chain, soa),
            DnsFault::NoData => Self::negative(ResponseCode::NoError, chain, soa),
            DnsFault::Rcode(Rcode::Refused) => {
                Self::negative(ResponseCode::Refused, Vec::new(), None)
            }
            DnsFault::Rcode(rcode) => Self {
                extended_error: rcode.extended_error(),
                ..Self::negative(ResponseCode::ServFail, Vec::new(), None)
            },
            DnsFault::Spoiled(RecordFault::Bogus) => {
                Self::negative(ResponseCode::ServFail, Vec::new(), None)
            }
            DnsFault::Silence => Self::found(chain).delivered(Delivery::Never),
            DnsFault::Spoiled(RecordFault::Truncated) => {
                chain.extend(found);
                Self::found(chain).delivered(Delivery::CutOverUdp)
            }
            DnsFault::Spoiled(RecordFault::TruncatedOnTcp) => {
                chain.extend(found);
                Self::found(chain).delivered(Delivery::Cut)
            }
            DnsFault::Spoiled(RecordFault::WrongOwner) => {
                chain.extend(found.into_iter().map(elsewhere));
                Self::found(chain)
            }
            DnsFault::Spoiled(RecordFault::WrongType) => {
                chain.extend(found.into_iter().map(|record| wire::other_type(&record)));
                Self::found(chain)
            }
            DnsFault::Spoiled(RecordFault::ExtraRecords) => {
                let extra: Vec<_> = found
                    .iter()
                    .flat_map(|record| [wire::other_type(record), elsewhere(record.clone())])
                    .collect();
                chain.extend(extra);
                chain.extend(found);
                Self::found(chain)
            }
        }
    }

    fn delivered(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }
}
