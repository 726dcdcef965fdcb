//! What is wrong with a file though it can be read: names, times, addresses, references.

mod policies;
mod references;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use self::references::targets;
pub(super) use self::references::{lint_edges, lint_references, lint_unreached};

use crate::facts::DnsName;
use crate::fakes::RecordData;
use crate::scenario::addresses::{ADDRESS_HELP, NAME_HELP};
use crate::scenario::file::{Addresses, CacheWord, Head, SenderTable, StepTable, WorldTables};
use crate::scenario::located::{Located, Origin};
use crate::scenario::misplaced::misplaced;
use crate::scenario::problem::Problems;
use crate::scenario::read::Reading;
use crate::scenario::words::{nearest, one_of, shortened};
use crate::story::reserved::{is_documentation_address, is_reserved_name};

/// The classes of sender that a scenario can name.
pub(super) const CLASSES: &[&str] = &["strict", "lazy", "no-refresh", "no-sts"];

/// Finds what is wrong with a file, whatever its worlds resolve to.
pub(super) fn lint(reading: &Reading, file: &Path, problems: &mut Problems<'_>) {
    // A key that could not be read is not missing.
    let could_read_all = problems.is_empty();
    lint_head(&reading.file.head, file, problems);
    lint_times(&reading.file.steps, problems);
    lint_remembered(&reading.file.steps, problems);
    for world in &reading.worlds {
        for tables in world.all() {
            let mut linter = Linter {
                tables,
                could_read_all,
                problems,
            };
            linter.names();
            linter.addresses();
            linter.name_servers();
            linter.policies();
            linter.policy_addresses();
            linter.tlsa();
            linter.starttls();
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

/// Finds what is remembered for no other check.
fn lint_remembered(steps: &[Located<StepTable>], problems: &mut Problems<'_>) {
    let mut uses: BTreeMap<&str, Vec<Origin>> = BTreeMap::new();
    for check in steps.iter().flat_map(|step| &step.check) {
        if let Some(name) = &check.remember {
            uses.entry(name).or_default().push(name.origin);
        }
    }
    for (name, origins) in uses {
        if let [origin] = origins.as_slice() {
            problems.push_with_help(
                *origin,
                format!("no other check remembers `{}`", shortened(name)),
                "give the same name to an earlier or a later check of the domain, or take it away",
            );
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
    if let Some(expected) = id_of(file)
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

struct Linter<'a, 'p, 't> {
    tables: &'a WorldTables,
    could_read_all: bool,
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
            tables.wildcards.iter().map(|(name, _)| name).collect(),
            tables.servers.iter().map(|(name, _)| name).collect(),
            tables.nameservers.iter().map(|(name, _)| name).collect(),
        ];
        let declared = keys.into_iter().flatten().map(|name| Located {
            value: name.value.0.clone(),
            origin: name.origin,
        });
        let names: Vec<Located<DnsName>> = declared.chain(targets(tables)).collect();
        for name in &names {
            if is_reserved_name(&name.value) {
                continue;
            }
            let reserved = names
                .iter()
                .map(|name| &name.value)
                .filter(|name| is_reserved_name(name));
            let help = match nearest(name.as_str(), reserved.map(DnsName::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => NAME_HELP.to_owned(),
            };
            self.problems.push_with_help(
                name.origin,
                format!("`{}` may belong to somebody", name.value),
                help,
            );
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
        for (_, name) in tables.names.iter().chain(tables.wildcards.iter()) {
            for address in name.addresses.iter().flatten() {
                self.address(address.value.0, address.origin);
            }
        }
    }

    /// Finds servers of zones that nothing declares, and those of no zone.
    fn name_servers(&mut self) {
        let tables = self.tables;
        let mut used = BTreeSet::new();
        for server in (tables.domains.iter()).flat_map(|(_, domain)| domain.ns.iter().flatten()) {
            used.insert(&server.value.0);
            let name = Located {
                value: server.to_string(),
                origin: server.origin,
            };
            self.known(&name, "no name server is named", || {
                tables.nameservers.iter().map(|(name, _)| name.as_str())
            });
        }
        for (name, server) in tables.nameservers.iter() {
            for address in server.addresses.iter().flatten() {
                self.address(address.value.0, address.origin);
            }
            if !used.contains(&name.value.0) {
                self.problems.push_with_help(
                    name.origin,
                    format!("`{}` is the name server of no domain", name.value.0),
                    "name it in the `ns` of one, or take it away",
                );
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

    fn tlsa(&mut self) {
        let tables = self.tables;
        let answers = tables
            .servers
            .iter()
            .filter_map(|(_, server)| server.tlsa.as_ref());
        for text in answers.flat_map(|answer| answer.records.iter().flatten()) {
            if RecordData::tlsa(text).is_none() {
                self.problems.push_with_help(
                    text.origin,
                    format!("`{}` is no TLSA record", shortened(text)),
                    "write three numbers and hexadecimal digits, as in `3 1 1 8cb0fc6c`",
                );
            }
        }
    }

    fn starttls(&mut self) {
        let tables = self.tables;
        let own = tables.servers.iter().map(|(_, server)| server);
        let at = own.clone().flat_map(|server| {
            match server.addresses.as_ref().map(|addresses| &addresses.value) {
                Some(Addresses::Table(addresses)) => &**addresses,
                Some(Addresses::List(_)) | None => &[],
            }
        });
        for code in own
            .chain(at.map(|(_, at)| at))
            .filter_map(|server| server.starttls.as_ref())
        {
            if !(200..=599).contains(&code.value) || code.value == 220 {
                self.problems.push_with_help(
                    code.origin,
                    format!("STARTTLS is not refused with {}", code.value),
                    "write a code from 200 to 599 other than 220, with which TLS begins",
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
        let fetches_none = sender
            .class
            .as_ref()
            .is_some_and(|class| class.as_str() == "no-sts");
        if let Some(edge) = sender.edge.as_ref().filter(|_| fetches_none) {
            self.problems.push_with_help(
                edge.origin,
                "this edge is never asked: a `no-sts` sender fetches no policy",
                "take `edge` away, or let the class be another",
            );
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
        for (domain, cached) in sender.cached.iter() {
            if sender.cache == Some(CacheWord::Empty) {
                self.problems.push_with_help(
                    domain.origin,
                    "this policy is never used: the sender's cache is emptied before each attempt",
                    "take `cached` or `cache = \"empty\"` away",
                );
            }
            if cached.fetched.forward().is_some_and(|span| !span.is_zero()) {
                self.problems.push_with_help(
                    cached.fetched.origin,
                    "a policy held at the start cannot be fetched after it",
                    "write a span before the start, as in `-6d`",
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

/// The folder below which a file's path is its id.
const FOLDER: &str = "scenarios";

/// Returns the id that a file at this path must have; `None` if it lies below no `scenarios` folder.
fn id_of(file: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = file
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    let parts = parts?;
    let folder = parts.iter().rposition(|part| *part == FOLDER)?;
    let below = parts.get(folder + 1..)?.join("/");
    Some(below.strip_suffix(".toml")?.to_owned())
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
