//! A finding about the port of the MX hosts: it says nothing about them.

use super::codes;
use super::found::{Findings, listed};
use crate::diagnose::case::Case;
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix::Fix;
use crate::diagnose::port::{PortState, is_silent};
use crate::facts::Say as _;

/// How many addresses are named.
const SHOWN: usize = 8;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let port = &case.judged.port;
    let (code, first) = match port.state {
        PortState::SeemsBlocked => (&codes::MX_PORT_BLOCKED, ""),
        PortState::DownOrBlocked => (&codes::MX_UNREACHABLE, "See whether the host is up. "),
        PortState::NotAsked | PortState::Open | PortState::Unknown => return,
    };
    let probes = case
        .judged
        .survey
        .hosts
        .iter()
        .flat_map(|host| &host.probes);
    let silent: Vec<String> = probes
        .filter(|probe| is_silent(probe))
        .map(|probe| format!("{} [{}]", probe.host, probe.address))
        .collect();
    let detail = format!(
        "no connection is answered by {}: networks for access, clouds and CI systems often let nobody out to port \
         25, and a host that is down looks the same; STARTTLS and certificates are not known, and what policy and \
         MX records say of each other is",
        listed(&silent, SHOWN)
    );
    let fix = Fix::from(format!(
        "{first}Check from a host that may send mail. To hold policy and MX records against each other from here, \
         without a word about certificates, add --no-smtp.",
    ));
    let finding = Finding::new(code, Severity::Warning, detail, Some(fix));
    found.push(finding.titled(port.sentence().to_string()));
}
