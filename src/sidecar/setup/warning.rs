//! What goes around a policy though main.cf asks the sidecar.

use std::fmt;

use super::place::Sidecar;
use super::postconf::{Override, Postconf, SecurityLevel};
use super::table::{Answerer, Table};
use crate::sidecar::postfix::Excludes;

/// The parameters that matter where a service of master.cf sets them for itself.
const OVERRIDES: [&str; 9] = [
    "smtp_dns_reply_filter",
    "smtp_fallback_relay",
    "smtp_tls_CAfile",
    "smtp_tls_connection_reuse",
    "smtp_tls_enforce_sts_mx_patterns",
    "smtp_tls_exclude_ciphers",
    "smtp_tls_policy_maps",
    "smtp_tls_security_level",
    "smtp_tls_session_cache_database",
];

/// What goes around a policy, or makes it fail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Warning {
    /// A filter of DNS replies knows no exemptions.
    FilterSparesNothing,
    /// `smtp_fallback_relay` takes what policies hold back.
    FallbackRelay(Box<str>),
    /// MX records are not looked up.
    NoMxLookUps,
    /// No file of certificate authorities was found, and main.cf names none.
    NoAuthorities,
    /// A service of master.cf goes its own way.
    Override(Override),
    /// The table of old sites is not looked at any more.
    PerSite(Box<str>),
    /// Every message goes to one host.
    Relayhost(Box<str>),
    /// `--report-testing` was said, and the level is not `may`.
    ReportsAtAnotherLevel,
    /// `--salt` says something else than main.cf.
    SaltDiffers(Box<str>),
    /// Tables that are looked at first.
    StaticTables(Vec<Table>),
    /// The header of RFC 8689 is honoured.
    TlsRequiredHeader,
    /// A sidecar that answers for DANE is replaced.
    TlspolReplaced,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FilterSparesNothing => f.write_str(
                "smtp_dns_reply_filter: no static table exempts a domain from it; on Postfix 3.10 it meets TLS reports \
                 and mail with the header `TLS-Required: no` too",
            ),
            Self::FallbackRelay(relay) => write!(
                f,
                "smtp_fallback_relay = {relay}: takes the mail that a policy holds back; it is protected only if \
                 that host enforces policies itself, so leave it empty otherwise"
            ),
            Self::NoMxLookUps => f.write_str(
                "smtp_host_lookup or smtp_dns_support_level: MX records are not looked up, so no policy says \
                 anything of the hosts that mail goes to",
            ),
            Self::NoAuthorities => f.write_str(
                "smtp_tls_CAfile: is empty, and no file of authorities was found on this host; without one all mail \
                 that a policy protects waits",
            ),
            Self::Override(Override {
                service,
                parameter,
                value,
            }) => write!(
                f,
                "{service} in master.cf: sets {parameter} = {value} for itself, and main.cf does not count there"
            ),
            Self::PerSite(table) => write!(
                f,
                "smtp_tls_per_site = {table}: is not looked at any more once there are policy maps; what it says \
                 belongs into a table of smtp_tls_policy_maps, before the socketmap"
            ),
            Self::Relayhost(host) => write!(
                f,
                "relayhost = {host}: all mail goes there, so its policy is the one that is enforced (RFC 8461, \
                 Section 3.4); those of the recipients' domains are for that host to enforce"
            ),
            Self::ReportsAtAnotherLevel => f.write_str(
                "--report-testing: main.cf's level is not may, so mail to domains with a policy in testing would go \
                 out with less than main.cf demands; leave the option out",
            ),
            Self::SaltDiffers(ciphers) => write!(
                f,
                "--salt: takes the place of what main.cf excludes, so say --salt '{ciphers}'"
            ),
            Self::StaticTables(tables) => {
                f.write_str("smtp_tls_policy_maps:")?;
                for (index, table) in tables.iter().enumerate() {
                    write!(f, "{} {table}", if index == 0 { "" } else { "," })?;
                }
                f.write_str(" comes first, and stickler is not asked for what stands there")
            }
            Self::TlsRequiredHeader => f.write_str(
                "tls_required_enable = yes: a sender's header `TLS-Required: no` (RFC 8689) goes around every \
                 policy; with `no` it does not",
            ),
            Self::TlspolReplaced => f.write_str(
                "postfix-tlspol: answered for DANE too, and stickler does not yet; domains with TLSA records and no \
                 MTA-STS policy go out at main.cf's level",
            ),
        }
    }
}

/// Looks for what goes around policies.
pub(super) fn warnings(postconf: &Postconf, sidecar: &Sidecar<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut note = |is_so: bool, warning: Warning| {
        if is_so {
            found.push(warning);
        }
    };
    let (statics, sidecars): (Vec<Table>, Vec<Table>) = postconf
        .policy_maps
        .iter()
        .cloned()
        .partition(|table| table.answerer() == Answerer::Other);
    let given = |text: &str| !text.is_empty();
    note(
        sidecars
            .iter()
            .any(|table| table.answerer() == Answerer::Tlspol),
        Warning::TlspolReplaced,
    );
    note(!statics.is_empty(), Warning::StaticTables(statics));
    note(
        given(&postconf.per_site) && postconf.policy_maps.is_empty(),
        Warning::PerSite(postconf.per_site.clone()),
    );
    note(
        given(&postconf.fallback_relay),
        Warning::FallbackRelay(postconf.fallback_relay.clone()),
    );
    note(
        given(&postconf.relayhost),
        Warning::Relayhost(postconf.relayhost.clone()),
    );
    note(!postconf.looks_up_mx, Warning::NoMxLookUps);
    note(
        postconf.ca_file.is_empty() && sidecar.ca_bundle.is_none(),
        Warning::NoAuthorities,
    );
    note(
        sidecar.reports_testing
            && !matches!(postconf.level, SecurityLevel::None | SecurityLevel::May),
        Warning::ReportsAtAnotherLevel,
    );
    note(
        sidecar
            .salt
            .is_some_and(|salt| postconf.excluded_ciphers.parse::<Excludes>().as_ref() != Ok(salt)),
        Warning::SaltDiffers(postconf.excluded_ciphers.clone()),
    );
    note(
        postconf.honours_tls_required == Some(true),
        Warning::TlsRequiredHeader,
    );
    note(
        postconf.enforces_mx_patterns.is_none(),
        Warning::FilterSparesNothing,
    );
    let overrides = postconf
        .overrides
        .iter()
        .filter(|set| OVERRIDES.contains(&&*set.parameter));
    found.extend(overrides.cloned().map(Warning::Override));
    found
}
