//! Findings about the TXT record at `_smtp._tls` (RFC 8460).

use super::aliases;
use super::codes;
use super::found::{Findings, listed};
use crate::diagnose::case::Case;
use crate::diagnose::command::ZoneRecord;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::Fix;
use crate::tlsrpt::record::{ReportUri, Selection};

/// The schemes of the addresses to which reports go (RFC 8460, Section 3).
const REPORTED_TO: [&str; 2] = ["https", "mailto"];

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    if case.judged.survey.tlsrpt.is_none() {
        return;
    }
    let publish = || {
        Fix::publishing(ZoneRecord::TlsRpt {
            domain: domain.clone(),
        })
    };
    let record = || Some(publish());
    match &case.judged.tlsrpt {
        Selection::Record(published) => {
            let is_known = |uri: &&ReportUri| {
                REPORTED_TO
                    .iter()
                    .any(|to| uri.scheme().eq_ignore_ascii_case(to))
            };
            let others: Vec<&str> = published
                .uris()
                .iter()
                .filter(|uri| !is_known(uri))
                .map(ReportUri::as_str)
                .collect();
            if !others.is_empty() {
                found.add(
                    &codes::TLSRPT_SCHEME,
                    Severity::Warning,
                    format!(
                        "{}: senders report by mailto: and https: alone",
                        listed(&others, 4)
                    ),
                    record(),
                );
            }
        }
        Selection::Unusable(error) => found.add(
            &codes::TLSRPT_INVALID,
            Severity::Warning,
            format!(
                "TXT _smtp._tls.{domain}: {error}{}",
                case.judged
                    .aliases
                    .tlsrpt
                    .as_ref()
                    .map_or_else(String::new, |alias| format!("; {alias}"))
            ),
            record(),
        ),
        Selection::NoRecord
            if aliases::find_gone(case.judged.aliases.tlsrpt.as_ref(), publish(), found) => {}
        // Without MTA-STS there is little to report; with it, a report is the only sign of trouble.
        Selection::NoRecord if case.judged.live_id().is_some() => found.add(
            &codes::TLSRPT_MISSING,
            Severity::Note,
            "nobody is told when senders cannot deliver; the receiver's own log shows nothing",
            record(),
        ),
        Selection::NoRecord => {}
    }
}
