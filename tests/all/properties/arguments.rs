//! Mutants for each parser of times, spans, arguments and the configuration file.

use std::path::Path;
use std::time::Duration;

use clap::CommandFactory as _;
use stickler::cli::Cli;
use stickler::cli::config::Config;
use stickler::cli::values::{DomainArgument, Probe, ResolverAddress, parse_duration};
use stickler::facts::UnixTime;
use stickler::net::HeloName;
use stickler::scenario::span;

use super::checks::reads_again;
use super::with_mutants;
use crate::support::mutations::files;
use crate::support::tokens::Tokens;
use crate::support::xorshift::Xorshift;

/// Calls `check`, which says whether it accepted, with mutated texts.
fn with_mutated_texts(seeds: &[&str], start: u64, mut check: impl FnMut(&str) -> bool) {
    let seeds: Vec<&[u8]> = seeds.iter().map(|seed| seed.as_bytes()).collect();
    with_mutants(&seeds, start, |octets| {
        check(&String::from_utf8_lossy(octets))
    });
}

#[test]
fn mutated_times() {
    let seeds = [
        "2026-03-02T08:00:00Z",
        "2028-02-29T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "2026-03-02T09:00:00.5+01:00",
        "9999-12-30T22:00:00Z",
    ];
    with_mutated_texts(&seeds, 0x3339, |text| {
        let read: Result<UnixTime, _> = text.parse();
        if let Some(expected) = naive_secs(text) {
            let secs = read.as_ref().ok().map(|time| time.as_secs());
            assert_eq!(secs, expected, "{text:?}");
        }
        match read {
            Ok(time) => {
                reads_again(&time);
                true
            }
            Err(error) => {
                assert!(error.to_string().len() < 1_000, "{text:?}");
                false
            }
        }
    });
}

/// Counts days one year and one month at a time, for texts of the plainest form; `None` for all others.
fn naive_secs(text: &str) -> Option<Option<u64>> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    if shape != "0000-00-00T00:00:00Z" {
        return None;
    }
    let number = |at: usize, digits: usize| text[at..at + digits].parse::<u64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2));
    let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2));
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let length = |month: u64| match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_date = (1..=12).contains(&month) && (1..=length(month)).contains(&day);
    // A leap second, and the calendar's last hours, are the reader's to settle.
    if second == 60 || year == 9_999 {
        return None;
    }
    if !is_date || hour > 23 || minute > 59 || second > 59 || year < 1970 {
        return Some(None);
    }
    let days = (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum::<u64>()
        + (1..month).map(length).sum::<u64>()
        + day
        - 1;
    Some(Some(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// The longest span that is read.
const MAX_SPAN: Duration = Duration::from_secs(10_000 * 86_400);

/// Options and scenarios have one reader of spans.
#[test]
fn mutated_durations() {
    let seeds = [
        "10s", "1h30m", "2d2h", "250ms", "1w", "3650d1ms", "2d 2h", "-6d", "1.5h",
    ];
    with_mutated_texts(&seeds, 0x5bad, |text| {
        let read = parse_duration(text);
        if let (Ok(duration), Some(millis)) = (&read, naive_millis(text)) {
            assert_eq!(duration.as_millis(), millis, "{text:?}");
        }
        match read {
            Ok(duration) => {
                assert!(duration <= MAX_SPAN, "{text:?}");
                let whole = Duration::from_secs(duration.as_secs());
                assert_eq!(parse_duration(&span::format(whole)), Ok(whole), "{text:?}");
                true
            }
            Err(error) => {
                assert!(error.to_string().len() < 200, "{text:?}");
                false
            }
        }
    });
}

/// Eats a number and a unit from the front, until nothing is left.
fn naive_millis(text: &str) -> Option<u128> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u128 = text[..digits].parse().ok()?;
    let text = &text[digits..];
    let units = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
        ("w", 604_800_000),
    ];
    let (rest, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_prefix(unit)?, factor)))?;
    let more = if rest.is_empty() {
        0
    } else {
        naive_millis(rest)?
    };
    number.checked_mul(*factor)?.checked_add(more)
}

#[test]
fn mutated_domains_and_names_of_ours() {
    let seeds = [
        "example.com",
        "jo@b\u{fc}cher.test.",
        "\"a@b\"@example.com",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
        "2001:db8::1",
        "https://example.com/",
    ];
    with_mutated_texts(&seeds, 0x5321, |text| {
        let helo: Result<HeloName, _> = text.parse();
        if let Ok(helo) = &helo {
            reads_again(helo);
            // It stands in a command.
            let shown = helo.to_string();
            assert!(
                shown.bytes().all(|octet| octet.is_ascii_graphic()),
                "{text:?}"
            );
        }
        if let Ok(domain) = text.parse::<DomainArgument>() {
            let name = domain.name();
            reads_again(name);
            assert_eq!(name.as_str().parse().as_ref(), Ok(&domain));
            assert!(name.as_address().is_none(), "{text:?}");
            return true;
        }
        helo.is_ok()
    });
}

#[test]
fn mutated_resolvers() {
    let seeds = [
        "127.0.0.1:5353",
        "192.0.2.1",
        "[::1]:53",
        "[2001:db8::1]",
        "::1",
    ];
    with_mutated_texts(&seeds, 0x1034, |text| {
        let Ok(ResolverAddress(socket)) = text.parse() else {
            return false;
        };
        assert_eq!(socket.to_string().parse(), Ok(ResolverAddress(socket)));
        assert!(text.contains(&socket.port().to_string()) || socket.port() == 53);
        true
    });
}

#[test]
fn mutated_envelopes() {
    let seeds = [
        "probe@example.net,jo@example.com",
        "<>,jo@example.com",
        "\"a,b\"@example.net,c@[192.0.2.1]",
    ];
    with_mutated_texts(&seeds, 0x5322, |text| {
        let Ok(probe) = text.parse::<Probe>() else {
            return false;
        };
        let from = probe
            .from
            .as_ref()
            .map_or("<>".to_owned(), ToString::to_string);
        let shown = format!("{from},{}", probe.to);
        assert_eq!(shown.parse(), Ok(probe), "{text:?}");
        // Both sides stand in commands; a quoted local part may hold a tab.
        let ends_a_command = |c: char| c.is_control() && c != '\t';
        assert!(!shown.contains(ends_a_command), "{text:?}");
        true
    });
}

#[test]
fn mutated_configuration_files() {
    const SEEDS: [&str; 4] = [
        "format = 'json'\nfail-on = 'note'\nresolver = '127.0.0.1:53'",
        "[verb.lint.match]\nformat = \"text\"\n[verb.check]\njobs = 4\ntimeout = '30s'",
        "connect-to = [':25:127.0.0.1:1', ':443:127.0.0.1:2']\nverb.cache.cache = 'none'",
        "verbose = 2\ncolor = true\nca-file = 'a\u{e9}.pem'",
    ];
    const NOISE: [&str; 10] = ["'", "\"", "[", "]", "{", "}", "=", ".", "\n", "\u{e9}"];
    let tokens = Tokens::new(&SEEDS, &NOISE);
    let command = Cli::command();
    let mut random = Xorshift::new(0x70_6d_6c);
    let mut accepted = 0;
    for _ in 0..files() {
        let text = tokens.mutate(&mut random);
        match Config::parse(&text, Path::new("s.toml"), &command) {
            Ok(_) => accepted += 1,
            Err(error) => assert!(error.to_string().starts_with("s.toml:"), "{text}: {error}"),
        }
    }
    assert!(accepted > files() / 20, "only {accepted} were accepted");
}
