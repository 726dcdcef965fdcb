//! What somebody meant by a record that is none: the same addresses, as they must be written.

use super::{Record, ReportUri};

/// Returns the record that somebody meant; `None` unless each of its addresses is plain.
#[must_use]
pub fn mend(octets: &[u8]) -> Option<Record> {
    let text = str::from_utf8(octets).ok()?;
    let mut uris = Vec::new();
    for field in text.split(';') {
        let field = field.trim_matches(is_around);
        let value = match field.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("rua") => value,
            // `rua=mailto:a@b; mailto:c@d`
            None if field.contains('@') => field,
            Some(_) | None => continue,
        };
        for address in value.split(|c: char| c == ',' || c.is_whitespace()) {
            let address = address.trim_matches(is_around);
            if !address.is_empty() {
                uris.push(mend_address(address)?);
            }
        }
    }
    let mut uris = uris.into_iter();
    Some(Record::to(uris.next()?, uris))
}

/// What stands around an address and does not belong to it.
fn is_around(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '`' | '<' | '>' | '“' | '”')
}

fn mend_address(address: &str) -> Option<ReportUri> {
    let (scheme, rest) = match address.split_once(':') {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("mailto".to_owned(), address),
    };
    match scheme.as_str() {
        "mailto" => {
            // DMARC knows a limit of size behind a `!`, this record does not.
            let mailbox = rest.trim_start_matches('/').split('!').next()?;
            let mailbox = mailbox.trim_matches(is_around);
            let (local_part, domain) = mailbox.split_once('@')?;
            (!local_part.is_empty() && !domain.is_empty())
                .then(|| format!("mailto:{mailbox}").parse().ok())?
        }
        "https" => address.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::mend;
    use crate::tlsrpt::record::parse;

    #[test]
    fn the_addresses_stay_and_only_their_spelling_changes() {
        for (text, expected) in [
            (
                "v=TLSRPTv1; rua=mailto:a@x.test,b@x.test",
                Some("v=TLSRPTv1; rua=mailto:a@x.test,mailto:b@x.test;"),
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@x.test!10m",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            (
                "v=TLSRPTv1; rua=<a@x.test>",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            (
                "v=TLSRPTv1; rua=mailto://a@x.test",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@x.test; mailto:b@x.test",
                Some("v=TLSRPTv1; rua=mailto:a@x.test,mailto:b@x.test;"),
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@x.test; weekly",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            ("v=TLSRPTv1; rua=x.test", None),
            (
                "v=TLSRPTv1; rua=mailto:a@x.test mailto:b@x.test",
                Some("v=TLSRPTv1; rua=mailto:a@x.test,mailto:b@x.test;"),
            ),
            (
                "v=tlsrptv1; RUA=mailto:a@x.test,https://r.test/v1",
                Some("v=TLSRPTv1; rua=mailto:a@x.test,https://r.test/v1;"),
            ),
            (
                "\"v=TLSRPTv1; rua=mailto:a@x.test\"",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@x.test",
                Some("v=TLSRPTv1; rua=mailto:a@x.test;"),
            ),
            // Nothing is invented.
            ("v=TLSRPTv1;", None),
            ("v=TLSRPTv1; rua=", None),
            ("v=TLSRPTv1; rua=reports", None),
            ("v=TLSRPTv1; rua=mailto:@x.test", None),
            ("v=TLSRPTv1; rua=ftp://x.test/", None),
            ("v=spf1 -all", None),
        ] {
            let mended = mend(text.as_bytes()).map(|record| record.to_string());
            assert_eq!(mended.as_deref(), expected, "{text}");
            if let Some(mended) = mended {
                assert!(parse(mended.as_bytes()).is_ok(), "{mended}");
            }
        }
    }
}
