//! The architecture that `src/lib.rs` describes, held against the sources themselves.

mod circles;
mod files;
mod imports;
mod names;
mod purity;
mod shape;
mod source;

use std::path::Path;

/// Where the package lies.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
