//! Sentences in which moments, failures and lists are still values.
//!
//! What is said for people is put together once, and shown in several ways: a terminal writes a moment in the
//! reader's time zone, a failure that stands above already without its particulars, a long list cut short.
//! What a stranger said is among the words, and stays as it was said.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::UnixTime;

/// One sentence, without a full stop. `Display` writes it whole, moments in UTC.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq)]
#[schemars(with = "String", inline)]
pub struct Sentence {
    spans: Vec<Span>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Span {
    /// What failed, and in parentheses how it is known.
    Failure(Failure),
    /// Names and the like, of which a reader may be shown the first.
    List(Vec<Box<str>>),
    /// A moment.
    Moment(UnixTime),
    /// Words.
    Words(String),
}

/// A failure in a sentence: `no reply in time (192.0.2.53, twice)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What failed.
    pub what: Sentence,
    /// How it is known, or what else it may mean: the cause chain, the peer, the rule. May be empty.
    pub particulars: Box<str>,
}

/// What can be said in a sentence.
pub trait Say {
    /// Adds it to a sentence.
    fn say(&self, sentence: &mut Sentence);

    /// Returns a sentence of it alone.
    fn sentence(&self) -> Sentence {
        let mut sentence = Sentence::default();
        self.say(&mut sentence);
        sentence
    }
}

impl Sentence {
    /// Adds words.
    pub fn words(&mut self, words: impl fmt::Display) -> &mut Self {
        let words = words.to_string();
        match self.spans.last_mut() {
            Some(Span::Words(before)) => before.push_str(&words),
            Some(Span::Failure(_) | Span::List(_) | Span::Moment(_)) | None => {
                if !words.is_empty() {
                    self.spans.push(Span::Words(words));
                }
            }
        }
        self
    }

    /// Adds a moment.
    pub fn moment(&mut self, moment: UnixTime) -> &mut Self {
        self.spans.push(Span::Moment(moment));
        self
    }

    /// Adds a list.
    pub fn list(&mut self, items: impl IntoIterator<Item = impl fmt::Display>) -> &mut Self {
        let items = items
            .into_iter()
            .map(|item| item.to_string().into())
            .collect();
        self.spans.push(Span::List(items));
        self
    }

    /// Adds a failure; `particulars` may be empty.
    pub fn failure(&mut self, what: impl fmt::Display, particulars: &str) -> &mut Self {
        self.spans.push(Span::Failure(Failure {
            what: what.to_string().into(),
            particulars: particulars.into(),
        }));
        self
    }

    /// Adds a sentence that is one failure as a whole: the particulars at its end are its own.
    pub fn whole_failure(&mut self, mut whole: Self) -> &mut Self {
        match whole.spans.pop() {
            Some(Span::Failure(Failure { what, particulars })) => {
                whole.add(&what);
                self.spans.push(Span::Failure(Failure {
                    what: whole,
                    particulars,
                }));
            }
            Some(last @ (Span::List(_) | Span::Moment(_) | Span::Words(_))) => {
                whole.spans.push(last);
                self.add(&whole);
            }
            None => {}
        }
        self
    }

    /// Adds what says itself.
    pub fn add(&mut self, said: &(impl Say + ?Sized)) -> &mut Self {
        said.say(self);
        self
    }

    /// Adds several things, `between` any two of them.
    pub fn join<'s, T: Say + 's>(
        &mut self,
        between: &str,
        said: impl IntoIterator<Item = &'s T>,
    ) -> &mut Self {
        for (place, said) in said.into_iter().enumerate() {
            if place > 0 {
                self.words(between);
            }
            said.say(self);
        }
        self
    }

    /// Returns the pieces, in order.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Returns the failures in it, in order.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.spans.iter().filter_map(|span| match span {
            Span::Failure(failure) => Some(failure),
            Span::List(_) | Span::Moment(_) | Span::Words(_) => None,
        })
    }
}

impl Say for Sentence {
    fn say(&self, sentence: &mut Sentence) {
        for span in &self.spans {
            match span {
                Span::Words(words) => {
                    sentence.words(words);
                }
                Span::Failure(_) | Span::List(_) | Span::Moment(_) => {
                    sentence.spans.push(span.clone());
                }
            }
        }
    }
}

impl<T: Into<String>> From<T> for Sentence {
    fn from(words: T) -> Self {
        let mut sentence = Self::default();
        sentence.words(words.into());
        sentence
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans.iter().try_for_each(|span| match span {
            Span::Failure(Failure { what, particulars }) if particulars.is_empty() => what.fmt(f),
            Span::Failure(Failure { what, particulars }) => write!(f, "{what} ({particulars})"),
            Span::List(items) => f.write_str(&items.join(", ")),
            Span::Moment(moment) => moment.fmt(f),
            Span::Words(words) => f.write_str(words),
        })
    }
}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Say, Sentence, UnixTime};

    #[test]
    fn a_sentence_is_written_whole_and_keeps_its_values() {
        let mut sentence = Sentence::default();
        sentence
            .words("TXT a.test: ")
            .failure("no reply in time", "192.0.2.53")
            .failure("; SERVFAIL", "")
            .words(" since ")
            .moment(UnixTime::from_secs(0))
            .words(" at ")
            .list(["a", "b"]);
        let text = "TXT a.test: no reply in time (192.0.2.53); SERVFAIL since 1970-01-01T00:00:00Z at a, b";
        assert_eq!(sentence.to_string(), text);
        assert_eq!(sentence.failures().count(), 2);
        assert_eq!(sentence.spans().len(), 7);
        assert_eq!(sentence.sentence(), sentence);
        assert_eq!(Sentence::from(""), Sentence::default());
    }

    #[test]
    fn a_whole_failure_takes_the_particulars_of_its_end() {
        let mut end = Sentence::from("the lookup: ");
        end.failure("no reply", "192.0.2.53");
        let mut plain = Sentence::from("since ");
        plain.moment(UnixTime::from_secs(0));
        let mut sentence = Sentence::default();
        sentence
            .whole_failure(end.clone())
            .whole_failure(Sentence::default())
            .join("; ", [&plain, &plain])
            .whole_failure(plain.clone());
        let since = "since 1970-01-01T00:00:00Z";
        assert_eq!(
            sentence.to_string(),
            format!("{end}{since}; {since}{since}")
        );
        let [failure] = sentence.failures().collect::<Vec<_>>()[..] else {
            panic!("{sentence:?}");
        };
        assert_eq!(failure.what.to_string(), "the lookup: no reply");
        assert_eq!(&*failure.particulars, "192.0.2.53");
    }
}
