//! The codes: stable names, never given a second meaning.
//!
#![doc = include_str!("../../pages/findings.md")]

use crate::diagnose::action::Action;

/// What a code stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Code {
    /// Its name.
    pub code: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Which of the nine steps out of the outage it belongs to.
    pub step: u8,
    /// The section behind it.
    pub rfc: &'static str,
    /// What mends it, unless a finding says otherwise.
    pub action: Action,
}

/// Makes the constants and the list of them from one table.
macro_rules! codes {
    ($($name:ident = $code:literal, $step:literal, $rfc:literal, $action:ident, $title:literal;)+) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")]
        pub const $name: Code = Code {
            code: $code,
            title: $title,
            step: $step,
            rfc: $rfc,
            action: Action::$action,
        };)+

        /// Every code, in the order of the steps.
        pub const ALL: &[Code] = &[$($name),+];
    };
}

codes! {
    NO_RECORD = "STS-NO-RECORD", 1, "8461 §3.1", CorrectRecord, "there is no MTA-STS record";
    RECORD_INVALID = "STS-RECORD-INVALID", 1, "8461 §3.1", CorrectRecord, "the MTA-STS record cannot be used";
    RECORD_TOLERATED = "STS-RECORD-TOLERATED", 1, "8461 §3.1", CorrectRecord, "some senders cannot read the MTA-STS record";
    RECORD_EXTENSION = "STS-RECORD-EXTENSION", 1, "8461 §3.1", CorrectRecord, "the MTA-STS record has a field that no sender knows";
    RECORD_SECOND = "STS-RECORD-SECOND", 1, "8461 §3.1", CorrectRecord, "a second TXT record was meant to be the MTA-STS record";
    RECORD_UNKNOWN = "STS-RECORD-UNKNOWN", 1, "8461 §3.1", CheckElsewhere, "the MTA-STS record could not be looked up";
    POLICY_WITHOUT_RECORD = "STS-POLICY-WITHOUT-RECORD", 1, "8461 §3.1", CorrectRecord, "a policy is served that no sender looks for";
    POLICY_INVALID = "STS-POLICY-INVALID", 1, "8461 §3.2", CorrectPolicy, "the policy is not valid";
    POLICY_TOLERATED = "STS-POLICY-TOLERATED", 1, "8461 §3.2", CorrectPolicy, "only tolerant senders can read the policy";
    MODE_NONE = "STS-MODE-NONE", 1, "8461 §5", CorrectPolicy, "the policy's mode is none";
    MODE_TESTING = "STS-MODE-TESTING", 1, "8461 §5", CorrectPolicy, "the policy's mode is testing";
    MX_UNCOVERED = "STS-MX-UNCOVERED", 2, "8461 §4.1", ServePolicy, "the policy does not list a live MX host";
    INTENDED_MX_UNCOVERED = "INTENDED-MX-UNCOVERED", 2, "8461 §4.1", ServePolicy, "the policy does not list an intended MX host";
    INTENDED_MX_BY_WILDCARD = "INTENDED-MX-BY-WILDCARD", 2, "8461 §4.1", CorrectPolicy, "only a wildcard lists an intended MX host";
    FETCH_FAILED = "STS-FETCH-FAILED", 3, "8461 §3.3", MendPolicyHost, "the policy cannot be fetched";
    FETCH_UNKNOWN = "STS-FETCH-UNKNOWN", 3, "8461 §3.3", CheckElsewhere, "the policy could not be fetched from here";
    POLICY_HOST_CERTIFICATE = "STS-POLICY-HOST-CERTIFICATE", 3, "8461 §3.3", ReplaceCertificate, "the policy host's certificate is not valid";
    PLACE_CERTIFICATE = "STS-PLACE-CERTIFICATE", 3, "8461 §8.2", ReplaceCertificate, "the place that the policy host is an alias of has no certificate for it";
    POLICY_HOST_WILDCARD = "STS-POLICY-HOST-WILDCARD", 3, "4592 §2.2", MendPolicyHost, "a wildcard of the zone answers in the place of the policy host";
    VENDOR_ENDED = "STS-VENDOR-ENDED", 3, "8461 §8.3", MendPolicyHost, "the place that keeps the policy seems to have dropped it";
    VENDOR_STAYS = "STS-VENDOR-STAYS", 3, "8461 §8.2", ServePolicy, "the policy stays with its vendor while the MX hosts change";
    ID_APART = "STS-ID-APART", 3, "8461 §8.2", ChangeAlias, "the id stands with somebody who does not keep the policy";
    ALIAS_TAKEOVER = "ALIAS-TAKEOVER", 3, "8461 §8.2", ChangeAlias, "somebody else can have the name of the policy host";
    ALIAS_GONE = "ALIAS-GONE", 3, "8461 §8.2", ChangeAlias, "an alias leads to a name that is gone";
    EDGE_SPECIAL = "STS-EDGE-SPECIAL", 3, "6890 §2.2", CheckElsewhere, "the policy host has a special-purpose address";
    MX_ALIAS = "MX-ALIAS", 4, "5321 §5.1", CorrectMx, "an MX host is an alias";
    MX_NULL = "MX-NULL", 4, "7505 §3", CorrectMx, "the domain takes no mail";
    MX_NO_DOMAIN = "MX-NO-DOMAIN", 4, "5321 §5.1", CheckSpelling, "the domain does not exist";
    MX_UNKNOWN = "MX-UNKNOWN", 4, "5321 §5.1", CheckElsewhere, "the MX records could not be looked up";
    DNSSEC_BROKEN = "DNSSEC-BROKEN", 4, "4035 §5.5", MendDns, "the DNSSEC signatures of a name do not validate";
    MX_NOT_A_HOST = "MX-NOT-A-HOST", 4, "5321 §5.1", CorrectMx, "an MX record does not name a host";
    MX_NO_ADDRESS = "MX-NO-ADDRESS", 4, "5321 §5.1", CorrectMx, "an MX host has no address";
    MX_IMPLICIT_ALIAS = "MX-IMPLICIT-ALIAS", 4, "5321 §5.1", CorrectMx, "the domain has no MX record and is an alias";
    MX_SPECIAL = "MX-SPECIAL", 4, "6890 §2.2", CheckElsewhere, "an MX host has a special-purpose address";
    MX_NOT_TRIED = "MX-NOT-TRIED", 4, "5321 §5.1", CorrectMx, "there are more MX hosts or addresses than were looked at";
    INTENDED_MX_NOT_LIVE = "INTENDED-MX-NOT-LIVE", 4, "5321 §5.1", CorrectMx, "no MX record names an intended MX host";
    INTENDED_MX_FOREIGN = "INTENDED-MX-FOREIGN", 4, "5321 §5.1", CorrectMx, "a live MX host is neither intended nor still due";
    INTENDED_MX_NO_ADDRESS = "INTENDED-MX-NO-ADDRESS", 4, "5321 §5.1", CorrectMx, "an intended MX host has no address";
    FIELD_UNKNOWN = "STS-FIELD-UNKNOWN", 5, "8461 §3.2", CorrectPolicy, "the policy has a field that no sender knows";
    MAX_AGE_SHORT = "STS-MAX-AGE-SHORT", 5, "8461 §3.2", CorrectPolicy, "senders forget the policy soon";
    PATTERN_ADDRESS = "STS-PATTERN-ADDRESS", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy is an address";
    PATTERN_NOT_MX = "STS-PATTERN-NOT-MX", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy names a host that takes no mail from outside";
    PATTERN_PARENT = "STS-PATTERN-PARENT", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy is the domain above the MX hosts";
    PATTERN_POLICY_HOST = "STS-PATTERN-POLICY-HOST", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy names the policy host";
    PATTERN_REPEATED = "STS-PATTERN-REPEATED", 5, "8461 §3.2", CorrectPolicy, "a pattern of the policy is listed more than once";
    PATTERN_SHORT = "STS-PATTERN-SHORT", 5, "8461 §4.1", CorrectPolicy, "a wildcard of the policy is a label too short";
    PATTERN_TYPO = "STS-PATTERN-TYPO", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy is nearly the name of an MX host";
    PATTERN_UNUSED = "STS-PATTERN-UNUSED", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy matches no live MX host";
    INTENDED_PATTERN_OLD = "INTENDED-PATTERN-OLD", 5, "8461 §4.1", CorrectPolicy, "a pattern of the policy covers no intended MX host";
    INTENDED_POLICY_UNCOVERED = "INTENDED-POLICY-UNCOVERED", 5, "8461 §4.1", CorrectPolicy, "the policy to be published leaves out an MX host";
    INTENDED_POLICY_NOT_LIVE = "INTENDED-POLICY-NOT-LIVE", 5, "8461 §3.3", ServePolicy, "the policy to be published is not live";
    EDGE_SPLIT = "STS-EDGE-SPLIT", 6, "8461 §3.3", AlignEdges, "the policy host's addresses do not serve the same policy";
    EDGE_FAMILIES = "STS-EDGE-FAMILIES", 6, "8461 §3.3", AlignEdges, "IPv4 and IPv6 of the policy host serve different policies";
    EDGE_NOT_TRIED = "STS-EDGE-NOT-TRIED", 6, "8461 §3.3", MendPolicyHost, "the policy host has more addresses than were asked";
    DNS_SERVERS_SPLIT = "DNS-SERVERS-SPLIT", 6, "1034 §4.3.5", MendDns, "the zone's name servers do not say the same";
    DNS_SERVER_LAME = "DNS-SERVER-LAME", 6, "1912 §2.8", MendDns, "a name server does not answer for its zone";
    DNS_RESOLVER_BEHIND = "DNS-RESOLVER-BEHIND", 6, "1034 §3.6", CheckElsewhere, "resolvers still hold what the name servers said before";
    ID_STALE = "STS-ID-STALE", 6, "8461 §3.1", ChangeId, "the policy changed and its id did not";
    ID_POISONED = "STS-ID-POISONED", 6, "8461 §8.1", AlignEdges, "a new id is live while an address still serves the old policy";
    INTENDED_ID_EARLY = "INTENDED-ID-EARLY", 6, "8461 §8.1", ServePolicy, "the id to be published is live before its policy";
    INTENDED_NOT_IN_TIME = "INTENDED-NOT-IN-TIME", 6, "8461 §8.1", AlignEdges, "what is intended was not everywhere in time";
    INTENDED_MX_NOT_HELD = "INTENDED-MX-NOT-HELD", 6, "8461 §5.1", Wait, "senders may hold a policy that does not list an intended MX host";
    CACHED_POLICY_BLOCKS = "STS-CACHED-POLICY-BLOCKS", 6, "8461 §5.1", ServePolicy, "senders that hold the old policy do not deliver";
    CACHED_POLICY_ALIVE = "STS-CACHED-POLICY-ALIVE", 6, "8461 §3.3", ServePolicy, "senders still hold a policy that is no longer published";
    MX_STARTTLS = "STS-MX-STARTTLS", 7, "8461 §4.2", MendTls, "an MX host does not offer working STARTTLS";
    MX_CERTIFICATE = "STS-MX-CERTIFICATE", 7, "8461 §4.2", ReplaceCertificate, "an MX host's certificate is not valid for it";
    MX_TLS = "STS-MX-TLS", 7, "8461 §7.2", MendTls, "an MX host's TLS cannot be used";
    MX_ADDRESS_SPLIT = "STS-MX-ADDRESS-SPLIT", 7, "8461 §4.2", CorrectMx, "the addresses of an MX host do not behave the same";
    MX_UNREACHABLE = "MX-UNREACHABLE", 7, "5321 §5.1", CheckElsewhere, "an MX host could not be spoken to from here";
    MX_PORT_BLOCKED = "MX-PORT-BLOCKED", 7, "5321 §5.1", CheckElsewhere, "the port of the MX hosts seems blocked from here";
    MX_REJECTED_US = "MX-REJECTED-US", 7, "5321 §3.1", CheckElsewhere, "an MX host does not want to talk to us";
    MX_UNDETERMINED = "MX-UNDETERMINED", 7, "8461 §7.2", CheckElsewhere, "an MX host's TLS could not be judged from here";
    INTENDED_MX_REFUSED = "INTENDED-MX-REFUSED", 7, "8461 §4.2", MendTls, "senders would refuse an intended MX host";
    INTENDED_MX_UNKNOWN = "INTENDED-MX-UNKNOWN", 7, "8461 §4.2", CheckElsewhere, "an intended MX host could not be judged from here";
    CERTIFICATE_EXPIRES = "STS-CERTIFICATE-EXPIRES", 7, "8461 §4.2", ReplaceCertificate, "a certificate is about to expire";
    CERTIFICATE_PATTERN = "STS-CERTIFICATE-PATTERN", 7, "8461 §4.2", ReplaceCertificate, "Postfix before 3.10.5 judges an MX host another way";
    DANE_NOT_JUDGED = "DANE-NOT-JUDGED", 7, "8461 §2", CheckElsewhere, "an MX host has TLSA records";
    TLSRPT_MISSING = "TLSRPT-MISSING", 7, "8460 §3", CorrectTlsRpt, "there is no TLSRPT record";
    TLSRPT_SCHEME = "TLSRPT-SCHEME", 7, "8460 §3", CorrectTlsRpt, "nobody reports to an address of the TLSRPT record";
    TLSRPT_UNREACHABLE = "TLSRPT-UNREACHABLE", 7, "8460 §3", CorrectTlsRpt, "no report can reach an address of the TLSRPT record";
    TLSRPT_INVALID = "TLSRPT-INVALID", 7, "8460 §3", CorrectTlsRpt, "the TLSRPT record cannot be used";
    TLSRPT_SECOND = "TLSRPT-SECOND", 7, "8460 §3", CorrectTlsRpt, "a second TXT record was meant to be the TLSRPT record";
    TLSRPT_TOLERATED = "TLSRPT-TOLERATED", 7, "8460 §3", CorrectTlsRpt, "some senders of reports cannot read the TLSRPT record";
}

/// Returns the codes of what is intended: they come up only where somebody says what that is.
pub fn of_an_intention() -> impl Iterator<Item = &'static Code> {
    let codes = ALL.iter();
    codes.filter(|code| code.code.starts_with("INTENDED-"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn codes_are_unique_and_in_the_order_of_the_steps() {
        let names: BTreeSet<_> = ALL.iter().map(|code| code.code).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.is_sorted_by_key(|code| code.step));
        for code in ALL {
            assert!((1..=9).contains(&code.step), "{}", code.code);
            assert!(code.rfc.contains('§'), "{}", code.code);
        }
    }
}
