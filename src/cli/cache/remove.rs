//! `stickler cache remove`: forgets the policies of domains.

use std::path::Path;

use super::open::told_if_none;
use crate::cli::exit::Exit;
use crate::cli::output::tell;
use crate::cli::values::DomainArgument;
use crate::store::Store;

/// Removes each domain from the store at `path`; the exit code is 1 if one was not there.
pub(super) fn run(path: &Path, domains: &[DomainArgument]) -> anyhow::Result<Exit> {
    let Some(store) = told_if_none(path, Store::open_existing(path)?) else {
        return Ok(Exit::Failure);
    };
    let mut exit = Exit::Success;
    for domain in domains {
        if !store.remove(domain.name())? {
            tell(format_args!(
                "`{}` holds no policy of {}",
                path.display(),
                domain.name()
            ));
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}
