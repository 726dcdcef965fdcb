//! What is reported while a run waits.

use crate::diagnose::wait::{Missing, Wait};
use crate::facts::{DnsName, Sentence};
use crate::report::{Context, time};

/// How many places a line names.
const NAMED: usize = 4;

/// Returns what is still missing of a domain, or that nothing is: `corp.test: waiting for 1: mta-sts.corp.test
/// (192.0.2.11) serves another policy`.
#[must_use]
pub fn waiting(domain: &DnsName, wait: &Wait, context: &Context) -> String {
    let missing = wait.missing();
    if missing.is_empty() {
        return format!(
            "{domain}: what is intended is everywhere, seen after {}",
            time::span(wait.elapsed())
        );
    }
    let (named, more) = missing.split_at(missing.len().min(NAMED));
    let mut sentence = Sentence::from(format!("{domain}: waiting for {}: ", missing.len()));
    sentence.join("; ", named);
    if !more.is_empty() {
        sentence.words(format_args!("; and {} more", more.len()));
    }
    context.say(&sentence)
}

/// Returns the same in a few words, to stand beside a spinner: `; corp.test waits for 192.0.2.11, ns2.corp.test`.
#[must_use]
pub fn waiting_in_short(domain: &DnsName, wait: &Wait) -> String {
    let place = |missing: &Missing| match missing.address {
        Some(address) => address.to_string(),
        None => missing.host.to_string(),
    };
    let places: Vec<String> = wait.missing().iter().map(place).collect();
    if places.is_empty() {
        return format!("; {domain} is there");
    }
    format!("; {domain} waits for {}", places.join(", "))
}
