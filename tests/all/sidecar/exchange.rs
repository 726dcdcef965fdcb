//! Whole conversations: octets in, octets out.

use stickler::facts::DnsName;
use stickler::sidecar::filter::{MxSet, decide};
use stickler::sidecar::filter_key::FilterKey;
use stickler::sidecar::key::{Key, NextHop};
use stickler::sidecar::netstring::{Decoder, MAX_REQUEST_OCTETS, encode};
use stickler::sidecar::postfix::{self, Candidates, Question, Settings};
use stickler::sidecar::socketmap::{Map, Reply, Request};
use stickler::sts::policy::{self, Policy};
use stickler::sts::reading::Reading;

/// What each policy domain publishes, and its MX hosts.
const PUBLISHED: [(&str, &str, &[&str]); 4] = [
    (
        "example.test",
        "mx: new-mx.example.test",
        &["old-mx.example.test"],
    ),
    (
        "xn--bcher-kva.test",
        "mx: *.w.test",
        &["a.w.test", "b.c.w.test"],
    ),
    ("relay.test", "mx: relay.test\nmx: mx.relay.test", &[]),
    ("many.test", "mx: mx.many.test", &["mx.many.test"]),
];

fn policy(domain: &DnsName) -> Option<Policy> {
    let (_, mx, _) = PUBLISHED
        .iter()
        .find(|(name, _, _)| domain.as_str() == *name)?;
    // `many.test` is in testing.
    let mode = if domain.as_str() == "many.test" {
        "testing"
    } else {
        "enforce"
    };
    let body = format!("version: STSv1\nmode: {mode}\n{mx}\nmax_age: 86400\n");
    Some(policy::parse(body.as_bytes(), Reading::Letter).unwrap())
}

fn candidates(domain: &DnsName, next_hop: NextHop) -> Candidates {
    let published = PUBLISHED
        .iter()
        .find(|(name, _, _)| domain.as_str() == *name);
    match (next_hop, published) {
        (NextHop::Host, _) => Candidates::ItSelf,
        (NextHop::Mx, Some((_, _, hosts))) => {
            Candidates::Mx(hosts.iter().map(|host| host.parse().unwrap()).collect())
        }
        (NextHop::Mx, None) => Candidates::Unknown,
    }
}

fn answer(request: &[u8]) -> Reply {
    let request = match Request::parse(request) {
        Ok(request) => request,
        Err(unknown) => return unknown.into(),
    };
    let flavour = match request.map {
        Map::Policy(flavour) => flavour,
        Map::MxFilter => {
            let key = FilterKey::parse(request.key);
            let policy = match &key {
                FilterKey::Mx { owner, .. } => policy(owner),
                FilterKey::Address { .. } | FilterKey::Other => None,
            };
            return decide(policy.as_ref(), &key, MxSet::Ordinary).into();
        }
    };
    let key = Key::parse(request.key);
    let Key::Domain { domain, next_hop } = &key else {
        return postfix::without_look_up(&key).unwrap();
    };
    assert_eq!(postfix::without_look_up(&key), None);
    let (policy, candidates) = (policy(domain), candidates(domain, *next_hop));
    let question = Question {
        domain,
        flavour,
        policy: policy.as_ref(),
        candidates: &candidates,
        failure: None,
    };
    postfix::answer(&question, &Settings::default())
}

/// Plays what a client sends on one connection, and returns what it is sent.
fn converse(octets: &[u8]) -> String {
    let mut decoder = Decoder::new(MAX_REQUEST_OCTETS);
    let mut sent = Vec::new();
    let mut requests = decoder.feed(octets);
    while let Some(request) = requests.next().unwrap() {
        answer(request).encode(&mut sent);
    }
    String::from_utf8(sent).unwrap()
}

#[test]
fn postfix_is_sent_the_octets_that_it_was_seen_to_take() {
    for (sent, expected) in [
        (
            "20:postfix example.test,",
            "55:OK secure match=new-mx.example.test servername=hostname,",
        ),
        (
            "18:postfix many1.test,13:postfix .test,",
            "9:NOTFOUND ,9:NOTFOUND ,",
        ),
    ] {
        assert_eq!(converse(sent.as_bytes()), expected, "{sent}");
    }
}

#[test]
fn every_request_of_a_connection_is_answered_in_its_turn() {
    let exchanges = [
        // Case and U-labels: a key that is not folded would be a policy passed over.
        (
            "postfix ExAmPle.TEST",
            "OK secure match=new-mx.example.test servername=hostname",
        ),
        (
            "postfix b\u{fc}cher.test",
            "OK secure match=a.w.test servername=hostname",
        ),
        // A smart host is a policy domain, with brackets or without.
        (
            "postfix [relay.test]:587",
            "OK secure match=relay.test servername=hostname",
        ),
        (
            "postfix relay.test:25",
            "OK secure match=relay.test:mx.relay.test servername=hostname",
        ),
        // Neither a parent nor an address has a policy; one in testing demands nothing.
        ("postfix .example.test", "NOTFOUND "),
        ("postfix [10.0.0.1]", "NOTFOUND "),
        ("postfix [IPv6:2001:db8::1]:25", "NOTFOUND "),
        ("postfix many.test", "NOTFOUND "),
        ("postfix no policy", "NOTFOUND "),
        // The connection goes on after a request to no map.
        (
            "DUMP",
            "PERM no such map: there are postfix, postfix310, mx-filter, QUERY and QUERYwithTLSRPT",
        ),
        // postfix-tlspol's names.
        (
            "query example.test",
            "OK secure match=new-mx.example.test servername=hostname",
        ),
        (
            "QUERYwithTLSRPT example.test",
            "OK secure match=new-mx.example.test servername=hostname policy_type=sts \
             policy_domain=example.test { policy_string = version: STSv1 } \
             { policy_string = mode: enforce } { policy_string = mx: new-mx.example.test } \
             { policy_string = max_age: 86400 } mx_host_pattern=new-mx.example.test",
        ),
        // The filter sees every record of a reply.
        (
            "mx-filter example.test. 0 IN MX 10 old-mx.example.test.",
            "OK IGNORE",
        ),
        (
            "mx-filter Example.test. 0 IN MX 20 NEW-mx.example.test.",
            "NOTFOUND ",
        ),
        ("mx-filter many.test. 0 IN MX 20 evil.test.", "NOTFOUND "),
        ("mx-filter none.test. 0 IN MX 20 evil.test.", "NOTFOUND "),
        (
            "mx-filter old-mx.example.test. 0 IN A 192.0.2.1",
            "NOTFOUND ",
        ),
        (
            "mx-filter _25._tcp.new-mx.example.test. 0 IN TLSA 3 1 1 ab- - 1 2 3 4 5",
            "NOTFOUND ",
        ),
    ];
    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    for (request, reply) in exchanges {
        encode(request.as_bytes(), &mut sent);
        encode(reply.as_bytes(), &mut expected);
    }
    assert_eq!(converse(&sent), String::from_utf8(expected).unwrap());
}
