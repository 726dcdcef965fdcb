//! Findings about names that a validating resolver cannot resolve ([RFC 4035, Section 5.5]).
//!
//! [RFC 4035, Section 5.5]: https://www.rfc-editor.org/rfc/rfc4035#section-5.5

use super::codes;
use super::found::Findings;
use crate::diagnose::case::Case;
use crate::diagnose::command::Command;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::Fix;
use crate::facts::Sentence;
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsOutcome};
use crate::sender::candidates::Exchangers;

/// How many names are reported each by itself.
const SHOWN: usize = 4;

/// Tells of all names at once: what breaks one zone's signatures breaks most of its names.
pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let bogus: Vec<(String, &DnsFailure)> = failures(case)
        .into_iter()
        .filter(|(_, failure)| failure.kind.is_bogus())
        .collect();
    let Some((first, _)) = bogus.first() else {
        return;
    };
    let first = first.clone();
    let mut detail = Sentence::default();
    for (place, (question, failure)) in bogus.iter().take(SHOWN).enumerate() {
        detail
            .words(if place > 0 { "; " } else { "" })
            .words(format_args!("{question}: "))
            .add(*failure);
    }
    if bogus.len() > SHOWN {
        detail.words(format_args!("; and {} more", bogus.len() - SHOWN));
    }
    detail.words("; senders whose resolver validates have no answer, others may have one");
    // Without its MX records a domain gets no mail. That it may be about our resolver makes it a warning.
    let is_definite = match &case.judged.survey.exchangers {
        Exchangers::Unknown(failure) => failure.kind.is_bogus() && !failure.kind.is_ours(),
        Exchangers::Candidates { .. } | Exchangers::NullMx | Exchangers::NoDomain => false,
    };
    found.add(
        &codes::DNSSEC_BROKEN,
        if is_definite {
            Severity::Error
        } else {
            Severity::Warning
        },
        detail,
        Some(
            Fix::from(
                "Sign the zone anew, and let the DS record at its parent name a key that signs it; if others can \
                 validate it, look at the clock and the trust anchor of this resolver. Compare:",
            )
            .run([
                Command::dig(format_args!("+dnssec {first}")),
                Command::dig(format_args!("+dnssec +cd {first}")),
            ]),
        ),
    );
}

/// Returns the questions about the domain that had no answer.
fn failures<'c>(case: &'c Case<'_>) -> Vec<(String, &'c DnsFailure)> {
    let (survey, domain) = (&case.judged.survey, case.judged.domain);
    let text = |prefix: &str, answer: &'c Option<DnsAnswer>| {
        let failure = match answer.as_ref().map(|answer| &answer.outcome) {
            Some(DnsOutcome::Failed(failure)) => failure,
            Some(
                DnsOutcome::Records { .. }
                | DnsOutcome::NxDomain { .. }
                | DnsOutcome::NoData { .. },
            )
            | None => return None,
        };
        Some((format!("TXT {prefix}.{domain}"), failure))
    };
    let mx = match &survey.exchangers {
        Exchangers::Unknown(failure) => Some((format!("MX {domain}"), failure)),
        Exchangers::Candidates { .. } | Exchangers::NullMx | Exchangers::NoDomain => None,
    };
    let policy_host = survey.policy_host.iter().filter_map(|host| {
        let failure = host.addresses.failure.as_ref()?;
        Some((format!("A {}", host.name), failure))
    });
    let hosts = survey.hosts.iter().filter_map(|host| {
        let failure = host.addresses.as_ref()?.failure.as_ref()?;
        Some((format!("A {}", host.candidate.exchange), failure))
    });
    mx.into_iter()
        .chain(text("_mta-sts", &survey.record))
        .chain(policy_host)
        .chain(hosts)
        .chain(text("_smtp._tls", &survey.tlsrpt))
        .collect()
}
