//! The finding of a wait that ended before what is intended was everywhere.

use super::codes;
use super::found::Findings;
use crate::diagnose::action::Action;
use crate::diagnose::case::Case;
use crate::diagnose::command::Command;
use crate::diagnose::document::{Finding, Missing, MissingKind, Severity};
use crate::diagnose::fix::Fix;
use crate::facts::Sentence;

/// How many places one finding names.
const NAMED: usize = 8;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let Some(waited) = case.waited.filter(|waited| !waited.missing.is_empty()) else {
        return;
    };
    let (named, more) = waited.missing.split_at(waited.missing.len().min(NAMED));
    let mut detail = Sentence::from(format!(
        "still missing after {} s and {} look{}: ",
        waited.waited_secs,
        waited.looks,
        if waited.looks == 1 { "" } else { "s" }
    ));
    detail.join("; ", named);
    if !more.is_empty() {
        detail.words(format_args!("; and {} more", more.len()));
    }
    let domain = case.judged.domain;
    let look = |missing: &Missing| match (missing.kind, missing.address) {
        (MissingKind::Edge, Some(address)) => Some(Command::fetch_from(domain, address)),
        (MissingKind::NameServer, Some(address)) => Some(Command::ask_server(
            &missing.host,
            address,
            format_args!("+noall +answer MX {domain} TXT _mta-sts.{domain}"),
        )),
        (
            MissingKind::Edge
            | MissingKind::NameServer
            | MissingKind::PolicyHost
            | MissingKind::Resolver,
            _,
        ) => None,
    };
    let is_dns = !waited
        .missing
        .iter()
        .any(|missing| matches!(missing.kind, MissingKind::Edge | MissingKind::PolicyHost));
    let fix = Fix::from(if is_dns {
        "Bring the name servers to the same copy of the zone, and wait again:"
    } else {
        "Change no id yet: a sender that fetches now may keep the old policy under the new one. Bring these to what the \
         others have, purge what a cache keeps, and wait again:"
    })
    .run(named.iter().filter_map(look));
    let finding = Finding::new(
        &codes::INTENDED_NOT_IN_TIME,
        Severity::Error,
        detail,
        Some(fix),
    );
    found.push(if is_dns {
        finding.mended_by(Action::MendDns)
    } else {
        finding
    });
}
