//! A certificate that was presented, by a policy host or an MX host.

use crate::diagnose::document::CertificateReport;
use crate::report::page::{Page, Place};
use crate::report::{Context, Tone, escape};

/// Returns a certificate in one sentence: names, issuer, end.
pub(super) fn describe(context: &Context, certificate: &CertificateReport) -> String {
    let (Some(issuer), Some(not_before), Some(not_after)) = (
        &certificate.issuer,
        certificate.not_before,
        certificate.not_after,
    ) else {
        return "a certificate that cannot be read".to_owned();
    };
    let names = if certificate.subject_alt_names.is_empty() {
        "no DNS name".to_owned()
    } else {
        escape::list(&certificate.subject_alt_names, context.names_limit())
    };
    let begin = if not_before > context.now {
        format!("from {}, ", context.moment(not_before))
    } else {
        String::new()
    };
    format!(
        "certificate for {names}; issuer {}; {begin}until {}",
        escape::cut(issuer, MAX_CHARS),
        context.moment(not_after)
    )
}

/// Writes each fault of a certificate.
pub(super) fn faults(page: &mut Page<'_>, place: Place, certificate: &CertificateReport) {
    for fault in &certificate.faults {
        let fault = escape::cut(&page.context.say(fault), MAX_CHARS);
        page.item(place, Tone::Bad, "fault:", fault);
    }
}

/// How much of one text from the network is shown.
const MAX_CHARS: usize = 256;
