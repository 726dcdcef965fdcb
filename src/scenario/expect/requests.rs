//! The requests that an expectation names: what no server can receive, none can be expected or ruled out.

use super::resolver::Resolver;
use crate::fakes::{HttpsFault, ListenerFault, SmtpFault};
use crate::scenario::located::Located;
use crate::scenario::words::nearest;
use crate::story::{Asked, State};

/// Returns whether every connection that a request could make now ends before any server sees it.
fn is_unseen(asked: &Asked, state: &State) -> bool {
    let faults: Vec<Option<ListenerFault>> = match asked {
        Asked::Dns(_) => return false,
        Asked::Get { host, address } => (state.internet.https.iter())
            .filter(|(_, edge)| edge.pages.contains_key(host.as_str()))
            .filter(|(at, _)| address.is_none_or(|address| **at == address))
            .map(|(_, edge)| edge.fault.and_then(HttpsFault::listener))
            .collect(),
        Asked::Smtp { host, address } => (state.internet.smtp.iter())
            .filter(|(_, receiver)| receiver.host == *host)
            .filter(|(at, _)| address.is_none_or(|address| **at == address))
            .map(|(_, receiver)| receiver.fault.and_then(SmtpFault::listener))
            .collect(),
    };
    let is_unseen = |fault: &Option<ListenerFault>| fault.is_some_and(ListenerFault::is_unseen);
    !faults.is_empty() && faults.iter().all(is_unseen)
}

impl Resolver<'_, '_, '_> {
    /// Reads requests; one that no server can receive is a problem.
    pub(super) fn requests(&mut self, texts: &[Located<String>]) -> Vec<Asked> {
        let mut requests = Vec::new();
        for text in texts {
            match text.parse::<Asked>() {
                Err(error) => self.problems.push_with_help(
                    text.origin,
                    error.to_string(),
                    "write `TXT _mta-sts.corp.test`, `GET mta-sts.corp.test` or `SMTP mx.corp.test`",
                ),
                Ok(asked) if self.state.declares(asked.name()) => {
                    self.can_be_received(text, &asked);
                    requests.push(asked);
                }
                Ok(asked) => {
                    let known = self.state.internet.dns.names.keys().map(String::as_str);
                    let message = format!("no name `{}` is declared", asked.name());
                    match nearest(asked.name().as_str(), known) {
                        Some(near) => self.problems.push_with_help(
                            text.origin,
                            message,
                            format!("did you mean `{near}`?"),
                        ),
                        None => self.problems.push(text.origin, message),
                    }
                }
            }
        }
        requests
    }

    fn can_be_received(&mut self, text: &Located<String>, asked: &Asked) {
        if let Some((message, help)) = self.receivers.refuse(asked) {
            self.problems.push_with_help(text.origin, message, help);
        } else if is_unseen(asked, self.state) {
            self.problems.push_with_help(
                text.origin,
                format!("no server sees `{asked}` now: the connection is never made"),
                "`refused` and `blackhole` leave no trace; where the attempt must show, use `silence` or `reset`",
            );
        }
    }
}
