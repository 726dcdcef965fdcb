//! What `postconf` says of an installation of Postfix.
//!
//! Three texts are read: `postconf -x` (parameters, with `$name` expanded), `postconf -M` (the services of
//! master.cf) and `postconf -P` (what these set for themselves). All three are of Postfix 2.11 and later.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::table::{Table, read_tables};

/// The parameters that are asked for.
///
/// A Postfix that does not know one of them warns of it and prints the others.
pub const PARAMETERS: &[&str] = &[
    "best_mx_transport",
    "compatibility_level",
    "config_directory",
    "disable_dns_lookups",
    "inet_interfaces",
    "mail_version",
    "mydestination",
    "proxy_interfaces",
    "queue_directory",
    "relay_domains",
    "relayhost",
    "smtp_dns_reply_filter",
    "smtp_dns_support_level",
    "smtp_enforce_tls",
    "smtp_fallback_relay",
    "smtp_host_lookup",
    "smtp_tls_CAfile",
    "smtp_tls_connection_reuse",
    "smtp_tls_enforce_sts_mx_patterns",
    "smtp_tls_exclude_ciphers",
    "smtp_tls_mandatory_exclude_ciphers",
    "smtp_tls_per_site",
    "smtp_tls_policy_maps",
    "smtp_tls_security_level",
    "smtp_tls_session_cache_database",
    "smtp_tlsrpt_enable",
    "smtp_use_tls",
    "tls_required_enable",
];

/// A version of Postfix. A snapshot (`3.12-20260821`) counts as the release that it leads to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// 3 of 3.10.13.
    pub major: u16,
    /// 10 of 3.10.13.
    pub minor: u16,
    /// 13 of 3.10.13.
    pub patch: u16,
}

impl Version {
    /// Makes a version.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = PostconfError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let release = text.split('-').next().unwrap_or(text);
        let mut numbers = release.split('.').map(str::parse);
        match (
            numbers.next(),
            numbers.next(),
            numbers.next(),
            numbers.next(),
        ) {
            (Some(Ok(major)), Some(Ok(minor)), None, None) => Ok(Self::new(major, minor, 0)),
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => {
                Ok(Self::new(major, minor, patch))
            }
            _ => Err(PostconfError::Version(text.into())),
        }
    }
}

/// `smtp_tls_security_level`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecurityLevel {
    /// Empty or `none`: no TLS.
    None,
    /// `may`: TLS where it is offered.
    May,
    /// `dane` or `dane-only`.
    Dane,
    /// Any other: more than `may` is demanded of everybody.
    Stricter,
}

impl SecurityLevel {
    fn read(text: &str) -> Self {
        match text {
            "" | "none" => Self::None,
            "may" => Self::May,
            "dane" | "dane-only" => Self::Dane,
            _ => Self::Stricter,
        }
    }
}

/// Where Postfix takes connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Interfaces {
    /// On every address of the host, or on some that are names.
    Unlisted,
    /// On these.
    Listed(Vec<IpAddr>),
}

/// A parameter that a service of master.cf sets for itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Override {
    /// The service, as in `relay/unix`.
    pub service: Box<str>,
    /// The parameter.
    pub parameter: Box<str>,
    /// Its value.
    pub value: Box<str>,
}

/// What an installation of Postfix says of itself, as far as it matters to a sidecar.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Postconf {
    /// `mail_version`.
    pub version: Version,
    /// `config_directory`.
    pub config_directory: PathBuf,
    /// `queue_directory`, where smtp(8) is chrooted.
    pub queue_directory: PathBuf,
    /// Whether any service that is an smtp(8) is chrooted.
    pub is_chrooted: bool,
    /// `smtp_tls_security_level`, or what the older parameters say in its place.
    pub level: SecurityLevel,
    /// `smtp_tls_policy_maps`.
    pub policy_maps: Vec<Table>,
    /// `smtp_tls_per_site`, which is looked at only where there are no policy maps.
    pub per_site: Box<str>,
    /// `smtp_dns_reply_filter`.
    pub reply_filter: Vec<Table>,
    /// `smtp_tls_CAfile`.
    pub ca_file: Box<str>,
    /// `smtp_tls_session_cache_database`.
    pub session_cache: Box<str>,
    /// Both lists of ciphers that are excluded at a level that demands TLS, one behind the other.
    pub excluded_ciphers: Box<str>,
    /// `smtp_tls_connection_reuse`.
    pub reuses_connections: bool,
    /// `smtp_tls_enforce_sts_mx_patterns`; `None` before 3.10.5.
    pub enforces_mx_patterns: Option<bool>,
    /// `tls_required_enable`; `None` before 3.10.
    pub honours_tls_required: Option<bool>,
    /// `smtp_fallback_relay`.
    pub fallback_relay: Box<str>,
    /// `relayhost`.
    pub relayhost: Box<str>,
    /// `relay_domains`, where it says more than `mydestination`, its default of old.
    pub relay_domains: Box<str>,
    /// Whether `best_mx_transport` sends mail to `retry`.
    pub defers_at_best_mx: bool,
    /// `smtp_tlsrpt_enable`.
    pub reports_tls: bool,
    /// `inet_interfaces`.
    pub inet_interfaces: Interfaces,
    /// `proxy_interfaces`.
    pub proxy_interfaces: Vec<IpAddr>,
    /// Whether MX records are looked up at all.
    pub looks_up_mx: bool,
    /// What the services that are an smtp(8) set for themselves.
    pub overrides: Vec<Override>,
}

impl Postconf {
    /// Reads what `postconf -x`, `postconf -M` and `postconf -P` print.
    ///
    /// # Errors
    ///
    /// When there is no version in it: it is something else then.
    pub fn read(expanded: &str, services: &str, of_services: &str) -> Result<Self, PostconfError> {
        let parameters = Parameters::read(expanded);
        let version = parameters
            .given("mail_version")
            .ok_or(PostconfError::NoVersion)?
            .parse()?;
        // Before this level `-` in master.cf means yes (postconf(5), compatibility_level).
        let is_old = parameters
            .given("compatibility_level")
            .is_none_or(|level| level == "0");
        let clients: Vec<Service<'_>> = services
            .lines()
            .filter_map(Service::read)
            .filter(|service| service.command == "smtp")
            .collect();
        let mydestination = parameters.text("mydestination");
        let relay_domains = parameters.text("relay_domains");
        let dns = parameters.text("smtp_dns_support_level");
        Ok(Self {
            version,
            config_directory: parameters.path("config_directory", "/etc/postfix"),
            queue_directory: parameters.path("queue_directory", "/var/spool/postfix"),
            is_chrooted: clients.iter().any(|client| client.is_chrooted(is_old)),
            level: parameters.level(),
            policy_maps: read_tables(parameters.text("smtp_tls_policy_maps")),
            per_site: parameters.text("smtp_tls_per_site").into(),
            reply_filter: read_tables(parameters.text("smtp_dns_reply_filter")),
            ca_file: parameters.text("smtp_tls_CAfile").into(),
            session_cache: parameters.text("smtp_tls_session_cache_database").into(),
            excluded_ciphers: format!(
                "{} {}",
                parameters.text("smtp_tls_exclude_ciphers"),
                parameters.text("smtp_tls_mandatory_exclude_ciphers")
            )
            .trim()
            .into(),
            reuses_connections: parameters.is_on("smtp_tls_connection_reuse"),
            enforces_mx_patterns: parameters.switch("smtp_tls_enforce_sts_mx_patterns"),
            honours_tls_required: parameters.switch("tls_required_enable"),
            fallback_relay: parameters.text("smtp_fallback_relay").into(),
            relayhost: parameters.text("relayhost").into(),
            relay_domains: if relay_domains == mydestination {
                "".into()
            } else {
                relay_domains.into()
            },
            defers_at_best_mx: parameters.text("best_mx_transport").starts_with("retry:"),
            reports_tls: parameters.is_on("smtp_tlsrpt_enable"),
            inet_interfaces: interfaces(parameters.text("inet_interfaces")),
            proxy_interfaces: addresses(parameters.text("proxy_interfaces")).collect(),
            looks_up_mx: dns != "disabled"
                && !(dns.is_empty() && parameters.is_on("disable_dns_lookups"))
                && words(parameters.text("smtp_host_lookup")).any(|way| way == "dns"),
            overrides: of_services
                .lines()
                .filter_map(Override::read)
                .filter(|set| clients.iter().any(|client| client.name() == *set.service))
                .collect(),
        })
    }
}

impl Override {
    /// Reads `relay/unix/smtp_fallback_relay = relay.test`.
    fn read(line: &str) -> Option<Self> {
        let (place, value) = line.split_once('=')?;
        let (service, parameter) = place.trim().rsplit_once('/')?;
        Some(Self {
            service: service.into(),
            parameter: parameter.into(),
            value: value.trim().into(),
        })
    }
}

/// A service of master.cf.
struct Service<'a> {
    name: &'a str,
    kind: &'a str,
    chroot: &'a str,
    command: &'a str,
}

impl<'a> Service<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split_whitespace();
        let (name, kind) = (fields.next()?, fields.next()?);
        // Behind them: private, unpriv, chroot, wakeup, maxproc, command.
        let (chroot, command) = (fields.nth(2)?, fields.nth(2)?);
        Some(Self {
            name,
            kind,
            chroot,
            command,
        })
    }

    fn name(&self) -> String {
        format!("{}/{}", self.name, self.kind)
    }

    fn is_chrooted(&self, is_old: bool) -> bool {
        self.chroot == "y" || (self.chroot == "-" && is_old)
    }
}

/// Parameters by their names.
struct Parameters<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (name.trim(), value.trim()))
                .collect(),
        )
    }

    fn given(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    fn text(&self, name: &str) -> &'a str {
        self.given(name).unwrap_or_default()
    }

    fn switch(&self, name: &str) -> Option<bool> {
        self.given(name).map(|value| value == "yes")
    }

    fn is_on(&self, name: &str) -> bool {
        self.switch(name) == Some(true)
    }

    fn path(&self, name: &str, default: &str) -> PathBuf {
        match self.text(name) {
            "" => Path::new(default).to_owned(),
            path => path.into(),
        }
    }

    /// An empty level leaves the word to the parameters of Postfix 2.2.
    fn level(&self) -> SecurityLevel {
        match self.text("smtp_tls_security_level") {
            "" if self.is_on("smtp_enforce_tls") => SecurityLevel::Stricter,
            "" if self.is_on("smtp_use_tls") => SecurityLevel::May,
            level => SecurityLevel::read(level),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}

fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    words(text).filter_map(|word| word.trim_matches(['[', ']']).parse().ok())
}

fn interfaces(text: &str) -> Interfaces {
    let listed: Vec<IpAddr> = addresses(text).collect();
    let all = words(text).count();
    if text == "loopback-only" {
        Interfaces::Listed(Vec::new())
    } else if listed.len() == all && all > 0 {
        Interfaces::Listed(listed)
    } else {
        Interfaces::Unlisted
    }
}

/// Why a text does not come from `postconf`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PostconfError {
    /// There is no `mail_version`.
    #[error("no mail_version stands in it")]
    NoVersion,
    /// The version is none.
    #[error("`{0}` is no version of Postfix")]
    Version(Box<str>),
}

#[cfg(test)]
mod tests {
    use super::{Interfaces, Postconf, PostconfError, SecurityLevel, Version};

    #[test]
    fn what_postconf_prints_is_read() {
        let found = Postconf::read(
            "mail_version = 3.7.11\nsmtp_tls_security_level =\nsmtp_use_tls = yes\ninet_interfaces = all\n\
             smtp_host_lookup = native, dns\nqueue_directory = /q\n",
            "",
            "",
        )
        .unwrap();
        assert_eq!(found.version, Version::new(3, 7, 11));
        assert_eq!(found.level, SecurityLevel::May);
        assert_eq!(found.inet_interfaces, Interfaces::Unlisted);
        assert_eq!(found.enforces_mx_patterns, None);
        assert_eq!(found.queue_directory.to_str(), Some("/q"));
        assert!(found.looks_up_mx);
    }

    #[test]
    fn a_dash_in_master_cf_means_what_the_compatibility_level_says() {
        for (chroot, level, expected) in [
            ("y", "3.6", true),
            ("n", "0", false),
            ("-", "3.6", false),
            ("-", "0", true),
        ] {
            let text = format!("mail_version = 3.7.11\ncompatibility_level = {level}\n");
            let services = format!("smtp unix - - {chroot} - - smtp\nsmtp inet n - y - - smtpd\n");
            let found = Postconf::read(&text, &services, "").unwrap();
            assert_eq!(found.is_chrooted, expected, "{chroot} at {level}");
        }
    }

    #[test]
    fn what_has_no_version_does_not_come_from_postconf() {
        for (text, expected) in [
            ("", PostconfError::NoVersion),
            (
                "mail_version = postfix",
                PostconfError::Version("postfix".into()),
            ),
            ("mail_version = 3", PostconfError::Version("3".into())),
            (
                "mail_version = 3.1.2.3",
                PostconfError::Version("3.1.2.3".into()),
            ),
        ] {
            assert_eq!(Postconf::read(text, "", ""), Err(expected), "{text}");
        }
    }
}
