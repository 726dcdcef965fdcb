//! Answers that were made before: what a policy comes to for Postfix is written out once, not once a question.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use super::postfix::{self, Candidates, Question, Settings};
use super::socketmap::{Flavour, Reply};
use crate::sts::cache::CachedPolicy;
use crate::tlsrpt::result_type::ResultType;

/// How many answers are remembered: most mail goes to few domains. Any other answer is made anew.
const PLACES: usize = 1_024;

/// How long an answer may be that is remembered, in octets: a stranger's policy says how long it is.
const MOST_OCTETS: usize = 4_096;

/// Answers that were made under the same settings.
#[derive(Debug)]
pub(super) struct Made(Box<[ArcSwapOption<Answer>]>);

/// An answer, and all that it follows from.
#[derive(Debug)]
struct Answer {
    /// Of one policy domain, for each holds an object of its own. No other one can take the place of this one in
    /// memory, and it is not kept from being freed.
    cached: Weak<CachedPolicy>,
    flavour: Flavour,
    candidates: Candidates,
    failure: Option<ResultType>,
    reply: Reply,
}

impl Made {
    /// Answers a question about the policy that is held for its domain.
    pub(super) fn answer(
        &self,
        cached: &Arc<CachedPolicy>,
        question: &Question<'_>,
        settings: &Settings,
    ) -> Reply {
        let place = self.place(cached);
        let known = place.and_then(|place| place.load().as_ref()?.to(cached, question));
        if let Some(reply) = known {
            return reply;
        }
        let reply = postfix::answer(question, settings);
        if let Some(place) = place
            && reply.payload().len() <= MOST_OCTETS
        {
            place.store(Some(Arc::new(Answer {
                cached: Arc::downgrade(cached),
                flavour: question.flavour,
                candidates: question.candidates.clone(),
                failure: question.failure,
                reply: reply.clone(),
            })));
        }
        reply
    }

    /// Returns where an answer about this policy stands, if it does anywhere.
    fn place(&self, cached: &Arc<CachedPolicy>) -> Option<&ArcSwapOption<Answer>> {
        // Objects stand at least 16 octets apart.
        let number = Arc::as_ptr(cached).addr().wrapping_shr(4);
        self.0.get(number.checked_rem(self.0.len())?)
    }
}

impl Default for Made {
    fn default() -> Self {
        Self((0..PLACES).map(|_| ArcSwapOption::empty()).collect())
    }
}

impl Answer {
    /// Returns the reply, if it is the one to this question.
    fn to(&self, cached: &Arc<CachedPolicy>, question: &Question<'_>) -> Option<Reply> {
        let is_it = std::ptr::eq(self.cached.as_ptr(), Arc::as_ptr(cached))
            && self.flavour == question.flavour
            && self.failure == question.failure
            && self.candidates == *question.candidates;
        is_it.then(|| self.reply.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Made;
    use crate::facts::{DnsName, UnixTime};
    use crate::sidecar::postfix::{self, Candidates, MainLevel, Question, Settings};
    use crate::sidecar::socketmap::{Flavour, Reply};
    use crate::sts::cache::{CachedPolicy, StoredPolicy};
    use crate::sts::reading::Reading;
    use crate::tlsrpt::result_type::ResultType;

    const SETTINGS: Settings = Settings {
        main_level: MainLevel::May,
        salt: None,
    };

    fn cached(mode: &str, mx: &str) -> Arc<CachedPolicy> {
        let body = format!("version: STSv1\nmode: {mode}\n{mx}max_age: 86400\n");
        let stored = StoredPolicy {
            id: "1".parse().unwrap(),
            body: body.into_bytes().into(),
            fetched_at: UnixTime::from_secs(1),
        };
        Arc::new(stored.read(Reading::Letter).unwrap())
    }

    #[test]
    fn what_was_answered_before_is_what_would_be_answered_now() {
        let made = Made::default();
        let domain: DnsName = "a.test".parse().unwrap();
        let hosts = |host: &str| Candidates::Mx(vec![host.parse().unwrap()]);
        let candidates = [
            Candidates::Unknown,
            Candidates::ItSelf,
            hosts("a.w.test"),
            hosts("b.w.test"),
        ];
        let policies = [
            cached("enforce", "mx: mx.a.test\nmx: *.w.test\n"),
            cached("enforce", "mx: mx2.a.test\n"),
            cached("testing", "mx: mx.a.test\n"),
        ];
        let failures = [
            None,
            Some(ResultType::StsPolicyInvalid),
            Some(ResultType::StsWebpkiInvalid),
        ];
        for cached in &policies {
            for flavour in [Flavour::Postfix, Flavour::Postfix310] {
                for candidates in &candidates {
                    for failure in failures {
                        let question = Question {
                            domain: &domain,
                            flavour,
                            policy: Some(&cached.policy),
                            candidates,
                            failure,
                        };
                        let expected = postfix::answer(&question, &SETTINGS);
                        for _ in 0..2 {
                            let answer = made.answer(cached, &question, &SETTINGS);
                            assert_eq!(answer, expected, "{question:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_answer_is_made_once_unless_it_is_long() {
        let made = Made::default();
        let long: String = (0..500)
            .map(|number| format!("mx: m{number}.test\n"))
            .collect();
        for (mx, is_remembered) in [("mx: mx.a.test\n", true), (long.as_str(), false)] {
            let cached = cached("enforce", mx);
            let question = Question {
                domain: &"a.test".parse().unwrap(),
                flavour: Flavour::Postfix,
                policy: Some(&cached.policy),
                candidates: &Candidates::Unknown,
                failure: None,
            };
            let [first, second] = [(); 2].map(|()| made.answer(&cached, &question, &SETTINGS));
            let (Reply::Found(first), Reply::Found(second)) = (first, second) else {
                panic!("there is an answer");
            };
            assert_eq!(first, second);
            let is_same = std::ptr::eq(first.as_str(), second.as_str());
            assert_eq!(is_same, is_remembered, "{} octets", first.as_str().len());
        }
    }
}
