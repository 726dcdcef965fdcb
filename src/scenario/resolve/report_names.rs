//! Who gets the reports that a TLSRPT record asks for.

use crate::facts::DnsName;
use crate::scenario::located::Located;

/// Returns the names in the addresses of a TLSRPT record, however it is spelt: `mailto:x@NAME`,
/// `https://NAME/`.
pub(super) fn report_names(strings: &[Located<String>]) -> Vec<DnsName> {
    let text: String = strings.iter().map(|text| text.as_str()).collect();
    text.split([',', ';', ' '])
        .filter_map(|word| {
            let name = match word.split_once("https://") {
                Some((_, rest)) => rest,
                None => word.rsplit_once('@')?.1,
            };
            name.split(['/', ':', '?', '!', '#']).next()?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::report_names;
    use crate::scenario::located::{Located, Origin};

    #[test]
    fn names_are_found_however_the_addresses_are_spelt() {
        for (text, expected) in [
            (
                "v=TLSRPTv1; rua=mailto:a@x.test,https://r.y.test/v1",
                &["x.test", "r.y.test"][..],
            ),
            (
                "v=TLSRPTv1; rua=mailto:a@x.test!10m, b@y.test;",
                &["x.test", "y.test"],
            ),
            ("v=TLSRPTv1;rua=https://r.test:8443?x", &["r.test"]),
            ("v=TLSRPTv1", &[]),
            ("v=TLSRPTv1; rua=mailto:a@[192.0.2.1]", &[]),
        ] {
            let strings = [Located {
                value: text.to_owned(),
                origin: Origin::default(),
            }];
            let names: Vec<String> = report_names(&strings)
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(names, expected, "{text}");
        }
    }
}
