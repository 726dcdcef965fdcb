//! Names that are aliases: beside a CNAME no other record can stand ([RFC 1034, Section 3.6.2]).
//!
//! [RFC 1034, Section 3.6.2]: https://www.rfc-editor.org/rfc/rfc1034#section-3.6.2

use std::fmt;

use super::survey::Survey;
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::sender::candidates::HostAddresses;

/// A name that is an alias.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AliasedName {
    /// The name that has the CNAME.
    pub name: DnsName,
    /// Where its CNAMEs end.
    pub end: AliasEnd,
}

/// Where CNAMEs end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AliasEnd {
    /// At a name that does not exist.
    Gone(DnsName),
    /// Nowhere: a loop, or too many of them.
    Nowhere,
    /// At a name that exists, or that may.
    Stands(DnsName),
}

impl AliasedName {
    /// Returns the alias that `name` is, by the answer to a question about it; `None` if it is none.
    #[must_use]
    pub fn of_answer(name: &DnsName, answer: &DnsAnswer) -> Option<Self> {
        let is_gone = matches!(answer.outcome, DnsOutcome::NxDomain { .. });
        (!answer.aliases.is_empty()).then(|| Self::new(name, answer.end_of_aliases(), is_gone))
    }

    /// Returns the alias that a host is, by the answers about its addresses; `None` if it is none.
    #[must_use]
    pub fn of_host(name: &DnsName, found: &HostAddresses) -> Option<Self> {
        (!found.aliases.is_empty())
            .then(|| Self::new(name, found.end_of_aliases(), found.no_such_name))
    }

    fn new(name: &DnsName, end: Option<&DnsName>, is_gone: bool) -> Self {
        Self {
            name: name.clone(),
            end: match end.cloned() {
                Some(target) if is_gone => AliasEnd::Gone(target),
                Some(target) => AliasEnd::Stands(target),
                None => AliasEnd::Nowhere,
            },
        }
    }

    /// Returns the name at which the CNAMEs end, if they end at one.
    #[must_use]
    pub const fn target(&self) -> Option<&DnsName> {
        match &self.end {
            AliasEnd::Gone(target) | AliasEnd::Stands(target) => Some(target),
            AliasEnd::Nowhere => None,
        }
    }

    /// Returns whether the CNAMEs end at a name that does not exist.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.end, AliasEnd::Gone(_))
    }
}

impl fmt::Display for AliasedName {
    /// Writes `a.test is an alias (CNAME) of b.test, which does not exist`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.end {
            AliasEnd::Gone(target) => {
                write!(
                    f,
                    "{name} is an alias (CNAME) of {target}, which does not exist"
                )
            }
            AliasEnd::Nowhere => write!(f, "{name} is an alias (CNAME) that leads nowhere"),
            AliasEnd::Stands(target) => write!(f, "{name} is an alias (CNAME) of {target}"),
        }
    }
}

/// The names of one domain that are aliases, among those at which its records and its policy stand.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Aliases {
    /// The domain itself, where its MX records are.
    pub domain: Option<AliasedName>,
    /// The policy host.
    pub policy_host: Option<AliasedName>,
    /// The name of the MTA-STS record.
    pub record: Option<AliasedName>,
    /// The name of the TLSRPT record.
    pub tlsrpt: Option<AliasedName>,
}

impl Aliases {
    /// Reads them off the facts.
    #[must_use]
    pub fn new(domain: &DnsName, survey: &Survey) -> Self {
        let text = |prefix, answer: &Option<DnsAnswer>| {
            let name = domain.prefixed(prefix).ok()?;
            AliasedName::of_answer(&name, answer.as_ref()?)
        };
        Self {
            domain: AliasedName::of_answer(domain, &survey.mx),
            policy_host: survey
                .policy_host
                .as_ref()
                .and_then(|host| AliasedName::of_host(&host.name, &host.addresses)),
            record: text("_mta-sts", &survey.record),
            tlsrpt: text("_smtp._tls", &survey.tlsrpt),
        }
    }

    /// Returns the alias that stands at `name`, if one does.
    #[must_use]
    pub fn at(&self, name: &str) -> Option<&AliasedName> {
        [&self.domain, &self.policy_host, &self.record, &self.tlsrpt]
            .into_iter()
            .flatten()
            .find(|alias| alias.name.as_str() == name)
    }
}
