//! The transport to an MX host in a few words.

use crate::diagnose::document::{AddressReport, MxVerdict};
use crate::facts::tls::version_in_words;
use crate::report::page::Page;
use crate::report::words;

/// Returns `TLS 1.3, certificate until …`, after what is wrong: the word, unless that is that nothing is.
pub(super) fn in_short(page: &Page<'_>, word: String, addresses: &[AddressReport]) -> String {
    let mut facts = Vec::new();
    if word != words::mx_verdict(MxVerdict::Accepted) {
        facts.push(word);
    }
    let mut versions: Vec<&str> = addresses
        .iter()
        .filter_map(|address| address.tls_version.as_deref())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    facts.extend(versions.into_iter().map(version_in_words));
    let certificates = || {
        let certificates = addresses.iter();
        certificates.filter_map(|address| address.certificate.as_ref())
    };
    // Of one with faults the findings tell.
    if certificates().all(|certificate| certificate.faults.is_empty())
        && let Some(end) = certificates().filter_map(|one| one.not_after).min()
    {
        facts.push(format!("certificate until {}", page.context.moment(end)));
    }
    facts.join(", ")
}
