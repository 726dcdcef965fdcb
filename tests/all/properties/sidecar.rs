//! Mutants for each parser of what mail programs, and anybody else who reaches the listeners, send.

use stickler::sidecar::netstring::MAX_REQUEST_OCTETS;

use super::checks::sidecar::{exim_line, filter_key, key, netstrings, request};
use super::with_mutants;
use crate::support::xorshift::Xorshift;

#[test]
fn mutated_streams_of_netstrings() {
    let corpus: &[&[u8]] = &[
        b"20:postfix example.test,13:postfix .test,",
        b"0:,1:,,6:1:a,0:,",
        b"36:mx-filter a.test. 0 IN MX 10 b.test.,",
        b"64:0123456789012345678901234567890123456789012345678901234567890123,",
    ];
    let mut random = Xorshift::new(0x6e65);
    with_mutants(corpus, 0x7473, |octets| {
        netstrings(octets, random.below(9) + 1)
    });
}

#[test]
fn mutated_requests() {
    let corpus: &[&[u8]] = &[
        b"postfix example.test",
        b"postfix310 [a.test]:25",
        b"QUERYwithTLSRPT b\xc3\xbccher.test",
        b"mx-filter a.test. 0 IN MX 10 b.test.",
    ];
    with_mutants(corpus, 0x736d, request);
}

#[test]
fn mutated_keys_of_the_policy_map() {
    let corpus: &[&[u8]] = &[
        b"example.test",
        b"ExAmPle.test.:25",
        b"[mx.example.test]:25",
        b"[192.0.2.1]:25",
        b"[IPv6:2001:db8::1]",
        b".example.test",
        b"b\xc3\xbccher.test",
        b"_a-b.test:smtp",
    ];
    with_mutants(corpus, 0x6b65, |octets| {
        assert!(octets.len() < MAX_REQUEST_OCTETS);
        key(octets)
    });
}

#[test]
fn mutated_keys_of_the_filter() {
    let corpus: &[&[u8]] = &[
        b"example.test. 0 IN MX 10 old.example.test.",
        b"Mx.a.test. 4294967295 IN A 192.0.2.1",
        b"mx.a.test. 3600 IN AAAA 2001:db8::1",
        b"_25._tcp.mx.a.test. 0 IN TLSA 3 1 1 acf8- - 2885746947 4230102520 1 2 3",
    ];
    with_mutants(corpus, 0x6d78, filter_key);
}

#[test]
fn mutated_lines_of_exim() {
    let corpus: &[&[u8]] = &[
        b"policy example.test\n",
        b"policy b\xc3\xbccher.test\r\n",
        b"policy [mx.example.test]:25\nmore",
    ];
    let mut random = Xorshift::new(0x6578);
    with_mutants(corpus, 0x696d, |octets| {
        exim_line(octets, random.below(9) + 1)
    });
}
