//! Well-formed values, 20,000 of each, made so that what fails shrinks.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};
use proptest::sample::select;
use stickler::facts::dns::TxtRecord;
use stickler::facts::{DnsName, UnixTime};
use stickler::scenario::span;
use stickler::sts::cache::StoredPolicy;
use stickler::sts::mx::MxPattern;
use stickler::sts::policy::{self, MaxAge, Mode, Policy};
use stickler::sts::presentation::{self, Quoted};
use stickler::sts::reading::Reading;
use stickler::sts::record;
use stickler::tlsrpt;

use super::checks::reads_again;

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

pub(super) fn pattern() -> impl Strategy<Value = MxPattern> {
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

pub(super) fn config() -> ProptestConfig {
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
            fetched_at: UnixTime::from_secs(0),
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

    #[test]
    fn times_and_spans_that_are_shown_read_as_themselves(
        secs in 0..=UnixTime::MAX.as_secs(),
        zone in select(&[(0_u64, "+00:00"), (5_400, "+01:30"), (50_400, "+14:00")][..]),
    ) {
        let time = UnixTime::from_secs(secs);
        reads_again(&time);
        // The same clock face further east is an earlier moment.
        let (east, offset) = zone;
        let shown = time.to_string().replace('Z', offset);
        if let Some(earlier) = secs.checked_sub(east) {
            assert_eq!(shown.parse(), Ok(UnixTime::from_secs(earlier)), "{shown}");
        }
        let duration = std::time::Duration::from_secs(secs % (10_000 * 86_400));
        let shown = span::format(duration);
        assert_eq!(stickler::cli::values::parse_duration(&shown), Ok(duration), "{shown}");
    }
}
