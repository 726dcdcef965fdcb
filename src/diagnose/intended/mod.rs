//! What is intended to be, beside what is: the hosts that are to take the mail, the policy that is to be published.
//!
//! An [`Intention`] is what somebody says of a domain; [`Intended`] is what comes of it once live policy, live MX
//! records and the intended hosts are held side by side; [`IntendedReport`] is how the document has it.

mod host;
mod intention;
mod judged;
mod listing;
mod removal;
mod report;
mod summary;

pub use host::{HeldListing, IntendedHost};
pub use intention::{Intention, Intentions, Phase, ToPublish, WaitFor};
pub use judged::{Intended, LiveHost, PhaseSource, Role};
pub use listing::Listing;
pub use removal::Removal;
pub use report::{
    HeldListingReport, IntendedHostReport, IntendedPolicyReport, IntendedReport, LiveHostReport,
    MatchKind, ProviderReport,
};
