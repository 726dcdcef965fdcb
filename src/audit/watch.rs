//! What the fake Internet saw of a sender: all that an audit judges by.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{AUTHORS, Token};
use super::site::domain_of;
use crate::facts::UnixTime;
use crate::fakes::Internet;
use crate::replay::outside::is_about_a_delay;
use crate::world::Request;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    arrivals: BTreeMap<Token, Vec<Arrival>>,
    given_up: BTreeSet<Token>,
    fetches: BTreeMap<Box<str>, Vec<UnixTime>>,
}

/// A message that an MX host took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Arrival {
    /// The host.
    pub(super) server: Box<str>,
    /// The version of TLS; `None` in clear text.
    pub(super) tls: Option<Box<str>>,
}

impl Watch {
    /// Notes what reached the servers.
    pub(super) fn note(&mut self, now: UnixTime, requests: Vec<Request>, internet: &Internet) {
        for request in requests {
            match request {
                Request::SmtpReceived {
                    server,
                    tls,
                    rcpt_to,
                    data,
                    ..
                } => {
                    let Some(token) = Token::find(&data) else {
                        continue;
                    };
                    let authors = domain_of(AUTHORS);
                    let is_return = rcpt_to.iter().any(|to| {
                        to.rsplit_once('@')
                            .is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(&authors))
                    });
                    if !is_return {
                        self.arrivals.entry(token).or_default().push(Arrival {
                            server: server.into(),
                            tls: tls.map(Into::into),
                        });
                    } else if !is_about_a_delay(&data) {
                        self.given_up.insert(token);
                    }
                }
                // Whatever comes of a connection, it is one try at the policy.
                Request::HttpsConnect { address } => {
                    let edge = internet.https.get(&address);
                    let hosts = edge.into_iter().flat_map(|edge| edge.pages.keys());
                    let hosts: Vec<&String> = hosts.collect();
                    // Of an edge with several hosts, the handshake tells which is meant.
                    if let [host] = &hosts[..] {
                        self.fetched(host, now);
                    }
                }
                Request::HttpsHandshake { address, sni } => {
                    let edge = internet.https.get(&address);
                    if let (Some(edge), Some(sni)) = (edge, sni)
                        && edge.pages.len() > 1
                    {
                        self.fetched(&sni, now);
                    }
                }
                Request::Get { .. }
                | Request::Question { .. }
                | Request::SmtpConnect { .. }
                | Request::SmtpHandshake { .. }
                | Request::StrayConnect => {}
            }
        }
    }

    /// Returns where a message arrived.
    pub(super) fn arrivals(&self, token: &Token) -> &[Arrival] {
        self.arrivals.get(token).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a message came back to its author.
    pub(super) fn is_given_up(&self, token: &Token) -> bool {
        self.given_up.contains(token)
    }

    /// Returns when a host was asked for a policy.
    pub(super) fn fetches(&self, host: &str) -> &[UnixTime] {
        self.fetches.get(host).map_or(&[], Vec::as_slice)
    }

    fn fetched(&mut self, host: &str, now: UnixTime) {
        self.fetches.entry(host.into()).or_default().push(now);
    }
}
