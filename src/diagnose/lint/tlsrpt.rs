//! The TXT records of `_smtp._tls` in hand.

use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::findings::codes;
use crate::diagnose::findings::record::what_stands_there;
use crate::diagnose::findings::tlsrpt::Published;
use crate::facts::Sentence;
use crate::facts::dns::TxtRecord;
use crate::tlsrpt::record::{self, Record, Selection};

/// The TXT records of one name in hand, and what senders of reports make of them.
#[derive(Clone, Debug)]
pub struct TlsRptInHand {
    texts: Vec<TxtRecord>,
    selection: Selection,
}

impl TlsRptInHand {
    /// Reads them.
    #[must_use]
    pub fn read(texts: Vec<TxtRecord>) -> Self {
        Self {
            selection: record::select(&texts),
            texts,
        }
    }

    /// Returns the record that senders of reports find.
    ///
    /// # Errors
    ///
    /// Why they find none.
    pub fn record(&self) -> Result<&Record, Sentence> {
        match &self.selection {
            Selection::Record(record) => Ok(record),
            Selection::Unusable(error) => Err(error.to_string().into()),
            Selection::NoRecord => Err(match what_stands_there(&self.texts()) {
                Some(what) => format!("no record speaks of TLS reports, this is {what}").into(),
                None => "no record speaks of TLS reports".into(),
            }),
        }
    }

    /// Finds what there is to know of them.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let texts = self.texts();
        let published = Published {
            texts: &texts,
            selection: &self.selection,
            domain: None,
            alias: None,
        };
        let mut findings = published.findings(Severity::Error);
        if let (Selection::NoRecord, Err(error)) = (&self.selection, self.record()) {
            findings.push(Finding::new(
                &codes::TLSRPT_INVALID,
                Severity::Error,
                error,
                Some(
                    "publish one record at _smtp._tls.<domain>, as in: v=TLSRPTv1; rua=mailto:reports@example.com"
                        .into(),
                ),
            ));
        }
        findings
    }

    fn texts(&self) -> Vec<&TxtRecord> {
        self.texts.iter().collect()
    }
}
