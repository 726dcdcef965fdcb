//! What the network did, for `-v`: a line for each question, fetch and session, more for every detail.
//!
//! Whatever strangers wrote is escaped: a log is read on a terminal.

use std::net::{IpAddr, SocketAddr};

use hickory_proto::rr::Name;
use tracing::field::{DisplayValue, display};

use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsOutcome, Question};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{Reply, SmtpExchange, Speaker};

/// Logs the answer to a question, which the resolver gave or our cache of its answers.
pub(super) fn answer(question: &Question, answer: &DnsAnswer, is_cached: bool) {
    let (records, outcome) = outcome(answer);
    let aliases = answer.aliases.len();
    let outcome = outcome.escape_debug();
    tracing::debug!(%question, %outcome, records, aliases, is_cached, "looked up");
}

/// Logs what a server of a zone said.
pub(super) fn said(host: &DnsName, address: IpAddr, question: &Question, answer: &DnsAnswer) {
    let (records, outcome) = outcome(answer);
    let outcome = outcome.escape_debug();
    tracing::debug!(%host, %address, %question, %outcome, records, "asked a name server");
}

/// Returns how many records there are, and what came in their place.
fn outcome(answer: &DnsAnswer) -> (usize, String) {
    match &answer.outcome {
        DnsOutcome::Records { records, .. } => (records.len(), "records".to_owned()),
        DnsOutcome::NxDomain { .. } => (0, "NXDOMAIN".to_owned()),
        DnsOutcome::NoData { .. } => (0, "NODATA".to_owned()),
        DnsOutcome::Failed(failure) => (0, failure.to_string()),
    }
}

/// Logs that one resolver of several gave no usable answer.
pub(super) fn no_answer(server: SocketAddr, name: &Name, failure: &DnsFailure) {
    let failure = shown(failure);
    tracing::trace!(%server, %name, failure, "a resolver gave no answer");
}

/// Logs a policy fetch.
pub(super) fn fetch(host: &DnsName, exchange: &HttpExchange) {
    let response = exchange.outcome.as_ref();
    tracing::debug!(
        %host,
        address = %exchange.address,
        status = response.ok().map(|response| response.status),
        body_bytes = response.ok().map(|response| response.body.len()),
        failure = response.err().map(shown),
        "asked for the policy"
    );
}

/// Logs an SMTP session, and at the next level what was said in it.
pub(super) fn session(exchange: &SmtpExchange) {
    let code = |reply: &Option<Reply>| reply.as_ref().map(|reply| reply.code);
    let tls = exchange.tls.as_ref().map(|tls| &tls.outcome);
    let host = &exchange.host;
    let address = exchange.address;
    tracing::debug!(
        %host,
        %address,
        greeting = code(&exchange.greeting),
        starttls = code(&exchange.starttls),
        tls = tls.map(|outcome| match outcome {
            Ok(session) => session.version.to_string(),
            Err(failure) => failure.kind.to_string(),
        }),
        failure = exchange.failure.as_ref().map(shown),
        "spoke SMTP"
    );
    for line in &exchange.transcript {
        let who = match line.from {
            Speaker::Client => "we",
            Speaker::Server => "they",
        };
        // The lines are logged when the session is over: each has its own time.
        let after_ms = line.after.as_millis();
        tracing::trace!(%host, %address, after_ms, who, said = %line.text.escape_debug(), "SMTP");
    }
}

fn shown(failure: &impl ToString) -> DisplayValue<String> {
    display(failure.to_string().escape_debug().to_string())
}
