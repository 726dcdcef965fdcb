//! What a resolver answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lag::Lag;
use super::names::names;
use super::record::{RecordData, RecordKind};

/// How long an answer may be kept where nothing else is said, negative ones included.
pub const DEFAULT_TTL: Duration = Duration::from_secs(3600);

/// One resolver's sight of the DNS.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct View {
    /// The declared names, without the final dot, in lower case; `*.corp.test` stands for every name below
    /// `corp.test` that is not itself declared. A question about any other name is unannounced.
    pub names: BTreeMap<String, Name>,
    /// What every question to this resolver suffers.
    pub fault: Option<DnsFault>,
    /// Whether the resolver follows CNAMEs, as a recursive one does; otherwise it answers with the first one
    /// and is asked again, so that nobody but the resolver sees a difference.
    pub follows_cnames: bool,
    /// Whether it sends the addresses of name servers along where it is asked for these, as BIND and Unbound do and
    /// the large public resolvers do not; only those that no fault spoils.
    pub sends_addresses: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            names: BTreeMap::new(),
            fault: None,
            follows_cnames: true,
            sends_addresses: true,
        }
    }
}

/// A server of zones, which answers for them by itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NameServer {
    /// What it says; what it does not declare is as everybody sees it. It follows no CNAME.
    pub says: View,
    /// It does not know the zones that are delegated to it.
    pub lame: bool,
    /// What it still says in the place of that at first; what is not declared there is as everybody sees it.
    pub lag: Option<Lag<View>>,
}

/// Finds a name among those that are declared, or the wildcard that stands for it (RFC 4592).
pub fn closest<'a, T>(name: &str, declared: impl Fn(&str) -> Option<&'a T>) -> Option<&'a T> {
    if let Some(found) = declared(name) {
        return Some(found);
    }
    let mut rest = name;
    while let Some((_label, parent)) = rest.split_once('.') {
        if let Some(found) = declared(&format!("*.{parent}")) {
            return Some(found);
        }
        if declared(parent).is_some() {
            // The closest encloser has no wildcard; those further up do not count.
            return None;
        }
        rest = parent;
    }
    None
}

/// A declared name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Name {
    /// The record sets; a type that is not here has no data.
    pub answers: BTreeMap<RecordKind, Answer>,
    /// What every question about this name suffers.
    pub fault: Option<DnsFault>,
    /// How long "no such name" and "no data" may be remembered (RFC 2308); `None`: the answer has no SOA.
    pub negative_ttl: Option<Duration>,
}

impl Name {
    /// Makes a name with these record sets and no fault.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = (RecordKind, Answer)>) -> Self {
        Self {
            answers: answers.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Makes a name of which every question suffers `fault`.
    #[must_use]
    pub fn faulty(fault: DnsFault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// Makes an alias.
    #[must_use]
    pub fn alias(target: impl Into<String>, ttl: Duration) -> Self {
        let target = RecordData::Cname(target.into());
        Self::new([(RecordKind::Cname, Answer::new([target], ttl))])
    }

    /// Returns the name that this one is an alias of.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        let records = &self.answers.get(&RecordKind::Cname)?.records;
        records.iter().find_map(|record| match record {
            RecordData::Cname(target) => Some(&**target),
            RecordData::A(_)
            | RecordData::Aaaa(_)
            | RecordData::Mx { .. }
            | RecordData::Ns(_)
            | RecordData::Soa(_)
            | RecordData::Tlsa { .. }
            | RecordData::Txt(_) => None,
        })
    }
}

impl Default for Name {
    fn default() -> Self {
        Self {
            answers: BTreeMap::new(),
            fault: None,
            negative_ttl: Some(DEFAULT_TTL),
        }
    }
}

/// The answer to a question about one type of one name.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answer {
    /// The records, in the order in which they are sent; usually, not necessarily, of the type asked for.
    pub records: Vec<RecordData>,
    /// Their TTL; if `fault` leaves none of them, how long that may be remembered, in a name that has an SOA.
    pub ttl: Duration,
    /// What the answer suffers; the records stay declared beside it.
    pub fault: Option<DnsFault>,
}

impl Answer {
    /// Makes an answer without a fault.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = RecordData>, ttl: Duration) -> Self {
        Self {
            records: records.into_iter().collect(),
            ttl,
            fault: None,
        }
    }
}

/// What a DNS answer suffers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DnsFault {
    /// The name exists, records of this type do not.
    NoData,
    /// There are no records, and this RCODE.
    Rcode(Rcode),
    /// The question is swallowed.
    Silence,
    /// The records come, and are spoiled.
    Spoiled(RecordFault),
}

impl DnsFault {
    /// Returns every fault.
    pub fn all() -> impl Iterator<Item = Self> {
        let rcodes = Rcode::ALL.iter().copied().map(Self::Rcode);
        let spoiled = RecordFault::ALL.iter().copied().map(Self::Spoiled);
        [Self::NoData, Self::Silence]
            .into_iter()
            .chain(rcodes)
            .chain(spoiled)
    }
}

names! {
    /// The RCODE of a DNS answer that holds no records, and the extended error beside it (RFC 8914).
    Rcode, "an RCODE" {
        /// The name does not exist.
        Nxdomain = "nxdomain",
        /// The resolver failed.
        Servfail = "servfail",
        /// The resolver failed, and says why: DNSSEC Bogus (extended error 6).
        ServfailDnssecBogus = "servfail-dnssec-bogus",
        /// The resolver failed, and says why: Signature Expired (extended error 7).
        ServfailSignatureExpired = "servfail-signature-expired",
        /// The resolver failed, and says why: Signature Not Yet Valid (extended error 8).
        ServfailSignatureNotYetValid = "servfail-signature-not-yet-valid",
        /// The resolver failed, and says why: DNSKEY Missing (extended error 9).
        ServfailDnskeyMissing = "servfail-dnskey-missing",
        /// The resolver failed, and says why: RRSIGs Missing (extended error 10).
        ServfailRrsigsMissing = "servfail-rrsigs-missing",
        /// The resolver failed, and says why: No Zone Key Bit Set (extended error 11).
        ServfailNoZoneKeyBitSet = "servfail-no-zone-key-bit-set",
        /// The resolver failed, and says why: NSEC Missing (extended error 12).
        ServfailNsecMissing = "servfail-nsec-missing",
        /// The resolver failed, and says why: No Reachable Authority (extended error 22).
        ServfailNoReachableAuthority = "servfail-no-reachable-authority",
        /// The resolver failed, and says why: Network Error (extended error 23).
        ServfailNetworkError = "servfail-network-error",
        /// The resolver refuses to answer.
        Refused = "refused",
    }
}

impl Rcode {
    /// Returns the code of the extended error beside it.
    #[must_use]
    pub const fn extended_error(self) -> Option<u16> {
        match self {
            Self::ServfailDnssecBogus => Some(6),
            Self::ServfailSignatureExpired => Some(7),
            Self::ServfailSignatureNotYetValid => Some(8),
            Self::ServfailDnskeyMissing => Some(9),
            Self::ServfailRrsigsMissing => Some(10),
            Self::ServfailNoZoneKeyBitSet => Some(11),
            Self::ServfailNsecMissing => Some(12),
            Self::ServfailNoReachableAuthority => Some(22),
            Self::ServfailNetworkError => Some(23),
            Self::Nxdomain | Self::Servfail | Self::Refused => None,
        }
    }
}

names! {
    /// What a DNS answer suffers beside its records.
    RecordFault, "a fault of an answer" {
        /// Over UDP the answer is cut to nothing; over TCP it is whole.
        Truncated = "truncated",
        /// The answer is cut over TCP as well.
        TruncatedOnTcp = "truncated-on-tcp",
        /// The records stand under another name than the one asked for.
        WrongOwner = "wrong-owner",
        /// The records are of another type than the one asked for.
        WrongType = "wrong-type",
        /// Besides the records, some of another type and some of another name.
        ExtraRecords = "extra-records",
        /// The records do not validate: SERVFAIL, unless the question forbids validation (CD).
        Bogus = "bogus",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{
        Answer, DEFAULT_TTL, DnsFault, Name, Rcode, RecordData, RecordFault, RecordKind, closest,
    };

    #[test]
    fn a_wildcard_stands_for_what_has_no_closer_name() {
        let declared = BTreeMap::from(
            ["corp.test", "*.corp.test", "mx.corp.test", "*.wild.test"].map(|name| (name, name)),
        );
        for (name, expected) in [
            ("corp.test", Some("corp.test")),
            ("mx.corp.test", Some("mx.corp.test")),
            ("www.corp.test", Some("*.corp.test")),
            ("a.www.corp.test", Some("*.corp.test")),
            ("a.mx.corp.test", None),
            ("a.wild.test", Some("*.wild.test")),
            ("wild.test", None),
            ("test", None),
        ] {
            let found = closest(name, |name| declared.get(name));
            assert_eq!(found.copied(), expected, "{name}");
        }
    }

    #[test]
    fn a_name_has_answers_a_target_or_a_fault() {
        let ttl = Duration::from_secs(60);
        let cname = || RecordData::Cname("b.test".into());
        let name = |answers, fault| Name {
            answers: BTreeMap::from_iter(answers),
            fault,
            negative_ttl: Some(DEFAULT_TTL),
        };
        let answer = |records| Answer {
            records,
            ttl,
            fault: None,
        };
        let text = || answer(vec![RecordData::txt("text")]);
        for (made, expected, target) in [
            (
                Name::new([(RecordKind::Txt, text())]),
                name(vec![(RecordKind::Txt, text())], None),
                None,
            ),
            (
                Name::alias("b.test", ttl),
                name(vec![(RecordKind::Cname, answer(vec![cname()]))], None),
                Some("b.test"),
            ),
            (
                Name::faulty(DnsFault::Silence),
                name(vec![], Some(DnsFault::Silence)),
                None,
            ),
        ] {
            assert_eq!(made, expected);
            assert_eq!(made.target(), target, "{made:?}");
        }
    }

    #[test]
    fn a_failure_that_is_explained_has_the_code_of_its_explanation() {
        let codes = Rcode::ALL.iter().map(|rcode| rcode.extended_error());
        // The names stand in the order of the registry (RFC 8914, Section 5.2).
        assert_eq!(
            codes.collect::<Vec<_>>(),
            [
                None,
                None,
                Some(6),
                Some(7),
                Some(8),
                Some(9),
                Some(10),
                Some(11),
                Some(12),
                Some(22),
                Some(23),
                None
            ]
        );
    }

    #[test]
    fn every_fault_of_an_answer_is_listed_once() {
        assert_eq!(
            DnsFault::all().collect::<Vec<_>>(),
            [
                DnsFault::NoData,
                DnsFault::Silence,
                DnsFault::Rcode(Rcode::Nxdomain),
                DnsFault::Rcode(Rcode::Servfail),
                DnsFault::Rcode(Rcode::ServfailDnssecBogus),
                DnsFault::Rcode(Rcode::ServfailSignatureExpired),
                DnsFault::Rcode(Rcode::ServfailSignatureNotYetValid),
                DnsFault::Rcode(Rcode::ServfailDnskeyMissing),
                DnsFault::Rcode(Rcode::ServfailRrsigsMissing),
                DnsFault::Rcode(Rcode::ServfailNoZoneKeyBitSet),
                DnsFault::Rcode(Rcode::ServfailNsecMissing),
                DnsFault::Rcode(Rcode::ServfailNoReachableAuthority),
                DnsFault::Rcode(Rcode::ServfailNetworkError),
                DnsFault::Rcode(Rcode::Refused),
                DnsFault::Spoiled(RecordFault::Truncated),
                DnsFault::Spoiled(RecordFault::TruncatedOnTcp),
                DnsFault::Spoiled(RecordFault::WrongOwner),
                DnsFault::Spoiled(RecordFault::WrongType),
                DnsFault::Spoiled(RecordFault::ExtraRecords),
                DnsFault::Spoiled(RecordFault::Bogus),
            ]
        );
    }
}
