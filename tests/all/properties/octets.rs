//! Mutants for each parser of octets that strangers send or publish.

use stickler::facts::DnsName;

use super::checks::text;
use super::with_mutants;
use crate::support::mutations::{inputs, mutations};

#[test]
fn mutated_txt_records() {
    let corpus: &[&[u8]] = &[
        b"v=STSv1; id=20160831085700Z;",
        b"v=STSv1;id=1",
        b"v=STSv1 ; \tid=a; x-1.y_z=!:<>~; id=2;;",
        b"v=spf1 -all",
    ];
    with_mutants(corpus, 0x5715, text::record);
}

#[test]
fn mutated_policies() {
    let corpus: &[&[u8]] = &[
        b"version: STSv1\nmode: none\nmax_age: 7\n",
        b"version: STSv1\r\nmode: enforce\r\nmx: *.a.test\r\nmax_age: 604800\r\n",
        b"max_age:0\nmx:a.b\nmode:testing\nversion:STSv1\nx.y: \xc3\xa9 z",
        b"\xef\xbb\xbfversion : STSv1\r\n\r\n mode: none\rmax_age: 31557601 \n",
    ];
    with_mutants(corpus, 0x8461, text::policy);
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
    mutations(corpus, inputs() / 10, 0x41117, text::policy_errors);
}

#[test]
fn mutated_tlsrpt_records() {
    let corpus: &[&[u8]] = &[
        b"v=TLSRPTv1; rua=mailto:a@b",
        b"v=TLSRPTv1;rua=https://c.test/v1?a=b%2c , mailto:d@e; x=y;",
    ];
    with_mutants(corpus, 0x8460, text::tlsrpt);
}

#[test]
fn mutated_strings_of_dig() {
    let corpus: &[&[u8]] = &[
        b"\"v=STSv1; id=1;\" \"more\"",
        b"\"a\\\"\\\\\\000\\255\"",
        b"v=STSv1; id=1;",
    ];
    with_mutants(corpus, 0x1035, text::quoted);
}

#[test]
fn mutated_media_types() {
    let corpus: &[&[u8]] = &[
        b"text/plain; charset=utf-8",
        b"TEXT/plain",
        b" \ttext/plain\t ;",
        b"text/html",
    ];
    with_mutants(corpus, 0x9110, text::media_type);
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
    let mut host: DnsName = "mx.example.com".parse().expect("a name");
    with_mutants(corpus, 0x5321, |octets| {
        let Ok(name) = str::from_utf8(octets) else {
            return false;
        };
        if let Ok(name) = name.parse() {
            host = name;
        }
        text::name(name, &host)
    });
}
