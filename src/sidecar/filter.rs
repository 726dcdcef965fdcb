//! Whether a record passes Postfix's `smtp_dns_reply_filter`: §4.1 before any connection, on every Postfix.
//!
//! [RFC 8461, Section 4.1] wants the *name* of an MX host held against the policy. Postfix before 3.10.5 compares
//! certificates only, so an MX host that the policy does not list is used if its certificate has a name that the
//! policy lists. The filter drops such hosts from the MX set. Where every one is dropped the mail is deferred
//! (4.7.0), neither bounced nor sent to the domain's own address; where it is known beforehand that it would be so,
//! all are kept, and the policy map has a temporary answer for the domain.
//!
//! What holds where the filter cannot know the policy domain:
//!
//! - Behind an alias Postfix shows the MX records under the name where the alias ends, and asks the policy map for
//!   the alias. An alias has a policy of its own or none, so a caller that knows of one says
//!   [`MxSet::ReachedByAlias`]; `match=` alone protects both names then.
//! - Without MX records, and for a next hop in brackets, there are only addresses, all of which are kept: the one
//!   candidate is the name that the policy map was asked for, and its answer names it.
//!
//! [RFC 8461, Section 4.1]: https://www.rfc-editor.org/rfc/rfc8461#section-4.1

use super::filter_key::FilterKey;
use super::host::is_listed;
use super::socketmap::Reply;
use crate::sts::policy::{Mode, Policy};

/// What is known of the MX set that a record belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MxSet {
    /// It holds an address of this host, which is a backup MX of the domain.
    ///
    /// Postfix looks for itself in the set by address, and behind the filter: with the better MX dropped it would
    /// find itself the best one and bounce the mail (5.4.6), or hand it to a worse MX and so make a loop.
    HoldsThisHost,
    /// The policy lists none of its hosts. With all of them dropped Postfix would defer the mail without a question to
    /// the policy map, also that of an alias without a policy, for ever. With all of them kept the answer of the map
    /// decides: for this domain it is temporary then, before any connection.
    NoneListed,
    /// Nothing speaks against dropping hosts from it.
    Ordinary,
    /// Mail goes out to an alias of the domain too, which has a policy of its own or none.
    ReachedByAlias,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Postfix acts as though it were not there.
    Drop,
    /// It stays.
    Keep,
}

/// Decides on one record; `policy` is what is held for the owner of an MX record.
///
/// Addresses and TLSA records are always kept: a host whose addresses go while its MX record stays is deferred
/// with a misleading 4.4.4, and a TLSA record that goes is a failed DANE look-up.
#[must_use]
pub fn decide(policy: Option<&Policy>, key: &FilterKey, mx_set: MxSet) -> Verdict {
    let (FilterKey::Mx { host, .. }, Some(policy), MxSet::Ordinary) = (key, policy, mx_set) else {
        return Verdict::Keep;
    };
    match (policy.mode(), host) {
        (Mode::None | Mode::Testing, _) => Verdict::Keep,
        (Mode::Enforce, Some(host)) if is_listed(policy, host) => Verdict::Keep,
        (Mode::Enforce, Some(_) | None) => Verdict::Drop,
    }
}

impl From<Verdict> for Reply {
    /// Any word but `IGNORE` defers the mail, so what is kept is not found.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Drop => Self::found("IGNORE"),
            Verdict::Keep => Self::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MxSet, Verdict, decide};
    use crate::sidecar::filter_key::FilterKey;
    use crate::sidecar::socketmap::Reply;
    use crate::sts::policy::{MaxAge, Mode, Policy};

    fn policy(mode: Mode) -> Policy {
        let patterns = ["mx.example.test", "*.wild.test", "192.0.2.1"];
        let patterns = patterns.map(|pattern| pattern.parse().unwrap());
        Policy::new(mode, MaxAge::MAX, patterns.into()).unwrap()
    }

    fn key(text: &str) -> FilterKey {
        FilterKey::parse(text.as_bytes())
    }

    #[test]
    fn an_enforced_policy_drops_the_mx_records_that_it_does_not_list() {
        let policy = policy(Mode::Enforce);
        for (host, expected) in [
            ("mx.example.test.", Verdict::Keep),
            ("MX.Example.Test.", Verdict::Keep),
            ("a.wild.test.", Verdict::Keep),
            ("_a.wild.test.", Verdict::Keep),
            ("a.b.wild.test.", Verdict::Drop),
            ("wild.test.", Verdict::Drop),
            ("evil.test.", Verdict::Drop),
            ("mx.example.test.evil.test.", Verdict::Drop),
            ("a.mx.example.test.", Verdict::Drop),
            // No such host exists, whatever the policy lists.
            ("192.0.2.1.", Verdict::Drop),
            (".", Verdict::Drop),
        ] {
            let key = key(&format!("example.test. 0 IN MX 10 {host}"));
            assert_eq!(
                decide(Some(&policy), &key, MxSet::Ordinary),
                expected,
                "{host}"
            );
        }
    }

    #[test]
    fn nothing_is_dropped_without_an_enforced_policy_nor_from_sets_that_must_stay_whole() {
        let evil = key("example.test. 0 IN MX 10 evil.test.");
        let [enforce, testing, none] = [Mode::Enforce, Mode::Testing, Mode::None].map(policy);
        for (policy, mx_set, expected) in [
            (Some(&enforce), MxSet::Ordinary, Verdict::Drop),
            (Some(&enforce), MxSet::HoldsThisHost, Verdict::Keep),
            (Some(&enforce), MxSet::ReachedByAlias, Verdict::Keep),
            (Some(&enforce), MxSet::NoneListed, Verdict::Keep),
            (Some(&testing), MxSet::Ordinary, Verdict::Keep),
            (Some(&none), MxSet::Ordinary, Verdict::Keep),
            (None, MxSet::Ordinary, Verdict::Keep),
        ] {
            assert_eq!(
                decide(policy, &evil, mx_set),
                expected,
                "{policy:?} {mx_set:?}"
            );
        }
    }

    #[test]
    fn records_of_every_other_type_are_kept() {
        let policy = policy(Mode::Enforce);
        for text in [
            "evil.test. 0 IN A 192.0.2.1",
            "evil.test. 0 IN AAAA 2001:db8::1",
            "_25._tcp.evil.test. 0 IN TLSA 3 1 1 acf8- - 1 2 3 4 5",
            "example.test. 0 IN CNAME evil.test.",
            "example.test. 0 IN MX",
            "",
        ] {
            let verdict = decide(Some(&policy), &key(text), MxSet::Ordinary);
            assert_eq!(verdict, Verdict::Keep, "{text}");
        }
    }

    #[test]
    fn postfix_is_told_in_the_one_word_that_it_knows() {
        assert_eq!(Reply::from(Verdict::Drop).payload(), "OK IGNORE");
        assert_eq!(Reply::from(Verdict::Keep).payload(), "NOTFOUND ");
    }
}
