//! Records, policies, names, and what else a domain publishes.

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

use super::reads_again;

/// A TXT record: what is valid to the letter is shown as it is read, and means the same to the tolerant.
pub(crate) fn record(octets: &[u8]) -> bool {
    let tolerant = record::parse(octets, Reading::Tolerant);
    let Ok(record) = record::parse(octets, Reading::Letter) else {
        return false;
    };
    let shown = record.to_string();
    let again = record::parse(shown.as_bytes(), Reading::Letter);
    assert_eq!(again.as_ref(), Ok(&record));
    assert_eq!(tolerant, Ok(record), "{octets:?}");
    true
}

/// A policy body: as a record, and an error lies in a line that is there.
pub(crate) fn policy(body: &[u8]) -> bool {
    let tolerant = policy::parse(body, Reading::Tolerant);
    match policy::parse(body, Reading::Letter) {
        Ok(policy) => {
            let shown = policy.to_string();
            let again = policy::parse(shown.as_bytes(), Reading::Letter);
            assert_eq!(again.as_ref(), Ok(&policy));
            assert_eq!(tolerant, Ok(policy), "{body:?}");
            true
        }
        Err(error) => {
            assert!((1..=body.len() + 1).contains(&error.line), "{error}");
            false
        }
    }
}

/// What is said of a policy: bounded, and free of control characters.
pub(crate) fn policy_errors(body: &[u8]) {
    if let Err(error) = policy::parse(body, Reading::Letter) {
        let hint = error.kind.hint().unwrap_or_default();
        // 64 octets of evidence, escaped, twice, and the words around it.
        let message = error.to_string();
        assert!(message.len() < 1_500 && hint.len() < 1_500, "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(!hint.contains(char::is_control), "{hint:?}");
    }
}

/// A TLSRPT record is shown as it is read.
pub(crate) fn tlsrpt(octets: &[u8]) -> bool {
    let Ok(record) = tlsrpt::record::parse(octets) else {
        return false;
    };
    let shown = record.to_string();
    assert_eq!(tlsrpt::record::parse(shown.as_bytes()), Ok(record));
    true
}

/// Quoted strings, as `dig` prints them, are shown as they are read.
pub(crate) fn quoted(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    let Ok(record) = presentation::parse(&text) else {
        return false;
    };
    let shown = Quoted(&record).to_string();
    assert_eq!(presentation::parse(&shown), Ok(record));
    true
}

/// A media type, against the grammar walked octet by octet, where the program cuts and trims.
pub(crate) fn media_type(octets: &[u8]) -> bool {
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

    let is_text_plain = fetch::is_text_plain(octets);
    assert_eq!(
        is_text_plain,
        reads_as_text_plain(octets),
        "{}",
        octets.escape_ascii()
    );
    is_text_plain
}

/// Names, ids and patterns; a pattern covers `host` just if a comparison of labels from the right says so.
pub(crate) fn name(text: &str, host: &DnsName) -> bool {
    if let Ok(name) = text.parse() {
        reads_again::<DnsName>(&name);
    }
    if let Ok(name) = text.parse::<PolicyName>() {
        reads_again(&name);
        // Whatever fits the grammar and the DNS's limits is a name to both.
        if let Ok(host) = text.parse::<DnsName>() {
            assert!(name.matches(&host), "{text:?}");
        }
    }
    if let Ok(id) = text.parse::<RecordId>() {
        reads_again(&id);
    }
    let Ok(pattern) = text.parse::<MxPattern>() else {
        return false;
    };
    reads_again(&pattern);
    let covers = naively_covers(text, host.as_str());
    assert_eq!(pattern.matches(host), covers, "{text:?} and {host}");
    // The other reading of a pattern takes names at any depth.
    assert!(!covers || san_matches_pattern(host.as_str(), &pattern));
    true
}

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
