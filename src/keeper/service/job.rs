//! What a keeper is to do, on its way to who does it.

use tokio::sync::{mpsc, watch};

use crate::facts::DnsName;

/// The work that a keeper has, as it comes: see [`Keeper::run`](super::Keeper::run).
#[derive(Debug)]
pub struct Jobs(pub(super) mpsc::UnboundedReceiver<Job>);

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Work for a domain; dropping the sender tells those who wait.
    Domain(DnsName, watch::Sender<()>),
    /// A look at a domain's MX records.
    Hosts(DnsName, watch::Sender<()>),
}
