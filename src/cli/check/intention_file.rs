//! The file of `--intended`: domains, and what is intended for each.
//!
//! ```toml
//! [domains."corp.test"]
//! mx          = ["mx1.new.test", "mx2.new.test"]
//! policy_file = "corp.test/mta-sts.txt"   # beside the file; or policy = """the body"""
//! id          = "20260305T080000"
//! ```

use std::collections::btree_map::Entry;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use super::policy_file::read_policy;
use crate::cli::values::{DomainArgument, HostError, parse_host};
use crate::diagnose::intended::{Intention, Intentions, ToPublish};
use crate::facts::DnsName;
use crate::scenario::Problem;
use crate::scenario::decode::decode;
use crate::scenario::located::{Located, Named, OneOrMany, Origin, Text};
use crate::scenario::problem::Problems;
use crate::scenario::tree::{self, Node, Value};
use crate::sender::Limits;
use crate::sts::policy::PolicyError;
use crate::sts::record::RecordId;

/// The largest file that is read: tens of thousands of domains.
const MAX_OCTETS: u64 = 8 * 1024 * 1024;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentionFile {
    /// Each domain.
    domains: Named<Text<DomainArgument>, Located<IntendedDomain>>,
}

/// What is intended for a domain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntendedDomain {
    /// The hosts that are to take the mail.
    mx: Located<OneOrMany<Located<Text<Host>>>>,
    /// The body that is to be published.
    policy: Option<Located<String>>,
    /// The file that holds it.
    policy_file: Option<Located<String>>,
    /// The id that is to be published with it.
    id: Option<Located<Text<RecordId>>>,
}

/// An MX host, as the command line takes it.
#[derive(Clone, Debug)]
struct Host(DnsName);

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        parse_host(text).map(Self)
    }
}

/// Reads a file.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the file.
pub(super) fn load(path: &Path) -> Result<Intentions, Vec<Problem>> {
    let unreadable =
        |why: &dyn fmt::Display| vec![Problem::of_file(path, format!("cannot be read: {why}"))];
    let mut octets = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_OCTETS + 1).read_to_end(&mut octets))
        .map_err(|error| unreadable(&error))?;
    if octets.len() as u64 > MAX_OCTETS {
        return Err(unreadable(&format_args!(
            "it has more than {MAX_OCTETS} octets"
        )));
    }
    let text = String::from_utf8(octets).map_err(|error| unreadable(&error))?;
    load_str(&text, path)
}

fn load_str(text: &str, path: &Path) -> Result<Intentions, Vec<Problem>> {
    let mut problems = Problems::new(text);
    let intentions = read(text, path, &mut problems);
    if problems.is_empty() {
        Ok(intentions)
    } else {
        Err(problems.into_problems(path))
    }
}

fn read(text: &str, path: &Path, problems: &mut Problems<'_>) -> Intentions {
    let mut intentions = Intentions::new();
    let (table, errors) = tree::parse(text);
    // What comes after the first may be no mistake but for it.
    if let Some(error) = errors.into_iter().next() {
        problems.push(error.origin, error.message);
        return intentions;
    }
    let document = Node {
        origin: Origin::default(),
        value: Value::Table(table),
    };
    let Some(file) = decode::<IntentionFile>(&document, problems.mistakes()) else {
        return intentions;
    };
    // A domain with a mistake is left out.
    if file.domains.is_empty() && problems.is_empty() {
        problems.push_with_help(
            Origin::default(),
            "no domain is named",
            "write `[domains.\"example.com\"]`, and below it `mx = [\"mx.example.net\"]`",
        );
    }
    for (domain, intended) in file.domains.iter() {
        let intention = intention(intended, path, problems);
        match intentions.entry(domain.value.0.name().clone()) {
            Entry::Occupied(first) => problems.push_with_help(
                domain.origin,
                format!("{} stands here for the second time", first.key()),
                "say once what is intended for it",
            ),
            Entry::Vacant(place) => {
                if let Some(intention) = intention {
                    place.insert(intention);
                }
            }
        }
    }
    intentions
}

/// Reads what is intended for one domain; without hosts there is a problem.
fn intention(
    intended: &Located<IntendedDomain>,
    path: &Path,
    problems: &mut Problems<'_>,
) -> Option<Intention> {
    let most = Limits::default().mx_hosts;
    let hosts = &intended.mx.value;
    if hosts.len() > most {
        problems.push_with_help(
            intended.mx.origin,
            format!("{} hosts are intended", hosts.len()),
            format!("name {most} at most: no more MX hosts of a domain are connected to"),
        );
    }
    for (place, host) in hosts.iter().enumerate() {
        if hosts.iter().take(place).any(|other| other.0.0 == host.0.0) {
            problems.push(host.origin, format!("{} is named twice", host.0.0));
        }
    }
    let Some(mut intention) = Intention::new(hosts.iter().map(|host| host.0.0.clone())) else {
        problems.push_with_help(
            intended.mx.origin,
            "no host is intended to take the mail",
            "name the hosts that the MX records are to name, as in `mx = [\"mx.example.net\"]`",
        );
        return None;
    };
    intention.policy = policy(intended, path, problems);
    intention.id = intended.id.as_ref().map(|id| id.value.0.clone());
    Some(intention)
}

fn policy(
    intended: &Located<IntendedDomain>,
    path: &Path,
    problems: &mut Problems<'_>,
) -> Option<ToPublish> {
    let (origin, read) = match (&intended.policy, &intended.policy_file) {
        (Some(_), Some(file)) => {
            problems.push_with_help(
                file.origin,
                "`policy` and `policy_file` stand side by side",
                "leave one of them out",
            );
            return None;
        }
        (Some(body), None) => (body.origin, Ok(ToPublish::parse(body.as_bytes()))),
        (None, Some(file)) => {
            let beside = path.parent().unwrap_or(Path::new(""));
            (file.origin, read_policy(&beside.join(file.as_str())))
        }
        (None, None) => return None,
    };
    match read {
        Ok(Ok(to_publish)) => Some(to_publish),
        Ok(Err(PolicyError { line, kind })) => {
            problems.push_with_help(
                origin,
                format!("line {line} of the policy: {kind}"),
                "what is to be published has to be a policy to the letter; `stickler lint policy` says all of it",
            );
            None
        }
        Err(error) => {
            problems.push(origin, format!("{error:#}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::load_str;

    fn problems(text: &str) -> Vec<String> {
        match load_str(text, Path::new("phase.toml")) {
            Ok(intentions) => panic!("{text} gives {intentions:?}"),
            Err(problems) => problems
                .iter()
                .map(|problem| match &problem.help {
                    Some(help) => format!("{problem} ({help})"),
                    None => problem.to_string(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_file_says_what_is_meant_for_each_domain() {
        let text = r#"
[domains."Corp.test"]
mx     = ["MX1.new.test", "mx2.new.test."]
policy = """
version: STSv1
mode: enforce
mx: *.new.test
max_age: 604800
"""
id     = "20260305T080000"

[domains."b\u00fccher.test"]
mx = "mx1.new.test"
"#;
        let intentions = load_str(text, Path::new("phase.toml")).unwrap();
        let told: Vec<String> = intentions
            .iter()
            .map(|(domain, intention)| {
                let hosts: Vec<&str> = intention.hosts().iter().map(|host| host.as_str()).collect();
                let policy = intention.policy.as_ref();
                format!(
                    "{domain}: {}; {}; {}",
                    hosts.join(" "),
                    policy.map_or(0, |policy| policy.policy().patterns().len()),
                    intention.id.as_ref().map_or("-", |id| id.as_str())
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "corp.test: mx1.new.test mx2.new.test; 1; 20260305T080000",
                "xn--bcher-kva.test: mx1.new.test; 0; -"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
        for (text, expected) in [
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\n[domains.\"corp.test\"]\nmx = \"b.test\"\n",
                "phase.toml:3:10: duplicate key",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\n[domains.\"CORP.test.\"]\nmx = \"b.test\"\n",
                "phase.toml:3:10: corp.test stands here for the second time (say once what is intended for it)",
            ),
            (
                "[domains.\"corp.test\"]\nmx = [\"mx.new.test\", \"192.0.2.1\"]\n",
                "phase.toml:2:22: `192.0.2.1`: this is an address, and an MX record holds a name",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"mx.new.test\"\npolcy = \"x\"\n",
                "phase.toml:3:1: unknown key `polcy` (did you mean `policy`?)",
            ),
            (
                "[domain.\"corp.test\"]\nmx = \"mx.new.test\"\n",
                "phase.toml:1:2: unknown key `domain` (did you mean `domains`?)",
            ),
            (
                "[domains.\"corp.test\"]\nmx = []\n",
                "phase.toml:2:6: no host is intended to take the mail (name the hosts",
            ),
            (
                "[domains.\"corp.test\"]\n",
                "phase.toml:1:1: `mx` is missing",
            ),
            (
                "[domains.\"corp.test\"]\nmx = [\"a.test\", \"A.test\"]\n",
                "phase.toml:2:17: a.test is named twice",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\npolicy = \"version: STSv1\"\n",
                "phase.toml:3:10: line 1 of the policy: ",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\npolicy_file = \"nowhere.txt\"\n",
                "phase.toml:3:15: cannot read `nowhere.txt`: ",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\npolicy = \"\"\npolicy_file = \"\"\n",
                "phase.toml:4:15: `policy` and `policy_file` stand side by side (leave one of them out)",
            ),
            (
                "[domains.\"corp.test\"]\nmx = \"a.test\"\nid = \"2026-03-05\"\n",
                "phase.toml:3:6: `2026-03-05`: the id `2026-03-05` has other characters",
            ),
            (
                "[domains.\"192.0.2.1\"]\nmx = \"a.test\"\n",
                "phase.toml:1:10: `192.0.2.1`: this is an address",
            ),
            ("[domains]\n", "phase.toml:1:1: no domain is named"),
            ("", "phase.toml:1:1: `domains` is missing"),
            ("[domains", "phase.toml:1:9: "),
        ] {
            let told = problems(text);
            assert!(
                told.iter().any(|told| told.starts_with(expected)),
                "{text} gives {told:#?}"
            );
        }
    }
}
