//! Controls that misread the record.

use super::fetch::parents;
use super::{Control, Mutant};
use crate::facts::dns::{DnsAnswer, DnsOutcome, Question, Record, TxtRecord};
use crate::sender::Network;

/// The only version.
const VERSION: &str = "v=STSv1";

impl<N: Network> Mutant<N> {
    /// Asks for a record, and lies about the answer.
    pub(super) async fn record(&self, question: &Question) -> DnsAnswer {
        let answer = self.inner.lookup(question).await;
        match self.control {
            Control::NeverLooksAgain => {
                let mut memory = self.memory();
                let first = memory.answers.entry(question.clone()).or_insert(answer);
                first.clone()
            }
            Control::OrdersIds => {
                let mut memory = self.memory();
                let seen = memory
                    .answers
                    .entry(question.clone())
                    .or_insert_with(|| answer.clone());
                // `id=…` is the last field here, so texts sort as ids do.
                if texts(&answer) > texts(seen) {
                    *seen = answer;
                }
                seen.clone()
            }
            Control::IgnoresAliases if !answer.aliases.is_empty() => nothing(answer),
            Control::AsksTheParent if answer.records().is_empty() => {
                match parents(&question.name) {
                    Some(name) => {
                        let question = Question::new(name, question.record_type);
                        self.inner.lookup(&question).await
                    }
                    None => answer,
                }
            }
            Control::JoinsWithSpaces => retold(answer, |records| {
                let spaced = |record: &TxtRecord| {
                    let strings = record.strings.iter();
                    let strings = strings.map(|string| String::from_utf8_lossy(string));
                    strings.collect::<Vec<_>>().join(" ")
                };
                records.iter().map(spaced).collect()
            }),
            control => retold(answer, |records| {
                let texts = records.iter().map(text).collect();
                misread(control, texts)
            }),
        }
    }
}

/// Returns what a control makes of the texts at `_mta-sts`.
fn misread(control: Control, mut texts: Vec<String>) -> Vec<String> {
    let usable = |text: &String| text.starts_with("v=STSv1;");
    match control {
        Control::VersionAnywhere => {
            for text in &mut texts {
                let fields = fields(text);
                if fields.contains(&VERSION) && !text.starts_with(VERSION) {
                    let rest = fields.iter().filter(|field| **field != VERSION);
                    *text = format!(
                        "{VERSION}; {};",
                        rest.copied().collect::<Vec<_>>().join("; ")
                    );
                }
            }
        }
        Control::VersionInAnyCase => {
            for text in &mut texts {
                let version = text.get(..VERSION.len()).unwrap_or_default();
                if version.eq_ignore_ascii_case(VERSION) {
                    text.replace_range(..VERSION.len(), VERSION);
                }
            }
        }
        Control::VersionPrefix => {
            for text in &mut texts {
                if let Some(rest) = text.strip_prefix(VERSION)
                    && let Some((_, rest)) = rest.split_once(';')
                {
                    *text = format!("{VERSION};{rest}");
                }
            }
        }
        Control::IdSecondOnly => {
            texts.retain(|text| {
                fields(text)
                    .get(1)
                    .is_none_or(|field| field.starts_with("id="))
            });
        }
        Control::InventsIds => {
            for text in texts.iter_mut().filter(|text| usable(text)) {
                let id = fields(text)
                    .into_iter()
                    .find_map(|field| field.strip_prefix("id="));
                if id.is_none_or(|id| id.is_empty() || id.len() > 32) {
                    *text = "v=STSv1; id=invented;".to_owned();
                }
            }
        }
        Control::WantsOneRecord if texts.len() > 1 => texts.clear(),
        Control::TakesTheFirstRecord => {
            texts.retain(usable);
            texts.truncate(1);
        }
        Control::RefusesUnknownFields => {
            let is_known = |field: &&str| field.starts_with("v=") || field.starts_with("id=");
            texts.retain(|text| fields(text).iter().all(is_known));
        }
        Control::FetchesWithoutRecord if !texts.iter().any(usable) => {
            texts = vec!["v=STSv1; id=assumed;".to_owned()];
        }
        // What is then fetched says that there is no policy.
        Control::ForgetsWithoutRecord if texts.iter().filter(|text| usable(text)).count() != 1 => {
            texts = vec!["v=STSv1; id=gone;".to_owned()];
        }
        _other_facts => {}
    }
    texts
}

fn fields(text: &str) -> Vec<&str> {
    let fields = text.split(';').map(str::trim);
    fields.filter(|field| !field.is_empty()).collect()
}

fn text(record: &TxtRecord) -> String {
    String::from_utf8_lossy(&record.joined()).into_owned()
}

fn texts(answer: &DnsAnswer) -> Vec<String> {
    answer.texts().map(text).collect()
}

fn nothing(answer: DnsAnswer) -> DnsAnswer {
    DnsAnswer {
        outcome: DnsOutcome::NoData { ttl: answer.ttl() },
        ..answer
    }
}

/// Changes the texts of an answer; one whose texts stay as they are stays as it is.
fn retold(answer: DnsAnswer, tell: impl Fn(&[TxtRecord]) -> Vec<String>) -> DnsAnswer {
    if matches!(answer.outcome, DnsOutcome::Failed(_)) {
        return answer;
    }
    let records: Vec<TxtRecord> = answer.texts().cloned().collect();
    let told = tell(&records);
    if told == records.iter().map(text).collect::<Vec<_>>() {
        return answer;
    }
    if told.is_empty() {
        return nothing(answer);
    }
    let ttl = answer.ttl().unwrap_or_default();
    let record = |text: &String| Record::Txt(TxtRecord::from_text(text.as_bytes()));
    DnsAnswer {
        outcome: DnsOutcome::Records {
            records: told.iter().map(record).collect(),
            ttl,
        },
        ..answer
    }
}
