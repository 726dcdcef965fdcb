//! What is wrong with a file though it can be read: names, times, addresses, references.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::addresses::{ADDRESS_HELP, NAME_HELP, is_documentation_address, is_reserved_name};
use super::expect::shortened;
use super::file::{Head, PolicyTable, SenderTable, StepTable, WorldTables};
use super::located::{Located, Origin, Text};
use super::problem::Problems;
use super::read::{Reading, misplaced};
use super::resolve::parse_mx;
use super::state::Zones;
use super::words::{nearest, one_of};
use crate::facts::DnsName;
use crate::facts::dns::Exchange;

/// The classes of sender that a scenario can name.
pub(super) const CLASSES: &[&str] = &["strict", "lazy", "no-sts"];

/// Finds what is wrong with a file, whatever its worlds resolve to.
pub(super) fn lint(reading: &Reading, file: &Path, problems: &mut Problems<'_>) {
    lint_head(&reading.file.head, file, problems);
    lint_times(&reading.file.steps, problems);
    for world in &reading.worlds {
        for tables in world.all() {
            let mut linter = Linter { tables, problems };
            linter.names();
            linter.addresses();
            linter.policies();
            linter.senders();
            for (origin, key, place) in misplaced(tables) {
                linter.problems.push_with_help(
                    origin,
                    format!("`{key}` cannot differ at {place}"),
                    "write it beside the other keys of the host",
                );
            }
        }
    }
}

fn lint_head(head: &Head, file: &Path, problems: &mut Problems<'_>) {
    let id = &head.id;
    let is_plain = !id.is_empty()
        && id.split('/').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        });
    if !is_plain {
        problems.push_with_help(
            id.origin,
            format!("`{}` is no id", shortened(id)),
            "use lower-case letters, digits and hyphens, with a slash after each folder",
        );
    }
    if let Some(expected) = super::id_of(file)
        && expected != id.value
    {
        problems.push_with_help(
            id.origin,
            format!(
                "the id is `{}`, the file's path says otherwise",
                shortened(id)
            ),
            format!("write `{expected}`, or move the file"),
        );
    }
    for (text, key) in [
        (Some(&head.title), "title"),
        (head.xfail.as_ref(), "xfail"),
        (
            head.network.as_ref().map(|network| &network.reason),
            "reason",
        ),
    ] {
        if let Some(text) = text
            && text.trim().is_empty()
        {
            problems.push(text.origin, format!("`{key}` is empty"));
        }
    }
    for section in head.rfc.iter() {
        if !is_section(section) {
            problems.push_with_help(
                section.origin,
                format!("`{}` is no section of an RFC", shortened(section)),
                "write it as in `8461 §4.1`",
            );
        }
    }
}

/// Returns whether a text is like `8461 §4.1` or `8461 §B`.
fn is_section(text: &str) -> bool {
    let Some((number, section)) = text.split_once(" §") else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    let mut parts = section.split('.');
    let first = parts.next().unwrap_or_default();
    let is_appendix = first.len() == 1 && first.bytes().all(|octet| octet.is_ascii_uppercase());
    number.len() <= 5 && digits(number) && (digits(first) || is_appendix) && parts.all(digits)
}

fn lint_times(steps: &[Located<StepTable>], problems: &mut Problems<'_>) {
    let mut last = None;
    for step in steps {
        let Some(at) = step.at.forward() else {
            problems.push(step.at.origin, "a step cannot lie before the start");
            continue;
        };
        match last {
            Some(before) if at < before => problems.push_with_help(
                step.at.origin,
                "this step lies before the one above it",
                "write the steps in order of time",
            ),
            Some(before) if at == before => problems.push_with_help(
                step.at.origin,
                "this step lies at the same moment as the one above it",
                "make one step of them, or move one",
            ),
            Some(_) | None => {}
        }
        last = Some(at);
    }
}

/// Finds names that something points to and nothing declares.
pub(super) fn lint_references(tables: &WorldTables, zones: &Zones, problems: &mut Problems<'_>) {
    for target in targets(tables) {
        if !zones.contains_key(&target.value) {
            let message = format!("nothing declares `{}`", target.value);
            match nearest(target.value.as_str(), zones.keys().map(DnsName::as_str)) {
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
fn targets(tables: &WorldTables) -> Vec<Located<DnsName>> {
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
    for (_, name) in tables.names.iter() {
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

struct Linter<'a, 'p, 't> {
    tables: &'a WorldTables,
    problems: &'p mut Problems<'t>,
}

impl Linter<'_, '_, '_> {
    fn names(&mut self) {
        let tables = self.tables;
        let keys = [
            tables
                .domains
                .iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>(),
            tables.hosts.iter().map(|(name, _)| name).collect(),
            tables.names.iter().map(|(name, _)| name).collect(),
            tables.servers.iter().map(|(name, _)| name).collect(),
        ];
        let declared = keys.into_iter().flatten().map(|name| Located {
            value: name.value.0.clone(),
            origin: name.origin,
        });
        for name in declared.chain(targets(tables)) {
            if !is_reserved_name(&name.value) {
                self.problems.push_with_help(
                    name.origin,
                    format!("`{}` may belong to somebody", name.value),
                    NAME_HELP,
                );
            }
        }
    }

    fn addresses(&mut self) {
        let tables = self.tables;
        let mut mail: BTreeMap<IpAddr, &DnsName> = BTreeMap::new();
        for (name, server) in tables.servers.iter() {
            for address in server
                .addresses
                .iter()
                .flat_map(|addresses| addresses.places())
            {
                self.address(address.value.0, address.origin);
                if let Some(other) = mail.insert(address.value.0, &name.value.0) {
                    self.problems.push_with_help(
                        address.origin,
                        format!("{} is an address of {other} already", address.value.0),
                        "one server answers at an address: for a second name, use `names`",
                    );
                }
            }
        }
        let domains = tables.domains.iter().filter_map(|(_, domain)| {
            let policy = domain.policy.as_ref()?;
            Some(&policy.value)
        });
        for policy in domains.chain(tables.hosts.iter().map(|(_, host)| host)) {
            let listed = policy.addresses.iter().flatten();
            for address in listed.chain(policy.edges.iter().map(|(address, _)| address)) {
                self.address(address.value.0, address.origin);
            }
        }
        for (_, name) in tables.names.iter() {
            for address in name.addresses.iter().flatten() {
                self.address(address.value.0, address.origin);
            }
        }
    }

    fn address(&mut self, address: IpAddr, origin: Origin) {
        if !is_documentation_address(address) {
            self.problems.push_with_help(
                origin,
                format!("{address} may belong to somebody"),
                ADDRESS_HELP,
            );
        }
    }

    fn policies(&mut self) {
        let tables = self.tables;
        for (_, domain) in tables.domains.iter() {
            let Some(policy) = &domain.policy else {
                continue;
            };
            let shared = policy.cname.as_ref().and_then(|target| {
                let end = super::resolve::end_of_aliases(tables, &target.0);
                let host = tables.hosts.iter().find(|(name, _)| name.value.0 == end);
                host.map(|(_, host)| host)
            });
            // A host of its own that is an alias of nothing that serves policies serves none.
            if policy.cname.is_some() && shared.is_none() {
                continue;
            }
            let base = shared.map_or_else(|| policy.value.clone(), |host| policy.inherit(host));
            let edges = shared.map_or(&policy.edges, |host| &host.edges);
            self.policy(&base, policy.origin);
            for (address, edge) in edges.iter() {
                self.policy(&edge.inherit(&base), address.origin);
            }
        }
    }

    fn policy(&mut self, policy: &PolicyTable, origin: Origin) {
        if let Some(status) = &policy.status
            && !(100..=599).contains(&status.value)
        {
            self.problems.push(
                status.origin,
                format!("the status {} lies outside 100 to 599", status.value),
            );
        }
        let answers = policy
            .status
            .as_ref()
            .is_none_or(|status| status.value == 200);
        let needs_mx = policy
            .mode
            .as_ref()
            .is_some_and(|mode| mode.as_str() != "none");
        if policy.body.is_none() && policy.fault.is_none() {
            let missing = match (&policy.mode, &policy.max_age, &policy.mx) {
                (None, None, None) if !answers => None,
                (None, _, _) => Some("mode"),
                (Some(_), None, _) => Some("max_age"),
                (Some(_), Some(_), None) if needs_mx => Some("mx"),
                (Some(_), Some(_), _) => None,
            };
            if let Some(missing) = missing {
                self.problems.push_with_help(
                    origin,
                    format!("the policy has no `{missing}`"),
                    "give `mode`, `mx` and `max_age`; to serve a broken one, write its `body`",
                );
            }
        }
        let patterns = policy.mx.iter().flat_map(|mx| mx.iter());
        let values = policy.headers.iter().flat_map(|(_, values)| values.iter());
        let single = [policy.location.as_ref(), policy.reason.as_ref()];
        for text in patterns.chain(values).chain(single.into_iter().flatten()) {
            if text.contains(['\r', '\n']) {
                self.problems
                    .push(text.origin, "a line end cannot stand here");
            }
        }
        for (name, _) in policy.headers.iter() {
            let is_token = !name.is_empty()
                && name
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            if !is_token {
                self.problems.push(
                    name.origin,
                    format!("`{}` is no name of a header", shortened(name)),
                );
            }
        }
    }

    fn senders(&mut self) {
        let tables = self.tables;
        for (_, sender) in tables.senders.iter() {
            self.sender(sender);
        }
    }

    fn sender(&mut self, sender: &SenderTable) {
        let tables = self.tables;
        if let Some(class) = &sender.class {
            self.known(class, "no class of sender is named", || {
                CLASSES.iter().copied()
            });
        }
        if let Some(resolver) = &sender.resolver {
            self.known(resolver, "no resolver is named", || {
                tables.resolvers.iter().map(|(name, _)| name.as_str())
            });
        }
        let cached = sender.cached.iter().map(|(domain, _)| domain);
        for domain in cached.chain(&sender.next_hop) {
            let domain = Located {
                value: domain.value.to_string(),
                origin: domain.origin,
            };
            self.known(&domain, "no domain is named", || {
                tables.domains.iter().map(|(name, _)| name.as_str())
            });
        }
        for (_, cached) in sender.cached.iter() {
            if cached.fetched.forward().is_some_and(|span| !span.is_zero()) {
                self.problems.push_with_help(
                    cached.fetched.origin,
                    "a policy held at the start cannot be fetched after it",
                    "write a span before the start, as in `-6d`",
                );
            }
            let id = &cached.id;
            let is_id = (1..=32).contains(&id.len())
                && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
            if !is_id {
                self.problems.push_with_help(
                    id.origin,
                    format!("`{}` is no id of a record", shortened(id)),
                    "write 1 to 32 letters and digits",
                );
            }
        }
    }

    fn known<'w, I: Iterator<Item = &'w str>>(
        &mut self,
        word: &Located<String>,
        message: &str,
        known: impl Fn() -> I,
    ) {
        if known().any(|other| other == word.value) {
            return;
        }
        let help = match nearest(word, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", one_of(known())),
        };
        self.problems.push_with_help(
            word.origin,
            format!("{message} `{}`", shortened(word)),
            help,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_section;

    #[test]
    fn a_section_is_a_number_and_a_path() {
        for (text, expected) in [
            ("8461 §4.1", true),
            ("8461 §B", true),
            ("7505 §3", true),
            ("8461 4.1", false),
            ("RFC 8461 §4.1", false),
            ("8461 §", false),
            ("8461 §4.", false),
            ("8461 §4.b", false),
        ] {
            assert_eq!(is_section(text), expected, "{text}");
        }
    }
}
