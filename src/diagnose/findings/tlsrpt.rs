//! Findings about the TXT record at `_smtp._tls` (RFC 8460): `lint` and `check` have the same.

use super::aliases;
use super::codes;
use super::found::{Findings, listed};
use super::record::what_stands_there;
use crate::diagnose::alias::AliasedName;
use crate::diagnose::case::Case;
use crate::diagnose::command::ZoneRecord;
use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::fix::{self, Fix};
use crate::facts::dns::TxtRecord;
use crate::facts::{DnsName, Sentence};
use crate::sts::excerpt::excerpt;
use crate::tlsrpt::record::{self, Record, ReportUri, SelectError, Selection, mend};

/// The schemes of the addresses to which reports go (RFC 8460, Section 3).
const REPORTED_TO: [&str; 2] = ["https", "mailto"];

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    let domain = case.judged.domain;
    let Some(answer) = &case.judged.survey.tlsrpt else {
        return;
    };
    let texts: Vec<&TxtRecord> = answer.texts().collect();
    let published = Published {
        texts: &texts,
        selection: &case.judged.tlsrpt,
        domain: Some(domain),
        alias: case.judged.aliases.tlsrpt.as_ref(),
    };
    found.extend(published.findings(Severity::Warning));
    find_unreachable(case, found);
    let example = ReportUri::mailbox("tls-reports", domain).map_or_else(Fix::default, |uri| {
        Fix::from("With an address that somebody reads:").publish(ZoneRecord::TlsRpt {
            domain: domain.clone(),
            record: Record::to(uri, []),
        })
    });
    if case.judged.tlsrpt != Selection::NoRecord
        || aliases::find_gone(published.alias, example.clone(), found)
    {
        return;
    }
    // Without MTA-STS there is little to report; with it, a report is the only sign of trouble.
    if case.judged.live_id().is_some() {
        let instead = what_stands_there(&texts).map_or_else(String::new, |what| {
            format!("; what stands at _smtp._tls.{domain} is {what}")
        });
        found.add(
            &codes::TLSRPT_MISSING,
            Severity::Note,
            format!(
                "nobody is told when senders cannot deliver; the receiver's own log shows nothing{instead}"
            ),
            Some(example),
        );
    }
}

/// Addresses that no report can reach.
fn find_unreachable(case: &Case<'_>, found: &mut Findings) {
    let faults: Vec<Sentence> = case
        .judged
        .survey
        .report_hosts
        .iter()
        .filter_map(|host| {
            let mut sentence = Sentence::from(format!("{}: ", host.uri));
            sentence.add(&host.fault()?);
            Some(sentence)
        })
        .collect();
    if faults.is_empty() {
        return;
    }
    let mut detail = Sentence::default();
    detail.join("; ", &faults);
    found.add(
        &codes::TLSRPT_UNREACHABLE,
        Severity::Warning,
        detail,
        Some(
            "Mend the domain or the server that is named, or put an address that takes reports in its place; \
             the other addresses of the record stay as they are."
                .into(),
        ),
    );
}

/// The TXT records of one name, and what they come to.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The records.
    pub texts: &'a [&'a TxtRecord],
    /// What they come to.
    pub selection: &'a Selection,
    /// The policy domain; `None` if it is not known.
    pub domain: Option<&'a DnsName>,
    /// The alias that led to them, if one did.
    pub alias: Option<&'a AliasedName>,
}

impl Published<'_> {
    /// Finds what is wrong with them; `severity` is that of records that cannot be used.
    #[must_use]
    pub fn findings(&self, severity: Severity) -> Vec<Finding> {
        match self.selection {
            Selection::NoRecord => Vec::new(),
            Selection::Record(record) => {
                let mut findings: Vec<Finding> = self.schemes(record).into_iter().collect();
                findings.extend(self.tolerated(record));
                findings.extend(self.seconds());
                findings
            }
            Selection::Unusable(error) => {
                let place = self
                    .domain
                    .map_or_else(String::new, |domain| format!("TXT _smtp._tls.{domain}: "));
                let advice = match error {
                    SelectError::Several { .. } => self.one_of_several(),
                    SelectError::Invalid(_) => self.mended(),
                };
                let alias = self
                    .alias
                    .map_or_else(String::new, |alias| format!("; {alias}"));
                vec![Finding::new(
                    &codes::TLSRPT_INVALID,
                    severity,
                    format!("{place}{error}{alias}"),
                    Some(advice),
                )]
            }
        }
    }

    /// A single record that the grammar takes, and a filter does not.
    fn tolerated(&self, record: &Record) -> Option<Finding> {
        let is_filtered = self
            .texts
            .iter()
            .all(|text| record::is_filtered_by_some(text));
        is_filtered.then(|| {
            Finding::new(
                &codes::TLSRPT_TOLERATED,
                Severity::Warning,
                "there is white space before the first `;`, and senders of reports that ask for `v=TLSRPTv1;` at \
                 the beginning find no record",
                Some(self.publish(record.clone())),
            )
        })
    }

    /// Records beside the one that counts which somebody meant to be the record.
    fn seconds(&self) -> impl Iterator<Item = Finding> {
        record::discarded(self.texts).map(|(text, why)| {
            Finding::new(
                &codes::TLSRPT_SECOND,
                Severity::Warning,
                format!(
                    "`{}` is ignored beside the record: {why}",
                    excerpt(&text.joined())
                ),
                Some(
                    "Delete it; an address in it that is read belongs into the record that counts."
                        .into(),
                ),
            )
        })
    }

    fn schemes(&self, record: &Record) -> Option<Finding> {
        let is_known = |uri: &&ReportUri| {
            REPORTED_TO
                .iter()
                .any(|to| uri.scheme().eq_ignore_ascii_case(to))
        };
        let (known, others): (Vec<&ReportUri>, Vec<&ReportUri>) =
            record.uris().iter().partition(is_known);
        if others.is_empty() {
            return None;
        }
        let mut known = known.into_iter().cloned();
        let advice = match known.next() {
            Some(first) => Fix::from("Take what nobody reports by out of the record:")
                .and(self.publish(Record::to(first, known))),
            None => {
                "Put an address that begins with `mailto:` or `https:` in its place: nobody reports now.".into()
            }
        };
        Some(Finding::new(
            &codes::TLSRPT_SCHEME,
            Severity::Warning,
            format!(
                "{}: senders report by mailto: and https: alone",
                listed(&others, 4)
            ),
            Some(advice),
        ))
    }

    /// Two records are one too many, and nobody but their owner knows which addresses are read.
    fn one_of_several(&self) -> Fix {
        let meant: Vec<Vec<u8>> = self
            .texts
            .iter()
            .filter(|text| record::is_meant(text))
            .map(|text| text.joined())
            .collect();
        let mut uris = meant
            .iter()
            .filter_map(|octets| mend(octets))
            .flat_map(|record| record.uris().to_vec());
        let merged = uris.next().map(|first| Record::to(first, uris));
        let fix = fix::quoted("Leave one of these records, and delete the others:", &meant);
        match merged {
            Some(record) => fix
                .line("If all of their addresses are read, the one may have them all:")
                .and(self.publish(record)),
            None => fix,
        }
    }

    /// The same addresses, as they must be written; none is invented.
    fn mended(&self) -> Fix {
        let meant = self.texts.iter().find(|text| record::is_meant(text));
        match meant.and_then(|text| mend(&text.joined())) {
            Some(record) => {
                Fix::from("Publish the same addresses, written so that senders can read them:")
                    .and(self.publish(record))
            }
            None => {
                "Write into it an address that somebody reads, as in `v=TLSRPTv1; rua=mailto:reports@example.com`."
                    .into()
            }
        }
    }

    fn publish(&self, record: Record) -> Fix {
        match self.domain {
            Some(domain) => Fix::publishing(ZoneRecord::TlsRpt {
                domain: domain.clone(),
                record,
            }),
            None => format!("publish: {record}").into(),
        }
    }
}
