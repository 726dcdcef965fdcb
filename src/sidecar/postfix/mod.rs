//! What Postfix's `smtp_tls_policy_maps` is answered.
//!
//! [RFC 8461, Section 5] in Postfix's words: an enforced policy is `secure`, with the names that a certificate may
//! have in `match=`; a policy in testing is main.cf's own level, reported where Postfix can report. What an answer
//! may hold differs by level, and one attribute too many defers all mail of the domain:
//!
//! | attribute | where | why |
//! |---|---|---|
//! | `match=` | every `secure` answer, no other | without it the next hop is what counts; beside `may` it is invalid |
//! | `servername=hostname` | `secure` | SNI is the MX host (§7.1); at `secure` there is none without it |
//! | `policy_type=sts` and the policy | Postfix 3.10 and later | reports, and from 3.10.5 on §4.1 by the MX host's name |
//! | `policy_failure=` | `may` | beside `secure` it fails every delivery, also under a policy that is held |
//! | `exclude=` | `secure`, where settings say so | ends in the key of the TLS session cache: see [`Excludes`] |
//!
//! Nothing that a policy says becomes Postfix's syntax:
//!
//! | in a policy | kept out by |
//! |---|---|
//! | white space, braces, `:`, `,`, `=` in an `mx` | the grammar of §3.2: a [`PolicyName`] has letters, digits, hyphens and dots |
//! | `hostname`, `nexthop`, `dot-nexthop` | left out of `match=` and `mx_host_pattern=`; the other patterns stand |
//! | a name with a dot before or behind it, `*` anywhere but first | the grammar; a wildcard is never in `match=` |
//! | addresses, names that the DNS cannot hold | left out: OpenSSL takes an address in `match=` for an IP SAN |
//! | unknown fields, in any octets | never written: the lines of `policy_string` are made from the fields that count |
//!
//! D1 and the like are numbers of requirements: `sts/requirements.md` lists them.
//!
//! [RFC 8461, Section 5]: https://www.rfc-editor.org/rfc/rfc8461#section-5
//! [`PolicyName`]: crate::sts::name::PolicyName

mod attributes;
mod excludes;
mod matching;

pub use excludes::{Excludes, ExcludesError};
pub use matching::Candidates;

use super::key::Key;
use super::socketmap::{Flavour, Reply};
use crate::facts::DnsName;
use crate::sts::policy::{Mode, Policy};
use crate::tlsrpt::result_type::ResultType;
use matching::{NoNames, match_list};

/// What is known of a policy domain when Postfix asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The policy domain, as [`Key`] has it.
    pub domain: &'a DnsName,
    /// Which attributes the Postfix that asks knows.
    pub flavour: Flavour,
    /// The policy that is held and not expired.
    pub policy: Option<&'a Policy>,
    /// The hosts that Postfix may connect to.
    pub candidates: &'a Candidates,
    /// Why the last refresh of the policy failed, if it did. Only what `policy_failure=` can say is said.
    pub failure: Option<ResultType>,
}

/// What the administrator says of their Postfix.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// `smtp_tls_security_level` in main.cf.
    pub main_level: MainLevel,
    /// Whether answers salt the TLS session cache, and which ciphers main.cf excludes.
    pub salt: Option<Excludes>,
}

/// `smtp_tls_security_level` in main.cf, as far as it matters.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MainLevel {
    /// `may`: an answer of `may` takes nothing away.
    May,
    /// Any other, or not known.
    #[default]
    Other,
}

/// The level that a message goes out at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level<'a> {
    /// What main.cf says: no policy demands more.
    MainCf,
    /// What main.cf says, and `may` is what it says, so that the policy can be reported.
    May(&'a Policy),
    /// A certificate for a host of the policy, or no delivery.
    Secure(&'a Policy),
}

/// Decides the level: the one place that does, for every answer.
///
/// D1 ("MUST NOT … override a failing DANE validation") belongs before the match: a next hop with usable TLSA
/// records is Postfix's own to judge.
#[must_use]
pub fn level<'a>(policy: Option<&'a Policy>, flavour: Flavour, main_level: MainLevel) -> Level<'a> {
    let Some(policy) = policy else {
        return Level::MainCf;
    };
    match (policy.mode(), flavour, main_level) {
        (Mode::Enforce, _, _) => Level::Secure(policy),
        // "`may`" would weaken what main.cf demands of everybody, so it must be known that it does not.
        (Mode::Testing, Flavour::Postfix310, MainLevel::May) => Level::May(policy),
        (Mode::Testing, _, _) | (Mode::None, _, _) => Level::MainCf,
    }
}

/// Returns the answer to a key that is no policy domain.
///
/// An answer to a parent's key would be applied to every domain below it, where a policy says nothing of them (D13);
/// an address literal has no policy (D14). A temporary answer would hold such mail until it bounces.
#[must_use]
pub const fn without_look_up(key: &Key) -> Option<Reply> {
    match key {
        Key::AddressLiteral | Key::NotAName | Key::Parent => Some(Reply::NotFound),
        Key::Domain { .. } => None,
    }
}

/// Answers a question of the policy map.
///
/// The answer is temporary where the policy has wildcards alone and no candidate is known, where it lists none of the
/// hosts that Postfix has shown, and where it would be longer than Postfix takes.
#[must_use]
pub fn answer(question: &Question<'_>, settings: &Settings) -> Reply {
    let Question {
        domain,
        flavour,
        candidates,
        ..
    } = *question;
    match level(question.policy, flavour, settings.main_level) {
        Level::MainCf => Reply::NotFound,
        Level::May(policy) => {
            let mut value = "may".to_owned();
            attributes::append(&mut value, domain, policy);
            if let Some(failure) = question.failure.filter(|failure| is_sayable(*failure)) {
                value.push_str(&format!(" policy_failure={failure}"));
            }
            Reply::found(&value)
        }
        Level::Secure(policy) => {
            let names = match match_list(policy, domain, candidates) {
                Ok(names) => names,
                Err(NoNames::HostsUnknown) => {
                    return Reply::Temporary(format!(
                        "the policy of {domain} has wildcards only, and its MX hosts are not known"
                    ));
                }
                Err(NoNames::NoneListed) => {
                    return Reply::Temporary(format!(
                        "the policy of {domain} lists none of its MX hosts"
                    ));
                }
            };
            let mut value = format!("secure match={} servername=hostname", names.join(":"));
            if let Some(excludes) = &settings.salt {
                value.push_str(&excludes.salted(policy.mode(), &names));
            }
            if flavour == Flavour::Postfix310 {
                attributes::append(&mut value, domain, policy);
            }
            Reply::found(&value)
        }
    }
}

/// Returns whether `policy_failure=` takes the result type; any other value is invalid and defers.
const fn is_sayable(failure: ResultType) -> bool {
    match failure {
        ResultType::StsPolicyFetchError
        | ResultType::StsPolicyInvalid
        | ResultType::StsWebpkiInvalid
        | ResultType::ValidationFailure => true,
        ResultType::CertificateExpired
        | ResultType::CertificateHostMismatch
        | ResultType::CertificateNotTrusted
        | ResultType::StarttlsNotSupported => false,
    }
}

#[cfg(test)]
mod tests;
