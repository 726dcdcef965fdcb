//! What holds for every input of the parsers of foreign octets: no panic, no disagreement between the two
//! readings, and what is shown can be read again.
//!
//! Each parser gets a million random and mutated inputs from a plain loop, and 20,000 well-formed ones that
//! shrink.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::sample::select;
use stickler::facts::DnsName;
use stickler::facts::dns::TxtRecord;
use stickler::sts::mx::MxPattern;
use stickler::sts::name::PolicyName;
use stickler::sts::policy::{self, MaxAge, Mode, Policy};
use stickler::sts::presentation::{self, Quoted};
use stickler::sts::reading::Reading;
use stickler::sts::record::{self, RecordId};
use stickler::sts::{cache::StoredPolicy, fetch};
use stickler::tlsrpt;

use crate::support::mutations::mutations;

const MILLION: usize = 1_000_000;

/// Counts what a loop of mutations accepted: a loop that accepts nothing tests nothing.
#[derive(Debug, Default)]
struct Accepted(usize);

impl Accepted {
    fn one(&mut self) {
        self.0 += 1;
    }

    fn assert_many(&self) {
        assert!(self.0 > MILLION / 200, "only {} were accepted", self.0);
    }
}

#[test]
fn a_million_txt_records() {
    let corpus: &[&[u8]] = &[
        b"v=STSv1; id=20160831085700Z;",
        b"v=STSv1;id=1",
        b"v=STSv1 ; \tid=a; x-1.y_z=!:<>~; id=2;;",
        b"v=spf1 -all",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, MILLION, 0x5715, |octets| {
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
fn a_million_policies() {
    let corpus: &[&[u8]] = &[
        b"version: STSv1\nmode: none\nmax_age: 7\n",
        b"version: STSv1\r\nmode: enforce\r\nmx: *.a.test\r\nmax_age: 604800\r\n",
        b"max_age:0\nmx:a.b\nmode:testing\nversion:STSv1\nx.y: \xc3\xa9 z",
        b"\xef\xbb\xbfversion : STSv1\r\n\r\n mode: none\rmax_age: 31557601 \n",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, MILLION, 0x8461, |body| {
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
fn errors_of_a_policy_are_bounded_and_their_hints_never_panic() {
    let corpus: &[&[u8]] = &[
        b"mode: Enforce",
        b"mx: .b\xc3\xbccher.test",
        b"mx: *a.test, b",
        b"max_age: 604,800",
        b"mode=enforce",
        b"Version: STSv1\nmode : none",
    ];
    mutations(corpus, MILLION / 10, 0x41117, |body| {
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
fn a_million_tlsrpt_records() {
    let corpus: &[&[u8]] = &[
        b"v=TLSRPTv1; rua=mailto:a@b",
        b"v=TLSRPTv1;rua=https://c.test/v1?a=b%2c , mailto:d@e; x=y;",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, MILLION, 0x8460, |octets| {
        if let Ok(record) = tlsrpt::record::parse(octets) {
            let shown = record.to_string();
            assert_eq!(tlsrpt::record::parse(shown.as_bytes()), Ok(record));
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn a_million_of_digs_quoted_strings() {
    let corpus: &[&[u8]] = &[
        b"\"v=STSv1; id=1;\" \"more\"",
        b"\"a\\\"\\\\\\000\\255\"",
        b"v=STSv1; id=1;",
    ];
    let mut accepted = Accepted::default();
    mutations(corpus, MILLION, 0x1035, |octets| {
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
fn a_million_media_types() {
    let corpus: &[&[u8]] = &[b"text/plain; charset=utf-8", b"TEXT/plain", b"text/html"];
    let mut accepted = Accepted::default();
    mutations(corpus, MILLION, 0x9110, |octets| {
        if fetch::is_text_plain(octets) {
            accepted.one();
        }
    });
    accepted.assert_many();
}

#[test]
fn a_million_names_and_patterns() {
    let corpus: &[&[u8]] = &[
        b"mx.example.com",
        b"*.Example.COM",
        b"_mta-sts.a-b.test.",
        b"b\xc3\xbccher.test",
        b"192.0.2.1",
    ];
    let mut accepted = Accepted::default();
    let mut host: DnsName = "mx.example.com".parse().expect("a name");
    mutations(corpus, MILLION, 0x5321, |octets| {
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
            let _either = pattern.matches(&host);
            accepted.one();
        }
        if let Ok(id) = text.parse::<RecordId>() {
            reads_again(&id);
        }
    });
    accepted.assert_many();
}

fn reads_again<T: Debug + Display + FromStr<Err: Debug + PartialEq> + PartialEq>(value: &T) {
    assert_eq!(value.to_string().parse().as_ref(), Ok(value));
}

/// Between `least` and `most` characters out of `alphabet`.
fn text(alphabet: &'static [u8], least: usize, most: usize) -> impl Strategy<Value = String> {
    vec(select(alphabet), least..=most)
        .prop_map(|octets| octets.into_iter().map(char::from).collect())
}

const ALPHANUMERIC: &[u8] = b"abcxyzABCXYZ0189";

fn id() -> impl Strategy<Value = String> {
    text(ALPHANUMERIC, 1, 32)
}

fn extension_name() -> impl Strategy<Value = String> {
    // The first letter keeps them apart from the names that are known.
    text(b"abcxyzABCXYZ0189_-.", 0, 30).prop_map(|rest| format!("q{rest}"))
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        text(ALPHANUMERIC, 1, 8),
        (
            text(ALPHANUMERIC, 1, 1),
            text(b"ab1-", 0, 8),
            text(ALPHANUMERIC, 1, 1)
        )
            .prop_map(|(first, middle, last)| format!("{first}{middle}{last}")),
    ]
}

fn pattern() -> impl Strategy<Value = MxPattern> {
    (select(&["", "*."][..]), vec(label(), 1..5)).prop_map(|(star, labels)| {
        format!("{star}{}", labels.join("."))
            .parse()
            .expect("made by the grammar")
    })
}

fn parsed_policy() -> impl Strategy<Value = Policy> {
    let mode = select(&[Mode::Enforce, Mode::None, Mode::Testing][..]);
    let max_age = (0..=MaxAge::MAX.as_secs())
        .prop_map(|secs| MaxAge::from_secs(secs).expect("within the limit"));
    (mode, max_age, vec(pattern(), 1..4)).prop_map(|(mode, max_age, patterns)| {
        Policy::new(mode, max_age, patterns).expect("it has patterns")
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_record_that_is_shown_reads_as_itself(
        id in id(),
        extensions in vec((extension_name(), text(b"az09!:<>~/", 1, 12)), 0..3),
        delimiter in select(&[";", "; ", " ; ", "\t;\t"][..]),
        end in select(&["", ";", " ; "][..]),
    ) {
        let extensions: String = extensions
            .iter()
            .map(|(name, value)| format!("{name}={value}{delimiter}"))
            .collect();
        let text = format!("v=STSv1{delimiter}{extensions}id={id}{end}");
        let record = record::parse(text.as_bytes(), Reading::Letter).expect(&text);
        assert_eq!(record.id().as_str(), id);
        let shown = record.to_string();
        for reading in Reading::BOTH {
            assert_eq!(record::parse(shown.as_bytes(), reading).as_ref(), Ok(&record));
            assert_eq!(record::parse(text.as_bytes(), reading).as_ref(), Ok(&record));
        }
    }

    #[test]
    fn a_policy_that_is_shown_reads_as_itself(policy in parsed_policy()) {
        let shown = policy.to_string();
        for reading in Reading::BOTH {
            assert_eq!(policy::parse(shown.as_bytes(), reading).as_ref(), Ok(&policy));
        }
        let stored = StoredPolicy {
            id: "1".parse().expect("an id"),
            body: shown.into_bytes().into(),
            fetched_at: stickler::facts::UnixTime::from_secs(0),
        };
        let cached = stored.read(Reading::Letter).expect("just shown");
        assert_eq!((cached.policy.clone(), cached.stored()), (policy, stored));
    }

    #[test]
    fn lines_in_any_order_and_with_any_legal_white_space_mean_the_same(
        policy in parsed_policy(),
        first in 0_usize..8,
        after_colon in select(&["", " ", "\t ", "  "][..]),
        line_end in select(&["\n", "\r\n", " \n", "\t\r\n"][..]),
        extension in (extension_name(), select(&["x", "\u{e9} y", "a: b", "~\u{10ffff}"][..])),
    ) {
        let shown = policy.to_string();
        let (name, value) = extension;
        let unknown = format!("{name}: {value}");
        let mut lines: Vec<&str> = shown.lines().chain([unknown.as_str()]).collect();
        // Turning the list keeps the patterns' order but for where it begins.
        let count = lines.len();
        lines.rotate_left(first % count);
        let body: String = lines
            .iter()
            .map(|line| line.replacen(": ", &format!(":{after_colon}"), 1) + line_end)
            .collect();
        for reading in Reading::BOTH {
            let read = policy::parse(body.as_bytes(), reading).expect(&body);
            let names = |policy: &Policy| {
                let mut names: Vec<String> =
                    policy.patterns().iter().map(ToString::to_string).collect();
                names.sort_unstable();
                names
            };
            assert_eq!((read.mode(), read.max_age()), (policy.mode(), policy.max_age()));
            assert_eq!(names(&read), names(&policy), "{body:?}");
            assert_eq!(read.extensions(), &[(name.as_str().into(), value.into())]);
            assert_eq!(policy::parse(read.to_string().as_bytes(), reading), Ok(read));
        }
    }

    #[test]
    fn a_tlsrpt_record_that_is_shown_reads_as_itself(
        uris in vec(
            (select(&["mailto", "https", "x-1.a+b"][..]), text(b"az09-._~:/?#[]@$&'()*+=", 1, 20)),
            1..4,
        ),
        comma in select(&[",", " , ", "\t,"][..]),
        end in select(&["", ";", "; x=y"][..]),
    ) {
        let uris: Vec<String> = uris.iter().map(|(scheme, rest)| format!("{scheme}:{rest}")).collect();
        let text = format!("v=TLSRPTv1; rua={}{end}", uris.join(comma));
        let record = tlsrpt::record::parse(text.as_bytes()).expect(&text);
        let read: Vec<&str> = record.uris().iter().map(|uri| uri.as_str()).collect();
        assert_eq!(read, uris);
        assert_eq!(tlsrpt::record::parse(record.to_string().as_bytes()), Ok(record));
    }

    #[test]
    fn a_txt_record_that_is_quoted_reads_as_itself(
        strings in vec(vec(prop_oneof![select(&b" a;=\"\\0\xff\0"[..]), proptest::num::u8::ANY], 0..20), 1..4),
    ) {
        let record = TxtRecord { strings: strings.into_iter().map(Into::into).collect() };
        assert_eq!(presentation::parse(&Quoted(&record).to_string()), Ok(record));
    }

    #[test]
    fn names_that_are_shown_read_as_themselves(
        labels in vec(prop_oneof![label(), Just("_tls".to_owned()), Just("b\u{fc}cher".to_owned())], 1..5),
        pattern in pattern(),
    ) {
        reads_again(&pattern);
        reads_again(pattern.name());
        if let Ok(name) = labels.join(".").parse::<DnsName>() {
            reads_again(&name);
            // A wildcard covers what has one label more than its name.
            let star: Result<MxPattern, _> = format!("*.{name}").parse();
            if let (Ok(star), Ok(host)) = (star, name.prefixed("_mx")) {
                assert!(star.matches(&host) && !star.matches(&name), "{star} and {host}");
            }
        }
    }
}
