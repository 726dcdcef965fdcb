//! What the answers of the servers come to, held against each other.

use std::net::IpAddr;

use super::asked::AskedZone;
use super::said::Said;
use crate::facts::DnsName;
use crate::facts::dns::{DnsFailure, DnsFailureKind, MxRecord};

/// A zone, judged.
#[derive(Clone, Debug)]
pub struct JudgedZone<'a> {
    /// Where it begins, and what was answered.
    pub asked: &'a AskedZone,
    /// Its servers, in the order in which they were asked.
    pub servers: Vec<JudgedServer<'a>>,
}

/// One server, judged.
#[derive(Clone, Debug)]
pub struct JudgedServer<'a> {
    /// Its name.
    pub host: &'a DnsName,
    /// Where it was asked; `None` if it has no address.
    pub address: Option<IpAddr>,
    /// The serial of its copy of the zone; `None` if it was not asked for, or not given.
    pub serial: Option<u32>,
    /// The MX records of the domain.
    pub mx: Said<'a, MxRecord>,
    /// The TXT records at `_mta-sts`.
    pub record: Said<'a, Vec<u8>>,
}

impl<'a> JudgedZone<'a> {
    /// Judges what the servers said.
    #[must_use]
    pub fn new(asked: &'a AskedZone) -> Self {
        let servers = asked.servers.iter().map(|server| JudgedServer {
            host: &server.host,
            address: server.address,
            serial: server.serial,
            mx: Said::of_mx(server.mx.as_ref()),
            record: Said::of_texts(server.record.as_ref()),
        });
        Self {
            asked,
            servers: servers.collect(),
        }
    }

    /// Returns whether any server answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        let mut servers = self.servers.iter();
        servers.any(|server| server.mx.is_answer() || server.record.is_answer())
    }

    /// Returns whether the servers that answered disagree about the MX records.
    #[must_use]
    pub fn splits_over_mx(&self) -> bool {
        disagree(self.servers.iter().map(|server| &server.mx))
    }

    /// Returns whether the servers that answered disagree about the MTA-STS record.
    #[must_use]
    pub fn splits_over_record(&self) -> bool {
        disagree(self.servers.iter().map(|server| &server.record))
    }

    /// Returns the servers that answer, and not for the zone: each resolver that asks them has to ask another.
    pub fn lame(&self) -> impl Iterator<Item = (&JudgedServer<'a>, &'a DnsFailure)> {
        self.servers.iter().filter_map(|server| {
            let Said::Failed(failure) = server.mx else {
                return None;
            };
            is_refusal(failure.kind).then_some((server, failure))
        })
    }

    /// Returns whether the servers agree about MX records that the resolver does not have.
    #[must_use]
    pub fn is_ahead_over_mx(&self, resolver: &Said<'_, MxRecord>) -> bool {
        !self.splits_over_mx()
            && self
                .servers
                .iter()
                .any(|server| server.mx.differs_from(resolver))
    }

    /// Returns whether the servers agree about a record that the resolver does not have.
    #[must_use]
    pub fn is_ahead_over_record(&self, resolver: &Said<'_, Vec<u8>>) -> bool {
        !self.splits_over_record()
            && self
                .servers
                .iter()
                .any(|server| server.record.differs_from(resolver))
    }
}

fn disagree<'s, T: Ord + 's>(said: impl Iterator<Item = &'s Said<'s, T>>) -> bool {
    let mut answers = said.filter(|said| said.is_answer());
    let first = answers.next();
    answers.any(|other| Some(other) != first)
}

/// Whether a server that can be reached does not serve the zone; silence may be ours.
pub(in crate::diagnose) const fn is_refusal(kind: DnsFailureKind) -> bool {
    match kind {
        DnsFailureKind::NotAuthoritative
        | DnsFailureKind::Rcode(_)
        | DnsFailureKind::Referral
        | DnsFailureKind::ServFail(_) => true,
        DnsFailureKind::ChainTooLong
        | DnsFailureKind::CnameLoop
        | DnsFailureKind::Malformed
        | DnsFailureKind::NoSocket
        | DnsFailureKind::TimedOut
        | DnsFailureKind::Truncated
        | DnsFailureKind::Unreachable
        | DnsFailureKind::Unreadable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::JudgedZone;
    use crate::diagnose::zone::{AskedServer, AskedZone, Said, ZoneReport};
    use crate::facts::dns::{
        Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Record, TxtRecord,
    };

    fn text(text: &str) -> DnsAnswer {
        DnsAnswer::plain(DnsOutcome::Records {
            records: vec![Record::Txt(TxtRecord::from_text(text.as_bytes()))],
            ttl: std::time::Duration::from_secs(60),
        })
    }

    fn alias(target: &str) -> DnsAnswer {
        DnsAnswer {
            aliases: vec![Alias {
                owner: "_mta-sts.corp.test".parse().unwrap(),
                target: target.parse().unwrap(),
                ttl: std::time::Duration::ZERO,
            }],
            ..DnsAnswer::plain(DnsOutcome::NoData { ttl: None })
        }
    }

    fn failed(kind: DnsFailureKind) -> DnsAnswer {
        DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
            kind,
            detail: Box::default(),
        }))
    }

    #[test]
    fn servers_that_answer_agree_or_do_not() {
        let nothing = DnsAnswer::plain(DnsOutcome::NoData { ttl: None });
        let no_name = DnsAnswer::plain(DnsOutcome::NxDomain { ttl: None });
        let silent = failed(DnsFailureKind::TimedOut);
        let refused = failed(DnsFailureKind::Rcode(5));
        let lost = failed(DnsFailureKind::NotAuthoritative);
        // What each server says; whether they split, how many are lame, whether they are ahead of a resolver
        // that says `1`.
        for (answers, splits, lame, ahead) in [
            (vec![text("1"), text("1")], false, 0, false),
            (vec![text("1"), text("2")], true, 0, false),
            (vec![text("2"), text("2")], false, 0, true),
            (vec![text("2"), silent.clone()], false, 0, true),
            (vec![text("1"), refused.clone()], false, 1, false),
            (vec![refused, lost], false, 2, false),
            (vec![silent.clone(), silent], false, 0, false),
            (vec![text("1"), nothing.clone()], true, 0, false),
            (vec![nothing, no_name], false, 0, true),
            (vec![alias("a.test"), text("1")], true, 0, false),
            (vec![alias("a.test"), alias("b.test")], true, 0, false),
            (vec![alias("a.test"), alias("a.test")], false, 0, true),
            (vec![], false, 0, false),
        ] {
            let servers = answers.iter().map(|answer| AskedServer {
                host: "ns.test".parse().unwrap(),
                address: Some([192, 0, 2, 53].into()),
                mx: Some(answer.clone()),
                record: Some(answer.clone()),
                serial: None,
            });
            let asked = AskedZone {
                name: "corp.test".parse().unwrap(),
                servers: servers.collect(),
                not_asked: 0,
            };
            let zone = JudgedZone::new(&asked);
            assert_eq!(zone.splits_over_record(), splits, "{answers:?}");
            assert_eq!(zone.lame().count(), lame, "{answers:?}");
            let is_silent = |answer: &DnsAnswer| {
                answer.aliases.is_empty() && matches!(answer.outcome, DnsOutcome::Failed(_))
            };
            // Of servers that all are silent nobody can say that they agree.
            let agrees = (!answers.iter().all(is_silent)).then_some(!splits);
            assert_eq!(ZoneReport::of(&zone).agrees, agrees, "{answers:?}");
            let resolver = text("1");
            let resolver = Said::of_texts(Some(&resolver));
            assert_eq!(zone.is_ahead_over_record(&resolver), ahead, "{answers:?}");
            assert!(!zone.is_ahead_over_record(&Said::of_texts(None)));
        }
    }
}
