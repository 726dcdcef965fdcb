//! The settings of main.cf under which Postfix does what policies demand.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::place::Sidecar;
use super::postconf::{Interfaces, Postconf, SecurityLevel, Version};
use super::table::{Answerer, Table};
use super::warning::{Warning, warnings};

/// The first Postfix that knows `servername=`; an earlier one defers all mail over it.
const KNOWS_SERVERNAME: Version = Version::new(3, 4, 0);

/// The first Postfix that knows the attributes of an MTA-STS policy; an earlier one defers all mail over them.
const KNOWS_STS: Version = Version::new(3, 10, 0);

/// A setting of main.cf.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Setting {
    /// `smtp_tls_policy_maps`.
    PolicyMaps(Vec<Table>),
    /// `smtp_tls_security_level = may`.
    LevelMay,
    /// `smtp_tls_CAfile`.
    CaFile(PathBuf),
    /// `smtp_tls_session_cache_database`, empty.
    NoSessionCache,
    /// `smtp_dns_reply_filter`.
    ReplyFilter(Vec<Table>),
    /// `smtp_tls_enforce_sts_mx_patterns = yes`.
    EnforceMxPatterns,
    /// `smtp_tls_connection_reuse = no`.
    NoConnectionReuse,
    /// `best_mx_transport`, to defer.
    DeferAtBestMx,
}

impl Setting {
    /// Returns the name of the parameter.
    #[must_use]
    pub const fn parameter(&self) -> &'static str {
        match self {
            Self::PolicyMaps(_) => "smtp_tls_policy_maps",
            Self::LevelMay => "smtp_tls_security_level",
            Self::CaFile(_) => "smtp_tls_CAfile",
            Self::NoSessionCache => "smtp_tls_session_cache_database",
            Self::ReplyFilter(_) => "smtp_dns_reply_filter",
            Self::EnforceMxPatterns => "smtp_tls_enforce_sts_mx_patterns",
            Self::NoConnectionReuse => "smtp_tls_connection_reuse",
            Self::DeferAtBestMx => "best_mx_transport",
        }
    }

    /// Returns its value.
    #[must_use]
    pub fn value(&self) -> String {
        let list = |tables: &[Table]| {
            let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
            tables.join(", ")
        };
        match self {
            Self::PolicyMaps(tables) | Self::ReplyFilter(tables) => list(tables),
            Self::LevelMay => "may".to_owned(),
            Self::CaFile(path) => path.display().to_string(),
            Self::NoSessionCache => String::new(),
            Self::EnforceMxPatterns => "yes".to_owned(),
            Self::NoConnectionReuse => "no".to_owned(),
            Self::DeferAtBestMx => "retry:4.4.6 no better MX host may be used".to_owned(),
        }
    }

    /// Returns the reason, in one line.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::PolicyMaps(_) => "stickler says which next hops have a policy to be enforced",
            Self::LevelMay => "TLS wherever it is offered, for domains without a policy too",
            Self::CaFile(_) => {
                "without authorities no certificate is valid; a file, since it is read before the chroot"
            }
            Self::NoSessionCache => {
                "a cached session outlives a policy: a host taken off it stays accepted, one put on it refused"
            }
            Self::ReplyFilter(tables) if tables.is_empty() => {
                "this Postfix holds MX hosts against the policy itself, and needs no filter"
            }
            Self::ReplyFilter(_) => {
                "this Postfix compares certificates only; the filter drops MX hosts that the policy does not list"
            }
            Self::EnforceMxPatterns => {
                "MX hosts that the policy does not list are not connected to"
            }
            Self::NoConnectionReuse => {
                "a connection that is used again goes around a policy that changed"
            }
            Self::DeferAtBestMx => {
                "where this backup MX may use no better host the mail waits; without it, it would bounce (5.4.6)"
            }
        }
    }

    /// Returns whether main.cf says it already.
    fn holds(&self, postconf: &Postconf) -> bool {
        match self {
            Self::PolicyMaps(tables) => *tables == postconf.policy_maps,
            Self::LevelMay => postconf.level != SecurityLevel::None,
            Self::CaFile(_) => !postconf.ca_file.is_empty(),
            Self::NoSessionCache => postconf.session_cache.is_empty(),
            Self::ReplyFilter(tables) => *tables == postconf.reply_filter,
            Self::EnforceMxPatterns => postconf.enforces_mx_patterns != Some(false),
            Self::NoConnectionReuse => !postconf.reuses_connections,
            Self::DeferAtBestMx => postconf.defers_at_best_mx,
        }
    }
}

/// An option that the sidecar needs beside this installation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Advice {
    /// `--own-address`, with these addresses.
    OwnAddresses(Vec<IpAddr>),
    /// `--own-address`, with every address at which the Internet reaches this host: main.cf does not list them.
    OwnAddressesUnlisted,
    /// `--report-testing`.
    ReportTesting,
}

/// What an installation needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setup {
    /// What main.cf must say and does not yet.
    pub settings: Vec<Setting>,
    /// What the sidecar must be given and was not yet.
    pub advice: Vec<Advice>,
    /// What goes around policies all the same.
    pub warnings: Vec<Warning>,
}

/// Why an installation cannot have the sidecar.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It judges by DANE.
    #[error(
        "{place} says smtp_tls_security_level = dane, and an answer of the sidecar would take the place of a failing \
         DANE validation, which RFC 8461 forbids (Section 2): stickler does not look at TLSA records yet, so stay \
         with DANE alone, or set the level to may and do without it"
    )]
    Dane {
        /// `main.cf`, or a service of master.cf.
        place: Box<str>,
    },
    /// It does not know what an answer has.
    #[error(
        "Postfix {0} does not know the attribute servername, and would defer all mail that a policy protects: \
         Postfix {KNOWS_SERVERNAME} is the first that does"
    )]
    TooOld(Version),
    /// It cannot reach any of the sidecar's sockets.
    #[error(
        "the smtp of this Postfix{} reaches none of the sidecar's sockets: listen at --socketmap 127.0.0.1:8461, or \
         at --socketmap unix:{}/stickler/postfix.sock",
        if *is_chrooted { ", which is chrooted," } else { "" },
        queue_directory.display()
    )]
    Unreachable {
        /// Whether its smtp(8) is chrooted.
        is_chrooted: bool,
        /// Where.
        queue_directory: PathBuf,
    },
}

/// Decides what an installation of Postfix needs.
///
/// # Errors
///
/// When it cannot have the sidecar at all.
pub fn plan(postconf: &Postconf, sidecar: &Sidecar<'_>) -> Result<Setup, Refusal> {
    if let Some(place) = place_of_dane(postconf) {
        return Err(Refusal::Dane { place });
    }
    if postconf.version < KNOWS_SERVERNAME {
        return Err(Refusal::TooOld(postconf.version));
    }
    let map = if postconf.version < KNOWS_STS {
        "postfix"
    } else {
        "postfix310"
    };
    let table = |map| {
        sidecar
            .table(map, postconf)
            .ok_or_else(|| Refusal::Unreachable {
                is_chrooted: postconf.is_chrooted,
                queue_directory: postconf.queue_directory.clone(),
            })
    };
    // From 3.10.5 on the attributes of the policy do what the filter does, for mail that has a policy alone.
    let needs_filter = postconf.enforces_mx_patterns.is_none();
    let filter = needs_filter.then(|| table("mx-filter")).transpose()?;
    let is_backup = needs_filter && !postconf.relay_domains.is_empty();
    let mut settings = vec![
        Setting::PolicyMaps(with(&postconf.policy_maps, Some(table(map)?))),
        Setting::LevelMay,
    ];
    settings.extend(sidecar.ca_bundle.map(Path::to_owned).map(Setting::CaFile));
    if sidecar.salt.is_none() {
        settings.push(Setting::NoSessionCache);
    }
    settings.push(Setting::ReplyFilter(with(&postconf.reply_filter, filter)));
    settings.push(Setting::EnforceMxPatterns);
    settings.push(Setting::NoConnectionReuse);
    if is_backup {
        settings.push(Setting::DeferAtBestMx);
    }
    settings.retain(|setting| !setting.holds(postconf));
    let mut advice = Vec::new();
    if is_backup {
        advice.extend(own_addresses(postconf, sidecar.own_addresses));
    }
    let is_may = matches!(postconf.level, SecurityLevel::None | SecurityLevel::May);
    if postconf.reports_tls && is_may && !sidecar.reports_testing {
        advice.push(Advice::ReportTesting);
    }
    Ok(Setup {
        settings,
        advice,
        warnings: warnings(postconf, sidecar),
    })
}

/// Returns where DANE is asked for. At any other level a static map may still do so for some next hops, and it is
/// looked at first.
fn place_of_dane(postconf: &Postconf) -> Option<Box<str>> {
    if postconf.level == SecurityLevel::Dane {
        return Some("main.cf".into());
    }
    let service = postconf.overrides.iter().find(|set| {
        &*set.parameter == "smtp_tls_security_level" && matches!(&*set.value, "dane" | "dane-only")
    })?;
    Some(format!("{} in master.cf", service.service).into())
}

/// Returns the tables with ours behind those that are no sidecar's, which it takes the place of.
fn with(tables: &[Table], ours: Option<Table>) -> Vec<Table> {
    let others = tables
        .iter()
        .filter(|table| table.answerer() == Answerer::Other);
    others.cloned().chain(ours).collect()
}

/// Returns what is still to be said of the host's own addresses, with which a backup MX finds itself in an MX set.
fn own_addresses(postconf: &Postconf, said: &[IpAddr]) -> Option<Advice> {
    let Interfaces::Listed(interfaces) = &postconf.inet_interfaces else {
        return said.is_empty().then_some(Advice::OwnAddressesUnlisted);
    };
    let missing: Vec<IpAddr> = interfaces
        .iter()
        .chain(&postconf.proxy_interfaces)
        .filter(|address| !address.is_loopback() && !said.contains(address))
        .copied()
        .collect();
    (!missing.is_empty()).then_some(Advice::OwnAddresses(missing))
}
