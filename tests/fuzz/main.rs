//! Coverage-guided fuzzing of every parser of foreign octets: `tests/fuzz/run` builds and starts this.
//!
//! What must hold of an input is said in `tests/all/properties/checks`, which the loops over random inputs among the
//! tests share. The variable `TARGET` names the parser.

#![no_main]

#[path = "../all/properties/checks/mod.rs"]
mod checks;

mod certificates;
mod live;
mod rows;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use stickler::facts::DnsName;
use stickler::scenario;

use checks::{replies, sidecar, store, text};

type Target = fn(&[u8]);

/// Each parser, by the name of its folder of seeds.
const TARGETS: &[(&str, Target)] = &[
    ("certificates", certificates::chain),
    ("dns", live::dns),
    ("exim", |octets| {
        with_number(octets, |octets, size| sidecar::exim_line(octets, size + 1));
    }),
    ("http", live::http),
    ("media_type", |octets| {
        text::media_type(octets);
    }),
    ("name", name),
    ("policy", |octets| {
        text::policy(octets);
        text::policy_errors(octets);
    }),
    ("quoted", |octets| {
        text::quoted(octets);
    }),
    ("record", |octets| {
        text::record(octets);
    }),
    ("scenario", scenario),
    ("smtp", |octets| {
        with_number(octets, |octets, cut| {
            replies::replies(octets, Some(cut.min(octets.len())))
        });
    }),
    ("socketmap", socketmap),
    ("store_line", |octets| {
        store::line(octets);
    }),
    ("store_row", rows::row),
    ("tlsrpt", |octets| {
        text::tlsrpt(octets);
    }),
];

static CHOSEN: OnceLock<Target> = OnceLock::new();

fn chosen() -> Target {
    *CHOSEN.get_or_init(|| {
        let wanted = std::env::var("TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(name, _)| *name == wanted);
        found.map_or_else(
            || {
                let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
                eprintln!("TARGET must be one of: {}", names.join(" "));
                std::process::exit(2);
            },
            |(_, target)| *target,
        )
    })
}

fuzz_target!(|octets: &[u8]| chosen()(octets));

/// Takes the first octet for a number that the check needs besides its input.
fn with_number(octets: &[u8], check: impl FnOnce(&[u8], usize) -> bool) {
    if let Some((number, octets)) = octets.split_first() {
        check(octets, usize::from(*number));
    }
}

/// A name or a pattern, and in a second line the host that it may cover.
fn name(octets: &[u8]) {
    let Ok(lines) = std::str::from_utf8(octets) else {
        return;
    };
    let (text, host) = lines.split_once('\n').unwrap_or((lines, ""));
    let host = host.parse();
    let other = || -> DnsName { "mx.example.com".parse().expect("a name") };
    text::name(text, &host.unwrap_or_else(|_| other()));
}

/// A stream of netstrings, and what stands in one.
fn socketmap(octets: &[u8]) {
    with_number(octets, |octets, size| {
        sidecar::request(octets);
        sidecar::key(octets);
        sidecar::filter_key(octets);
        sidecar::netstrings(octets, size + 1)
    });
}

fn scenario(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    match scenario::load_str(text, Path::new("s.toml")) {
        Ok(_) => {}
        Err(error) => {
            let mut problems = error.problems.iter().peekable();
            assert!(problems.peek().is_some());
            assert!(problems.all(|problem| problem.to_string().starts_with("s.toml:")));
            // The lines and the carets under them.
            assert!(error.to_string().starts_with("s.toml:"), "{error}");
        }
    }
}
