//! A story in real time: the same steps in a fraction of the time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use super::whole::Story;
use crate::facts::UnixTime;
use crate::fakes::{Answer, Internet, Name, Page, View};
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::reading::Reading;

/// How much faster than written a story is played, and from when on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// What each span of time is divided by.
    pub factor: NonZeroU32,
    /// When it starts.
    pub start: UnixTime,
}

impl Story {
    /// Returns the story at another pace: the times of its steps, the TTLs of its DNS and the `max_age` of its
    /// policies are divided, and no span becomes shorter than a second. Senders keep their own times (the daily
    /// refresh, back-off, queue life), and certificates live as long as they do.
    #[must_use]
    pub fn at_pace(&self, pace: Pace) -> Self {
        let mut story = self.clone();
        story.start = pace.start;
        let mut earliest = Duration::ZERO;
        for moment in &mut story.moments {
            let after = if moment.after.is_zero() {
                Duration::ZERO
            } else {
                pace.span(moment.after)
            };
            moment.after = after.max(earliest);
            moment.at = pace.start.saturating_add(moment.after);
            earliest = moment.after + Duration::from_secs(1);
            pace.change(&mut moment.state, self.start);
        }
        story
    }

    /// Returns the story with policies that live longer by so much: as they do for a sender that fetches them later.
    #[must_use]
    pub fn with_longer_policies(&self, by: Duration) -> Self {
        let mut story = self.clone();
        for moment in &mut story.moments {
            let mut internet = Internet::clone(&moment.state.internet);
            change_bodies(&mut internet, &|max_age| max_age.saturating_add(by));
            moment.state.internet = Arc::new(internet);
        }
        story
    }
}

impl Pace {
    /// Divides a span, rounded up to whole seconds; none stays none.
    fn span(self, span: Duration) -> Duration {
        let factor = u64::from(self.factor.get());
        Duration::from_secs(span.as_secs().div_ceil(factor))
    }

    fn change(self, state: &mut State, told_start: UnixTime) {
        let mut internet = Internet::clone(&state.internet);
        for view in [&mut internet.dns]
            .into_iter()
            .chain(internet.views.values_mut())
        {
            self.change_view(view);
        }
        change_bodies(&mut internet, &|max_age| self.span(max_age));
        let identities = internet
            .https
            .values_mut()
            .map(|edge| &mut edge.identity)
            .chain(
                internet
                    .smtp
                    .values_mut()
                    .map(|server| &mut server.identity),
            );
        for identity in identities {
            let certificates = identity.by_name.values_mut().flatten();
            for certificate in certificates.chain(&mut identity.default) {
                if let Some(life) = &mut certificate.life {
                    let moved = |time: UnixTime| {
                        let after = time.saturating_duration_since(told_start);
                        let before = told_start.saturating_duration_since(time);
                        self.start.saturating_add(after).saturating_sub(before)
                    };
                    life.not_before = moved(life.not_before);
                    life.not_after = moved(life.not_after);
                }
            }
        }
        state.internet = Arc::new(internet);
        for sender in &mut state.senders {
            for (_domain, cached) in &mut sender.cached {
                if let Some(faster) = self.cached(cached, told_start) {
                    *cached = faster;
                }
            }
        }
    }

    fn change_view(self, view: &mut View) {
        for Name {
            answers,
            negative_ttl,
            ..
        } in view.names.values_mut()
        {
            for Answer { ttl, .. } in answers.values_mut() {
                *ttl = self.span(*ttl);
            }
            *negative_ttl = negative_ttl.map(|ttl| self.span(ttl));
        }
    }

    /// Returns a cached policy that is as old, and lives as long, at this pace.
    fn cached(self, cached: &CachedPolicy, told_start: UnixTime) -> Option<CachedPolicy> {
        let age = self.span(told_start.saturating_duration_since(cached.fetched_at));
        StoredPolicy {
            id: cached.id.clone(),
            body: changed(&cached.body, &|max_age| self.span(max_age)).into(),
            fetched_at: self.start.saturating_sub(age),
        }
        .read(Reading::Tolerant)
        .ok()
    }
}

/// What becomes of a `max_age`.
type Change<'a> = &'a dyn Fn(Duration) -> Duration;

fn change_bodies(internet: &mut Internet, change: Change<'_>) {
    let pages = internet
        .https
        .values_mut()
        .flat_map(|edge| edge.pages.values_mut());
    for page in pages {
        match page {
            Page::Response(response) => response.body = changed(&response.body, change).into(),
            Page::Raw(octets) => *octets = changed(octets, change),
        }
    }
}

/// Returns a policy body with another `max_age`; whatever else is in it stays, octet by octet.
fn changed(body: &[u8], change: Change<'_>) -> Vec<u8> {
    let mut changed = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        match with_max_age(line, change) {
            Some(line) => changed.extend_from_slice(line.as_bytes()),
            None => changed.extend_from_slice(line),
        }
    }
    changed
}

fn with_max_age(line: &[u8], change: Change<'_>) -> Option<String> {
    let line = str::from_utf8(line).ok()?;
    let (field, value) = line.split_once(':')?;
    let digits = value.trim();
    let secs: u64 = digits.parse().ok()?;
    (field.trim() == "max_age").then(|| {
        let secs = change(Duration::from_secs(secs)).as_secs();
        let value = value.replacen(digits, &secs.to_string(), 1);
        format!("{field}:{value}")
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::{Pace, Reading, StoredPolicy, UnixTime, changed};
    use crate::fakes::{Page, RecordKind, Response};
    use crate::sender::Verdict;
    use crate::story::Story;

    const DAY: Duration = Duration::from_secs(86_400);

    fn pace(factor: u32) -> Pace {
        Pace {
            factor: NonZeroU32::new(factor).unwrap(),
            start: "2026-11-26T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn steps_ttls_and_max_age_are_divided_and_nothing_else() {
        let policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.old.test\r\nmax_age: 604800\r\n";
        let start = "2026-03-02T08:00:00Z".parse().unwrap();
        let told = Story::builder("cutover", start)
            .sender("strict", "strict")
            .step(Duration::ZERO, "all is well", |world| {
                let domain = world.domain("corp.test").txt(&["v=STSv1; id=1;"]);
                domain.policy(policy).mx(&[(10, "mx.old.test")]);
                world.server("mx.old.test");
            })
            .expect("corp.test", Verdict::Deliver)
            .step(DAY * 2, "the MX moves", |world| {
                world.domain("corp.test").mx(&[(10, "mx.new.test")]);
                world.server("mx.new.test");
            })
            .step(
                DAY * 2 + Duration::from_secs(600),
                "soon after",
                |_world| {},
            )
            .build()
            .unwrap();
        let faster = told.at_pace(pace(3600));
        let times: Vec<(String, u64)> = faster
            .moments
            .iter()
            .map(|moment| (moment.at.to_string(), moment.after.as_secs()))
            .collect();
        assert_eq!(
            times,
            [
                ("2026-11-26T10:00:00Z".to_owned(), 0),
                ("2026-11-26T10:00:48Z".to_owned(), 48),
                ("2026-11-26T10:00:49Z".to_owned(), 49),
            ]
        );
        let internet = &faster.moments[0].state.internet;
        let txt = &internet.dns.names["_mta-sts.corp.test"].answers[&RecordKind::Txt];
        assert_eq!(txt.ttl, Duration::from_secs(1));
        let edge = internet.https.values().next().unwrap();
        assert_eq!(
            edge.pages["mta-sts.corp.test"],
            Page::Response(Response::ok(policy.replace("604800", "168")))
        );
        assert_eq!(told.moments.len(), faster.moments.len());
        assert_eq!(told.moments[0].expect, faster.moments[0].expect);
        let longer = faster.with_longer_policies(Duration::from_secs(10));
        let edge = longer.moments[0].state.internet.https.values().next();
        assert_eq!(
            edge.unwrap().pages["mta-sts.corp.test"],
            Page::Response(Response::ok(policy.replace("604800", "178")))
        );
    }

    #[test]
    fn a_cached_policy_is_as_old_and_lives_as_long_at_this_pace() {
        let start: UnixTime = "2026-03-02T08:00:00Z".parse().unwrap();
        let mut told = Story::builder("cached", start)
            .sender("strict", "strict")
            .step(Duration::ZERO, "nothing", |world| {
                world.domain("corp.test").txt(&["v=STSv1; id=1;"]);
            })
            .expect("corp.test", Verdict::Defer)
            .build()
            .unwrap();
        let body = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";
        let held = StoredPolicy {
            id: "1".parse().unwrap(),
            body: body.as_bytes().into(),
            fetched_at: start.saturating_sub(DAY),
        };
        let sender = told.moments[0].state.senders.first_mut().unwrap();
        sender.cached.push((
            "corp.test".parse().unwrap(),
            held.read(Reading::Letter).unwrap(),
        ));
        let faster = told.at_pace(pace(3600));
        let (domain, cached) = &faster.moments[0].state.senders[0].cached[0];
        assert_eq!(domain.as_str(), "corp.test");
        assert_eq!(cached.id.as_str(), "1");
        assert_eq!(
            cached.fetched_at,
            faster.start.saturating_sub(Duration::from_secs(24))
        );
        assert_eq!(*cached.body, *body.replace("604800", "168").as_bytes());
    }

    #[test]
    fn a_body_stays_as_it_is_but_for_its_max_age() {
        for (body, expected) in [
            (&b"max_age: 86400"[..], &b"max_age: 24"[..]),
            (
                b"mode: enforce\nmax_age:604800\n",
                b"mode: enforce\nmax_age:168\n",
            ),
            (b"max_age: 1\n", b"max_age: 1\n"),
            (b"max_age: 0\n", b"max_age: 0\n"),
            (
                b"max_age: soon\nx\xff: 86400\n",
                b"max_age: soon\nx\xff: 86400\n",
            ),
            (
                b"max_age 86400\nMax_age: 86400\n",
                b"max_age 86400\nMax_age: 86400\n",
            ),
        ] {
            let found = changed(body, &|max_age| pace(3600).span(max_age));
            assert_eq!(found, expected, "{}", body.escape_ascii());
        }
    }
}
