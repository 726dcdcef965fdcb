//! Policies and records to publish.

use std::borrow::Cow;
use std::net::IpAddr;

use super::body::Body;
use super::value::Fix;
use crate::diagnose::command::{Command, ZoneRecord, policy_url};
use crate::facts::{DnsName, UnixTime};
use crate::sts::policy::{MaxAge, Mode, Policy};

/// How long a first policy may be kept, in seconds: "weeks or greater" once it has proved right.
const FIRST_MAX_AGE_SECS: u32 = 604_800;

/// How long a last policy may be kept, in seconds: nobody need keep it at all.
const LAST_MAX_AGE_SECS: u32 = 86_400;

/// How many octets of a TXT record a fix shows.
const SHOWN_TEXT_BYTES: usize = 256;

/// The TXT record with a new id.
#[must_use]
pub fn record(domain: &DnsName, now: UnixTime) -> ZoneRecord {
    ZoneRecord::sts(domain, now)
}

/// What to do about several records: nobody but their owner knows which of them are old.
#[must_use]
pub fn one_record(domain: &DnsName, texts: &[Vec<u8>], now: UnixTime) -> Fix {
    quoted(
        format!("Delete all of these TXT records at _mta-sts.{domain}:"),
        texts,
    )
    .line("and leave exactly one, with an id that no sender has seen:")
    .publish(record(domain, now))
}

/// Quotes what is published now, below a line that says what to do with it.
#[must_use]
pub fn quoted(lead: impl Into<Cow<'static, str>>, texts: &[Vec<u8>]) -> Fix {
    let shown = texts.iter().map(|octets| {
        let shown = octets.get(..SHOWN_TEXT_BYTES).unwrap_or(octets);
        shown.escape_ascii().to_string()
    });
    Fix::from(lead).quote(shown.collect())
}

/// The policy, made longer by the hosts that it does not list.
#[must_use]
pub fn cover(domain: &DnsName, policy: &Policy, uncovered: &[&DnsName], now: UnixTime) -> Fix {
    let body = Body::of(policy).and_hosts(uncovered);
    if !body.is_longer() {
        return body.remark_in(Fix::default());
    }
    let fix = body.remark_in(Fix::if_yours());
    serve(fix, "First serve this", &body, record(domain, now))
}

/// The policy that was published once, with the hosts that it does not list, for a domain that does not mean
/// to leave MTA-STS.
#[must_use]
pub fn keep(domain: &DnsName, policy: &Policy, uncovered: &[&DnsName], now: UnixTime) -> Fix {
    let body = Body::of(policy).and_hosts(uncovered);
    let fix = body.remark_in(if body.is_longer() {
        Fix::if_yours()
    } else {
        Fix::default()
    });
    let fix = serve(
        fix,
        "To keep MTA-STS, serve this again",
        &body,
        record(domain, now),
    );
    if fix.bodies().next().is_none() {
        return fix;
    }
    fix.line("Senders that hold the old policy look the id up and fetch this one at once.")
}

/// A first policy for the live MX hosts; `None` if no policy can list them.
#[must_use]
pub fn begin(domain: &DnsName, hosts: &[&DnsName], now: UnixTime) -> Option<Fix> {
    let body = Body::new(Mode::Testing, MaxAge::from_secs(FIRST_MAX_AGE_SECS)?).and_hosts(hosts);
    body.policy()?;
    let fix = body.remark_in(Fix::if_yours());
    Some(serve(
        fix,
        "A policy for the live MX hosts, in mode testing until nothing fails any more; serve this",
        &body,
        record(domain, now),
    ))
}

/// The same policy, to the letter of the grammar.
#[must_use]
pub fn rewrite(domain: &DnsName, policy: &Policy, now: UnixTime) -> Fix {
    let body = Body::of(policy);
    serve(
        Fix::default(),
        "First serve this, with `Content-Type: text/plain`,",
        &body,
        record(domain, now),
    )
}

/// How to leave MTA-STS without stranding senders that hold the old policy (RFC 8461, Section 8.3).
#[must_use]
pub fn opt_out(domain: &DnsName, now: UnixTime) -> Fix {
    let max_age = MaxAge::from_secs(LAST_MAX_AGE_SECS).unwrap_or(MaxAge::MAX);
    serve(
        Fix::default(),
        "To leave MTA-STS instead, until every cached copy has ended, serve this",
        &Body::new(Mode::None, max_age),
        record(domain, now),
    )
    .only_if("Only to leave MTA-STS.")
}

/// How to see that every edge serves the same.
#[must_use]
pub fn edges(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>, now: UnixTime) -> Fix {
    Fix::from("Publish the same policy at every address, purge what a CDN holds, then compare:")
        .run(addresses.map(|address| Command::fetch_from(domain, address)))
        .line(
            "Once all agree, change the id: a sender may hold the old body under the present one.",
        )
        .publish(record(domain, now))
        .of_edges()
}

/// What to do about an id that came before its body at some edge.
#[must_use]
pub fn poisoned(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>, now: UnixTime) -> Fix {
    Fix::from(
        "First let these addresses serve what the others serve, and purge what a cache keeps (until then each fetch there \
         makes it worse):",
    )
    .run(addresses.map(|address| Command::fetch_from(domain, address)))
    .line("Then, and not before, publish a further id: the present one stands for both policies.")
    .publish(record(domain, now))
    .of_edges()
}

/// What to do about edges that serve nothing, where the others agree.
#[must_use]
pub fn failing_edges(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>) -> Fix {
    Fix::from(format!(
        "Let these addresses serve the policy that the others serve, or take them out of the A and AAAA \
         records of mta-sts.{domain}: not every sender tries another address."
    ))
    .run(addresses.map(|address| Command::fetch_from(domain, address)))
    .of_edges()
}

/// What to do about edges none of which serves a policy, each for a reason of its own.
#[must_use]
pub fn no_edge(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>) -> Fix {
    Fix::from(
        "None of these addresses serves a policy. Mend each of them, then ask them one by one:",
    )
    .run(addresses.map(|address| Command::fetch_from(domain, address)))
    .of_edges()
}

/// Says where to serve a body, the body itself, and what comes after it; of a body that is longer than what
/// senders read, what to do in its place.
pub(super) fn serve(fix: Fix, lead: &str, body: &Body, record: ZoneRecord) -> Fix {
    if let Some(instead) = body.too_long() {
        return fix.line(instead);
    }
    let fix = fix.line(format!("{lead} as {}:", policy_url(record.domain())));
    match body.policy() {
        Some(policy) => fix.body(policy),
        None => fix,
    }
    .line("When every address serves it, and not before, change the record:")
    .publish(record)
}
