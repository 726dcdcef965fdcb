//! The TXT records of one name in hand.

use crate::diagnose::document::{Finding, Severity};
use crate::diagnose::findings::codes;
use crate::diagnose::findings::record::{Fault, judge, seconds, what_stands_there};
use crate::facts::dns::TxtRecord;
use crate::facts::{Say, Sentence};
use crate::sts::reading::{ByReading, Reading};
use crate::sts::record::{self, Record, Selection};

/// The TXT records of one name in hand, and what senders of each reading make of them.
#[derive(Clone, Debug)]
pub struct RecordsInHand {
    texts: Vec<TxtRecord>,
    read: ByReading<Selection>,
}

impl RecordsInHand {
    /// Reads them in both ways.
    #[must_use]
    pub fn read(texts: Vec<TxtRecord>) -> Self {
        Self {
            read: ByReading::of(|reading| record::select(&texts, reading)),
            texts,
        }
    }

    /// Returns the record that senders of a reading find.
    ///
    /// # Errors
    ///
    /// Why they find none.
    pub fn record(&self, reading: Reading) -> Result<&Record, Sentence> {
        match self.read.get(reading) {
            Selection::Record(record) => Ok(record),
            Selection::Unusable(error) => Err(error.sentence()),
            Selection::NoRecord => Err(match what_stands_there(&self.texts()) {
                Some(what) => format!("no record speaks of MTA-STS, this is {what}").into(),
                None => "no record speaks of MTA-STS".into(),
            }),
        }
    }

    fn texts(&self) -> Vec<&TxtRecord> {
        self.texts.iter().collect()
    }

    /// Finds what there is to know of them.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let letter = self.record(Reading::Letter);
        let mut findings = Vec::new();
        match (judge(&self.texts(), &self.read), letter) {
            (Some(Fault::Tolerated(detail)), _) => {
                let usable = Reading::BOTH
                    .into_iter()
                    .find_map(|reading| self.record(reading).ok());
                findings.push(Finding::new(
                    &codes::RECORD_TOLERATED,
                    Severity::Warning,
                    detail,
                    usable.map(|usable| format!("publish: v=STSv1; id={};", usable.id()).into()),
                ));
            }
            (Some(Fault::Unusable(_)) | None, Err(mut detail)) => {
                detail.words("; what a sender has cached stays in force");
                findings.push(Finding::new(
                    &codes::RECORD_INVALID,
                    Severity::Error,
                    detail,
                    Some(
                        "publish exactly one record at _mta-sts.<domain>, as in: v=STSv1; id=20260301T080000;"
                            .into(),
                    ),
                ));
            }
            (Some(Fault::Unusable(_)) | None, Ok(_)) => {}
        }
        findings.extend(seconds(&self.texts(), &self.read, Severity::Warning));
        let extensions = self.record(Reading::Letter).ok().map(Record::extensions);
        for (name, value) in extensions.into_iter().flatten() {
            findings.push(Finding::new(
                &codes::RECORD_EXTENSION,
                Severity::Note,
                format!("`{name}={value}` is ignored"),
                None,
            ));
        }
        findings
    }
}
