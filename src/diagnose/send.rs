//! The probe message: real mail, clearly marked, over the first validated hop.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};

use super::document::{DomainReport, MxVerdict, PolicySourceReport, ReadingReport, SentReport};
use crate::facts::smtp::{Message, SmtpExchange, SmtpRequest, TlsUse};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;

/// The envelope of a probe message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    /// The sender; `None` for the null reverse path.
    pub from: Option<String>,
    /// The recipient.
    pub to: String,
}

/// Sends a marked message over the first hop of `report` that is validated, and says what was answered.
///
/// A hop whose certificate is not valid, or that an enforced policy does not list, is never used. The first
/// answer about the message ends it, a greylisting one too: it is reported as it is.
pub async fn send<N: Network>(
    network: &N,
    report: &DomainReport,
    envelope: &Envelope,
) -> SentReport {
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
    let mut last = "no MX host has a validated hop".to_owned();
    for (host, address) in validated_hops(report) {
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
        let decisive = exchange
            .delivery
            .as_ref()
            .and_then(|delivery| delivery.decisive());
        if let Some(reply) = decisive {
            return SentReport {
                delivered: is_delivered(&exchange),
                host: Some(host),
                address: Some(address),
                reply: reply.to_string(),
                message_id,
            };
        }
        last = exchange.failure.as_ref().map_or_else(
            || format!("{host} [{address}] did not take the message this time"),
            |failure| format!("{host} [{address}]: {failure}"),
        );
    }
    failed(last)
}

fn is_delivered(exchange: &SmtpExchange) -> bool {
    exchange
        .delivery
        .as_ref()
        .is_some_and(|delivery| delivery.is_delivered())
}

/// The hops that a strict sender could use, in order.
fn validated_hops(report: &DomainReport) -> impl Iterator<Item = (DnsName, std::net::IpAddr)> + '_ {
    let enforced = report.policies.iter().find(|policy| {
        policy.source == PolicySourceReport::Live
            && policy.reading == ReadingReport::Letter
            && policy.mode.as_deref() == Some("enforce")
    });
    report
        .mx
        .iter()
        .filter(move |mx| {
            enforced.is_none_or(|policy| {
                policy
                    .mx_matches
                    .iter()
                    .any(|matched| matched.host == mx.host && matched.pattern.is_some())
            })
        })
        .flat_map(|mx| {
            mx.addresses
                .iter()
                .filter(|address| address.verdict == MxVerdict::Accepted)
                .filter_map(|address| Some((mx.host.parse().ok()?, address.address)))
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
        .checked_add(std::time::Duration::from_secs(now.as_secs()))
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
