//! The probe message: real mail, clearly marked, over the first validated hop.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use tokio::time::Instant;

use super::document::{
    DomainReport, MxReport, MxVerdict, PolicyReport, PolicySourceReport, SentReport,
};
use crate::facts::smtp::{Message, Reply, SmtpExchange, SmtpRequest, TlsUse};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;
use crate::sts::policy::Mode;

/// The envelope of a probe message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    /// The sender; `None` for the null reverse path.
    pub from: Option<String>,
    /// The recipient.
    pub to: String,
}

/// How long further hops are tried. A session that has begun is left to the network's own deadlines, which
/// grant a receiver ten minutes for what it has in hand (RFC 5321, Section 4.5.3.2.6).
const NEXT_HOP_DEADLINE: Duration = Duration::from_secs(300);

/// Sends a marked message over the first hop of `report` that is validated, and says what was answered.
///
/// A hop whose certificate is not valid, or that an enforced policy does not list, live or held, in either
/// reading, is never used. The first
/// no ends it, a greylisting one too: it is reported as it is. So does a message that was given away and never
/// answered: sent once more it might arrive twice. Whatever breaks before that leads to the next hop.
pub async fn send<N: Network>(
    network: &N,
    report: &DomainReport,
    envelope: &Envelope,
) -> SentReport {
    let began = Instant::now();
    let now = network.now();
    let message_id = format!(
        "<stickler.{}.{}@{}>",
        now.as_secs(),
        std::process::id(),
        report.domain
    );
    let failed = |reply: String| SentReport {
        delivered: false,
        host: None,
        address: None,
        reply,
        message_id: message_id.clone(),
    };
    let content = match write_message(report, envelope, &message_id, now) {
        Ok(content) => content,
        Err(error) => return failed(format!("the message could not be written: {error}")),
    };
    let mut last = why_no_hop(report);
    for (host, address) in validated_hops(report) {
        if began.elapsed() >= NEXT_HOP_DEADLINE {
            last.push_str("; no further hop was tried after that, for want of time");
            break;
        }
        let exchange = network
            .smtp(&SmtpRequest {
                host: host.clone(),
                address,
                tls: TlsUse::Verified,
                message: Some(Message {
                    mail_from: envelope.from.as_deref().map(Into::into),
                    rcpt_to: envelope.to.as_str().into(),
                    content: content.clone().into(),
                }),
            })
            .await;
        let (delivered, reply) = match Fate::of(&exchange) {
            Fate::Taken(reply) => (true, reply.to_string()),
            Fate::Refused(reply) => (false, reply.to_string()),
            Fate::Unknown => (
                false,
                format!(
                    "fate unknown: the message was sent, and then: {}",
                    end_of(&exchange)
                ),
            ),
            Fate::NotBegun => {
                last = format!("{host} [{address}]: {}", end_of(&exchange));
                continue;
            }
        };
        return SentReport {
            delivered,
            host: Some(host),
            address: Some(address),
            reply,
            message_id,
        };
    }
    failed(last)
}

/// What became of a message in one session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate<'a> {
    /// The receiver answers for it.
    Taken(&'a Reply),
    /// The receiver said no, for now or for good.
    Refused(&'a Reply),
    /// It was given away, and what was answered is neither yes nor no.
    Unknown,
    /// It was not given away.
    NotBegun,
}

impl<'a> Fate<'a> {
    fn of(exchange: &'a SmtpExchange) -> Self {
        let Some(delivery) = &exchange.delivery else {
            return Self::NotBegun;
        };
        match delivery.decisive() {
            Some(reply) if delivery.is_delivered() => Self::Taken(reply),
            Some(reply) if reply.code >= 400 => Self::Refused(reply),
            Some(_) | None => match &delivery.data {
                Some(data) if data.is_class(3) => Self::Unknown,
                Some(_) | None => Self::NotBegun,
            },
        }
    }
}

/// Says how a session ended that did not come to a yes or no.
fn end_of(exchange: &SmtpExchange) -> String {
    let last = exchange
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.decisive());
    match (&exchange.failure, last) {
        (Some(failure), _) => failure.to_string(),
        (None, Some(reply)) => format!("`{reply}` is no answer to it"),
        (None, None) => "it did not let a message begin this time".to_owned(),
    }
}

/// The policies that a sender enforces, in any reading: the live one, if there is a record that makes senders
/// look for it, and those that senders may still hold (§3.3, §5.1).
fn enforced(report: &DomainReport) -> impl Iterator<Item = &PolicyReport> {
    report.policies.iter().filter(|policy| {
        let applies = match policy.source {
            PolicySourceReport::Live => policy.id.is_some(),
            PolicySourceReport::Stored => {
                (policy.held_possibly_until).is_none_or(|end| end >= report.checked_at)
            }
            PolicySourceReport::None => false,
        };
        applies && policy.mode == Some(Mode::Enforce)
    })
}

/// Whether a policy lets mail go to an MX host.
fn lists(policy: &PolicyReport, mx: &MxReport) -> bool {
    policy
        .mx_matches
        .iter()
        .any(|matched| matched.host == mx.host && matched.pattern.is_some())
}

/// Says why no hop can be used, should there be none.
fn why_no_hop(report: &DomainReport) -> String {
    let barring = enforced(report).find(|policy| !report.mx.iter().any(|mx| lists(policy, mx)));
    match barring {
        Some(policy) => format!(
            "no MX host may be used: the {} policy{} lists none of them",
            match policy.source {
                PolicySourceReport::Live | PolicySourceReport::None => "live",
                PolicySourceReport::Stored => "stored",
            },
            policy
                .id
                .as_ref()
                .map_or_else(String::new, |id| format!(" (id {id})"))
        ),
        None => "no MX host has a validated hop that every policy lets mail take".to_owned(),
    }
}

/// The hops that every strict sender could use, whatever policy it holds, in order.
fn validated_hops(report: &DomainReport) -> impl Iterator<Item = (DnsName, std::net::IpAddr)> + '_ {
    report
        .mx
        .iter()
        .filter(|mx| enforced(report).all(|policy| lists(policy, mx)))
        .filter_map(|mx| Some((mx.host.name()?, &mx.addresses)))
        .flat_map(|(name, addresses)| {
            addresses
                .iter()
                .filter(|address| address.verdict == MxVerdict::Accepted)
                .map(|address| (name.clone(), address.address))
        })
}

fn write_message(
    report: &DomainReport,
    envelope: &Envelope,
    message_id: &str,
    now: UnixTime,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let to: Mailbox = envelope.to.parse()?;
    // A message needs an author even where the envelope has none.
    let from: Mailbox = match &envelope.from {
        Some(from) => from.parse()?,
        None => format!("postmaster@{}", report.domain).parse()?,
    };
    let marked = HeaderValue::new(
        HeaderName::new_from_ascii_str("X-Stickler-Probe"),
        report.domain.to_string(),
    );
    let date = std::time::UNIX_EPOCH
        .checked_add(Duration::from_secs(now.as_secs()))
        .ok_or("the clock is out of range")?;
    let message = MessageBuilder::new()
        .from(from)
        .to(to)
        .date(date)
        .message_id(Some(message_id.to_owned()))
        .subject(format!("stickler probe for {}", report.domain))
        .header(ContentType::TEXT_PLAIN)
        .raw_header(marked)
        .body(format!(
            "This message was sent by `stickler check --send` to test the mail path to {}.\r\n\
             It came over TLS with a certificate that is valid for the MX host. It can be deleted.\r\n",
            report.domain
        ))?;
    Ok(message.formatted())
}
