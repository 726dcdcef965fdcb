//! The page for operators, and the dashboard, held against the program.

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory as _;
use regex::Regex;
use stickler::cli::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the page.
pub(crate) fn operators() -> String {
    std::fs::read_to_string(root().join("src/pages/operators.md")).unwrap()
}

/// Returns the first two cells of the rows that begin with `start`.
fn rows<'a>(page: &'a str, start: &str) -> Vec<(&'a str, &'a str)> {
    page.lines()
        .filter(|line| line.starts_with(start))
        .map(|line| {
            let mut cells = line.trim_start_matches('|').split('|').map(str::trim);
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect()
}

#[test]
fn every_option_of_the_sidecar_has_a_row_with_its_default() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let page = operators();
    let (_, section) = page.split_once("\n## Options\n").unwrap();
    let rows = rows(section, "| `--");
    let mut known = BTreeSet::new();
    for argument in serve.get_arguments() {
        let Some(long) = argument.get_long() else {
            continue;
        };
        let name = format!("`--{long}`");
        let (_, default) = rows
            .iter()
            .find(|(option, _)| *option == name)
            .unwrap_or_else(|| panic!("{name} has no row"));
        let is_switch = !argument.get_action().takes_values();
        for value in argument.get_default_values().iter().filter(|_| !is_switch) {
            assert_eq!(value, default, "{name}");
        }
        known.insert(name);
    }
    let unknown: Vec<_> = rows
        .iter()
        .filter(|(option, _)| !known.contains(*option))
        .collect();
    assert_eq!(
        unknown,
        Vec::<&(&str, &str)>::new(),
        "options that are none"
    );
}

/// The files of the sidecar's room, of the keeper's and of the verb.
fn sources() -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = ["src/sidecar", "src/keeper", "src/cli/serve"]
        .map(|folder| root().join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

#[test]
fn every_line_that_is_logged_without_being_asked_for_is_explained() {
    let page = operators();
    let (_, section) = page.split_once("\n## The log\n").unwrap();
    let message =
        Regex::new(r#"tracing::(?:info|warn|error)!\([^";]*"((?:[^"\\]|\\.)+)""#).unwrap();
    let filled = Regex::new(r"\{[^}]*\}").unwrap();
    let mut count = 0;
    for source in sources() {
        for found in message.captures_iter(&source) {
            // What fills in a message that is nothing else has rows of its own.
            let text = filled.replace_all(&found[1], "…");
            assert!(section.contains(&*text), "`{text}` is not explained");
            count += 1;
        }
        let all = source.matches("tracing::info!").count()
            + source.matches("tracing::warn!").count()
            + source.matches("tracing::error!").count();
        assert_eq!(message.captures_iter(&source).count(), all, "{source}");
    }
    assert!(count > 15, "{count} messages");
}

/// Returns the names of the metrics in the page's table.
pub(crate) fn metrics() -> BTreeSet<String> {
    let page = operators();
    rows(&page, "| `stickler_")
        .iter()
        .map(|(name, _)| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let text = std::fs::read_to_string(root().join("docker/grafana.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let name = Regex::new(r"\bstickler_[a-z_]+").unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let shown: BTreeSet<String> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .flat_map(|target| name.find_iter(target["expr"].as_str().unwrap()))
        .map(|found| found.as_str().to_owned())
        .collect();
    assert_eq!(shown, metrics());
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    let page = operators();
    let links = Regex::new(r"\]\(([^)#]+)").unwrap();
    let mut count = 0;
    for link in links.captures_iter(&page) {
        let target = &link[1];
        let leads =
            target.starts_with("https://") || root().join("src/pages").join(target).exists();
        assert!(leads, "{target}");
        count += 1;
    }
    assert!(count > 1);
}
