//! The file of a policy that is to be published.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::diagnose::intended::ToPublish;
use crate::diagnose::lint::policy::MAX_BODY_OCTETS;
use crate::sts::policy::PolicyError;

/// Reads the body of a policy that is to be published; the inner result says whether it is one to the letter.
pub(super) fn read_policy(path: &Path) -> anyhow::Result<Result<ToPublish, PolicyError>> {
    let mut body = Vec::new();
    let most = MAX_BODY_OCTETS as u64;
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut body))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if body.len() > MAX_BODY_OCTETS {
        bail!(
            "`{}` has more than {MAX_BODY_OCTETS} octets, and no sender need read more of a policy (RFC 8461, \
             Section 3.3)",
            path.display()
        );
    }
    Ok(ToPublish::parse(&body))
}

/// Says what keeps a body from being a policy to the letter, after the line.
pub(super) fn not_to_the_letter(error: &PolicyError) -> String {
    format!(
        "{}: {}; what is to be published has to be a policy to the letter (`stickler lint policy` says all of it)",
        error.line, error.kind
    )
}
