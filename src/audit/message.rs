//! The messages of an audit: each says which it is, so that a receiver's history tells what became of it.

use super::site::domain_of;
use crate::facts::smtp::Message;

/// The header that says which message it is.
const HEADER: &str = "Stickler-Audit: ";

/// The name of the domain that every sender delivers to: all that its policy demands is there.
pub(super) const SANITY: &str = "sanity";

/// The name of the domain of the messages' authors, to which those come back that are given up.
pub(super) const AUTHORS: &str = "author";

/// Which message it is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Token(Box<str>);

impl Token {
    pub(super) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Finds it in a message, or in what a message reports of another.
    pub(super) fn find(content: &[u8]) -> Option<Self> {
        let content = String::from_utf8_lossy(content);
        let mut lines = content.lines();
        let token = lines.find_map(|line| line.trim_start().strip_prefix(HEADER))?;
        Some(Self::new(token.trim()))
    }
}

/// Makes a message for a domain.
pub(super) fn message(token: &Token, domain: &str) -> Message {
    let (from, to) = (
        format!("author@{}", domain_of(AUTHORS)),
        format!("postmaster@{domain}"),
    );
    let content = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: a message of an audit\r\n{HEADER}{}\r\n\r\nHello.\r\n",
        token.0
    );
    Message {
        mail_from: Some(from.into()),
        rcpt_to: to.into(),
        content: content.into_bytes().into(),
    }
}

/// Makes what comes back to the author of a message that is given up.
pub(super) fn bounce(message: &Message) -> Option<Message> {
    let author = message.mail_from.clone()?;
    let mut content = format!(
        "From: mailer-daemon@{}\r\nTo: {author}\r\nSubject: undeliverable\r\n\r\nAction: failed\r\n\r\n",
        domain_of(AUTHORS)
    )
    .into_bytes();
    content.extend_from_slice(&message.content);
    Some(Message {
        mail_from: None,
        rcpt_to: author,
        content: content.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Token, bounce, message};
    use crate::replay::outside::is_about_a_delay;

    #[test]
    fn a_message_is_known_where_it_arrives_and_where_it_comes_back() {
        let token = Token::new("4.1/wildcard first 1");
        let sent = message(&token, "corp.test");
        assert_eq!(Token::find(&sent.content), Some(token.clone()));
        let back = bounce(&sent).unwrap();
        assert_eq!(
            (back.mail_from, &*back.rcpt_to),
            (None, "author@author.test")
        );
        assert_eq!(Token::find(&back.content), Some(token));
        assert!(!is_about_a_delay(&back.content));
        assert_eq!(Token::find(b"Subject: spam\r\n\r\nhello\r\n"), None);
    }
}
