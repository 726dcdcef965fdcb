//! What a play through mail servers told.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::tls::version_in_words;
use crate::replay::Replayed;
use crate::replay::written::secs;
use crate::sender::Verdict;
use crate::story::Expectation;
use crate::world::Request;

/// What came of a story that was played through mail servers.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct FarReplayed {
    /// What each span of time was divided by.
    pub factor: u32,
    /// What the story's own senders told: in the lab, or, where there is none for them, on the model.
    pub story: Replayed,
    /// The mail servers under test.
    pub senders: Vec<Box<str>>,
    /// What became of each message of theirs, in the order of the story.
    pub cells: Vec<Cell>,
    /// What of the story could not be told, and why.
    pub left_out: Vec<LeftOut>,
    /// Requests that the story does not announce: mail servers ask what their makers want them to.
    pub unannounced: Vec<String>,
}

impl FarReplayed {
    /// Returns whether all that was expected came.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.story.outcome.is_failure() && self.cells.iter().all(|cell| cell.faults.is_empty())
    }
}

/// Something that could not be told.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct LeftOut {
    /// The line of the expectation.
    pub line: usize,
    /// How long after the start of the play.
    #[serde(rename = "after_secs", serialize_with = "secs")]
    #[schemars(with = "u64")]
    pub after: Duration,
    /// Why.
    pub why: Box<str>,
}

/// What became of one message at one step.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Cell {
    /// The line of the step.
    pub line: usize,
    /// How long after the start of the story, as it is told.
    #[serde(rename = "after_secs", serialize_with = "secs")]
    #[schemars(with = "u64")]
    pub after: Duration,
    /// What happens at the step; may be empty.
    pub title: Box<str>,
    /// The mail server.
    pub sender: Box<str>,
    /// The recipient.
    pub to: Box<str>,
    /// Whether the message had waited in the queue.
    pub queued: bool,
    /// What became of it.
    pub fate: Fate,
    /// What must become of it; null where the story does not say.
    pub expected: Option<Verdict>,
    /// How often the queue was run for it.
    pub queue_runs: u32,
    /// What is wrong with that.
    pub faults: Vec<String>,
}

/// What became of a message.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It arrived.
    Arrived {
        /// The MX host that took it.
        via: Box<str>,
        /// The version of TLS; null is clear text.
        tls: Option<Box<str>>,
        /// Whether the sender found the certificate good; null where that is not seen.
        protected: Option<bool>,
        /// How often it arrived.
        times: usize,
    },
    /// It waits, or nothing is known of it but that it has not arrived.
    Deferred {
        /// What the sender's log says, or what was seen of it.
        reply: Box<str>,
    },
    /// It went back.
    Bounced {
        /// What the sender's log says, or what came back.
        reply: Box<str>,
    },
    /// The sender says nothing of it.
    Unheard,
}

impl Fate {
    /// Returns the verdicts that it may stand for; none of a message that nobody has heard of.
    #[must_use]
    pub const fn verdicts(&self) -> &'static [Verdict] {
        match self {
            Self::Arrived {
                protected: Some(true),
                ..
            } => &[Verdict::Deliver],
            Self::Arrived {
                protected: None,
                tls: Some(_),
                ..
            } => &[Verdict::Deliver, Verdict::DeliverUnprotected],
            Self::Arrived { .. } => &[Verdict::DeliverUnprotected],
            Self::Deferred { .. } => &[Verdict::Defer],
            Self::Bounced { .. } => &[Verdict::Bounce],
            Self::Unheard => &[],
        }
    }

    /// Returns what is wrong with it, whatever the story says: mail arrives once.
    #[must_use]
    pub(super) fn faults(&self, expected: Option<&Expectation>) -> Vec<String> {
        let mut faults = Vec::new();
        if let Self::Arrived { times, .. } = self
            && *times != 1
        {
            faults.push(format!("it arrived {times} times"));
        }
        if *self == Self::Unheard {
            faults.push("nothing was heard of it".to_owned());
        }
        let Some(expected) = expected else {
            return faults;
        };
        let found = self.verdicts();
        if let Some(verdict) = expected.verdict
            && !found.is_empty()
            && !found.contains(&verdict)
        {
            let found: Vec<&str> = found.iter().map(|found| found.as_str()).collect();
            let found = found.join(" or ");
            faults.push(format!("verdict {verdict} was expected, it is {found}"));
        }
        if let Self::Arrived { via, .. } = self
            && !expected.via.is_empty()
            && !expected.via.iter().any(|host| host.as_str() == &**via)
        {
            let hosts: Vec<&str> = expected.via.iter().map(|host| host.as_str()).collect();
            faults.push(format!(
                "delivery via {} was expected, it is via {via}",
                hosts.join(" or ")
            ));
        }
        faults
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrived {
                via,
                tls,
                protected,
                ..
            } => {
                let how = match protected {
                    Some(true) => "delivered",
                    Some(false) => "unprotected",
                    None => "arrived",
                };
                let tls = tls
                    .as_deref()
                    .map_or_else(|| "clear text".to_owned(), version_in_words);
                write!(f, "{how} {via} {tls}")
            }
            Self::Deferred { reply } => write!(f, "DEFERRED {reply}"),
            Self::Bounced { reply } => write!(f, "BOUNCED {reply}"),
            Self::Unheard => f.write_str("nothing heard"),
        }
    }
}

/// Tells the requests that a story does not announce, each once.
pub(super) fn besides(unannounced: &[Request]) -> Vec<String> {
    let mut told: Vec<String> = unannounced.iter().map(briefly).collect();
    told.sort();
    told.dedup();
    told
}

fn briefly(request: &Request) -> String {
    match request {
        Request::Question {
            name, record_type, ..
        } => format!("{record_type} {name}"),
        Request::Get { host, path, .. } => format!("GET https://{host}{path}"),
        Request::HttpsConnect { address } | Request::HttpsHandshake { address, .. } => {
            format!("a connection to port 443 of {address}")
        }
        Request::SmtpConnect { address, .. }
        | Request::SmtpHandshake { address, .. }
        | Request::SmtpReceived { address, .. } => format!("a connection to port 25 of {address}"),
        Request::StrayConnect => "a connection to nobody's address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Fate;
    use crate::sender::Verdict;
    use crate::story::Expectation;

    #[test]
    fn mail_arrives_once_where_it_is_to_and_as_it_is_to() {
        let seen = |via: &str, tls: Option<&str>, protected, times| Fate::Arrived {
            via: via.into(),
            tls: tls.map(Into::into),
            protected,
            times,
        };
        let arrived =
            |via: &str, protected, times| seen(via, Some("TLSv1.3"), Some(protected), times);
        let deferred = || Fate::Deferred {
            reply: "4.7.5 not verified".into(),
        };
        let mut deliver = Expectation::about("corp.test".parse().unwrap());
        deliver.verdict = Some(Verdict::Deliver);
        deliver.via = vec!["mx.new.test".parse().unwrap()];
        let mut defer = Expectation::about("corp.test".parse().unwrap());
        defer.verdict = Some(Verdict::Defer);
        for (fate, expected, faults) in [
            (arrived("mx.new.test", true, 1), Some(&deliver), &[][..]),
            (
                arrived("mx.new.test", false, 1),
                Some(&deliver),
                &["verdict deliver was expected, it is deliver-unprotected"],
            ),
            (
                arrived("mx.old.test", true, 1),
                Some(&deliver),
                &["delivery via mx.new.test was expected, it is via mx.old.test"],
            ),
            (
                arrived("mx.new.test", true, 2),
                None,
                &["it arrived 2 times"],
            ),
            (
                arrived("mx.new.test", true, 0),
                None,
                &["it arrived 0 times"],
            ),
            (
                arrived("mx.new.test", true, 1),
                Some(&defer),
                &["verdict defer was expected, it is deliver"],
            ),
            // What is not seen of it may have been.
            (
                seen("mx.new.test", Some("TLSv1.3"), None, 1),
                Some(&deliver),
                &[],
            ),
            (
                seen("mx.new.test", None, None, 1),
                Some(&deliver),
                &["verdict deliver was expected, it is deliver-unprotected"],
            ),
            (
                seen("mx.new.test", Some("TLSv1.3"), None, 1),
                Some(&defer),
                &["verdict defer was expected, it is deliver or deliver-unprotected"],
            ),
            (deferred(), Some(&defer), &[]),
            (
                deferred(),
                Some(&deliver),
                &["verdict deliver was expected, it is defer"],
            ),
            (
                Fate::Bounced { reply: "".into() },
                Some(&defer),
                &["verdict defer was expected, it is bounce"],
            ),
            (Fate::Unheard, Some(&defer), &["nothing was heard of it"]),
        ] {
            assert_eq!(fate.faults(expected), faults, "{fate:?}");
        }
    }
}
