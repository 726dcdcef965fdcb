//! Facts and verdicts turned into findings, the nine steps, and a fix.
//!
//! [`check`] is the whole of it for one domain: gather everything ([`survey`]), judge every conforming
//! sender ([`judge`]), lay it out ([`assemble`], [`document`]) with findings ([`findings`]) whose fixes
//! ([`fix`]) can be pasted.

pub mod assemble;
pub mod document;
pub mod findings;
pub mod fix;
pub mod judge;
pub mod survey;

use crate::facts::DnsName;
use crate::sender::memo::{Memo, Probes};
use crate::sender::{Limits, Network};
use crate::sts::cache::StoredPolicy;
use crate::sts::reading::Reading;

use assemble::Case;
use document::DomainReport;
use survey::Survey;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The report.
    pub report: DomainReport,
    /// The live policy, to be stored where the store has none that still counts; `None` if there is none
    /// that any sender could have cached now.
    pub evidence: Option<StoredPolicy>,
}

/// Checks one domain: what conforming senders do with mail for it now, and why.
///
/// `stored` is the oldest policy that a sender may still hold. Probes are shared with every other domain of
/// the run. The network is bounded in time, so this is too.
pub async fn check<N: Network>(
    network: &N,
    probes: &Probes,
    domain: &DnsName,
    stored: Option<&StoredPolicy>,
    limits: Limits,
) -> Checked {
    let memo = Memo::new(network, probes);
    let survey = Survey::gather(&memo, domain, limits).await;
    let rows = judge::judge(&memo, domain, &survey, stored, limits).await;
    let case = Case::new(domain, memo.now(), &survey, &rows, stored);
    Checked {
        report: case.report(),
        evidence: evidence(&case),
    }
}

fn evidence(case: &Case<'_>) -> Option<StoredPolicy> {
    Reading::BOTH.into_iter().find_map(|reading| {
        let fetched = case.live_in(reading)?.as_ref().ok()?;
        Some(StoredPolicy {
            id: assemble::live_id(case.survey, reading)?,
            body: fetched.body.clone(),
            fetched_at: case.now,
        })
    })
}
