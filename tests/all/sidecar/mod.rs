//! What mail programs are answered, whatever a stranger publishes, and what the pages say of it.

mod exchange;
mod hostile;
pub(crate) mod pages;
