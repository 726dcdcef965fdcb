//! `stickler cache export` and `import`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use schemars::Schema;

use super::open::open_to_read;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, keep_apart, tell};
use crate::cli::values::Source;
use crate::facts::UnixTime;
use crate::report::schema;
use crate::store::{EXPORT_SCHEMA, ExportLine, Purpose, Store, StoreError};

/// Returns the JSON Schema of each line of an export.
#[must_use]
pub fn schema() -> Schema {
    schema::written::<ExportLine<'static>>(EXPORT_SCHEMA)
}

/// Takes the policies of `file` over to the store at `path`, all or none.
pub(super) fn import(path: &Path, file: &Source, now: UnixTime) -> anyhow::Result<Exit> {
    let (mut input, name): (Box<dyn BufRead>, String) = match file {
        Source::File(file) => {
            let name = file.display().to_string();
            let input = File::open(file).with_context(|| format!("cannot read `{name}`"))?;
            (Box::new(BufReader::new(input)), name)
        }
        Source::Stdin => (Box::new(io::stdin().lock()), "standard input".to_owned()),
    };
    let store = match Store::open_existing(path) {
        Ok(Some(store)) => store,
        Ok(None) | Err(StoreError::FoundDamaged { .. }) => Store::open(path, Purpose::Check)?,
        Err(error) => return Err(error.into()),
    };
    if let Some(moved) = store.moved_aside() {
        tell(moved);
    }
    tracing::info!(from = %name, "reading policies");
    let count = store
        .import(&mut input, now)
        .with_context(|| format!("nothing was taken over from {name}"))?;
    let policies = if count == 1 { "policy" } else { "policies" };
    tell(format_args!(
        "took {count} {policies} over to `{}`",
        path.display()
    ));
    Ok(Exit::Success)
}

/// Writes all policies of the store at `path`. A row that cannot be read is reported and left out, and makes the
/// exit code 2.
pub(super) fn export(path: &Path, output: Option<&Path>) -> anyhow::Result<Exit> {
    keep_apart(output, Some(path))?;
    let mut output = Output::open(output)?;
    let mut exit = Exit::Success;
    if let Some(store) = open_to_read(path)? {
        for error in store.export(&mut output)? {
            tell(format_args!("left out: {error}"));
            exit = Exit::Usage;
        }
    }
    output.finish()?;
    Ok(exit)
}
