//! Mutants for each parser of octets that strangers send or publish.

use stickler::facts::DnsName;
use stickler::sts::certificate::san_matches_pattern;
use stickler::sts::fetch;
use stickler::sts::mx::MxPattern;
use stickler::sts::name::PolicyName;
use stickler::sts::policy;
use stickler::sts::presentation::{self, Quoted};
use stickler::sts::reading::Reading;
use stickler::sts::record::{self, RecordId};
use stickler::tlsrpt;

use super::{Accepted, reads_again};
use crate::support::mutations::{inputs, mutations};

#[test]
fn mutated_txt_records() {
    let corpus: &[&[u8]] = &[
        b"v=STSv1; id=20160831085700Z;",
        b"v=STSv1;id=1",
        b"v=STSv1 ; \tid=a; x-1.y_z=!:<>~; id=2;;",
        b"v=spf1 -all",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, inputs(), 0x5715, |octets| {
        let tolerant = record::parse(octets, Reading::Tolerant);
        if let Ok(record) = record::parse(octets, Reading::Letter) {
            let shown = record.to_string();
            let again = record::parse(shown.as_bytes(), Reading::Letter);
            assert_eq!(again.as_ref(), Ok(&record));
            assert_eq!(tolerant, Ok(record), "{octets:?}");
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn mutated_policies() {
    let corpus: &[&[u8]] = &[
        b"version: STSv1\nmode: none\nmax_age: 7\n",
        b"version: STSv1\r\nmode: enforce\r\nmx: *.a.test\r\nmax_age: 604800\r\n",
        b"max_age:0\nmx:a.b\nmode:testing\nversion:STSv1\nx.y: \xc3\xa9 z",
        b"\xef\xbb\xbfversion : STSv1\r\n\r\n mode: none\rmax_age: 31557601 \n",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, inputs(), 0x8461, |body| {
        let tolerant = policy::parse(body, Reading::Tolerant);
        match policy::parse(body, Reading::Letter) {
            Ok(policy) => {
                let shown = policy.to_string();
                let again = policy::parse(shown.as_bytes(), Reading::Letter);
                assert_eq!(again.as_ref(), Ok(&policy));
                assert_eq!(tolerant, Ok(policy), "{body:?}");
                accepted.one();
            }
            Err(error) => assert!((1..=body.len() + 1).contains(&error.line), "{error}"),
        }
    });
    accepted.assert_many();
}

#[test]
fn errors_of_a_mutated_policy_are_bounded_and_their_hints_never_panic() {
    let corpus: &[&[u8]] = &[
        b"mode: Enforce",
        b"mx: .b\xc3\xbccher.test",
        b"mx: *a.test, b",
        b"max_age: 604,800",
        b"mode=enforce",
        b"Version: STSv1\nmode : none",
    ];
    mutations(corpus, inputs() / 10, 0x41117, |body| {
        if let Err(error) = policy::parse(body, Reading::Letter) {
            let hint = error.kind.hint().unwrap_or_default();
            // 64 octets of evidence, escaped, twice, and the words around it.
            let message = error.to_string();
            assert!(message.len() < 1_500 && hint.len() < 1_500, "{message}");
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(!hint.contains(char::is_control), "{hint:?}");
        }
    });
}

#[test]
fn mutated_tlsrpt_records() {
    let corpus: &[&[u8]] = &[
        b"v=TLSRPTv1; rua=mailto:a@b",
        b"v=TLSRPTv1;rua=https://c.test/v1?a=b%2c , mailto:d@e; x=y;",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, inputs(), 0x8460, |octets| {
        if let Ok(record) = tlsrpt::record::parse(octets) {
            let shown = record.to_string();
            assert_eq!(tlsrpt::record::parse(shown.as_bytes()), Ok(record));
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn mutated_strings_of_dig() {
    let corpus: &[&[u8]] = &[
        b"\"v=STSv1; id=1;\" \"more\"",
        b"\"a\\\"\\\\\\000\\255\"",
        b"v=STSv1; id=1;",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, inputs(), 0x1035, |octets| {
        let text = String::from_utf8_lossy(octets);
        if let Ok(record) = presentation::parse(&text) {
            let shown = Quoted(&record).to_string();
            assert_eq!(presentation::parse(&shown), Ok(record));
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn mutated_media_types() {
    /// Walks the grammar octet by octet, where the program cuts and trims.
    fn reads_as_text_plain(value: &[u8]) -> bool {
        let mut rest = value.iter().copied().map(char::from).peekable();
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        for expected in "text/plain".chars() {
            if rest.next().map(|c| c.to_ascii_lowercase()) != Some(expected) {
                return false;
            }
        }
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        matches!(rest.next(), None | Some(';'))
    }

    let corpus: &[&[u8]] = &[
        b"text/plain; charset=utf-8",
        b"TEXT/plain",
        b" \ttext/plain\t ;",
        b"text/html",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, inputs(), 0x9110, |octets| {
        let is_text_plain = fetch::is_text_plain(octets);
        assert_eq!(
            is_text_plain,
            reads_as_text_plain(octets),
            "{}",
            octets.escape_ascii()
        );
        if is_text_plain {
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn mutated_names_and_patterns() {
    let corpus: &[&[u8]] = &[
        b"mx.example.com",
        b"*.Example.COM",
        b"_mta-sts.a-b.test.",
        b"b\xc3\xbccher.test",
        b"192.0.2.1",
    ];
    let mut accepted = Accepted::default();
    let mut host: DnsName = "mx.example.com".parse().expect("a name");
    mutations(corpus, inputs(), 0x5321, |octets| {
        let Ok(text) = str::from_utf8(octets) else {
            return;
        };
        if let Ok(name) = text.parse() {
            reads_again::<DnsName>(&name);
            host = name;
        }
        if let Ok(name) = text.parse::<PolicyName>() {
            reads_again(&name);
            // Whatever fits the grammar and the DNS's limits is a name to both.
            if let Ok(host) = text.parse::<DnsName>() {
                assert!(name.matches(&host), "{text:?}");
            }
        }
        if let Ok(pattern) = text.parse::<MxPattern>() {
            reads_again(&pattern);
            let covers = naively_covers(text, host.as_str());
            assert_eq!(pattern.matches(&host), covers, "{text:?} and {host}");
            // The other reading of a pattern takes names at any depth.
            assert!(!covers || san_matches_pattern(host.as_str(), &pattern));
            accepted.one();
        }
        if let Ok(id) = text.parse::<RecordId>() {
            reads_again(&id);
        }
    });
    accepted.assert_many();
}

/// Compares label by label, from the right.
fn naively_covers(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let mut labels = host.rsplit('.');
    let all_fit = pattern.rsplit('.').all(|wanted| {
        labels
            .next()
            .is_some_and(|label| wanted == "*" || wanted == label)
    });
    all_fit && labels.next().is_none()
}
