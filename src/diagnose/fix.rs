//! What to do, ready to paste.
//!
//! A fix adds and never takes away a host that somebody may still need; it says the order: the body, on
//! every edge, and only then the id. Senders that see the new id before the new body keep the old body under
//! the new id ([RFC 8461, Section 8.1]).
//!
//! [RFC 8461, Section 8.1]: https://www.rfc-editor.org/rfc/rfc8461#section-8.1

use std::net::IpAddr;

use crate::facts::{DnsName, UnixTime};
use crate::sts::fetch::FetchError;
use crate::sts::policy::{Mode, Policy};

/// What a suggested record's TTL is, in seconds: long enough for resolvers, short enough for a cutover.
const RECORD_TTL_SECS: u32 = 3_600;

/// The TXT record with a new id.
#[must_use]
pub fn record(domain: &DnsName, now: UnixTime) -> String {
    format!(
        "_mta-sts.{domain}. {RECORD_TTL_SECS} IN TXT \"v=STSv1; id={};\"",
        new_id(now)
    )
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
    let mut text = format!(
        "Only if these hosts are yours: an unlisted MX is also what an attack looks like.\n\
         First serve this as https://mta-sts.{domain}/.well-known/mta-sts.txt, on every address of the \
         policy host:\n\n"
    );
    push_policy(&mut text, policy, uncovered);
    push_then_record(&mut text, domain, now);
    text
}

/// The same policy, to the letter of the grammar.
#[must_use]
pub fn rewrite(domain: &DnsName, policy: &Policy, now: UnixTime) -> String {
    let mut text = format!(
        "First serve this, as text/plain, as https://mta-sts.{domain}/.well-known/mta-sts.txt, on every \
         address of the policy host:\n\n"
    );
    push_policy(&mut text, policy, &[]);
    push_then_record(&mut text, domain, now);
    text
}

/// How to leave MTA-STS without stranding senders that hold the old policy (RFC 8461, Section 8.3).
#[must_use]
pub fn opt_out(domain: &DnsName, now: UnixTime) -> String {
    let mut text = format!(
        "To leave MTA-STS, serve this as https://mta-sts.{domain}/.well-known/mta-sts.txt until every cached \
         copy has ended; to keep it, serve the policy again:\n\n\
         version: STSv1\nmode: none\nmax_age: 86400\n"
    );
    push_then_record(&mut text, domain, now);
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
            "curl -sS --resolve mta-sts.{domain}:443:{literal} https://mta-sts.{domain}/.well-known/mta-sts.txt\n"
        ));
    }
}

/// What to do about a fetch that failed.
#[must_use]
pub fn fetch(domain: &DnsName, error: &FetchError) -> String {
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    match error {
        FetchError::Status {
            location: Some(_), ..
        } => format!(
            "Serve the policy itself at {url} with status 200: senders never follow a redirect."
        ),
        FetchError::Status { .. } => {
            format!("Serve the policy at {url} with status 200.")
        }
        FetchError::MediaType { .. } => {
            format!("Serve {url} with `Content-Type: text/plain`.")
        }
        FetchError::HostLookup(_)
        | FetchError::HostNotFound { .. }
        | FetchError::NoAddress { .. } => {
            format!(
                "Give mta-sts.{domain} an A or AAAA record, or a CNAME to the policy host:\n\ndig mta-sts.{domain}"
            )
        }
        FetchError::TooLarge { .. } => {
            format!("Serve nothing but the policy at {url}: a handful of lines.")
        }
        FetchError::Certificate(_)
        | FetchError::Connection(_)
        | FetchError::Host(_)
        | FetchError::Interrupted { .. }
        | FetchError::Policy(_)
        | FetchError::TimedOut => format!("curl -sv {url}"),
    }
}

fn push_policy(text: &mut String, policy: &Policy, more: &[&DnsName]) {
    text.push_str(&format!("version: STSv1\nmode: {}\n", policy.mode()));
    if policy.mode() != Mode::None {
        for pattern in policy.patterns() {
            text.push_str(&format!("mx: {pattern}\n"));
        }
        for host in more {
            text.push_str(&format!("mx: {host}\n"));
        }
    }
    text.push_str(&format!("max_age: {}\n", policy.max_age().as_secs()));
}

fn push_then_record(text: &mut String, domain: &DnsName, now: UnixTime) {
    text.push_str("\nThen, when every address serves it, and not before, change the record:\n\n");
    text.push_str(&record(domain, now));
}

/// An id that nobody has seen before: the time, to the second.
fn new_id(now: UnixTime) -> String {
    now.to_timestamp().strftime("%Y%m%dT%H%M%S").to_string()
}
