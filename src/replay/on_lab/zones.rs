//! A scenario's zones as the DNS table of the fake Internet.

use std::net::IpAddr;
use std::time::Duration;

use super::same_name;
use crate::facts::dns::{MxRecord, Record};
use crate::replay::on_model::tlsa_record;
use crate::scenario::RecordFault;
use crate::scenario::state::{self, Answer, DnsFault, Types, ZoneName, Zones};
use crate::world::{self, NameState, RecordData, RecordKind, View};

/// Returns the DNS table of a resolver.
pub(super) fn view(zones: &Zones) -> View {
    View {
        names: zones
            .iter()
            .map(|(name, zone)| (name.to_string(), name_state(zone)))
            .collect(),
        ..View::default()
    }
}

fn name_state(zone: &ZoneName) -> NameState {
    let negative_ttl_secs = Some(secs(state::DEFAULT_TTL));
    match zone {
        ZoneName::Alias { target, ttl } => NameState::new([(
            RecordKind::Cname,
            world::Answer {
                records: vec![RecordData::Cname(target.to_string())],
                ttl_secs: secs(*ttl),
                fault: None,
            },
        )]),
        ZoneName::Failed(fault) => NameState {
            negative_ttl_secs: match fault {
                DnsFault::NxDomain { ttl } => Some(secs(*ttl)),
                DnsFault::ServFail | DnsFault::Refused | DnsFault::Silence => negative_ttl_secs,
            },
            ..NameState::faulty(fault_of(*fault))
        },
        ZoneName::Types(types) => NameState {
            negative_ttl_secs,
            ..NameState::new(answers(types))
        },
    }
}

fn answers(types: &Types) -> Vec<(RecordKind, world::Answer)> {
    let address = |address: &IpAddr| {
        Some(match address {
            IpAddr::V4(address) => RecordData::A(*address),
            IpAddr::V6(address) => RecordData::Aaaa(*address),
        })
    };
    let mut answers = Vec::new();
    if let Some(a) = &types.a {
        answers.push((RecordKind::A, answer(a, address)));
    }
    if let Some(aaaa) = &types.aaaa {
        answers.push((RecordKind::Aaaa, answer(aaaa, address)));
    }
    if let Some(mx) = &types.mx {
        let record = |mx: &MxRecord| Some(RecordData::mx(mx.preference, mx.exchange.to_string()));
        answers.push((RecordKind::Mx, answer(mx, record)));
    }
    if let Some(txt) = &types.txt {
        let record = |strings: &Vec<Box<[u8]>>| {
            Some(RecordData::Txt(
                strings.iter().map(|string| string.to_vec()).collect(),
            ))
        };
        answers.push((RecordKind::Txt, answer(txt, record)));
    }
    if let Some(tlsa) = &types.tlsa {
        let served = answer(tlsa, |text| tlsa_record(text).and_then(tlsa_data));
        answers.push((RecordKind::Tlsa, served));
    }
    answers
}

fn tlsa_data(record: Record) -> Option<RecordData> {
    match record {
        Record::Tlsa(tlsa) => Some(RecordData::Tlsa {
            usage: tlsa.usage,
            selector: tlsa.selector,
            matching: tlsa.matching,
            data: tlsa.data.into_vec(),
        }),
        Record::A(_) | Record::Aaaa(_) | Record::Mx(_) | Record::Txt(_) => None,
    }
}

fn answer<T>(answer: &Answer<T>, record: impl Fn(&T) -> Option<RecordData>) -> world::Answer {
    match answer {
        Answer::Records {
            records,
            ttl,
            fault,
        } => world::Answer {
            records: records.iter().filter_map(record).collect(),
            ttl_secs: secs(*ttl),
            fault: fault.map(same_name::<RecordFault, world::DnsFault>),
        },
        Answer::NoData { ttl } => world::Answer {
            records: Vec::new(),
            ttl_secs: secs(*ttl),
            fault: Some(world::DnsFault::Nodata),
        },
        Answer::Failed(fault) => world::Answer {
            records: Vec::new(),
            ttl_secs: match fault {
                DnsFault::NxDomain { ttl } => secs(*ttl),
                DnsFault::ServFail | DnsFault::Refused | DnsFault::Silence => 0,
            },
            fault: Some(fault_of(*fault)),
        },
    }
}

/// Returns what an answer suffers instead of having records.
pub(super) const fn fault_of(fault: DnsFault) -> world::DnsFault {
    match fault {
        DnsFault::NxDomain { .. } => world::DnsFault::Nxdomain,
        DnsFault::ServFail => world::DnsFault::Servfail,
        DnsFault::Refused => world::DnsFault::Refused,
        DnsFault::Silence => world::DnsFault::Timeout,
    }
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
