//! What is linked into the program, and under which terms.
//!
//! Asks cargo itself, offline: anyone who runs this test has already built what it asks about.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What has to stay out, and why.
const BANNED: [(&str, &str); 8] = [
    ("openssl", "a second TLS stack"),
    ("openssl-sys", "a second TLS stack"),
    ("native-tls", "a second TLS stack"),
    ("boring", "a second TLS stack"),
    ("boring-sys", "a second TLS stack"),
    ("s2n-tls", "a second TLS stack"),
    ("schannel", "a second TLS stack"),
    (
        "ring",
        "a second crypto provider: rustls would not know which one to take",
    ),
];

/// What there must be exactly one version of. `openssl-probe` is no TLS: it finds the system's roots.
const SINGLE: [&str; 5] = [
    "aws-lc-rs",
    "rustls",
    "rustls-pki-types",
    "rustls-webpki",
    "tokio-rustls",
];

/// Licences that a program under `MIT OR Apache-2.0` can be shipped with.
const LICENCES: [&str; 9] = [
    "0BSD",
    "Apache-2.0",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates in the tree that an advisory is known of, and why they may stay for now.
const ADVISORIES: [(&str, &str, &str); 1] = [(
    "rustls-pemfile",
    "RUSTSEC-2025-0134",
    "unmaintained, not unsafe; mailin-embedded names it for its own TLS, which the fake MX never switches on",
)];

/// Runs cargo on this package, without the network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the name and the version of each crate that this machine's program is made from and with.
fn tree() -> BTreeSet<(String, String)> {
    cargo(&["tree", "--edges", "normal,build", "--prefix", "none"])
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        })
        .collect()
}

/// Returns what cargo knows of all packages of this platform, those of the tests among them.
fn packages() -> Vec<Value> {
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        host,
    ]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn there_is_one_tls_stack() {
    let tree = tree();
    let versions = |name: &str| tree.iter().filter(|(other, _)| other == name).count();
    for name in SINGLE {
        assert_eq!(versions(name), 1, "versions of {name}");
    }
    for (name, why) in BANNED {
        assert_eq!(
            versions(name),
            0,
            "{name}: {why}; `cargo tree -i {name}` says who wants it"
        );
    }
}

#[test]
fn every_known_advisory_has_a_reason_and_a_crate() {
    let tree = tree();
    for (name, advisory, why) in ADVISORIES {
        assert!(
            tree.iter().any(|(other, _)| other == name),
            "{name} has left the tree, so {advisory} ({why}) is of no more concern"
        );
    }
}

/// Where they do, `cargo run` after `cargo test` compiles the program anew, and the tests try another one than users run.
#[test]
fn the_tests_change_no_feature_of_what_the_program_is_made_from() {
    let with_features = |edges: &str| -> BTreeSet<String> {
        cargo(&[
            "tree",
            "--edges",
            edges,
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}: {f}",
        ])
        .lines()
        .map(str::to_owned)
        .collect()
    };
    let (alone, tested) = (
        with_features("normal,build"),
        with_features("normal,build,dev"),
    );
    let changed: Vec<&String> = alone.difference(&tested).collect();
    assert_eq!(
        changed,
        Vec::<&String>::new(),
        "`cargo tree --edges normal,build,dev,features -i CRATE` says who wants more"
    );
}

#[test]
fn every_licence_is_on_the_list() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        match package["license"].as_str() {
            Some(licence) if is_allowed(licence) => {}
            licence => wrong.push(format!("{name}: {licence:?}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_dependency_comes_from_the_registry_in_a_known_range() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let is_ours = name == env!("CARGO_PKG_NAME");
        let source = package["source"].as_str();
        assert_eq!(source.is_none(), is_ours, "{name} comes from {source:?}");
        assert!(
            source.is_none_or(|source| source.starts_with("registry+")),
            "{name}: {source:?}"
        );
        if !is_ours {
            continue;
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            let (name, range) = (&dependency["name"], dependency["req"].as_str().unwrap());
            assert!(!range.contains('*'), "{name} may have any version: {range}");
            let source = dependency["source"].as_str().unwrap_or("a folder");
            assert!(
                source.starts_with("registry+"),
                "{name} comes from {source}"
            );
        }
    }
}

/// Judges an SPDX expression, or the older form that writes a slash for "or".
fn is_allowed(expression: &str) -> bool {
    // An old name of one licence, not a choice between two.
    let text = expression
        .replace("MIT/X11", "MIT")
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = text.split_whitespace().peekable();
    let is_met = any(&mut words);
    assert_eq!(words.next(), None, "what follows in `{expression}`");
    is_met
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>) -> bool {
    let mut is_met = all(words);
    while words.next_if_eq(&"OR").is_some() {
        is_met |= all(words);
    }
    is_met
}

fn all(words: &mut Words<'_>) -> bool {
    let mut is_met = one(words);
    while words.next_if_eq(&"AND").is_some() {
        is_met &= one(words);
    }
    is_met
}

fn one(words: &mut Words<'_>) -> bool {
    let word = words.next().expect("a licence");
    if word == "(" {
        let is_met = any(words);
        assert_eq!(words.next(), Some(")"));
        return is_met;
    }
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().expect("an exception");
        return LICENCES.contains(&format!("{word} WITH {exception}").as_str());
    }
    LICENCES.contains(&word)
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/X11", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("GPL-3.0 OR ISC AND MIT", true),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
    ] {
        assert_eq!(is_allowed(expression), expected, "{expression}");
    }
}
