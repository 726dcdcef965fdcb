//! The JSON Schemas of what stickler writes and reads, by name.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::{audit, check, replay};
use crate::scenario;

/// A schema that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name: the subcommand that writes or reads the document, words joined by `-`.
    pub name: &'static str,
    /// What the document is, in one line.
    pub about: &'static str,
    make: fn() -> Schema,
}

impl Entry {
    /// Makes an entry.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, make: fn() -> Schema) -> Self {
        Self { name, about, make }
    }

    /// Makes the schema.
    #[must_use]
    pub fn schema(&self) -> Value {
        (self.make)().to_value()
    }
}

/// Every schema, in the order of their names. A new document adds a row.
pub const ENTRIES: &[Entry] = &[
    Entry::new("audit", "what `audit --format json` writes", || {
        written::<audit::Document<'static>>(audit::SCHEMA)
    }),
    Entry::new(
        "check",
        "what `check --format json` writes, and each line of `--format ndjson`",
        || written::<check::Document<'static>>(check::SCHEMA),
    ),
    Entry::new(
        "lab-play",
        "what `replay --sender-under-test` writes in JSON, and `lab play --into` to retest.json",
        || written::<replay::FarDocument<'static>>(replay::FAR_SCHEMA),
    ),
    Entry::new(
        "replay",
        "what `replay --format json` writes, and each line of `--format ndjson`",
        || written::<replay::Document<'static>>(replay::SCHEMA),
    ),
    Entry::new("scenario", "a scenario file, for editors", || {
        let mut schema = Schema::try_from(scenario::schema()).unwrap_or_default();
        schema.insert("title".to_owned(), "stickler/scenario/1".into());
        schema
    }),
];

/// Returns the schema of that name; `None` if there is none.
#[must_use]
pub fn by_name(name: &str) -> Option<Value> {
    ENTRIES
        .iter()
        .find(|entry| entry.name == name)
        .map(Entry::schema)
}

/// Returns the schema of a document that stickler writes: absent facts are null, never left out.
#[must_use]
pub fn written<T: JsonSchema>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12().for_serialize(), title)
}

/// Returns the schema of a document that stickler reads: what has a default may be left out.
#[must_use]
pub fn read<T: JsonSchema>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12().for_deserialize(), title)
}

fn titled<T: JsonSchema>(settings: SchemaSettings, title: &str) -> Schema {
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}

#[cfg(test)]
mod tests {
    use super::{ENTRIES, by_name};

    #[test]
    fn every_name_has_one_schema_that_names_itself() {
        assert!(ENTRIES.is_sorted_by(|a, b| a.name < b.name));
        for entry in ENTRIES {
            let schema = by_name(entry.name).unwrap();
            let title = schema["title"].as_str().unwrap();
            assert!(
                title.starts_with(&format!("stickler/{}/", entry.name)),
                "{title}"
            );
        }
        assert_eq!(by_name("no-such-document"), None);
    }
}
