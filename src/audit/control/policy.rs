//! Controls that misread policies, or match MX hosts wrongly: both are told by rewriting the body.

use super::{Control, Mutant, domain_of};
use crate::facts::DnsName;
use crate::facts::http::{HttpExchange, HttpResponse};
use crate::sender::Network;

impl<N: Network> Mutant<N> {
    /// Lies about what a policy says.
    pub(super) async fn rewrite_policy(
        &self,
        host: &DnsName,
        exchange: HttpExchange,
    ) -> HttpExchange {
        let Ok(response) = &exchange.outcome else {
            return exchange;
        };
        let body = String::from_utf8_lossy(&response.body).into_owned();
        let mut lines: Vec<&str> = body.lines().collect();
        let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
        let has = |key: &str| lines.iter().any(|line| line.starts_with(key));
        let told = match self.control {
            Control::MendsVersion if !has("version: STSv1") => {
                lines.insert(0, "version: STSv1");
                joined(&lines)
            }
            Control::MendsMode if !MODES.iter().any(|mode| has(mode)) => {
                lines.retain(|line| !line.starts_with("mode"));
                lines.insert(1, "mode: enforce");
                joined(&lines)
            }
            Control::MendsMaxAge => {
                let is_digits = |value: &str| value.bytes().all(|octet| octet.is_ascii_digit());
                lines.retain(|line| line.strip_prefix("max_age: ").is_none_or(is_digits));
                if !lines.iter().any(|line| line.starts_with("max_age: ")) {
                    lines.push("max_age: 604800");
                }
                joined(&lines)
            }
            Control::MendsMx if !has("mx: ") => {
                lines.push("mx: nobody.test");
                joined(&lines)
            }
            Control::RefusesUnknownFields => {
                let is_known = |line: &&str| KEYS.iter().any(|key| line.starts_with(key));
                if lines.iter().all(is_known) {
                    body
                } else {
                    String::new()
                }
            }
            Control::LastDuplicateCounts => {
                let mode = lines
                    .iter()
                    .rfind(|line| line.starts_with("mode: "))
                    .copied();
                lines.retain(|line| !line.starts_with("mode: "));
                lines.extend(mode);
                joined(&lines)
            }
            Control::LfOnly if body.contains('\r') => String::new(),
            Control::PolicyVersionFirst if !body.starts_with("version") => String::new(),
            Control::FirstPatternOnly => {
                let first = lines.iter().position(|line| line.starts_with("mx: "));
                let mut place = 0;
                lines.retain(|line| {
                    place += 1;
                    !line.starts_with("mx: ") || Some(place - 1) == first
                });
                joined(&lines)
            }
            Control::NoneNeedsMx if has("mode: none") && !has("mx: ") => String::new(),
            Control::EnforcesNone => body.replace("mode: none", "mode: enforce"),
            Control::EnforcesTesting => body.replace("mode: testing", "mode: enforce"),
            Control::RaisesMaxAge => {
                lines.retain(|line| !line.starts_with("max_age: "));
                lines.push("max_age: 864000");
                joined(&lines)
            }
            Control::NoWildcards => {
                for line in &mut lines {
                    if line.starts_with("mx: *") {
                        *line = "mx: nobody.test";
                    }
                }
                joined(&lines)
            }
            Control::MatchesCase => {
                let is_upper = |line: &str| line.bytes().any(|octet| octet.is_ascii_uppercase());
                for line in &mut lines {
                    if line.starts_with("mx: ") && is_upper(line) {
                        *line = "mx: nobody.test";
                    }
                }
                joined(&lines)
            }
            Control::AnyHost
            | Control::WildcardAnyDepth
            | Control::WildcardCoversApex
            | Control::SuffixMatches
            | Control::MatchesTargets
            | Control::ExemptsImplicitMx => {
                let more = self.listed_wrongly(host, &lines).await;
                let more: String = more.iter().map(|host| format!("mx: {host}\n")).collect();
                format!("{}{more}", joined(&lines))
            }
            _other_facts => return exchange,
        };
        HttpExchange {
            outcome: Ok(HttpResponse {
                body: told.into_bytes().into(),
                ..response.clone()
            }),
            ..exchange
        }
    }

    /// Returns the MX hosts that a wrong comparison finds in a policy.
    async fn listed_wrongly(&self, policy_host: &DnsName, lines: &[&str]) -> Vec<DnsName> {
        let Some(domain) = domain_of(policy_host) else {
            return Vec::new();
        };
        let (hosts, has_records) = self.hosts_of(&domain).await;
        let patterns = || lines.iter().filter_map(|line| line.strip_prefix("mx: "));
        let mut found = Vec::new();
        for host in hosts {
            let target = self.target_of(&host).await;
            let is_listed = match self.control {
                Control::AnyHost => true,
                Control::ExemptsImplicitMx => !has_records,
                Control::WildcardAnyDepth => patterns()
                    .filter_map(|pattern| pattern.strip_prefix("*."))
                    .any(|parent| host.as_str() != parent && host.is_within(parent)),
                Control::WildcardCoversApex => patterns()
                    .filter_map(|pattern| pattern.strip_prefix("*."))
                    .any(|parent| host.as_str() == parent),
                Control::SuffixMatches => patterns().any(|pattern| host.is_within(pattern)),
                Control::MatchesTargets => patterns().any(|pattern| pattern == target.as_str()),
                _other_facts => false,
            };
            if is_listed {
                found.push(host);
            }
        }
        found
    }
}

/// The keys of a policy.
const KEYS: [&str; 4] = ["version:", "mode:", "mx:", "max_age:"];

/// The lines that say how a policy is applied.
const MODES: [&str; 3] = ["mode: enforce", "mode: testing", "mode: none"];
