//! What is seen of a mail server from outside: mail goes in, and arrives at a server or comes back to its author.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::outcome::Fate;
use super::player::UnderTest;
use crate::facts::DnsName;
use crate::facts::smtp::Message;
use crate::fakes::{
    Answer, DEFAULT_TTL, DnsFault, Internet, Name, Rcode, Receiver, RecordData, RecordKind,
};
use crate::replay::outside::{Outside, QueueRun, is_about_a_delay};
use crate::story::Story;
use crate::story::reserved::addresses;
use crate::world::{Request, World};

/// The domain of the messages' authors, to which those come back that are given up.
const AUTHORS: &str = "author.stickler.test";

/// The MX host of that domain.
const AUTHORS_MX: &str = "mx.author.stickler.test";

/// How often is looked what has reached the servers.
const LOOK: Duration = Duration::from_millis(100);

/// How many times the quiet may be waited for, where something reaches a server all the time.
const MAX_QUIETS: u32 = 24;

/// A mail server, and what reached the servers.
#[derive(Debug)]
pub(super) struct Watched<'p> {
    world: &'p World,
    mail_server: &'p Outside,
    quiet: Duration,
    seen: Vec<Request>,
}

impl<'p> Watched<'p> {
    pub(super) const fn new(world: &'p World, mail_server: &'p Outside, quiet: Duration) -> Self {
        Self {
            world,
            mail_server,
            quiet,
            seen: Vec::new(),
        }
    }

    /// Notes what reached the servers, and returns whether anything did.
    pub(super) fn look(&mut self) -> bool {
        let seen = self.world.drain_history();
        let is_new = !seen.is_empty();
        self.seen.extend(seen);
        is_new
    }

    /// Returns what has become of a message; `None` while it has neither arrived nor come back.
    pub(super) fn fate(&self, to: &str) -> Option<Fate> {
        let author = author_of(to);
        let (mut arrived, mut returned) = (Vec::new(), None);
        for request in &self.seen {
            let Request::SmtpReceived {
                server,
                tls,
                rcpt_to,
                data,
                ..
            } = request
            else {
                continue;
            };
            let is_for = |who: &str| rcpt_to.iter().any(|rcpt| rcpt.eq_ignore_ascii_case(who));
            if is_for(to) {
                arrived.push((server, tls));
            } else if is_for(&author) && !is_about_a_delay(data) {
                returned.get_or_insert_with(|| diagnosis(data));
            }
        }
        if let Some((via, tls)) = arrived.last() {
            return Some(Fate::Arrived {
                via: via.as_str().into(),
                tls: tls.as_deref().map(Into::into),
                protected: None,
                times: arrived.len(),
            });
        }
        returned.map(|reply| Fate::Bounced { reply })
    }

    /// Waits until nothing reaches the servers any more.
    pub(super) async fn rest(&mut self) {
        self.settle(None, Duration::ZERO).await;
    }

    /// Waits until a message has arrived or come back, and returns its fate; or, after `least`, until nothing reaches
    /// the servers any more.
    async fn settle(&mut self, to: Option<&str>, least: Duration) -> Option<Fate> {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began = Instant::now();
        let mut quiet_since = began;
        loop {
            ticks.tick().await;
            if self.look() {
                quiet_since = Instant::now();
            }
            if let Some(fate) = to.and_then(|to| self.fate(to)) {
                return Some(fate);
            }
            let is_quiet = quiet_since.elapsed() >= self.quiet
                || began.elapsed() >= self.quiet.saturating_mul(MAX_QUIETS);
            if is_quiet && began.elapsed() >= least {
                return None;
            }
        }
    }
}

impl UnderTest for Watched<'_> {
    async fn send(&mut self, to: &str) -> io::Result<Fate> {
        let from = author_of(to);
        let content = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: a message of a scenario\r\n\r\nHello.\r\n"
        );
        let message = Message {
            mail_from: Some(from.into()),
            rcpt_to: to.into(),
            content: content.into_bytes().into(),
        };
        let taken = self.mail_server.inject(message).await;
        taken.map_err(io::Error::other)?;
        let fate = self.settle(Some(to), Duration::ZERO).await;
        Ok(fate.unwrap_or_else(waits))
    }

    async fn run_queue(&mut self, to: &str) -> io::Result<Fate> {
        let least = match self.mail_server.queue_run {
            QueueRun::Command(_) => {
                let run = self.mail_server.run_queue().await;
                run.map_err(io::Error::other)?;
                Duration::ZERO
            }
            QueueRun::Within(span) => span,
        };
        let fate = self.settle(Some(to), least).await;
        Ok(fate.unwrap_or_else(waits))
    }
}

/// The fate of a message of which nothing was seen.
fn waits() -> Fate {
    Fate::Deferred {
        reply: "it has reached no server, and has not come back".into(),
    }
}

/// Returns the author of a message, who has no other.
fn author_of(to: &str) -> String {
    format!("{}@{AUTHORS}", to.replace('@', "."))
}

/// Returns what a message that reports of another says of it.
fn diagnosis(report: &[u8]) -> Box<str> {
    let report = String::from_utf8_lossy(report);
    let mut lines = report.lines();
    lines
        .find_map(|line| line.strip_prefix("Diagnostic-Code:"))
        .map_or("it came back to its author", str::trim)
        .into()
}

/// Adds the authors' domain to every step of a story, at an address that the story does not use.
pub(super) fn with_authors(story: &mut Story) {
    let used: BTreeSet<IpAddr> = story
        .moments
        .iter()
        .flat_map(|moment| addresses_of(&moment.state.internet))
        .collect();
    let Some(address) = addresses().find(|address| !used.contains(address)) else {
        return;
    };
    let host: DnsName = AUTHORS_MX.parse().expect("it is a name");
    let one = |kind, data| Name::new([(kind, Answer::new([data], DEFAULT_TTL))]);
    let absent = Name::faulty(DnsFault::Rcode(Rcode::Nxdomain));
    for moment in &mut story.moments {
        let internet = Arc::make_mut(&mut moment.state.internet);
        internet.dns.names.extend([
            (
                AUTHORS.to_owned(),
                one(RecordKind::Mx, RecordData::mx(10, AUTHORS_MX)),
            ),
            (
                AUTHORS_MX.to_owned(),
                one(RecordKind::A, RecordData::of_address(address)),
            ),
            (format!("_mta-sts.{AUTHORS}"), absent.clone()),
            (format!("_25._tcp.{AUTHORS_MX}"), absent.clone()),
        ]);
        internet.smtp.insert(address, Receiver::new(host.clone()));
    }
}

/// Returns the addresses at which something stands, or that a name has.
fn addresses_of(internet: &Internet) -> impl Iterator<Item = IpAddr> {
    let views = [&internet.dns].into_iter().chain(internet.views.values());
    let records = views
        .flat_map(|view| view.names.values())
        .flat_map(|name| name.answers.values())
        .flat_map(|answer| &answer.records);
    records
        .filter_map(RecordData::address)
        .chain(internet.https.keys().copied())
        .chain(internet.smtp.keys().copied())
        .chain(internet.name_servers.keys().copied())
}

#[cfg(test)]
mod tests {
    use super::diagnosis;

    #[test]
    fn a_report_says_why_mail_came_back() {
        for (report, expected) in [
            (
                "Action: failed\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n",
                "smtp; 550 5.1.1 no such user",
            ),
            ("sorry\r\n", "it came back to its author"),
        ] {
            assert_eq!(&*diagnosis(report.as_bytes()), expected, "{report}");
        }
    }
}
