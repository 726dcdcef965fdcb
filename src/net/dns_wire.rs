//! DNS messages turned into facts and back.

use std::collections::HashMap;
use std::time::Duration;

use hickory_proto::op::DnsResponse;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::tlsa;
use hickory_proto::rr::{self, DNSClass, Name, RData};

use crate::facts::DnsName;
use crate::facts::dns::{
    DnsFailure, DnsFailureKind, Exchange, ExtendedErrors, MxRecord, NsRecord, Record, RecordType,
    TlsaRecord, TxtRecord,
};

/// The largest TTL; one with the top bit set counts as zero ([RFC 2181, Section 8]).
///
/// [RFC 2181, Section 8]: https://www.rfc-editor.org/rfc/rfc2181#section-8
const MAX_TTL_SECS: u32 = 0x7fff_ffff;

pub(super) fn to_wire(name: &DnsName) -> Result<Name, DnsFailure> {
    Name::from_labels(name.as_str().split('.').map(str::as_bytes))
        .map(|mut name| {
            name.set_fqdn(true);
            name
        })
        .map_err(|error| DnsFailure {
            kind: DnsFailureKind::Malformed,
            detail: format!("`{name}` cannot be asked about: {error}").into(),
        })
}

pub(super) const fn to_wire_type(record_type: RecordType) -> rr::RecordType {
    match record_type {
        RecordType::A => rr::RecordType::A,
        RecordType::Aaaa => rr::RecordType::AAAA,
        RecordType::Mx => rr::RecordType::MX,
        RecordType::Ns => rr::RecordType::NS,
        RecordType::Soa => rr::RecordType::SOA,
        RecordType::Tlsa => rr::RecordType::TLSA,
        RecordType::Txt => rr::RecordType::TXT,
    }
}

pub(super) fn to_ttl(secs: u32) -> Duration {
    Duration::from_secs(u64::from(if secs > MAX_TTL_SECS { 0 } else { secs }))
}

pub(super) fn from_wire(data: &RData) -> Option<Record> {
    Some(match data {
        RData::A(address) => Record::A(address.0),
        RData::AAAA(address) => Record::Aaaa(address.0),
        RData::MX(mx) => Record::Mx(MxRecord {
            preference: mx.preference,
            exchange: to_exchange(&mx.exchange),
        }),
        // A server whose name cannot be asked about is none that can be asked.
        RData::NS(server) => Record::Ns(NsRecord::new(present(&server.0).parse().ok()?)),
        RData::SOA(soa) => Record::Soa(soa.serial),
        RData::TXT(text) => Record::Txt(TxtRecord {
            strings: text.txt_data.to_vec(),
        }),
        RData::TLSA(tlsa) => Record::Tlsa(to_tlsa(tlsa)),
        _ => return None,
    })
}

/// Gives NS records the addresses of their hosts from the additional section of the same reply; returns the least TTL
/// of these.
///
/// One of each family is taken, as of an answer. A host that is an alias there gets none: an NS record must not name
/// one ([RFC 2181, Section 10.3]), and what stands beside the CNAME is not its address.
///
/// [RFC 2181, Section 10.3]: https://www.rfc-editor.org/rfc/rfc2181#section-10.3
pub(super) fn add_addresses(records: &mut [Record], reply: &DnsResponse) -> Option<Duration> {
    let mut servers: HashMap<DnsName, (&mut NsRecord, Option<Duration>)> = HashMap::new();
    for record in records {
        if let Record::Ns(server) = record {
            servers.entry(server.host.clone()).or_insert((server, None));
        }
    }
    if servers.is_empty() {
        return None;
    }
    let additionals = (reply.additionals.iter())
        .filter(|record| record.dns_class == DNSClass::IN)
        .filter_map(|record| Some((present(&record.name).parse().ok()?, record)));
    let additionals: Vec<(DnsName, &rr::Record)> = additionals.collect();
    for (owner, record) in &additionals {
        if record.record_type() == rr::RecordType::CNAME {
            servers.remove(owner);
        }
    }
    for (owner, record) in additionals {
        let Some((server, ttl)) = servers.get_mut(&owner) else {
            continue;
        };
        match &record.data {
            RData::A(address) if server.ipv4.is_none() => server.ipv4 = Some(address.0),
            RData::AAAA(address) if server.ipv6.is_none() => server.ipv6 = Some(address.0),
            _ => continue,
        }
        let own = to_ttl(record.ttl);
        *ttl = Some(ttl.map_or(own, |least| least.min(own)));
    }
    servers.into_values().filter_map(|(_, ttl)| ttl).min()
}

fn to_exchange(name: &Name) -> Exchange {
    if name.is_root() {
        return Exchange::Root;
    }
    let text = present(name);
    match text.parse() {
        Ok(host) => Exchange::Host(host),
        Err(_no_host_name) => Exchange::NotAHostName(text),
    }
}

fn to_tlsa(tlsa: &tlsa::TLSA) -> TlsaRecord {
    TlsaRecord {
        usage: tlsa.cert_usage.into(),
        selector: tlsa.selector.into(),
        matching: tlsa.matching.into(),
        data: tlsa.cert_data.clone().into(),
    }
}

/// Writes a name as zone files do, without its final dot ([RFC 1035, Section 5.1]); hickory's own text has
/// octal numbers.
///
/// [RFC 1035, Section 5.1]: https://www.rfc-editor.org/rfc/rfc1035#section-5.1
pub(super) fn present(name: &Name) -> Box<str> {
    let mut text = String::new();
    for (number, label) in name.iter().enumerate() {
        if number > 0 {
            text.push('.');
        }
        for octet in label {
            match octet {
                b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                    text.push('\\');
                    text.push(char::from(*octet));
                }
                b'!'..=b'~' => text.push(char::from(*octet)),
                octet => text.push_str(&format!("\\{octet:03}")),
            }
        }
    }
    text.into()
}

/// Reads the extended errors of a reply ([RFC 8914, Section 2]): a code, perhaps a text.
///
/// [RFC 8914, Section 2]: https://www.rfc-editor.org/rfc/rfc8914#section-2
pub(super) fn extended_errors(reply: &DnsResponse) -> ExtendedErrors {
    let options = reply.edns.iter().flat_map(|edns| edns.options().as_ref());
    options
        .filter_map(|(_, option)| match option {
            EdnsOption::Unknown(EXTENDED_ERROR, octets) => octets.first_chunk::<2>(),
            _ => None,
        })
        .fold(ExtendedErrors::default(), |all, code| {
            all.with(u16::from_be_bytes(*code))
        })
}

/// The EDNS option of an extended error.
const EXTENDED_ERROR: u16 = 15;
