//! The published schema takes what the reader takes, in every spelling, and refuses what it refuses.

use std::path::Path;

use serde_json::Value;
use stickler::scenario;

use super::GOOD;
use crate::support::schema::Validator;

/// The two expectations of the good scenario, each in a step of its own.
const FIRST: &str = "[[step.expect]]\nverdict = \"deliver\"\n";
const SECOND: &str = "[[step.expect]]\nsender = \"warm\"\nverdict = \"defer\"\n";

/// Returns whether the reader takes a file, and whether the schema does.
fn accepted(validator: &Validator, text: &str) -> (bool, bool) {
    let value: toml::Table = text.parse().unwrap();
    let value: Value = serde_json::to_value(value).unwrap();
    (
        scenario::load_str(text, Path::new("s.toml")).is_ok(),
        validator.accepts(&value),
    )
}

#[test]
fn what_a_step_expects_is_spelt_as_the_reader_takes_it() {
    let validator = Validator::new(scenario::schema());
    assert_eq!(accepted(&validator, GOOD), (true, true));
    for (good, spelling, is_right) in [
        // One table, or a list of them: the same in TOML's other notations.
        (FIRST, "expect = { verdict = \"deliver\" }\n", true),
        (FIRST, "expect = [{ verdict = \"deliver\" }]\n", true),
        (FIRST, "[step.expect]\nverdict = \"deliver\"\n", true),
        (FIRST, "expect.verdict = \"deliver\"\n", true),
        (
            SECOND,
            "expect = { sender = [\"warm\"], verdict = \"defer\" }\n",
            true,
        ),
        (
            FIRST,
            "check = { verdict = \"deliver\" }\nexpect = { verdict = \"deliver\" }\n",
            true,
        ),
        (
            FIRST,
            "check = [{ finding = \"TLSRPT-MISSING\" }]\nexpect = { verdict = \"deliver\" }\n",
            true,
        ),
        (
            SECOND,
            "expect = { sender = \"warm\", verdict = \"defer\" }\n[[step]]\nat = \"3d\"\n\
             flush = { sender = \"warm\", verdict = \"defer\" }\n",
            true,
        ),
        (FIRST, "expect = \"deliver\"\n", false),
        (FIRST, "expect = [\"deliver\"]\n", false),
        (FIRST, "expect = { verdikt = \"deliver\" }\n", false),
        (FIRST, "expect = { verdict = \"delivered\" }\n", false),
        (FIRST, "expect = { verdict = [\"deliver\"] }\n", false),
        (FIRST, "expect = [[{ verdict = \"deliver\" }]]\n", false),
        (FIRST, "expects = { verdict = \"deliver\" }\n", false),
        (
            FIRST,
            "check = \"deliver\"\nexpect = { verdict = \"deliver\" }\n",
            false,
        ),
        (
            FIRST,
            "flush = 1\nexpect = { verdict = \"deliver\" }\n",
            false,
        ),
    ] {
        assert!(GOOD.contains(good));
        let text = GOOD.replacen(good, spelling, 1);
        assert_eq!(
            accepted(&validator, &text),
            (is_right, is_right),
            "the reader, and the schema: {spelling}"
        );
    }
}

/// Every shipped scenario is what its schema says.
#[test]
fn shipped_scenarios_are_what_the_schema_says() {
    let validator = Validator::new(scenario::schema());
    for path in scenario::discover(&[super::folder()]).unwrap() {
        let text = std::fs::read_to_string(&path).unwrap();
        let value: toml::Table = text.parse().unwrap();
        let value = serde_json::to_value(value).unwrap();
        let errors = validator.errors(&value);
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
}
