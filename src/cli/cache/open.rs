//! Which store is meant, and opening it.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::environment::Environment;
use crate::cli::network_args::CacheArgs;
use crate::cli::output::tell;
use crate::cli::values::CacheChoice;
use crate::store::Store;

/// Returns the store's file, `--cache`'s or the default.
pub(super) fn path_of<'a>(
    cache: &'a CacheArgs,
    environment: &'a Environment,
) -> anyhow::Result<&'a Path> {
    if cache.cache == Some(CacheChoice::None) {
        bail!("--cache none names no store: name a file, or leave the option out");
    }
    cache
        .path(environment.default_store.as_deref())
        .context("there is no home directory to look for the store in: name it with --cache PATH")
}

/// Opens the store at `path` to look at it; tells when there is none, which is no error.
pub(super) fn open_to_read(path: &Path) -> anyhow::Result<Option<Store>> {
    let store = told_if_none(path, Store::open_to_read(path)?);
    if store.as_ref().is_some_and(Store::is_read_only) {
        tell(format_args!(
            "the store `{}` cannot be written: it is read as it stands",
            path.display()
        ));
    }
    Ok(store)
}

/// Returns the store; tells when there is none.
pub(super) fn told_if_none(path: &Path, store: Option<Store>) -> Option<Store> {
    if store.is_none() {
        tell(format_args!(
            "there is no store at `{}` yet",
            path.display()
        ));
    }
    store
}
