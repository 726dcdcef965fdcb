//! Findings about names that are aliases: ends that are gone, and MX hosts, which should be none.

use super::codes::{self, Code};
use super::found::Findings;
use super::{hosting, transport};
use crate::diagnose::action::Action;
use crate::diagnose::alias::AliasedName;
use crate::diagnose::case::Case;
use crate::diagnose::command::{Command, ZoneRecord};
use crate::diagnose::document::{Finding, MxVerdict, Severity};
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judged::Host;
use crate::facts::DnsName;
use crate::facts::certificate::CertificateFault;
use crate::sts::certificate::matches_patterns;
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;
use crate::sts::transport::{Transport, TransportFault};

/// Finds the aliases whose end is gone, where no other finding tells of them.
pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let aliases = &case.judged.aliases;
    // With a record the policy host is looked for, and that it cannot be found is reported; and so it is where the name
    // can be taken over.
    if case.judged.live_id().is_none()
        && hosting::takeover(case).is_none()
        && let Some(alias) = &aliases.policy_host
    {
        let fix = Fix::command(Command::dig(&alias.name)).at_policy_host();
        find_gone(Some(alias), fix, found);
    }
    // Without an MX record the domain itself is the alias, which has a finding of its own.
    if case.judged.implicit_alias().is_none() {
        for host in &case.judged.hosts {
            find_mx(case, host, found);
        }
    }
}

/// Adds the finding that the end of an alias is gone, if it is; returns whether.
pub(super) fn find_gone(alias: Option<&AliasedName>, fix: Fix, found: &mut Findings) -> bool {
    let Some(alias) = alias.filter(|alias| alias.is_gone()) else {
        return false;
    };
    found.add(
        &codes::ALIAS_GONE,
        Severity::Warning,
        alias.to_string(),
        Some(fix),
    );
    true
}

/// "the domain name used as the value of an MX record … must not be an alias" (RFC 2181, Section 10.3).
fn find_mx(case: &Case<'_>, host: &Host<'_>, found: &mut Findings) {
    let Some(alias) = host.alias() else {
        return;
    };
    // One that leads to no address is reported as such.
    if host.addresses.is_empty() {
        return;
    }
    let fix = match Remedy::of(case, host) {
        Some(remedy) => Fix::standing_at(remedy.told_at, "What to do stands at"),
        None => Fix::from(format!(
            "Give {} A and AAAA records in the place of its CNAME, or let the MX record name a host that has them: \
             policy and certificate have to bear the name in the MX record.",
            alias.name
        )),
    };
    found.add(
        &codes::MX_ALIAS,
        Severity::Warning,
        format!(
            "{alias}: an MX record has to name a host with addresses of its own; policy and certificate are \
             compared with the alias, and some senders send nothing to a host that is one"
        ),
        Some(fix),
    );
}

/// The remedy for an MX host that is refused under its alias, while its certificate bears the name behind it:
/// the MX record has to name that.
#[derive(Clone, Debug)]
pub(super) struct Remedy<'a> {
    alias: AliasedName,
    record: ZoneRecord,
    /// The name behind the alias.
    target: DnsName,
    /// The policy that has to list the name first.
    lists_not_yet: Option<&'a Policy>,
    /// The finding at which it stands.
    told_at: &'static Code,
}

impl<'a> Remedy<'a> {
    /// Returns the remedy, if it is one for this host.
    pub(super) fn of(case: &Case<'a>, host: &Host<'_>) -> Option<Self> {
        if case.judged.implicit_alias().is_some() {
            // There is no MX record to change.
            return None;
        }
        let alias = host.alias()?;
        let target = alias.target()?.clone();
        let policy = case.judged.listing_policy();
        let is_unlisted = policy.is_some_and(|policy| policy.matching(&alias.name).is_none());
        let told_at = if is_unlisted {
            &codes::MX_UNCOVERED
        } else if host.verdict == MxVerdict::Refused && !host.has(MxVerdict::Accepted) {
            &codes::MX_CERTIFICATE
        } else {
            return None;
        };
        bears(host, &target).then(|| Self {
            record: ZoneRecord::Mx {
                domain: case.judged.domain.clone(),
                preference: host.facts.candidate.preference,
                host: target.clone(),
            },
            lists_not_yet: policy.filter(|policy| policy.matching(&target).is_none()),
            told_at,
            alias,
            target,
        })
    }

    /// Returns the name behind the alias, if the policy has to list it first.
    pub(super) fn to_list(&self) -> Option<&DnsName> {
        self.lists_not_yet.map(|_| &self.target)
    }

    /// Returns what comes first of it.
    pub(super) const fn action(&self) -> Action {
        match self.lists_not_yet {
            Some(_) => Action::ServePolicy,
            None => Action::CorrectMx,
        }
    }

    /// Adds the MX record to a fix, which may list the name first.
    pub(super) fn then(self, fix: Fix) -> Fix {
        let when = if self.lists_not_yet.is_some() {
            "Once that policy is served and the TTL of the old id is over, let"
        } else {
            "Let"
        };
        fix.paragraph(format!(
            "{}, and the certificate bears that name: policy and certificate are compared with the name in the MX \
             record. {when} the MX record name {} in the place of {}:",
            self.alias, self.target, self.alias.name
        ))
        .publish(self.record)
    }

    /// Adds the finding that the host is refused.
    pub(super) fn find_refused(
        self,
        case: &Case<'_>,
        host: &Host<'_>,
        severity: Severity,
        found: &mut Findings,
    ) {
        let (name, action) = (self.alias.name.clone(), self.action());
        let detail = transport::each_address(&name, host);
        let fix = if self.told_at == &codes::MX_CERTIFICATE {
            let first = self
                .lists_not_yet
                .map(|policy| fix::cover(case.judged.domain, policy, &[&self.target], case.now));
            self.then(first.unwrap_or_default())
        } else {
            Fix::standing_at(self.told_at, "What to do stands at")
        };
        let finding = Finding::new(&codes::MX_CERTIFICATE, severity, detail, Some(fix));
        found.push(finding.about(&name).mended_by(action));
    }
}

/// Whether nothing but the name is wrong at any address of a host, and each certificate bears `name`.
fn bears(host: &Host<'_>, name: &DnsName) -> bool {
    let Ok(pattern) = name.as_str().parse::<MxPattern>() else {
        return false;
    };
    let pattern = [pattern];
    let is_name = |fault: &TransportFault| {
        matches!(
            fault,
            TransportFault::Certificate(CertificateFault::NameMismatch { .. })
        )
    };
    host.addresses.iter().all(|address| {
        let is_fit = match &address.transport {
            Transport::Accepted(_) => true,
            Transport::Refused(faults) => faults.iter().all(is_name),
            Transport::NotAsked
            | Transport::RejectedUs(_)
            | Transport::Undetermined { .. }
            | Transport::Unreachable { .. } => false,
        };
        is_fit
            && address
                .probe
                .certificate()
                .is_some_and(|peer| matches_patterns(peer, &pattern) == Some(true))
    })
}
