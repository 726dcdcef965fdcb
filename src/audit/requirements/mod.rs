//! The requirements, by what they are about. A row is a sentence of the RFC, a domain, and what must come of mail.

mod certificate;
mod fetch;
mod mode;
mod mx;
mod policy;
mod record;
mod time;

use super::requirement::Requirement;

/// Returns every requirement, in the order of the page that lists them.
pub fn all() -> impl Iterator<Item = &'static Requirement> {
    [
        record::ROWS,
        policy::ROWS,
        fetch::ROWS,
        mx::ROWS,
        certificate::ROWS,
        mode::ROWS,
        time::ROWS,
    ]
    .into_iter()
    .flatten()
}
