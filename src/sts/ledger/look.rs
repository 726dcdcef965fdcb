//! One look at a domain.

use super::Part;
use crate::facts::UnixTime;
use crate::sts::record::RecordId;

/// What one look at a domain saw.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Look {
    /// When.
    pub at: UnixTime,
    /// What a sender could fetch.
    pub published: Published,
    /// How the domain is set up, each part at most once; one that could not be seen is left out.
    pub parts: Vec<Part>,
    /// Whether that is all that a sender could fetch: where an answer is missing, what was not seen may be live all the same.
    pub is_whole: bool,
}

/// What is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Published {
    /// These bodies, each under the id of the TXT record; none if no policy can be fetched.
    Policies(Vec<(RecordId, Box<[u8]>)>),
    /// The TXT record could not be looked up.
    Unknown,
    /// These bodies, and no usable record: only a sender that holds a policy fetches them.
    WithoutRecord(Vec<Box<[u8]>>),
}

impl Look {
    /// Returns whether a policy was fetched.
    #[must_use]
    pub fn has_fetched(&self) -> bool {
        self.bodies().next().is_some()
    }

    /// Returns the bodies that were fetched.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let (policies, bodies) = match &self.published {
            Published::Policies(policies) => (policies.as_slice(), Default::default()),
            Published::WithoutRecord(bodies) => (Default::default(), bodies.as_slice()),
            Published::Unknown => Default::default(),
        };
        let of_policies = policies.iter().map(|(_, body)| &**body);
        of_policies.chain(bodies.iter().map(|body| &**body))
    }
}
