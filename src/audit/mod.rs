//! Does a sender enforce? Every requirement of RFC 8461 that can be seen from outside has a domain of its own in one
//! fake Internet; the sender gets mail for each, and what arrives where is held against the RFC.
//!
//! - A [`Requirement`] is a sentence of the RFC, a domain, and what must come of mail ([`requirements`] has the table).
//! - A [`SenderUnderTest`] takes messages and runs its queue. It is believed in nothing: the history of the fake
//!   Internet's servers says what became of each message.
//! - The [`controls`](control) are senders that are wrong in a known way. A requirement that its control meets shows
//!   nothing, and [`self_test`] says so.

pub mod control;
mod in_process;
mod judge;
mod lab;
mod message;
mod requirement;
pub mod requirements;
mod run;
mod score;
mod sender;
mod site;
mod watch;

use std::collections::BTreeMap;

use in_process::InProcess;

pub use control::Control;
pub use lab::{Lab, LabError, Time, Timing};
pub use requirement::{Level, Phase, Requirement};
pub use run::audit;
pub use score::{Outcome, Score, Scored};
pub use sender::SenderUnderTest;

use crate::world::Listen;

/// Audits our own strict sender, under the virtual clock.
///
/// # Errors
///
/// When the fake Internet fails.
pub async fn audit_strict(requirements: &[&Requirement]) -> Result<Score, LabError> {
    let lab = virtual_lab(requirements).await?;
    let mut sender = InProcess::strict(lab.network("strict"));
    let score = audit("strict", requirements, &lab, &mut sender).await?;
    lab.shutdown().await?;
    Ok(score)
}

/// Audits a control, under the virtual clock.
///
/// # Errors
///
/// When the fake Internet fails.
pub async fn audit_control(
    control: Control,
    requirements: &[&Requirement],
) -> Result<Score, LabError> {
    let lab = virtual_lab(requirements).await?;
    let score = audit_control_in(&lab, control, requirements).await?;
    lab.shutdown().await?;
    Ok(score)
}

/// Audits every control that a requirement names, by the requirements that name it; what a control meets shows
/// nothing.
///
/// # Errors
///
/// When the fake Internet fails.
pub async fn self_test(requirements: &[&Requirement]) -> Result<Vec<Score>, LabError> {
    let mut named: BTreeMap<Control, Vec<&Requirement>> = BTreeMap::new();
    for requirement in requirements {
        named
            .entry(requirement.failed_by)
            .or_default()
            .push(requirement);
    }
    let lab = virtual_lab(requirements).await?;
    let mut scores = Vec::new();
    for (control, rows) in named {
        scores.push(audit_control_in(&lab, control, &rows).await?);
    }
    lab.shutdown().await?;
    Ok(scores)
}

async fn audit_control_in(
    lab: &Lab,
    control: Control,
    requirements: &[&Requirement],
) -> Result<Score, LabError> {
    let name = control.as_str();
    let network = lab.network(name);
    let mut sender = InProcess::control(control, network, lab.internet().clone());
    audit(name, requirements, lab, &mut sender).await
}

async fn virtual_lab(requirements: &[&Requirement]) -> Result<Lab, LabError> {
    Lab::start(
        requirements,
        Listen::FreePorts,
        Time::Virtual,
        Timing::default(),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Requirement, audit_strict, requirements, self_test};

    fn rows() -> Vec<&'static Requirement> {
        requirements::all().collect()
    }

    #[tokio::test]
    async fn our_own_sender_meets_every_requirement() {
        let score = audit_strict(&rows()).await.unwrap();
        let wrong: Vec<String> = score
            .requirements
            .iter()
            .filter(|scored| scored.outcome != Outcome::Enforced)
            .map(|scored| format!("{} {}: {:?}", scored.id, scored.outcome, scored.because))
            .collect();
        assert!(score.alive);
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[tokio::test]
    async fn every_requirement_is_failed_by_its_control() {
        let passed: Vec<String> = self_test(&rows())
            .await
            .unwrap()
            .into_iter()
            .flat_map(|score| {
                let sender = score.sender;
                let met = score.requirements.into_iter();
                met.filter(|scored| scored.outcome != Outcome::NotEnforced)
                    .map(move |scored| {
                        format!(
                            "{} by {sender}: {} {:?}",
                            scored.id, scored.outcome, scored.because
                        )
                    })
            })
            .collect();
        assert_eq!(passed, Vec::<String>::new());
    }
}
