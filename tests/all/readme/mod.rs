//! The README, held against the program: its commands, its links, its tables.

mod commands;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use stickler::cli::Cli;
use stickler::cli::variables::Variables;
use stickler::diagnose::findings::codes;
use stickler::sidecar::setup::{Postconf, Sidecar, plan};

/// The command that shows what the program is for.
const DEMO: &str = "cargo run -- replay scenarios/migration/stale-policy-after-cutover.toml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// A command of the README, and what is shown of its output.
struct Block<'r> {
    command: &'r str,
    shown: &'r str,
}

/// Returns the commands of each block for a console: what stands behind `$ `, or `# ` where it takes root.
fn blocks(readme: &str) -> Vec<Vec<Block<'_>>> {
    readme
        .split("\n```console\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| {
            let mut commands: Vec<Block<'_>> = Vec::new();
            let mut at = 0;
            for line in block.split_inclusive('\n') {
                let begin = at;
                at += line.len();
                match line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")) {
                    Some(command) => commands.push(Block {
                        command: command.trim_end(),
                        shown: &block[at..at],
                    }),
                    None => {
                        if let Some(last) = commands.last_mut() {
                            let from = begin - last.shown.len();
                            last.shown = &block[from..at];
                        }
                    }
                }
            }
            commands
        })
        .collect()
}

fn commands(readme: &str) -> Vec<&str> {
    blocks(readme)
        .into_iter()
        .flatten()
        .map(|block| block.command)
        .collect()
}

/// Splits a command as a shell does, as far as the README needs: blanks, single quotes, and where it writes to.
fn words(command: &str) -> Vec<OsString> {
    let mut words = Vec::new();
    let (command, _file) = command.split_once(" > ").unwrap_or((command, ""));
    for (number, part) in command.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.into());
        } else {
            words.extend(part.split_whitespace().map(OsString::from));
        }
    }
    words
}

#[test]
fn the_outage_is_told_as_the_program_tells_it() {
    let command = DEMO;
    let output = assert_cmd::cargo::cargo_bin_cmd!("stickler")
        .args(
            words(command)
                .into_iter()
                .skip_while(|word| word != "replay"),
        )
        .current_dir(root())
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let readme = readme();
    let (_, section) = readme.split_once("## The outage, offline").unwrap();
    let (_, rest) = section.split_once(&format!("$ {command}\n")).unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    assert_eq!(without_first_line(shown), without_first_line(&told));
    assert_eq!(output.status.code(), Some(0));
}

/// The first line says how long it took.
fn without_first_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

#[test]
fn every_command_is_one_that_the_program_takes() {
    let readme = readme();
    let mut verbs = BTreeSet::new();
    for command in commands(&readme) {
        let command = command.replace("cargo run -- ", "stickler ");
        let words = words(&command);
        if words.first().is_none_or(|word| word != "stickler") {
            continue;
        }
        verbs.extend(words.get(1).cloned());
        if let Err(error) = Cli::read(&words, &Variables::default()) {
            panic!("`{command}`: {error}");
        }
    }
    let expected = [
        "audit", "cache", "check", "lab", "lint", "query", "replay", "serve",
    ]
    .map(OsString::from);
    assert_eq!(verbs, expected.into(), "verbs that are shown");
}

#[test]
fn every_finding_has_its_row() {
    let page = std::fs::read_to_string(root().join("src/pages/findings.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<String> = codes::ALL
        .iter()
        .map(|code| {
            let codes::Code {
                code,
                title,
                step,
                rfc,
                action: _,
            } = code;
            format!("| `{code}` | {title} | {step} | {rfc} |")
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_lines_for_postfix_are_those_that_are_printed() {
    let readme = readme();
    let listens = ["127.0.0.1:8461".parse().unwrap()];
    let sidecar = Sidecar {
        listens: &listens,
        salt: None,
        reports_testing: false,
        own_addresses: &[],
        ca_bundle: Some(Path::new("/etc/ssl/certs/ca-certificates.crt")),
    };
    for version in ["3.10.13\nsmtp_tls_enforce_sts_mx_patterns = yes", "3.7.11"] {
        let printed = format!(
            "mail_version = {version}\nsmtp_tls_security_level = may\nsmtp_host_lookup = dns\n\
             smtp_tls_session_cache_database = btree:${{data_directory}}/smtp_scache\n"
        );
        let postconf = Postconf::read(&printed, "", "").unwrap();
        let lines: Vec<String> = plan(&postconf, &sidecar)
            .unwrap()
            .settings
            .iter()
            .map(|setting| format!("{} = {}", setting.parameter(), setting.value()))
            .map(|line| line.trim_end().to_owned())
            .collect();
        let block = format!("```\n{}\n```", lines.join("\n"));
        assert!(readme.contains(&block), "{version}: {block}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let readme = readme();
    let anchors: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| {
            line.strip_prefix("## ")
                .or_else(|| line.strip_prefix("### "))
        })
        .map(|title| {
            let kept = title.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect();
    let targets = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    for target in targets {
        let leads_somewhere = match target.strip_prefix('#') {
            Some(anchor) => anchors.contains(anchor),
            None => target.starts_with("https://") || root().join(target).exists(),
        };
        assert!(leads_somewhere, "{target}");
    }
}

#[test]
fn what_the_page_for_contributors_names_is_there() {
    let folder = root().join(".github");
    let page = std::fs::read_to_string(folder.join("CONTRIBUTING.md")).unwrap();
    let is_path = |word: &&str| {
        ["src/", "tests/", "scenarios/", ".ci/"]
            .iter()
            .any(|top| word.starts_with(top))
    };
    let named: Vec<&str> = page.split(['`', ' ']).filter(is_path).collect();
    assert!(named.len() > 10, "{named:?}");
    for path in named {
        assert!(root().join(path).exists(), "{path}");
    }
    let linked = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    for path in linked {
        assert!(folder.join(path).exists(), "{path}");
    }
}
