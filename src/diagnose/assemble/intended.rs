//! What is intended, beside what is.

use super::hosts;
use crate::diagnose::case::Case;
use crate::diagnose::document::{IntendedReport, MxReport, MxVerdict, sha256};
use crate::diagnose::hosting::providers::{Provider, story_suffix};
use crate::diagnose::intended::{
    HeldListingReport, Intended, IntendedHost, IntendedHostReport, IntendedPolicyReport, Listing,
    LiveHostReport, MatchKind, ProviderReport, ToPublish,
};
use crate::diagnose::judged::Judged;
use crate::facts::DnsName;
use crate::facts::dns::DnsOutcome;
use crate::sts::policy::Policy;

/// How many live MX hosts are laid out.
const MAX_LIVE: usize = 256;

/// Lays out what comes of an intention; `None` without one.
pub(super) fn lay_out(case: &Case<'_>) -> Option<IntendedReport> {
    let intended = case.intended?;
    let (judged, intention) = (case.judged, intended.intention);
    let removal = intended.removal.as_ref();
    let id = intention.id.as_ref();
    Some(IntendedReport {
        phase: intended.phase,
        phase_source: intended.phase_source,
        hosts: intended
            .hosts
            .iter()
            .map(|host| lay_out_host(host, judged))
            .collect(),
        live: intended
            .live
            .iter()
            .take(MAX_LIVE)
            .map(|live| LiveHostReport {
                host: live.host.facts.candidate.exchange.clone(),
                role: live.role,
            })
            .collect(),
        policy: intention
            .policy
            .as_ref()
            .map(|policy| lay_out_policy(policy, intended)),
        id: id.map(ToString::to_string),
        id_is_live: id.and_then(|id| {
            let answer = judged.survey.record.as_ref()?;
            let is_known = !matches!(answer.outcome, DnsOutcome::Failed(_));
            is_known.then(|| judged.live_id() == Some(id))
        }),
        old_patterns: removal.map_or_else(Vec::new, |removal| {
            removal.patterns.iter().map(ToString::to_string).collect()
        }),
        old_patterns_safe_from: removal.map(|removal| removal.safe_from),
    })
}

fn lay_out_host(host: &IntendedHost<'_>, judged: &Judged<'_>) -> IntendedHostReport {
    let MxReport {
        verdict,
        addresses,
        addresses_not_tried,
        cname,
        error,
        ..
    } = hosts::report(&host.host, judged.live_policy().map(Policy::patterns));
    let listing = host.listing.as_ref();
    let pattern = |listing: &Listing| listing.pattern().map(ToString::to_string);
    IntendedHostReport {
        host: host.name.clone(),
        live: host.is_live,
        match_kind: listing.map(|listing| match listing {
            Listing::ByName(_) => MatchKind::Exact,
            Listing::ByWildcard(_) => MatchKind::Wildcard,
            Listing::Missing { .. } => MatchKind::None,
        }),
        pattern: listing.and_then(pattern),
        near_miss: listing.and_then(|listing| match listing {
            Listing::Missing { near_miss } => near_miss.clone(),
            Listing::ByName(_) | Listing::ByWildcard(_) => None,
        }),
        held: host
            .held
            .iter()
            .map(|one| HeldListingReport {
                id: one.held.seen.id.to_string(),
                body_sha256: sha256(&one.held.seen.body),
                held_possibly_until: one.held.possibly_until,
                pattern: pattern(&one.listing),
            })
            .collect(),
        verdict,
        would_pass: match verdict {
            MxVerdict::NotAsked => None,
            MxVerdict::Accepted
            | MxVerdict::NotTried
            | MxVerdict::Refused
            | MxVerdict::RejectedUs
            | MxVerdict::Undetermined
            | MxVerdict::Unreachable => host.passes(),
        },
        addresses,
        addresses_not_tried,
        cname,
        error,
        provider: host
            .provider
            .map(|provider| lay_out_provider(provider, host.name)),
    }
}

fn lay_out_provider(provider: &Provider, host: &DnsName) -> ProviderReport {
    let suffix = story_suffix(host.as_str());
    ProviderReport {
        name: provider.name.to_string(),
        policy_mx: provider
            .policy
            .iter()
            .map(|line| format!("{line}{suffix}"))
            .collect(),
        source: provider.source.to_string(),
        date: provider.date.to_string(),
    }
}

fn lay_out_policy(to_publish: &ToPublish, intended: &Intended<'_>) -> IntendedPolicyReport {
    let policy = to_publish.policy();
    IntendedPolicyReport {
        body_sha256: sha256(to_publish.body()),
        mode: policy.mode(),
        max_age_secs: policy.max_age().as_secs(),
        mx: policy.patterns().iter().map(ToString::to_string).collect(),
        is_live: intended.serves_body,
        uncovered: intended.left_out(policy).into_iter().cloned().collect(),
    }
}
