//! SERVFAIL, and what else a resolver says of it ([RFC 8914]: extended errors).
//!
//! [RFC 8914]: https://www.rfc-editor.org/rfc/rfc8914

use std::fmt;

/// What is known of a SERVFAIL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ServFail {
    /// The extended errors that came with it.
    pub extended: ExtendedErrors,
    /// Whether the question has an answer where it forbids validation (CD), and SERVFAIL again where it does not.
    pub answers_unchecked: bool,
    /// Whether the resolver does not even know the name servers of the root.
    pub root_fails: bool,
}

impl ServFail {
    /// Nothing but SERVFAIL.
    pub const PLAIN: Self = Self {
        extended: ExtendedErrors(0),
        answers_unchecked: false,
        root_fails: false,
    };

    /// Returns whether another resolver may have an answer: this one reached no authority (extended errors 22, "No
    /// Reachable Authority", and 23, "Network Error"), or fails altogether.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        self.root_fails || self.extended.has(22) || self.extended.has(23)
    }

    /// Returns whether it is validation that fails, as a resolver shows that answers without it, or as it says
    /// (extended errors 6, "DNSSEC Bogus", to 12, "NSEC Missing").
    #[must_use]
    pub fn is_bogus(self) -> bool {
        self.answers_unchecked || (6..=12).any(|code| self.extended.has(code))
    }
}

impl fmt::Display for ServFail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SERVFAIL")?;
        for code in self.extended.codes() {
            write!(f, ", extended error {code}")?;
            if let Some(name) = name(code) {
                write!(f, " ({name})")?;
            }
        }
        if self.answers_unchecked {
            f.write_str(", and an answer where validation is off (CD)")?;
        }
        if self.root_fails {
            f.write_str(", as for the name servers of the root")?;
        }
        Ok(())
    }
}

/// The extended errors of a reply; of those that IANA lists none is beyond 63, and such a one is not kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ExtendedErrors(u64);

impl ExtendedErrors {
    /// Returns the same with one more.
    #[must_use]
    pub const fn with(self, code: u16) -> Self {
        match 1_u64.checked_shl(code as u32) {
            Some(bit) => Self(self.0 | bit),
            None => self,
        }
    }

    /// Returns all of both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Returns whether this one is among them.
    #[must_use]
    pub const fn has(self, code: u16) -> bool {
        match 1_u64.checked_shl(code as u32) {
            Some(bit) => self.0 & bit != 0,
            None => false,
        }
    }

    /// Returns their codes in order.
    pub fn codes(self) -> impl Iterator<Item = u16> {
        (0..64).filter(move |code| self.has(*code))
    }
}

/// Returns the name of an extended error (RFC 8914, Section 4), if it is about a name that cannot be resolved.
const fn name(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "Unsupported DNSKEY Algorithm",
        2 => "Unsupported DS Digest Type",
        5 => "DNSSEC Indeterminate",
        6 => "DNSSEC Bogus",
        7 => "Signature Expired",
        8 => "Signature Not Yet Valid",
        9 => "DNSKEY Missing",
        10 => "RRSIGs Missing",
        11 => "No Zone Key Bit Set",
        12 => "NSEC Missing",
        13 => "Cached Error",
        14 => "Not Ready",
        15 => "Blocked",
        16 => "Censored",
        17 => "Filtered",
        18 => "Prohibited",
        20 => "Not Authoritative",
        22 => "No Reachable Authority",
        23 => "Network Error",
        24 => "Invalid Data",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{ExtendedErrors, ServFail, name};

    fn with(codes: &[u16]) -> ServFail {
        let none = ExtendedErrors::default();
        ServFail {
            extended: codes.iter().fold(none, |all, code| all.with(*code)),
            ..ServFail::PLAIN
        }
    }

    #[test]
    fn each_extended_error_about_a_name_has_that_of_the_registry() {
        let listed = "1 Unsupported DNSKEY Algorithm, 2 Unsupported DS Digest Type, 5 DNSSEC Indeterminate, \
                      6 DNSSEC Bogus, 7 Signature Expired, 8 Signature Not Yet Valid, 9 DNSKEY Missing, \
                      10 RRSIGs Missing, 11 No Zone Key Bit Set, 12 NSEC Missing, 13 Cached Error, 14 Not Ready, \
                      15 Blocked, 16 Censored, 17 Filtered, 18 Prohibited, 20 Not Authoritative, \
                      22 No Reachable Authority, 23 Network Error, 24 Invalid Data";
        let named: Vec<String> = (0..64)
            .filter_map(|code| Some(format!("{code} {}", name(code)?)))
            .collect();
        assert_eq!(named.join(", "), listed);
    }

    #[test]
    fn an_extended_error_told_twice_is_one() {
        let errors = |codes: &[u16]| with(codes).extended;
        let codes = |errors: ExtendedErrors| errors.codes().collect::<Vec<_>>();
        assert_eq!(codes(errors(&[22, 22])), [22]);
        assert_eq!(codes(errors(&[6, 22]).and(errors(&[22, 23]))), [6, 22, 23]);
    }

    #[test]
    fn what_comes_with_a_servfail_says_whose_it_may_be() {
        let unchecked = ServFail {
            answers_unchecked: true,
            ..ServFail::PLAIN
        };
        let rootless = ServFail {
            root_fails: true,
            ..ServFail::PLAIN
        };
        for (servfail, is_ours, is_bogus, expected) in [
            (ServFail::PLAIN, false, false, "SERVFAIL"),
            (
                with(&[22, 6]),
                true,
                true,
                "SERVFAIL, extended error 6 (DNSSEC Bogus), extended error 22 (No Reachable Authority)",
            ),
            (
                with(&[23]),
                true,
                false,
                "SERVFAIL, extended error 23 (Network Error)",
            ),
            (with(&[40]), false, false, "SERVFAIL, extended error 40"),
            (with(&[64, 65_535]), false, false, "SERVFAIL"),
            (
                unchecked,
                false,
                true,
                "SERVFAIL, and an answer where validation is off (CD)",
            ),
            (
                rootless,
                true,
                false,
                "SERVFAIL, as for the name servers of the root",
            ),
        ] {
            assert_eq!(
                (servfail.is_ours(), servfail.is_bogus()),
                (is_ours, is_bogus),
                "{servfail}"
            );
            assert_eq!(servfail.to_string(), expected);
        }
        let bogus: Vec<u16> = (0..64).filter(|code| with(&[*code]).is_bogus()).collect();
        assert_eq!(bogus, [6, 7, 8, 9, 10, 11, 12]);
    }
}
