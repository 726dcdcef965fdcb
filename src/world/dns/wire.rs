//! Records and names as DNS messages have them.

use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, SOA, TLSA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::fakes::{DEFAULT_TTL, RecordData, RecordKind};
use crate::world::error::WorldError;

/// Returns a record of the same owner and another type: an address, or a text in the place of an address.
pub(super) fn other_type(record: &Record) -> Record {
    let data = match record.data {
        RData::A(_) => RData::TXT(TXT::from_bytes(vec![b"another type"])),
        _ => RData::A(A(Ipv4Addr::new(203, 0, 113, 254))),
    };
    Record::from_rdata(record.name.clone(), record.ttl, data)
}

/// Returns the SOA record of a negative answer (RFC 2308, Section 3).
pub(super) fn soa(owner: &Name, negative_ttl: Option<Duration>) -> Option<Record> {
    let ttl = secs(negative_ttl?);
    let data = RData::SOA(start(1, ttl));
    Some(Record::from_rdata(owner.base_name(), ttl, data))
}

/// Returns the start of a zone; `minimum` is the TTL of its negative answers, in seconds.
fn start(serial: u32, minimum: u32) -> SOA {
    let server = Name::from_ascii("ns.lab.test.").expect("it is a name");
    let person = Name::from_ascii("hostmaster.lab.test.").expect("it is a name");
    SOA::new(server, person, serial, 3600, 600, 86_400, minimum)
}

/// Returns the record that names a name server of the root.
pub(super) fn root() -> Record {
    let server = Name::from_ascii("ns.lab.test.").expect("it is a name");
    Record::from_rdata(Name::root(), 3600, RData::NS(NS(server)))
}

/// Returns a TTL; one that is too long is the longest.
pub(super) fn secs(ttl: Duration) -> u32 {
    u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX)
}

/// Returns the type that a question asks for.
pub(super) const fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Tlsa => RecordType::TLSA,
        RecordKind::Txt => RecordType::TXT,
    }
}

/// Makes a record's data.
pub(super) fn rdata(data: &RecordData) -> Result<RData, WorldError> {
    Ok(match data {
        RecordData::A(address) => RData::A(A(*address)),
        RecordData::Aaaa(address) => RData::AAAA(AAAA(*address)),
        RecordData::Cname(target) => RData::CNAME(CNAME(wire_name(target)?)),
        RecordData::Mx {
            preference,
            exchange,
        } => RData::MX(MX::new(*preference, wire_name(exchange)?)),
        RecordData::Ns(server) => RData::NS(NS(wire_name(server)?)),
        RecordData::Soa(serial) => RData::SOA(start(*serial, secs(DEFAULT_TTL))),
        RecordData::Tlsa {
            usage,
            selector,
            matching,
            data,
        } => RData::TLSA(TLSA::new(
            (*usage).into(),
            (*selector).into(),
            (*matching).into(),
            data.to_vec(),
        )),
        RecordData::Txt(strings) => {
            if let Some(long) = strings
                .iter()
                .find(|string| string.len() > RecordData::MAX_STRING_OCTETS)
            {
                return Err(WorldError::LongString { octets: long.len() });
            }
            RData::TXT(TXT::from_bytes(
                strings.iter().map(|string| &**string).collect(),
            ))
        }
    })
}

/// Makes a name out of the octets between the dots, whatever they are.
fn wire_name(text: &str) -> Result<Name, WorldError> {
    let relative = text.strip_suffix('.').unwrap_or(text);
    let labels = relative
        .split('.')
        .filter(|_label| !relative.is_empty())
        .map(str::as_bytes);
    let mut name = Name::from_labels(labels).map_err(|error| WorldError::Name {
        name: text.into(),
        detail: error.to_string().into(),
    })?;
    name.set_fqdn(true);
    Ok(name)
}

/// Returns a name as scenarios write it: lower case, no final dot.
pub(super) fn text(name: &Name) -> String {
    let labels: Vec<_> = name
        .iter()
        .map(|label| {
            let label = String::from_utf8_lossy(label).to_ascii_lowercase();
            label.replace('.', "\\.")
        })
        .collect();
    labels.join(".")
}
