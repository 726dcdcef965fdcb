//! Findings about the live policy beside the live MX hosts: hosts that it does not list, patterns that list
//! none.

use super::aliases::Remedy;
use super::found::{Findings, listed};
use super::{codes, patterns};
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::document::{Finding, MxVerdict, Severity};
use crate::diagnose::explain::near_miss;
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judged::names;
use crate::facts::DnsName;
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};

/// How bad it is if a host does not pass the policy.
pub(super) fn severity_under(policy: Option<&Policy>) -> Severity {
    match policy.map(Policy::mode) {
        Some(Mode::Enforce) => Severity::Error,
        Some(Mode::Testing) => Severity::Warning,
        Some(Mode::None) | None => Severity::Note,
    }
}

/// Finds the live MX hosts that the policy does not list.
pub(super) fn find_uncovered(case: &Case<'_>, found: &mut Findings) {
    let Some((policy, uncovered)) = case.judged.uncovered() else {
        return;
    };
    let all: Vec<_> = names(uncovered.iter().copied()).collect();
    let refused = uncovered
        .iter()
        .copied()
        .filter(|host| host.verdict == MxVerdict::Refused);
    let would_fail: Vec<_> = names(refused).collect();
    let mut detail = format!(
        "{} (MX) {} matched by no pattern of the policy ({})",
        listed(&all, 8),
        if all.len() == 1 { "is" } else { "are" },
        listed(policy.patterns(), 8)
    );
    for why in all
        .iter()
        .filter_map(|name| near_miss(policy, name))
        .take(3)
    {
        detail.push_str(&format!("; {why}"));
    }
    if !would_fail.is_empty() {
        detail.push_str(&format!(
            "; {} would fail even if listed, see below",
            listed(&would_fail, 8)
        ));
    }
    // Where the certificate bears the name behind an alias, the policy is to list that, if it does not yet.
    let mut to_list = Vec::new();
    let mut remedies = Vec::new();
    for (host, name) in uncovered
        .iter()
        .filter_map(|host| Some((host, host.name()?)))
    {
        match Remedy::of(case, host) {
            Some(remedy) => {
                to_list.extend(remedy.to_list().cloned());
                remedies.push(remedy);
            }
            None => to_list.push(name.clone()),
        }
    }
    let to_list: Vec<&DnsName> = to_list.iter().collect();
    let cover = if to_list.is_empty() {
        Fix::default()
    } else {
        fix::cover(case.judged.domain, policy, &to_list, case.now)
    };
    let action = if to_list.is_empty() {
        Action::CorrectMx
    } else {
        Action::ServePolicy
    };
    // What is intended is known to be theirs: of those hosts the policy is corrected once.
    let are_meant = case.intended.is_some_and(|intended| {
        let mut hosts = all.iter();
        hosts.all(|host| intended.intention.hosts().contains(host))
    });
    let fix = if are_meant && remedies.is_empty() {
        Fix::standing_at(
            &codes::INTENDED_MX_UNCOVERED,
            "The corrected policy stands at",
        )
    } else {
        remedies
            .into_iter()
            .fold(cover, |fix, remedy| remedy.then(fix))
    };
    let severity = severity_under(Some(policy));
    let finding = Finding::new(&codes::MX_UNCOVERED, severity, detail, Some(fix));
    found.push(finding.mended_by(action));
}

/// Finds the patterns of the policy that match no live MX host: those that cannot be meant, each with its own
/// remedy, and the rest.
pub(super) fn find_unused(case: &Case<'_>, found: &mut Findings) {
    let Some(policy) = case.judged.live_policy() else {
        return;
    };
    // One that lists the name behind an alias is what the MX record is to name.
    let targets: Vec<DnsName> = case
        .judged
        .hosts
        .iter()
        .filter_map(|host| host.alias()?.target().cloned())
        .collect();
    // So is one that lists a host which is meant, and what is old beside it has a finding of its own.
    let intended = (case.intended).map_or(&[][..], |intended| intended.intention.hosts());
    let old = (case.intended).and_then(|intended| intended.removal.as_ref());
    let is_old = |pattern: &MxPattern| old.is_some_and(|old| old.patterns.contains(&pattern));
    let hosts: Vec<_> = names(case.judged.usable_hosts())
        .chain(&targets)
        .chain(intended)
        .collect();
    let unlikely = patterns::unlikely(policy, &hosts);
    found.extend(patterns::findings(&unlikely));
    let unused: Vec<_> = case
        .judged
        .unused_patterns(policy.patterns())
        .filter(|pattern| {
            !targets
                .iter()
                .chain(intended)
                .any(|host| pattern.matches(host))
        })
        .filter(|pattern| !is_old(pattern))
        .filter(|unused| !unlikely.iter().any(|one| one.pattern == *unused))
        .collect();
    if !unused.is_empty() {
        let unused = listed(unused, 8);
        found.add(
            &codes::PATTERN_UNUSED,
            Severity::Note,
            format!(
                "{unused} (right on purpose during a migration; afterwards it lets an old host receive mail)"
            ),
            Some(Fix::from(format!(
                "Remove {unused} once no sender can still look up the old MX records (their TTL is over) and no \
                 queue needs a way back; then change the id."
            ))),
        );
    }
}
