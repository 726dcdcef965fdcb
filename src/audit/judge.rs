//! Whether what was seen is what is demanded.

use std::time::Duration;

use super::message::Token;
use super::requirement::{Demand, Over, Phase, Requirement};
use super::site::{domain_of, host_of};
use super::watch::{Arrival, Watch};
use crate::facts::tls::version_in_words;

/// How long a policy host is left alone after a failed fetch (§3.3).
const BACK_OFF: Duration = Duration::from_secs(300);

/// What was asked of the sender, and what was seen.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) watch: Watch,
    /// The messages that the sender did not take, and why.
    pub(super) refused: Vec<(Token, Box<str>)>,
}

impl Course {
    /// Returns why a message was not taken, if it was not.
    pub(super) fn refusal(&self, token: &Token) -> Option<&str> {
        let refused = self.refused.iter().find(|(refused, _)| refused == token);
        refused.map(|(_, why)| &**why)
    }
}

/// What came of one demand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It was met.
    Met,
    /// It was not: what was seen.
    Unmet(Box<str>),
    /// Nothing shows it: why.
    Unshown(Box<str>),
}

/// Returns the message that is judged in a phase.
pub(super) fn fresh(requirement: &Requirement, phase: Phase) -> Token {
    Token::new(format!("{} {phase}", requirement.id))
}

/// Judges what was seen of a requirement's domain at the end of a phase.
pub(super) fn judge(requirement: &Requirement, phase: Phase, course: &Course) -> Vec<Verdict> {
    let demands = requirement.demands.iter();
    demands
        .filter(|(when, _)| *when == phase)
        .map(|(_, demand)| judge_one(requirement, phase, *demand, course))
        .collect()
}

fn judge_one(requirement: &Requirement, phase: Phase, demand: Demand, course: &Course) -> Verdict {
    let domain = domain_of(requirement.name());
    let watch = &course.watch;
    let token = fresh(requirement, phase);
    let arrivals = watch.arrivals(&token);
    match demand {
        Demand::Arrives(label, over) => {
            if let Some(why) = course.refusal(&token) {
                return Verdict::Unshown(why.into());
            }
            if watch.is_given_up(&token) {
                return unmet(format!("{phase} mail came back to its author"));
            }
            arrives(arrivals, &host_of(&domain, label), over)
                .map_or(Verdict::Met, |what| unmet(format!("{phase} mail {what}")))
        }
        Demand::StaysAway | Demand::Waits => {
            if let Some(why) = course.refusal(&token) {
                return Verdict::Unshown(why.into());
            }
            if !arrivals.is_empty() {
                return unmet(format!("{phase} mail arrived {}", told(arrivals)));
            }
            if demand == Demand::Waits && watch.is_given_up(&token) {
                return unmet(format!("{phase} mail came back to its author"));
            }
            let policy_host = host_of(&domain, "mta-sts");
            if watch.fetches(&policy_host).is_empty() {
                return Verdict::Unshown(
                    format!(
                        "{phase} mail did not arrive, but nobody asked {policy_host} for a policy, so something else \
                         may have kept it"
                    )
                    .into(),
                );
            }
            Verdict::Met
        }
        Demand::WaitingArrives(label) => {
            let waiting = requirement
                .demands
                .iter()
                .filter(|(when, demand)| *when < phase && *demand == Demand::Waits)
                .map(|(when, _)| fresh(requirement, *when));
            for token in waiting {
                if watch.is_given_up(&token) {
                    return unmet("mail that waited came back to its author".to_owned());
                }
                let arrived = arrives(watch.arrivals(&token), &host_of(&domain, label), Over::Any);
                if let Some(what) = arrived {
                    return unmet(format!("{phase} mail that waited {what}"));
                }
            }
            Verdict::Met
        }
        Demand::NeverAsked(label) => {
            let host = host_of(&domain, label);
            match watch.fetches(&host).len() {
                0 => Verdict::Met,
                times => unmet(format!("{host} was asked for a policy {}", count(times))),
            }
        }
        Demand::AskedSparingly => {
            let host = host_of(&domain, "mta-sts");
            let times = watch.fetches(&host);
            if times.is_empty() {
                return Verdict::Unshown(format!("nobody asked {host} for a policy").into());
            }
            let too_soon = times.windows(2).find_map(|pair| match pair {
                [earlier, later] => {
                    let span = later.saturating_duration_since(*earlier);
                    (span < BACK_OFF).then_some(span)
                }
                _ => None,
            });
            too_soon.map_or(Verdict::Met, |span| {
                unmet(format!(
                    "{host} was asked again {} s after a failed fetch",
                    span.as_secs()
                ))
            })
        }
    }
}

/// Returns what is wrong with how a message arrived; `None` if nothing is.
fn arrives(arrivals: &[Arrival], host: &str, over: Over) -> Option<String> {
    let [arrival] = arrivals else {
        return Some(match arrivals {
            [] => "did not arrive".to_owned(),
            _ => format!("arrived {}: {}", count(arrivals.len()), told(arrivals)),
        });
    };
    let is_right = *arrival.server == *host && (over == Over::Any || arrival.tls.is_some());
    (!is_right).then(|| format!("arrived {}", told(arrivals)))
}

fn told(arrivals: &[Arrival]) -> String {
    let each = arrivals.iter().map(|arrival| match &arrival.tls {
        Some(version) => format!("at {} over {}", arrival.server, version_in_words(version)),
        None => format!("at {} in clear text", arrival.server),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn count(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

fn unmet(what: String) -> Verdict {
    Verdict::Unmet(what.into())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Course, Demand, Over, Phase, Verdict, fresh, judge};
    use crate::audit::message::{AUTHORS, message};
    use crate::audit::requirement::{Requirement, STEADY};
    use crate::audit::site::domain_of;
    use crate::facts::UnixTime;
    use crate::fakes::{Edge, Internet, Response};
    use crate::world::Request;

    const EDGE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn received(row: &Requirement, phase: Phase, server: &str, tls: Option<&str>) -> Request {
        let message = message(&fresh(row, phase), &row.next_hop());
        Request::SmtpReceived {
            server: server.into(),
            address: EDGE,
            tls: tls.map(Into::into),
            helo: "sender.test".into(),
            mail_from: String::new(),
            rcpt_to: vec![message.rcpt_to.into()],
            data: message.content.into(),
        }
    }

    fn returned(row: &Requirement, phase: Phase) -> Request {
        let message = message(&fresh(row, phase), &domain_of(AUTHORS));
        Request::SmtpReceived {
            server: format!("mx.{}", domain_of(AUTHORS)),
            address: EDGE,
            tls: None,
            helo: "sender.test".into(),
            mail_from: String::new(),
            rcpt_to: vec![message.rcpt_to.into()],
            data: message.content.into(),
        }
    }

    fn course(requests: &[(u64, Request)]) -> Course {
        let mut internet = Internet::default();
        let page = Response::ok("").into();
        let edge = Edge {
            pages: [("mta-sts.row.test".to_owned(), page)].into(),
            ..Edge::default()
        };
        internet.https.insert(EDGE, edge);
        let mut course = Course::default();
        for (secs, request) in requests {
            let now = UnixTime::from_secs(*secs);
            course.watch.note(now, vec![request.clone()], &internet);
        }
        course
    }

    #[test]
    fn what_was_seen_is_held_against_what_is_demanded() {
        const ARRIVES: Demand = Demand::Arrives("mx", Over::Any);
        const OVER_TLS: Demand = Demand::Arrives("mx", Over::Tls);
        let row = Requirement {
            id: "8461/0/row",
            ..STEADY
        };
        let fetch = Request::HttpsConnect { address: EDGE };
        let here = received(&row, Phase::First, "mx.row.test", None);
        let safe = received(&row, Phase::First, "mx.row.test", Some("TLSv1.3"));
        let there = received(&row, Phase::First, "mx.other.test", None);
        let back = returned(&row, Phase::First);
        for (seen, demand, expected) in [
            (vec![(0, here.clone())], ARRIVES, "met"),
            (vec![(0, safe.clone())], OVER_TLS, "met"),
            (
                vec![(0, here.clone())],
                OVER_TLS,
                "at first mail arrived at mx.row.test in clear text",
            ),
            (
                vec![(0, there)],
                ARRIVES,
                "at first mail arrived at mx.other.test in clear text",
            ),
            (
                vec![(0, here.clone()), (1, safe.clone())],
                ARRIVES,
                "at first mail arrived twice: at mx.row.test in clear text, at mx.row.test over TLS 1.3",
            ),
            (vec![], ARRIVES, "at first mail did not arrive"),
            (
                vec![(0, back.clone())],
                ARRIVES,
                "at first mail came back to its author",
            ),
            (vec![(0, fetch.clone())], Demand::Waits, "met"),
            (vec![(0, fetch.clone())], Demand::StaysAway, "met"),
            (
                vec![],
                Demand::StaysAway,
                "unshown: at first mail did not arrive, but nobody asked mta-sts.row.test for a policy, so something \
                 else may have kept it",
            ),
            (
                vec![(0, fetch.clone()), (1, safe)],
                Demand::StaysAway,
                "at first mail arrived at mx.row.test over TLS 1.3",
            ),
            (
                vec![(0, fetch.clone()), (1, back.clone())],
                Demand::Waits,
                "at first mail came back to its author",
            ),
            (
                vec![(0, fetch.clone()), (1, back)],
                Demand::StaysAway,
                "met",
            ),
            (vec![(0, here)], Demand::NeverAsked("mta-sts"), "met"),
            (
                vec![(0, fetch.clone())],
                Demand::NeverAsked("mta-sts"),
                "mta-sts.row.test was asked for a policy once",
            ),
            (
                vec![(0, fetch.clone()), (300, fetch.clone())],
                Demand::AskedSparingly,
                "met",
            ),
            (
                vec![(0, fetch.clone()), (299, fetch.clone())],
                Demand::AskedSparingly,
                "mta-sts.row.test was asked again 299 s after a failed fetch",
            ),
            (
                vec![],
                Demand::AskedSparingly,
                "unshown: nobody asked mta-sts.row.test for a policy",
            ),
        ] {
            let demands: &'static [(Phase, Demand)] = vec![(Phase::First, demand)].leak();
            let row = Requirement { demands, ..row };
            let told = match &judge(&row, Phase::First, &course(&seen))[..] {
                [Verdict::Met] => "met".to_owned(),
                [Verdict::Unmet(what)] => what.to_string(),
                [Verdict::Unshown(why)] => format!("unshown: {why}"),
                other => panic!("{other:?}"),
            };
            assert_eq!(told, expected, "{demand:?} {seen:?}");
        }
    }
}
