//! Another reading of §4.1: the certificate against the policy's patterns.
//!
//! Postfix before 3.10.5, told by a policy plug-in, never looks at the MX name: it contacts any MX and compares
//! the certificate with the patterns. The RFC compares the MX name with the patterns and the certificate with
//! the MX name. This reading is a fact to report beside the verdict, never the verdict.

use crate::facts::certificate::PeerCertificate;
use crate::sts::mx::MxPattern;

/// Returns whether one DNS name of a certificate satisfies a pattern in that reading.
///
/// `*.example.com` in a policy becomes `.example.com` there, which covers names at any depth below it, wildcard
/// names included. A wildcard in the certificate stands for one label.
#[must_use]
pub fn san_matches_pattern(san: &str, pattern: &MxPattern) -> bool {
    let name = pattern.name().as_str();
    match pattern {
        MxPattern::Exact(_) => {
            san.eq_ignore_ascii_case(name)
                || san.strip_prefix("*.").is_some_and(|parent| {
                    name.split_once('.')
                        .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent))
                })
        }
        MxPattern::Wildcard(_) => san
            .len()
            .checked_sub(name.len())
            .and_then(|at| san.split_at_checked(at))
            .is_some_and(|(labels, rest)| {
                rest.eq_ignore_ascii_case(name) && labels.len() > 1 && labels.ends_with('.')
            }),
    }
}

/// Returns whether any DNS name of the certificate satisfies any pattern in that reading; `None` if none that
/// was kept does, and more were left out.
///
/// Postfix falls back on the common name where there is no DNS name at all; that is left out here.
#[must_use]
pub fn matches_patterns(certificate: &PeerCertificate, patterns: &[MxPattern]) -> Option<bool> {
    let matches = certificate.dns_names().iter().any(|san| {
        patterns
            .iter()
            .any(|pattern| san_matches_pattern(san, pattern))
    });
    (matches || certificate.names_left_out() == 0).then_some(matches)
}

#[cfg(test)]
mod tests {
    use super::{matches_patterns, san_matches_pattern};
    use crate::facts::certificate::{Certificate, PeerCertificate};

    #[test]
    fn a_pattern_covers_names_at_any_depth_in_this_reading() {
        for (san, pattern, expected) in [
            ("mx.corp.test", "mx.corp.test", true),
            ("MX.corp.test", "mx.CORP.test", true),
            ("mx2.corp.test", "mx.corp.test", false),
            ("*.corp.test", "mx.corp.test", true),
            ("*.corp.test", "a.mx.corp.test", false),
            ("*.corp.test", "corp.test", false),
            ("mx.corp.test", "*.corp.test", true),
            ("a.b.corp.test", "*.corp.test", true),
            ("*.corp.test", "*.corp.test", true),
            ("corp.test", "*.corp.test", false),
            (".corp.test", "*.corp.test", false),
            ("xcorp.test", "*.corp.test", false),
            ("é.corp.test", "*.corp.test", true),
            ("é", "*.test", false),
            ("", "*.test", false),
        ] {
            let pattern = pattern.parse().unwrap();
            assert_eq!(
                san_matches_pattern(san, &pattern),
                expected,
                "{san} against {pattern}"
            );
        }
    }

    #[test]
    fn one_name_and_one_pattern_suffice() {
        let certificate = PeerCertificate {
            chain: vec![Some(Certificate {
                dns_names: vec!["a.test".into(), "mx.new.test".into()],
                ..Certificate::default()
            })],
            ..PeerCertificate::default()
        };
        let patterns =
            |texts: &[&str]| -> Vec<_> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        let fits = |certificate: &PeerCertificate, texts: &[&str]| {
            matches_patterns(certificate, &patterns(texts))
        };
        assert_eq!(
            fits(&certificate, &["mx.old.test", "*.new.test"]),
            Some(true)
        );
        assert_eq!(fits(&certificate, &["mx.old.test"]), Some(false));
        assert_eq!(fits(&certificate, &[]), Some(false));
        let mut cut = certificate;
        for leaf in cut.chain.iter_mut().flatten() {
            leaf.names_left_out = 1;
        }
        assert_eq!(fits(&cut, &["*.new.test"]), Some(true));
        assert_eq!(fits(&cut, &["mx.old.test"]), None);
    }
}
