//! Every requirement on a sender and every fault of the catalogue has its place in `tests/coverage.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The requirements: a letter for each chapter, and how many it has.
const REQUIREMENTS: &[(char, u32)] =
    &[('D', 14), ('F', 12), ('P', 5), ('V', 7), ('A', 9), ('R', 5)];

/// The faults of each kind: how many the catalogue has.
const FAULTS: &[(&str, usize)] = &[
    ("dns", 22),
    ("https", 41),
    ("policy", 26),
    ("smtp", 15),
    ("time", 13),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    requirements: BTreeMap<String, Shown>,
    faults: BTreeMap<String, BTreeMap<String, Shown>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    #[serde(default)]
    scenarios: Vec<String>,
    reason: Option<String>,
}

impl Shown {
    /// Returns what is wrong with the entry, if anything is.
    fn fault(&self, root: &Path) -> Option<String> {
        if self.scenarios.is_empty() && self.reason.as_ref().is_none_or(|text| text.is_empty()) {
            return Some("neither a scenario nor a reason".into());
        }
        let missing = self
            .scenarios
            .iter()
            .find(|id| !root.join("scenarios").join(format!("{id}.toml")).is_file());
        missing.map(|id| format!("there is no scenario {id}"))
    }
}

#[test]
fn each_requirement_and_each_fault_is_shown_or_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("tests/coverage.toml")).unwrap();
    let coverage: Coverage = toml::from_str(&text).unwrap();

    let mut expected: Vec<String> = REQUIREMENTS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    expected.sort();
    let listed: Vec<&String> = coverage.requirements.keys().collect();
    assert_eq!(listed, expected.iter().collect::<Vec<_>>());

    let counted: Vec<(&str, usize)> = coverage
        .faults
        .iter()
        .map(|(kind, faults)| (kind.as_str(), faults.len()))
        .collect();
    assert_eq!(counted, FAULTS);

    let faults = coverage.faults.values().flatten();
    for (name, shown) in coverage.requirements.iter().chain(faults) {
        assert_eq!(shown.fault(root), None, "{name}");
    }
}
