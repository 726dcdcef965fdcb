//! What to do, ready to paste.
//!
//! A fix adds and never takes away a host that somebody may still need; it says the order: the body, on
//! every edge, and only then the id. Senders that see the new id before the new body keep the old body under
//! the new id ([RFC 8461, Section 8.1]).
//!
//! [RFC 8461, Section 8.1]: https://www.rfc-editor.org/rfc/rfc8461#section-8.1

mod body;
mod fetch;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::facts::{DnsName, UnixTime};
use crate::sts::policy::{MaxAge, Mode, Policy};
use body::Body;
pub use fetch::fetch;

/// What a suggested record's TTL is, in seconds: long enough for resolvers, short enough for a cutover.
const RECORD_TTL_SECS: u32 = 3_600;

/// How long a first policy may be kept, in seconds: "weeks or greater" once it has proved right.
const FIRST_MAX_AGE_SECS: u32 = 604_800;

/// How long a last policy may be kept, in seconds: nobody need keep it at all.
const LAST_MAX_AGE_SECS: u32 = 86_400;

/// How many octets of a TXT record a fix shows.
const SHOWN_TEXT_BYTES: usize = 256;

const IF_YOURS: &str =
    "Only if these hosts are yours: an unlisted MX is also what an attack looks like.";

/// The TXT record with a new id.
#[must_use]
pub fn record(domain: &DnsName, now: UnixTime) -> String {
    format!(
        "_mta-sts.{domain}. {RECORD_TTL_SECS} IN TXT \"v=STSv1; id={};\"",
        new_id(now)
    )
}

/// What to do about several records: nobody but their owner knows which of them are old.
#[must_use]
pub fn one_record(domain: &DnsName, texts: impl Iterator<Item = Vec<u8>>, now: UnixTime) -> String {
    let mut text = format!("Delete all of these TXT records at _mta-sts.{domain}:\n\n");
    for octets in texts {
        let shown = octets.get(..SHOWN_TEXT_BYTES).unwrap_or(&octets);
        text.push_str(&format!("{}\n", shown.escape_ascii()));
    }
    text.push_str(&format!(
        "\nand leave exactly one, with an id that no sender has seen:\n\n{}",
        record(domain, now)
    ));
    text
}

/// A TLSRPT record.
#[must_use]
pub fn tlsrpt(domain: &DnsName) -> String {
    format!(
        "_smtp._tls.{domain}. {RECORD_TTL_SECS} IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@{domain}\""
    )
}

/// The policy, made longer by the hosts that it does not list.
#[must_use]
pub fn cover(domain: &DnsName, policy: &Policy, uncovered: &[&DnsName], now: UnixTime) -> String {
    let body = Body::of(policy).and_hosts(uncovered);
    if !body.is_longer() {
        return body.remarks();
    }
    let mut text = format!("{IF_YOURS}\n{}First serve this", body.remarks());
    push_serve(&mut text, domain, &body, now);
    text
}

/// The policy that was published once, with the hosts that it does not list, for a domain that does not mean
/// to leave MTA-STS.
#[must_use]
pub fn keep(domain: &DnsName, policy: &Policy, uncovered: &[&DnsName], now: UnixTime) -> String {
    let body = Body::of(policy).and_hosts(uncovered);
    let mut text = if body.is_longer() {
        format!("{IF_YOURS}\n")
    } else {
        String::new()
    };
    text.push_str(&body.remarks());
    text.push_str("To keep MTA-STS, serve this again");
    push_serve(&mut text, domain, &body, now);
    text.push_str(
        "\n\nSenders that hold the old policy look the id up and fetch this one at once.",
    );
    text
}

/// A first policy for the live MX hosts; `None` if no policy can list them.
#[must_use]
pub fn begin(domain: &DnsName, hosts: &[&DnsName], now: UnixTime) -> Option<String> {
    let body = Body::new(Mode::Testing, MaxAge::from_secs(FIRST_MAX_AGE_SECS)?).and_hosts(hosts);
    body.text()?;
    let mut text = format!(
        "{IF_YOURS}\n{}A policy for the live MX hosts, in mode testing until nothing fails any more; serve this",
        body.remarks()
    );
    push_serve(&mut text, domain, &body, now);
    Some(text)
}

/// The same policy, to the letter of the grammar.
#[must_use]
pub fn rewrite(domain: &DnsName, policy: &Policy, now: UnixTime) -> String {
    let mut text = "First serve this, as text/plain,".to_owned();
    push_serve(&mut text, domain, &Body::of(policy), now);
    text
}

/// How to leave MTA-STS without stranding senders that hold the old policy (RFC 8461, Section 8.3).
#[must_use]
pub fn opt_out(domain: &DnsName, now: UnixTime) -> String {
    let mut text =
        "To leave MTA-STS instead, until every cached copy has ended, serve this".to_owned();
    let max_age = MaxAge::from_secs(LAST_MAX_AGE_SECS).unwrap_or(MaxAge::MAX);
    push_serve(&mut text, domain, &Body::new(Mode::None, max_age), now);
    text
}

/// How to see that every edge serves the same.
#[must_use]
pub fn edges(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>, now: UnixTime) -> String {
    let mut text =
        "Publish the same policy at every address, purge what a CDN holds, then compare:\n\n"
            .to_owned();
    push_fetches(&mut text, domain, addresses);
    text.push_str(
        "\nOnce all agree, change the id: a sender may hold the old body under the present one.\n\n",
    );
    text.push_str(&record(domain, now));
    text
}

/// What to do about edges that serve nothing, where the others agree.
#[must_use]
pub fn failing_edges(domain: &DnsName, addresses: impl Iterator<Item = IpAddr>) -> String {
    let mut text = format!(
        "Let these addresses serve the policy that the others serve, or take them out of the A and AAAA \
         records of mta-sts.{domain}: not every sender tries another address.\n\n"
    );
    push_fetches(&mut text, domain, addresses);
    text
}

fn push_fetches(text: &mut String, domain: &DnsName, addresses: impl Iterator<Item = IpAddr>) {
    for address in addresses {
        let literal = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        text.push_str(&format!(
            "curl -sS --resolve 'mta-sts.{domain}:443:{literal}' https://mta-sts.{domain}/.well-known/mta-sts.txt\n"
        ));
    }
}

/// Says where to serve a body, the body itself, and what comes after it.
fn push_serve(text: &mut String, domain: &DnsName, body: &Body, now: UnixTime) {
    text.push_str(&format!(
        " as https://mta-sts.{domain}/.well-known/mta-sts.txt, on every address of the policy host:\n\n{}\n\
         Then, when every address serves it, and not before, change the record:\n\n{}",
        body.text().unwrap_or_default(),
        record(domain, now)
    ));
}

/// An id that nobody has seen before: the time, to the second.
fn new_id(now: UnixTime) -> String {
    now.to_timestamp().strftime("%Y%m%dT%H%M%S").to_string()
}
