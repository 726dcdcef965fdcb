//! Every requirement on a sender, every fault of the catalogue and every sample migration has its place in
//! `tests/coverage.toml`, and what is named there exists and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stickler::scenario;

/// The requirements: a letter for each chapter, and how many it has.
const REQUIREMENTS: &[(char, u32)] =
    &[('D', 14), ('F', 12), ('P', 5), ('V', 8), ('A', 9), ('R', 5)];

/// The faults of the catalogue, by kind.
const FAULTS: &[(&str, &[&str])] = &[
    (
        "dns",
        &[
            "nxdomain",
            "nodata",
            "servfail",
            "timeout",
            "truncated",
            "two-sts-records",
            "unrelated-txt",
            "split-strings",
            "wrong-case-v",
            "near-miss record",
            "missing-id",
            "id-33-chars",
            "wildcard-txt",
            "cname-chain",
            "cname-to-vendor",
            "cname-loop",
            "ttl-0",
            "ttl-1d",
            "per-resolver divergence",
            "mx-null",
            "no-mx",
            "mx-cname",
            "mx-trailing-idn",
        ],
    ),
    (
        "https",
        &[
            "a-only",
            "aaaa-only",
            "aaaa-dead",
            "a-dead",
            "port closed",
            "tls1.1-only",
            "expired",
            "not-yet-valid",
            "wrong-name",
            "apex-cert-only",
            "wildcard ok",
            "wildcard two levels",
            "self-signed",
            "untrusted root",
            "missing intermediate",
            "revoked",
            "no-SNI default cert",
            "301 http to https",
            "301/302/307/308",
            "200-html soft 404",
            "403 bot challenge",
            "404",
            "429",
            "500",
            "503",
            "slow-loris",
            "65 kB body",
            "chunked",
            "gzip-always",
            "content-type html/octet-stream/absent",
            "BOM",
            "UTF-16",
            "CR-only",
            "leading blanks",
            "trailing garbage",
            "missing final EOL",
            "Cache-Control",
            "Age",
            "edge-split",
            "v4 differs from v6",
            "geo-split",
            "more addresses than are asked",
            "flapping",
        ],
    ),
    (
        "policy",
        &[
            "version missing",
            "version on the 2nd line",
            "STSv2",
            "mode missing",
            "mode duplicate",
            "mode report",
            "max_age missing",
            "max_age 0",
            "max_age duplicate",
            "max_age above 31557600",
            "max_age 11 digits",
            "max_age negative",
            "no mx",
            "mx IP literal",
            "mx with port",
            "mx trailing dot",
            "mx upper-case",
            "mx underscore",
            "mx smtp.*.x",
            "mx *",
            "mx .x",
            "multi-label wildcard need",
            "comma list",
            "apex missing",
            "bare parent",
            "unknown keys",
            "pattern names the policy host",
            "misspelt pattern",
            "provider's pattern short",
            "provider's other host",
        ],
    ),
    (
        "smtp",
        &[
            "no STARTTLS",
            "454 to STARTTLS",
            "stripped",
            "banner 4xx/554",
            "expired MX cert",
            "wrong-name MX cert",
            "untrusted MX cert",
            "cert ok only for one IP",
            "cert ok only with SNI",
            "TLS1.0/1.1",
            "RSA ok/ECDSA bad",
            "primary down",
            "one of n IPs old host",
            "one of n IPs dead or unwelcome",
            "bad over IPv4, good over IPv6",
            "more MX hosts than are tried",
            "greylist",
            "tarpit",
        ],
    ),
    (
        "certificate",
        &[
            "issuer without keyCertSign",
            "leaf without digitalSignature",
            "leaf with keyEncipherment alone",
            "path length",
            "name constraints",
            "unknown critical extension",
            "bad signature",
            "SHA-1 signature",
            "issuer not yet valid",
            "CA leaf",
            "more than six intermediates",
            "many same-named issuers",
            "leaf alone",
            "another order",
            "extra certificates",
            "common name alone",
            "address, URI or mail names",
        ],
    ),
    (
        "time",
        &[
            "id-not-bumped",
            "id-bumped-before-body",
            "id-bumped-edge-split",
            "txt-ttl-outlives",
            "mx-ttl-outlives-removal",
            "max_age shortened too late",
            "policy removed without none",
            "policy host gone with cache alive",
            "testing to enforce before TLSRPT",
            "rollback to old MX",
            "cached by warmers",
            "daemon restart",
            "clock skew",
        ],
    ),
];

/// The sample migrations.
const MIGRATIONS: &[&str] = &[
    "Workspace to M365",
    "M365 legacy to o-v1.mx.microsoft",
    "the same with *.mx.microsoft",
    "Cloudflare Routing to iCloud",
    "self-hosted to M365 with gateway",
    "Proton to mailbox.org with overlap",
    "id not bumped",
    "id bumped before the CDN",
    "one edge or AAAA still old",
    "old MX removed before the MX TTL ran out",
    "rollback at T+3h",
    "testing to enforce on a hidden mismatch",
    "policy host decommissioned with caches alive",
    "backup MX uncovered, primary down",
    "ten alias domains, nine fixed",
    "zone moved, mta-sts CNAME to the old vendor",
    "switched off by deleting the TXT",
    "SPA host returns 200 HTML",
    "wildcard certificate two levels",
    "Postfix 3.7 with resolver against 3.11 with tlspol",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    requirements: BTreeMap<String, Shown>,
    faults: BTreeMap<String, BTreeMap<String, Shown>>,
    migrations: BTreeMap<String, Shown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    #[serde(default)]
    scenarios: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    reason: Option<String>,
}

impl Shown {
    /// Returns what is wrong with the entry.
    fn faults(&self, tests: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        let has_reason = self.reason.as_ref().is_some_and(|text| !text.is_empty());
        if self.scenarios.is_empty() && self.tests.is_empty() && !has_reason {
            faults.push("neither a scenario nor a test nor a reason".into());
        }
        for id in &self.scenarios {
            match scenario::load(root().join("scenarios").join(format!("{id}.toml"))) {
                Err(error) => faults.push(format!("{id}: {error}")),
                Ok(scenario) if scenario.story.xfail.is_some() => {
                    faults.push(format!("{id} is known to fail, and shows nothing"));
                }
                Ok(_) => {}
            }
        }
        for test in self.tests.iter().filter(|test| !tests.contains(*test)) {
            faults.push(format!("there is no test {test}"));
        }
        faults
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the names of the functions that are marked as tests.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let mut is_test = false;
                for line in text.lines().map(str::trim) {
                    if let Some((_, rest)) = line.split_once("fn ") {
                        if is_test {
                            names.extend(rest.split('(').next().map(str::to_owned));
                        }
                        is_test = false;
                    }
                    is_test |= matches!(line, "#[test]" | "#[rstest]")
                        || line.starts_with("#[tokio::test");
                }
            }
        }
    }
    names
}

#[test]
fn each_requirement_fault_and_migration_is_shown_or_explained() {
    let text = fs::read_to_string(root().join("tests/coverage.toml")).unwrap();
    let coverage: Coverage = toml::from_str(&text).unwrap();

    let requirements: BTreeSet<String> = REQUIREMENTS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    assert_eq!(
        coverage
            .requirements
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>(),
        requirements
    );

    let names =
        |names: &[&str]| -> BTreeSet<String> { names.iter().copied().map(str::to_owned).collect() };
    let expected: BTreeMap<String, BTreeSet<String>> = FAULTS
        .iter()
        .map(|(kind, faults)| ((*kind).to_owned(), names(faults)))
        .collect();
    let listed = coverage
        .faults
        .iter()
        .map(|(kind, faults)| (kind.clone(), faults.keys().cloned().collect()));
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(
        FAULTS.iter().map(|(_, faults)| faults.len()).sum::<usize>(),
        144
    );

    assert_eq!(
        coverage.migrations.keys().cloned().collect::<BTreeSet<_>>(),
        names(MIGRATIONS)
    );
    assert_eq!(MIGRATIONS.len(), 20);

    let tests = tests();
    let faults = coverage.faults.values().flatten();
    let all = coverage
        .requirements
        .iter()
        .chain(faults)
        .chain(&coverage.migrations);
    for (name, shown) in all {
        assert_eq!(shown.faults(&tests), Vec::<String>::new(), "{name}");
    }
}
