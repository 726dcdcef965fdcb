//! What mail programs, and anybody else who reaches the listeners, send.

use stickler::facts::DnsName;
use stickler::sidecar::exim::{Line, MAX_LINE_OCTETS};
use stickler::sidecar::filter_key::FilterKey;
use stickler::sidecar::host::is_host_name;
use stickler::sidecar::key::{Key, NextHop};
use stickler::sidecar::netstring::{Decoder, Fault, encode};
use stickler::sidecar::socketmap::{Reply, Request};

/// Small, so that mutants go beyond it.
const LIMIT: usize = 64;

/// A stream of netstrings, against a plain reading of it, at once and in pieces of `size` octets.
pub(crate) fn netstrings(octets: &[u8], size: usize) -> bool {
    let whole = decode(&[octets]);
    let (expected, is_fault) = naive(octets);
    assert_eq!(
        (&whole.0, whole.1.is_some()),
        (&expected, is_fault),
        "{}",
        octets.escape_ascii()
    );
    let pieces: Vec<&[u8]> = octets.chunks(size).collect();
    assert_eq!(decode(&pieces), whole, "in pieces of {size}");
    let Some(request) = whole.0.first() else {
        return false;
    };
    let mut framed = Vec::new();
    encode(request, &mut framed);
    assert!(octets.starts_with(&framed), "{}", octets.escape_ascii());
    true
}

/// Feeds `octets` in pieces; returns the requests, and the fault that ended them.
fn decode(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<Fault>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut found = Vec::new();
    for piece in pieces {
        let mut requests = decoder.feed(piece);
        loop {
            match requests.next() {
                Ok(Some(request)) => found.push(request.to_vec()),
                Ok(None) => break,
                Err(fault) => return (found, Some(fault)),
            }
        }
    }
    (found, None)
}

/// Takes netstrings off the front, until one is not whole or none; returns whether the rest can never be one.
fn naive(mut octets: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut found = Vec::new();
    loop {
        let digits = octets.iter().take_while(|o| o.is_ascii_digit()).count();
        let number = std::str::from_utf8(&octets[..digits]).unwrap();
        let is_zero_led = digits > 1 && number.starts_with('0');
        // More digits than a number can have are above the limit as well.
        let size = match number.parse::<usize>() {
            Ok(size) if size <= LIMIT && !is_zero_led => size,
            Err(_) if digits == 0 => {
                return (found, !octets.is_empty());
            }
            Ok(_) | Err(_) => return (found, true),
        };
        match octets.get(digits) {
            Some(b':') => {}
            Some(_) => return (found, true),
            None => return (found, false),
        }
        let from = digits + 1;
        match octets.get(from + size) {
            Some(b',') => found.push(octets[from..from + size].to_vec()),
            Some(_) => return (found, true),
            None => return (found, false),
        }
        octets = &octets[from + size + 1..];
    }
}

/// A request of the socketmap: a known map and its key, or an answer of bounded length.
pub(crate) fn request(octets: &[u8]) -> bool {
    match Request::parse(octets) {
        Ok(request) => {
            assert!(octets.ends_with(request.key));
            true
        }
        Err(unknown) => {
            assert!(Reply::from(unknown).payload().len() < 200);
            false
        }
    }
}

/// A key of the policy map, against a plain reading of the plainest form.
pub(crate) fn key(octets: &[u8]) -> bool {
    let key = Key::parse(octets);
    let plain = std::str::from_utf8(octets).ok().and_then(naive_key);
    if let Some((domain, next_hop)) = &plain {
        let expected = Key::Domain {
            domain: domain.clone(),
            next_hop: *next_hop,
        };
        assert_eq!(key, expected, "{}", octets.escape_ascii());
    }
    let Key::Domain { domain, next_hop } = key else {
        return false;
    };
    assert!(is_host_name(domain.as_str()), "{domain}");
    let shown = match next_hop {
        NextHop::Host => format!("[{domain}]"),
        NextHop::Mx => domain.to_string(),
    };
    let again = Key::parse(shown.as_bytes());
    assert_eq!(again, Key::Domain { domain, next_hop });
    true
}

/// Reads keys of the plainest form: a name in ASCII, perhaps a dot at its end, perhaps brackets, perhaps a port.
fn naive_key(text: &str) -> Option<(DnsName, NextHop)> {
    let (name, next_hop) = if let Some(rest) = text.strip_prefix('[') {
        (
            rest.strip_suffix(']').or(rest.strip_suffix("]:25"))?,
            NextHop::Host,
        )
    } else {
        (text.strip_suffix(":25").unwrap_or(text), NextHop::Mx)
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_plain = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.ends_with(|c: char| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && label.len() < 64
    };
    let last = name.rsplit('.').next()?;
    let is_name = name.split('.').all(is_plain)
        && name.len() < 254
        && last.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| (name.parse().unwrap(), next_hop))
}

/// A key of the reply filter: what came says the same in other words (case, TTL, leading zeros).
pub(crate) fn filter_key(octets: &[u8]) -> bool {
    let key = FilterKey::parse(octets);
    let shown = match &key {
        FilterKey::Other | FilterKey::Mx { host: None, .. } => return false,
        FilterKey::Mx {
            owner,
            preference,
            host: Some(host),
        } => format!("{owner}. 0 IN MX {preference} {host}."),
        FilterKey::Address { owner, address } => {
            let record_type = if address.is_ipv4() { "A" } else { "AAAA" };
            format!("{owner}. 0 IN {record_type} {address}")
        }
    };
    let first = octets
        .split(|octet| *octet == b' ')
        .next()
        .unwrap_or_default();
    let again = shown.split(' ').next().unwrap_or_default();
    assert!(first.eq_ignore_ascii_case(again.as_bytes()), "{shown}");
    assert_eq!(FilterKey::parse(shown.as_bytes()), key, "{shown}");
    true
}

/// A line of Exim's: the same at once and in pieces of `size` octets, and its key is what stands in it.
pub(crate) fn exim_line(octets: &[u8], size: usize) -> bool {
    let whole = Line::default().feed(octets);
    let mut line = Line::default();
    let mut in_pieces = Ok(None);
    for piece in octets.chunks(size) {
        in_pieces = line.feed(piece);
        if in_pieces != Ok(None) {
            break;
        }
    }
    assert_eq!(in_pieces, whole, "{} by {size}", octets.escape_ascii());
    let end = octets.iter().position(|octet| *octet == b'\n');
    match whole {
        Ok(Some(key)) => {
            let text = &octets[..end.unwrap()];
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            assert_eq!(Some(key), text.strip_prefix(b"policy ").map(Key::parse));
            true
        }
        Ok(None) => {
            assert!(end.is_none() && octets.len() <= MAX_LINE_OCTETS);
            false
        }
        Err(_) => false,
    }
}
