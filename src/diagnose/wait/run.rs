//! Looks until what is intended is there, then checks.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::super::{Checked, Options, Subject, check_subject};
use super::gather::Gathered;
use super::missing::missing;
use super::patience::Wait;
use super::retry_after::retry_after;
use crate::facts::DnsName;
use crate::sender::memo::{CutShort, Memo, Probes};
use crate::sender::{Authorities, Network as _, Stop};
use crate::sts::ledger::Ledger;

/// The rounds of looks that a run makes, each over all of its domains.
///
/// What is asked in a round is asked anew, and what domains share of it (the addresses of a name server, say) is asked
/// once in it.
pub trait Rounds: Sync {
    /// The network of a round.
    type Network: Authorities + Send;

    /// Takes part in a round, the first being 0, for one domain; waits until it is its turn.
    fn join(&self, number: usize) -> impl Future<Output = Round<Self::Network>> + Send;
}

/// A domain's part in a round.
#[derive(Debug)]
pub struct Round<N> {
    /// A network that knows nothing from the rounds before.
    pub network: N,
    /// What the domains of the round share.
    pub shared: Arc<Probes>,
    /// The place among those that look at once, given back with this.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// Who waits for what.
#[derive(Debug)]
pub struct Waiting<'a, R, T> {
    /// Where it looks.
    pub rounds: &'a R,
    /// The probes of the MX hosts, shared by the whole run.
    pub probes: &'a Probes,
    /// How checks are made; [`Options::wait_for`] says how far what is intended is to be there.
    pub options: &'a Options,
    /// Told after each look that changes what is missing, and when nothing is.
    pub tell: T,
}

/// Looks at `domain` until nothing is missing of what is meant for it, and checks it then; or when the patience is at
/// its end, or the run is stopped.
///
/// Q: One look that finds all there may have been lucky: an address with two servers behind it answers as the one or as
/// the other. A: The check looks for itself, and has to find the same; if it does not, the wait goes on.
pub async fn check_when_there<R: Rounds, T: Fn(&DnsName, &Wait) + Sync>(
    waiting: &Waiting<'_, R, T>,
    domain: &DnsName,
    remembered: Option<&Ledger>,
    mut wait: Wait,
) -> Checked {
    let options = waiting.options;
    let awaited = (options.intentions.get(domain)).zip(options.wait_for);
    let Some(awaited) = awaited else {
        let round = waiting.rounds.join(0).await;
        let subject = Subject {
            domain,
            remembered,
            wait: None,
        };
        return check_subject(&round.network, waiting.probes, &subject, options).await;
    };
    let is_stopped = || options.stop.as_ref().is_some_and(Stop::is_stopped);
    loop {
        let round = waiting.rounds.join(wait.looks()).await;
        let at_least = {
            let memo = options.bounded(Memo::new(&round.network, &round.shared));
            let gathered = Gathered::gather(&memo, domain, options.limits).await;
            let facts = gathered.facts();
            // What an interrupt cut short says nothing of what is missing.
            if memo.cut_short() != Some(CutShort::Interrupted) {
                let found = missing(domain, facts, awaited, memo.now());
                if wait.note(found) {
                    (waiting.tell)(domain, &wait);
                }
            }
            retry_after(facts, memo.now())
        };
        if wait.missing().is_empty() || wait.is_over() || is_stopped() {
            let subject = Subject {
                domain,
                remembered,
                wait: Some(&wait),
            };
            let checked = Box::pin(check_subject(
                &round.network,
                waiting.probes,
                &subject,
                options,
            ))
            .await;
            if checked.missing.is_empty() || wait.is_over() || is_stopped() {
                return checked;
            }
            if wait.note(checked.missing) {
                (waiting.tell)(domain, &wait);
            }
        }
        drop(round);
        wait.pause(at_least, options.stop.as_ref()).await;
    }
}
