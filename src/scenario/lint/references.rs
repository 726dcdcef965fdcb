//! Names that point to hosts, and hosts that no name points to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::facts::DnsName;
use crate::facts::dns::Exchange;
use crate::fakes::{View, closest};
use crate::scenario::file::WorldTables;
use crate::scenario::located::{Located, Text};
use crate::scenario::problem::Problems;
use crate::scenario::read::Reading;
use crate::scenario::resolve::parse_mx;
use crate::scenario::words::{nearest, one_of};
use crate::story::Moment;

/// Finds names that something points to and nothing declares.
pub(in crate::scenario) fn lint_references(
    tables: &WorldTables,
    view: &View,
    problems: &mut Problems<'_>,
) {
    for target in targets(tables) {
        if closest(target.value.as_str(), |name| view.names.get(name)).is_none() {
            let message = format!("nothing declares `{}`", target.value);
            match nearest(target.value.as_str(), view.names.keys().map(String::as_str)) {
                Some(near) => problems.push_with_help(
                    target.origin,
                    message,
                    format!("did you mean `{near}`?"),
                ),
                None => problems.push_with_help(
                    target.origin,
                    message,
                    "add it to `servers`, or to `names` (with `rcode = \"nxdomain\"` if it is not to exist)",
                ),
            }
        }
    }
}

/// Returns the names that aliases and MX records point to.
pub(super) fn targets(tables: &WorldTables) -> Vec<Located<DnsName>> {
    let mut targets = Vec::new();
    let mut alias = |target: Option<&Located<Text<DnsName>>>| {
        targets.extend(target.map(|target| Located {
            value: target.value.0.clone(),
            origin: target.origin,
        }));
    };
    let mut exchangers = Vec::new();
    for (_, domain) in tables.domains.iter() {
        for txt in [&domain.txt, &domain.tlsrpt].into_iter().flatten() {
            alias(txt.cname.as_ref());
        }
        alias(
            domain
                .policy
                .as_ref()
                .and_then(|policy| policy.cname.as_ref()),
        );
        exchangers.extend(domain.mx.as_ref());
    }
    for (_, host) in tables.hosts.iter() {
        alias(host.cname.as_ref());
    }
    for (_, name) in tables.names.iter().chain(tables.wildcards.iter()) {
        alias(name.cname.as_ref());
        alias(name.txt.as_ref().and_then(|txt| txt.cname.as_ref()));
        exchangers.extend(name.mx.as_ref());
    }
    for mx in exchangers {
        targets.extend(mx.cname.as_ref().map(|target| Located {
            value: target.value.0.clone(),
            origin: target.origin,
        }));
        for text in mx.records.iter().flatten() {
            if let Ok(record) = parse_mx(text)
                && let Exchange::Host(host) = record.exchange
                // A name that is spelled as an address leads nowhere.
                && host.as_address().is_none()
            {
                targets.push(Located {
                    value: host,
                    origin: text.origin,
                });
            }
        }
    }
    targets
}

/// Finds senders that ask an edge which no policy host of the story ever has.
pub(in crate::scenario) fn lint_edges(
    reading: &Reading,
    moments: &[Moment],
    problems: &mut Problems<'_>,
) {
    let known: BTreeSet<IpAddr> = moments
        .iter()
        .flat_map(|moment| moment.state.internet.https.keys().copied())
        .collect();
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    for world in &reading.worlds {
        for (_, sender) in world.tables.senders.iter() {
            if let Some(edge) = &sender.edge
                && !known.contains(&edge.0)
            {
                problems.push_with_help(
                    edge.origin,
                    format!("no policy host ever has the address {}", edge.0),
                    format!("there is {}", one_of(names.iter().map(String::as_str))),
                );
            }
        }
    }
}

/// Finds MX hosts to which no MX record, name, smart host or check ever leads; for a file without another mistake,
/// which may be why nothing does.
pub(in crate::scenario) fn lint_unreached(reading: &Reading, problems: &mut Problems<'_>) {
    let mut names: BTreeSet<DnsName> = BTreeSet::new();
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for tables in reading.worlds.iter().flat_map(|world| world.all()) {
        names.extend(targets(tables).into_iter().map(|target| target.value));
        // A domain without MX records takes its mail itself.
        names.extend(tables.domains.iter().map(|(name, _)| name.0.clone()));
        for (_, name) in tables.names.iter().chain(tables.wildcards.iter()) {
            addresses.extend(name.addresses.iter().flatten().map(|address| address.0));
        }
    }
    // A check probes the intended hosts before an MX record names them.
    for step in &reading.file.steps {
        let intended = step.check.iter().flat_map(|check| check.intended_mx.iter());
        names.extend(intended.map(|host| host.value.0.clone()));
    }
    // Where a server once stood, resolvers' caches lead: what is there afterwards, if only dead, is reached.
    for tables in reading.worlds.iter().flat_map(|world| world.all()) {
        for (name, server) in tables.servers.iter() {
            if names.contains(&name.0) {
                addresses.extend(server.all_addresses());
            }
        }
    }
    for world in &reading.worlds {
        for (name, server) in world.tables.servers.iter() {
            let is_reached = names.contains(&name.0)
                || server
                    .all_addresses()
                    .iter()
                    .any(|address| addresses.contains(address));
            if is_reached {
                continue;
            }
            let others = names
                .iter()
                .map(DnsName::as_str)
                .filter(|other| !differ_by_number(other, name.as_str()));
            let help = match nearest(name.as_str(), others) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name it in an MX record, or take it away".to_owned(),
            };
            problems.push_with_help(
                name.origin,
                format!("nothing ever leads to the server `{}`", name.0),
                help,
            );
        }
    }
}

/// Whether two names differ by their digits alone, as those of a second host and the first.
fn differ_by_number(one: &str, other: &str) -> bool {
    let letters = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    letters(one) == letters(other)
}
