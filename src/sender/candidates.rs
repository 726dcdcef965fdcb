//! Which hosts take mail for a domain, in which order ([RFC 5321, Section 5.1], RFC 7505).
//!
//! [RFC 5321, Section 5.1]: https://www.rfc-editor.org/rfc/rfc5321#section-5.1

use std::collections::BTreeSet;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::network::Network;
use super::trace::Trace;
use crate::facts::DnsName;
use crate::facts::dns::{Alias, DnsFailure, DnsOutcome, Exchange, Question, RecordType};

/// How many MX hosts of a domain a sender looks at, and how many addresses of each host.
///
/// A single answer can list thousands of hosts; somebody else's zone must not decide how long we work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// MX hosts of one domain.
    pub mx_hosts: usize,
    /// Addresses of one MX host.
    pub addresses: usize,
    /// Addresses of the policy host: which of them serves the old policy nobody knows beforehand.
    pub edges: usize,
    /// Whether the MX records of the next hop are looked at.
    pub mx: MxUse,
}

/// Whether the MX records of a next hop are looked up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MxUse {
    /// They are.
    #[default]
    LookedUp,
    /// The next hop is the host itself: a smart host that Postfix has in brackets.
    PassedOver,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mx_hosts: 32,
            addresses: 8,
            edges: 32,
            mx: MxUse::default(),
        }
    }
}

/// Which name is the MX host of a domain that is an alias and has no MX record.
///
/// "If a CNAME record is found, the resulting name is processed as if it were the initial name" (RFC 5321,
/// Section 5.1), which is said of the look-up alone: senders split over the name that policy, SNI and certificate
/// are held against. The policy domain stays what it is for all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImplicitMx {
    /// The name where the aliases end, as mox does.
    AliasEnd,
    /// The domain itself, as Postfix and Exim do.
    Domain,
}

impl ImplicitMx {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::AliasEnd, Self::Domain];

    /// Returns the candidate for a domain without MX record, whose answer led along these aliases.
    #[must_use]
    pub fn candidate(self, domain: &DnsName, aliases: &[Alias]) -> Candidate {
        let host = match (self, aliases.last()) {
            (Self::AliasEnd, Some(last)) => &last.target,
            (Self::AliasEnd, None) | (Self::Domain, _) => domain,
        };
        Candidate {
            preference: 0,
            exchange: Exchange::Host(host.clone()),
        }
    }
}

/// Over which families of address a sender goes.
#[derive(Clone, Copy, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Families {
    /// Both.
    #[default]
    Both,
    /// IPv4 alone, to hosts that have any.
    Ipv4,
    /// IPv6 alone, to hosts that have any.
    Ipv6,
}

impl Families {
    /// Returns whether `address` is of them.
    #[must_use]
    pub const fn have(self, address: IpAddr) -> bool {
        // `::ffff:192.0.2.1` is spoken to over IPv4.
        let address = address.to_canonical();
        match self {
            Self::Both => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }

    /// Returns those of `items` that a sender sees: all where none is of its families, since only hosts that
    /// have such addresses are judged over them alone.
    pub fn select<T: Copy>(self, items: &[T], address: impl Fn(&T) -> IpAddr) -> Vec<T> {
        let seen: Vec<T> = items
            .iter()
            .copied()
            .filter(|item| self.have(address(item)))
            .collect();
        if seen.is_empty() {
            items.to_vec()
        } else {
            seen
        }
    }
}

/// Where mail for a domain may go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Exchangers {
    /// Candidate MX hosts, the most preferred first; equal preferences in the order of the answer.
    Candidates {
        /// At least one, at most [`Limits::mx_hosts`].
        candidates: Vec<Candidate>,
        /// The rest, which nobody tries.
        not_tried: Vec<Candidate>,
        /// Whether there is no MX record, and the domain stands for its own host.
        implicit: bool,
    },
    /// The domain says that it takes no mail (RFC 7505): permanent, 556 5.1.10.
    NullMx,
    /// The domain does not exist: permanent.
    NoDomain,
    /// The answer is missing: mail waits.
    Unknown(DnsFailure),
}

/// One candidate MX.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Candidate {
    /// Its preference; 0 for an implicit MX.
    pub preference: u16,
    /// What the MX record names.
    pub exchange: Exchange,
}

impl Candidate {
    /// Returns the host, if the record names one that can exist: neither octets that are no name, nor the
    /// root among others, nor what looks like an address.
    #[must_use]
    pub fn host(&self) -> Option<&DnsName> {
        match &self.exchange {
            Exchange::Host(name) if name.as_address().is_none() => Some(name),
            Exchange::Host(_) | Exchange::NotAHostName(_) | Exchange::Root => None,
        }
    }
}

/// Looks up the candidates for mail to `domain`.
pub async fn find_exchangers<N: Network>(
    network: &N,
    domain: &DnsName,
    (limits, implicit_mx): (Limits, ImplicitMx),
    trace: &mut Trace,
) -> Exchangers {
    match limits.mx {
        MxUse::LookedUp => {}
        MxUse::PassedOver => {
            trace.push(
                (network.now(), "8461 §3.4"),
                format!("[{domain}]"),
                "a smart host in brackets",
                "no MX record is looked up: it is the host itself, subject to the policy",
            );
            return Exchangers::Candidates {
                candidates: vec![Candidate {
                    preference: 0,
                    exchange: Exchange::Host(domain.clone()),
                }],
                not_tried: Vec::new(),
                implicit: false,
            };
        }
    }
    let question = Question::new(domain.clone(), RecordType::Mx);
    let answer = network.lookup(&question).await;
    let mut step = |answered: &str, concluded: &str| {
        trace.push(
            (network.now(), "5321 §5.1"),
            question.to_string(),
            answered,
            concluded,
        );
    };
    let implicit = || Exchangers::Candidates {
        candidates: vec![implicit_mx.candidate(domain, &answer.aliases)],
        not_tried: Vec::new(),
        implicit: true,
    };
    match &answer.outcome {
        DnsOutcome::NxDomain { .. } => {
            step("NXDOMAIN", "the domain does not exist: a permanent failure");
            Exchangers::NoDomain
        }
        DnsOutcome::NoData { .. } => {
            step(
                "no MX record",
                "the domain itself is the implicit MX, subject to the policy like any",
            );
            implicit()
        }
        DnsOutcome::Failed(failure) => {
            step(&failure.to_string(), "mail waits in the queue");
            Exchangers::Unknown(failure.clone())
        }
        DnsOutcome::Records { .. } => {
            let mut candidates: Vec<_> = answer
                .exchangers()
                .map(|record| Candidate {
                    preference: record.preference,
                    exchange: record.exchange.clone(),
                })
                .collect();
            if candidates.is_empty() {
                // Q: records came, none of them MX? A: the name has no MX record that anybody could use.
                step("no MX record in the answer", "the implicit MX is used");
                return implicit();
            }
            if candidates.iter().all(|mx| mx.exchange == Exchange::Root) {
                step(
                    "a null MX",
                    "the domain takes no mail: 556 5.1.10 (RFC 7505)",
                );
                return Exchangers::NullMx;
            }
            // A stable sort: equal preferences keep the order of the answer, which the caller may rotate.
            candidates.sort_by_key(|mx| mx.preference);
            let not_tried = candidates.split_off(limits.mx_hosts.min(candidates.len()));
            let listed = list(&candidates);
            step(
                &listed,
                if not_tried.is_empty() {
                    "tried in this order"
                } else {
                    "tried in this order; there are more than a sender should try"
                },
            );
            Exchangers::Candidates {
                candidates,
                not_tried,
                implicit: false,
            }
        }
    }
}

/// What the DNS knows of a host's addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostAddresses {
    /// The CNAMEs that led from the host's name to the one that has the addresses, in order.
    pub aliases: Vec<Alias>,
    /// IPv6 before IPv4 ([RFC 6724, Section 10.3]), each family in the order of the answer, at most as many
    /// as the [`Limits`] say.
    ///
    /// [RFC 6724, Section 10.3]: https://www.rfc-editor.org/rfc/rfc6724#section-10.3
    pub addresses: Vec<IpAddr>,
    /// The rest.
    pub not_tried: Vec<IpAddr>,
    /// The failure of either question, if there was one; of two, one that may be ours.
    pub failure: Option<DnsFailure>,
    /// Whether both questions were answered with NXDOMAIN.
    pub no_such_name: bool,
}

impl HostAddresses {
    /// Returns whether the DNS says of both families that the host has no address.
    #[must_use]
    pub const fn has_none(&self) -> bool {
        self.addresses.is_empty() && self.failure.is_none()
    }

    /// Returns the name at which the host's CNAMEs end; `None` if it is no alias, or one that ends nowhere.
    #[must_use]
    pub fn end_of_aliases(&self) -> Option<&DnsName> {
        let ends_nowhere = self
            .failure
            .as_ref()
            .is_some_and(|failure| failure.kind.is_published());
        let last = self.aliases.last().filter(|_| !ends_nowhere)?;
        Some(&last.target)
    }

    /// Says of a host that has no address where the address is missing: `has no address`.
    #[must_use]
    pub fn absence(&self) -> String {
        let what = if self.no_such_name {
            "does not exist"
        } else {
            "has no address"
        };
        match self.end_of_aliases() {
            Some(target) => format!("is an alias (CNAME) of {target}, which {what}"),
            None => "has no address".to_owned(),
        }
    }

    /// Returns whether others may know or try addresses that we do not.
    #[must_use]
    pub fn may_have_more(&self) -> bool {
        !self.not_tried.is_empty()
            || self
                .failure
                .as_ref()
                .is_some_and(|failure| failure.kind.is_ours())
    }
}

/// Looks up the addresses of `host`, both families at once, and keeps at most `most` of them, and of those the
/// ones that a sender of `families` goes to.
pub async fn find_addresses<N: Network>(
    network: &N,
    host: &DnsName,
    most: usize,
    families: Families,
) -> HostAddresses {
    let questions =
        [RecordType::Aaaa, RecordType::A].map(|family| Question::new(host.clone(), family));
    let [v6, v4] = &questions;
    let (v6, v4) = tokio::join!(network.lookup(v6), network.lookup(v4));
    let mut seen = BTreeSet::new();
    let all = v6
        .addresses()
        .chain(v4.addresses())
        .filter(|address| seen.insert(*address))
        .collect();
    let (mut addresses, mut not_tried) = keep_both_families(all, most);
    let mut failures = vec![&v4.outcome, &v6.outcome];
    if addresses.iter().any(|address| families.have(*address)) {
        addresses.retain(|address| families.have(*address));
        not_tried.retain(|address| families.have(*address));
        match families {
            Families::Both => {}
            Families::Ipv4 => failures.truncate(1),
            Families::Ipv6 => failures = vec![&v6.outcome],
        }
    }
    let failure_of = |outcome: &DnsOutcome| match outcome {
        DnsOutcome::Failed(failure) => Some(failure.clone()),
        DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => {
            None
        }
    };
    let is_missing = |outcome: &DnsOutcome| matches!(outcome, DnsOutcome::NxDomain { .. });
    HostAddresses {
        addresses,
        // Both families stand at the same name, unless a resolver answered for one of them only.
        aliases: if v4.aliases.is_empty() {
            v6.aliases
        } else {
            v4.aliases
        },
        not_tried,
        failure: failures
            .into_iter()
            .filter_map(failure_of)
            .max_by_key(|failure| failure.kind.is_ours()),
        no_such_name: is_missing(&v6.outcome) && is_missing(&v4.outcome),
    }
}

/// Parts the list into those that are kept, `most` of them, and the rest; leaves IPv4 half of the places if
/// it needs them.
fn keep_both_families(addresses: Vec<IpAddr>, most: usize) -> (Vec<IpAddr>, Vec<IpAddr>) {
    let v4 = addresses.iter().filter(|address| address.is_ipv4()).count();
    let for_v4 = v4.min(most / 2);
    let mut v6_left = most.saturating_sub(for_v4);
    let mut left = most;
    addresses.into_iter().partition(|address| {
        let is_kept = left > 0 && (address.is_ipv4() || v6_left > 0);
        if is_kept {
            left -= 1;
            v6_left -= usize::from(address.is_ipv6());
        }
        is_kept
    })
}

fn list(candidates: &[Candidate]) -> String {
    let mut text = String::new();
    for (index, mx) in candidates.iter().enumerate().take(8) {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&format!("{} {}", mx.preference, mx.exchange));
    }
    if candidates.len() > 8 {
        text.push_str(", …");
    }
    text
}
