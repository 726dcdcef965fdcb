//! The envelope of a message ([RFC 5321, Section 3.3]): what MAIL and RCPT say.
//!
//! [RFC 5321, Section 3.3]: https://www.rfc-editor.org/rfc/rfc5321#section-3.3

use lettre::Address;
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};

use crate::facts::smtp::{Message, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpStep};

/// What MAIL and RCPT say.
pub(super) struct Envelope {
    pub(super) from: Option<Address>,
    pub(super) to: Address,
    pub(super) parameters: Vec<MailParameter>,
}

impl Envelope {
    /// Reads the addresses, and chooses the parameters that the last EHLO allows.
    pub(super) fn new(message: &Message, exchange: &SmtpExchange) -> Result<Self, SmtpFailure> {
        let refused = |detail: String| SmtpFailure {
            kind: SmtpFailureKind::Protocol,
            during: SmtpStep::Message,
            detail: detail.into(),
        };
        let read = |text: &str| {
            text.parse::<Address>()
                .map_err(|error| refused(format!("`{text}` cannot stand in an envelope: {error}")))
        };
        let from = message.mail_from.as_deref().map(read).transpose()?;
        let to = read(&message.rcpt_to)?;
        let ehlo = exchange.ehlo_after_tls.as_ref().or(exchange.ehlo.as_ref());
        let offers = |keyword| ehlo.is_some_and(|reply| reply.has_keyword(keyword));
        let mut parameters = Vec::new();
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if !is_ascii(&to) || !from.as_ref().is_none_or(is_ascii) {
            if !offers("SMTPUTF8") {
                return Err(refused(
                    "the addresses need SMTPUTF8, which is not offered".into(),
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.content.is_ascii() {
            if !offers("8BITMIME") {
                return Err(refused(
                    "the message needs 8BITMIME, which is not offered".into(),
                ));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(Self {
            from,
            to,
            parameters,
        })
    }
}
