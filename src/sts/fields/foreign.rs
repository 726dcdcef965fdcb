//! Records of other kinds, which a wildcard or a wrong name puts where a record is looked for.

use std::fmt;

/// A kind of TXT record that says by its beginning what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Foreign {
    /// RFC 6376.
    Dkim,
    /// RFC 7489.
    Dmarc,
    /// RFC 7208.
    Spf,
    /// RFC 8461.
    Sts,
    /// RFC 8460.
    TlsRpt,
}

impl Foreign {
    /// Recognises a record.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<Self> {
        let begins = |version: &str| {
            octets
                .get(..version.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(version.as_bytes()))
        };
        [
            ("v=DKIM1", Self::Dkim),
            ("v=DMARC1", Self::Dmarc),
            ("v=spf1", Self::Spf),
            ("v=STSv1", Self::Sts),
            ("v=TLSRPTv1", Self::TlsRpt),
        ]
        .into_iter()
        .find(|(version, _)| begins(version))
        .map(|(_, kind)| kind)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dkim => "a DKIM key",
            Self::Dmarc => "a DMARC record",
            Self::Spf => "an SPF record",
            Self::Sts => "an MTA-STS record",
            Self::TlsRpt => "a TLSRPT record",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Foreign;

    #[test]
    fn records_say_what_they_are() {
        for (text, expected) in [
            ("v=spf1 -all", Some("an SPF record")),
            ("V=SPF1 -all", Some("an SPF record")),
            ("v=DMARC1; p=none", Some("a DMARC record")),
            ("v=DKIM1; p=", Some("a DKIM key")),
            ("v=STSv1; id=1", Some("an MTA-STS record")),
            ("v=TLSRPTv1; rua=mailto:a@b", Some("a TLSRPT record")),
            ("google-site-verification=x", None),
            ("", None),
        ] {
            let kind = Foreign::of(text.as_bytes()).map(|kind| kind.to_string());
            assert_eq!(kind.as_deref(), expected, "{text:?}");
        }
    }
}
