//! Cuts a stream of octets into SMTP replies ([RFC 5321, Section 4.2]).
//!
//! More is taken than the grammar allows where servers do it and nothing is lost: lines ended by LF alone, a
//! code without text, octets beyond ASCII (replaced), a second digit above 5, and a refusal in any place: after
//! lines of another code, or cut off by the end of the connection. What would cost memory or time without end
//! is refused: [`MAX_LINE_OCTETS`], [`MAX_LINES`], [`MAX_REPLY_OCTETS`].
//!
//! [RFC 5321, Section 4.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.2

#![warn(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these bytes come from strangers"
)]

use crate::facts::smtp::Reply;

/// The longest line, its end included; RFC 5321, Section 4.5.3.1.5, grants 512 octets.
pub const MAX_LINE_OCTETS: usize = 2_048;

/// The most lines of one reply: EHLO lists hold some 20, and RFC 5321 has no limit.
pub const MAX_LINES: usize = 128;

/// The longest text of one reply, codes and line ends aside: of each session up to four replies are kept.
pub const MAX_REPLY_OCTETS: usize = 16_384;

/// Collects octets and gives out replies, one at a time.
#[derive(Debug, Default)]
pub struct ReplyFraming {
    /// What has come and belongs to no line given out yet.
    octets: Vec<u8>,
    /// Up to where `octets` has been searched for a line's end.
    searched: usize,
    /// The lines of the reply that is being read.
    lines: Vec<Box<str>>,
    code: u16,
    /// The lines that came and that nobody has taken for a transcript, codes included.
    said: Vec<Box<str>>,
}

impl ReplyFraming {
    /// Adds octets that came.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Takes the next whole reply; `None` if more octets are needed.
    ///
    /// # Errors
    ///
    /// When the octets are no reply, or break a limit. The framing is of no use after that.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, FramingError> {
        while let Some(line) = self.next_line()? {
            if let Some(reply) = self.add(&line)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Takes the refusal that a connection ended in: nothing more will come, so what there is is all of it.
    ///
    /// A server that turns a client away may not care for the last line of what it says. A half reply that is
    /// no refusal is no reply: its last line could have said anything.
    #[must_use]
    pub fn last_refusal(&mut self) -> Option<Reply> {
        let line = self.take_rest();
        // A line that is broken off in its code, or that is none, takes nothing away from those before.
        let added = (!line.is_empty()).then(|| self.add(line.trim_ascii_end()));
        let reply = match added {
            Some(Ok(Some(reply))) => reply,
            Some(Ok(None) | Err(_)) | None => Reply {
                code: self.code,
                lines: std::mem::take(&mut self.lines),
            },
        };
        (is_refusal(reply.code) && !reply.lines.is_empty()).then_some(reply)
    }

    /// Takes the lines that have come since they were taken last, as they came, whatever reply they are of.
    #[must_use]
    pub fn take_said(&mut self) -> Vec<Box<str>> {
        std::mem::take(&mut self.said)
    }

    /// Adds a line; gives out the reply if it is the last.
    fn add(&mut self, line: &[u8]) -> Result<Option<Reply>, FramingError> {
        let text = printable(line);
        self.said.push(text.trim_end().into());
        let (code, is_last, text) = split(line)?;
        if self.lines.is_empty() {
            self.code = code;
        } else if self.code != code {
            if !is_refusal(code) {
                return Err(FramingError::CodeChanged {
                    first: self.code,
                    then: code,
                });
            }
            // postscreen keeps a client waiting with the first line of a 220 and then turns it away: what was
            // said under the other code is no part of the refusal.
            self.code = code;
            self.lines.clear();
        }
        if self.lines.len() >= MAX_LINES {
            return Err(FramingError::TooManyLines);
        }
        let octets: usize = self.lines.iter().map(|line| line.len()).sum();
        if octets.saturating_add(text.len()) > MAX_REPLY_OCTETS {
            return Err(FramingError::ReplyTooLong);
        }
        self.lines.push(text);
        Ok(is_last.then(|| Reply {
            code,
            lines: std::mem::take(&mut self.lines),
        }))
    }

    /// Returns whether octets have come that belong to no reply given out.
    #[must_use]
    pub fn has_rest(&self) -> bool {
        !self.octets.is_empty() || !self.lines.is_empty()
    }

    /// Takes the octets that belong to no reply given out.
    #[must_use]
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.searched = 0;
        std::mem::take(&mut self.octets)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, FramingError> {
        let unseen = self.octets.get(self.searched..).unwrap_or_default();
        let Some(found) = unseen.iter().position(|octet| *octet == b'\n') else {
            self.searched = self.octets.len();
            if self.octets.len() >= MAX_LINE_OCTETS {
                return Err(FramingError::LineTooLong);
            }
            return Ok(None);
        };
        let end = self.searched.saturating_add(found).saturating_add(1);
        self.searched = 0;
        if end > MAX_LINE_OCTETS {
            return Err(FramingError::LineTooLong);
        }
        let mut line: Vec<u8> = self.octets.drain(..end).collect();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// Returns whether a code says no, for now or for good.
const fn is_refusal(code: u16) -> bool {
    matches!(code, 400..=599)
}

/// Splits a line into its code, whether it is the reply's last, and its text.
fn split(line: &[u8]) -> Result<(u16, bool, Box<str>), FramingError> {
    let not_a_reply = || FramingError::NotAReply {
        line: printable(line).chars().take(80).collect(),
    };
    let (digits, rest) = line.split_first_chunk::<3>().ok_or_else(not_a_reply)?;
    let code = match digits {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(not_a_reply)?,
        _ => return Err(not_a_reply()),
    };
    match rest.split_first() {
        None => Ok((code, true, Box::default())),
        Some((b' ', text)) => Ok((code, true, printable(text))),
        Some((b'-', text)) => Ok((code, false, printable(text))),
        Some(_) => Err(not_a_reply()),
    }
}

/// Makes octets fit to be shown: printable ASCII stays, a tab becomes a space, the rest `?`.
#[must_use]
pub fn printable(octets: &[u8]) -> Box<str> {
    octets
        .iter()
        .map(|octet| match octet {
            b' '..=b'~' => char::from(*octet),
            b'\t' => ' ',
            _ => '?',
        })
        .collect()
}

/// Why octets are no reply.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FramingError {
    /// A line of a reply has another code than its first, and is no refusal.
    #[error("a reply begins with {first} and goes on with {then}")]
    CodeChanged {
        /// The first line's.
        first: u16,
        /// The other.
        then: u16,
    },
    /// A line longer than [`MAX_LINE_OCTETS`].
    #[error("a line of a reply is longer than {MAX_LINE_OCTETS} octets")]
    LineTooLong,
    /// A line that does not begin with a code from 200 to 599.
    #[error("`{line}` is no SMTP reply")]
    NotAReply {
        /// The line, its first 80 characters.
        line: Box<str>,
    },
    /// A reply of more text than [`MAX_REPLY_OCTETS`].
    #[error("a reply has more than {MAX_REPLY_OCTETS} octets of text")]
    ReplyTooLong,
    /// A reply of more than [`MAX_LINES`].
    #[error("a reply has more than {MAX_LINES} lines")]
    TooManyLines,
}

impl FramingError {
    /// Returns whether the reply breaks a limit of ours, and may be one for another client.
    pub const fn is_limit(&self) -> bool {
        match self {
            Self::LineTooLong | Self::ReplyTooLong | Self::TooManyLines => true,
            Self::CodeChanged { .. } | Self::NotAReply { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FramingError, MAX_LINE_OCTETS, MAX_LINES, ReplyFraming};
    use crate::facts::smtp::Reply;

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply {
            code,
            lines: lines.iter().map(|line| (*line).into()).collect(),
        }
    }

    fn read(octets: &[u8]) -> Result<Vec<Reply>, FramingError> {
        let mut framing = ReplyFraming::default();
        framing.push(octets);
        let mut replies = Vec::new();
        while let Some(reply) = framing.next_reply()? {
            replies.push(reply);
        }
        Ok(replies)
    }

    #[test]
    fn replies_are_cut_out_of_the_stream() {
        let cases: [(&[u8], Vec<Reply>); 9] = [
            (
                b"220 mx.test ESMTP\r\n",
                vec![reply(220, &["mx.test ESMTP"])],
            ),
            (b"220\r\n", vec![reply(220, &[""])]),
            (b"220 \n", vec![reply(220, &[""])]),
            (
                b"250-mx.test\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
                vec![reply(250, &["mx.test", "SIZE 1", "STARTTLS"])],
            ),
            (b"250-\r\n250\r\n", vec![reply(250, &["", ""])]),
            (
                b"250 gr\xfc\xdf\x1b[0m\tGott\0\r\n",
                vec![reply(250, &["gr???[0m Gott?"])],
            ),
            (
                b"571 no\r\n299 odd\r\n",
                vec![reply(571, &["no"]), reply(299, &["odd"])],
            ),
            (b"220 one\r\n250-two", vec![reply(220, &["one"])]),
            (b"220 a\rb\r\r\n", vec![reply(220, &["a?b?"])]),
        ];
        for (octets, expected) in cases {
            assert_eq!(read(octets), Ok(expected), "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for octets in [
            "",
            "22",
            "HTTP/1.1 400 Bad Request",
            "120 early",
            "620 late",
            "22a x",
            "2200",
            "220_x",
        ] {
            let line = format!("{octets}\r\n");
            let expected = FramingError::NotAReply {
                line: octets.into(),
            };
            assert_eq!(read(line.as_bytes()), Err(expected), "{octets:?}");
        }
        for (octets, first, then) in [
            (b"220-a\r\n250 b\r\n", 220, 250),
            (b"554-a\r\n220 b\r\n", 554, 220),
        ] {
            let expected = FramingError::CodeChanged { first, then };
            assert_eq!(read(octets), Err(expected));
        }
    }

    #[test]
    fn a_refusal_counts_behind_lines_of_another_code() {
        for (octets, expected) in [
            (
                b"220-mx ESMTP\r\n521 5.3.2 blocked\r\n".as_slice(),
                reply(521, &["5.3.2 blocked"]),
            ),
            (
                b"220-a\r\n220-b\r\n421-c\r\n421 d\r\n",
                reply(421, &["c", "d"]),
            ),
            (b"550-a\r\n450 b\r\n", reply(450, &["b"])),
        ] {
            assert_eq!(read(octets), Ok(vec![expected]));
        }
    }

    #[test]
    fn a_refusal_counts_though_the_connection_ends_in_it() {
        for (octets, expected) in [
            ("554 5.7.1 listed", Some(reply(554, &["5.7.1 listed"]))),
            ("554-a\r\n554-b\r\n", Some(reply(554, &["a", "b"]))),
            ("554-a\r\n554-b", Some(reply(554, &["a", "b"]))),
            ("554-a\r\n55", Some(reply(554, &["a"]))),
            ("554-a\r\n\r", Some(reply(554, &["a"]))),
            ("220-a\r\n421 b", Some(reply(421, &["b"]))),
            ("554", Some(reply(554, &[""]))),
            ("55", None),
            ("", None),
            ("220 ready", None),
            ("220-a\r\n", None),
            ("250 ok\r\n", None),
        ] {
            let mut framing = ReplyFraming::default();
            framing.push(octets.as_bytes());
            let whole = framing.next_reply().unwrap();
            assert_eq!(whole.is_some(), octets == "250 ok\r\n");
            assert_eq!(framing.last_refusal(), expected, "{octets:?}");
        }
    }

    #[test]
    fn lines_are_kept_as_they_came_whatever_becomes_of_the_reply() {
        let mut framing = ReplyFraming::default();
        framing.push(b"220-mx\r\n220 \r\nHTTP/1.1\r\n554-a\r\n554 b");
        let mut said = Vec::new();
        for expected in ["220-mx|220", "HTTP/1.1"] {
            let _reply = framing.next_reply();
            said.push(framing.take_said().join("|"));
            assert_eq!(said.last().unwrap(), expected);
        }
        assert_eq!(framing.next_reply(), Ok(None));
        assert!(framing.last_refusal().is_some());
        assert_eq!(framing.take_said().join("|"), "554-a|554 b");
    }

    #[test]
    fn lines_and_replies_are_bounded() {
        let line = |octets: usize| format!("250 {}\n", "x".repeat(octets - 5));
        assert!(read(line(MAX_LINE_OCTETS).as_bytes()).is_ok());
        assert_eq!(
            read(line(MAX_LINE_OCTETS + 1).as_bytes()),
            Err(FramingError::LineTooLong)
        );
        assert_eq!(
            read("x".repeat(MAX_LINE_OCTETS).as_bytes()),
            Err(FramingError::LineTooLong)
        );
        let lines = |count: usize| format!("{}250 x\r\n", "250-x\r\n".repeat(count - 1));
        assert_eq!(
            read(lines(MAX_LINES).as_bytes()).unwrap()[0].lines.len(),
            MAX_LINES
        );
        assert_eq!(
            read(lines(MAX_LINES + 1).as_bytes()),
            Err(FramingError::TooManyLines)
        );
        let long = |last: usize| {
            let line = format!("250-{}\r\n", "x".repeat(1_024));
            format!("{}250 {}\r\n", line.repeat(15), "x".repeat(last))
        };
        assert!(read(long(1_024).as_bytes()).is_ok());
        assert_eq!(
            read(long(1_025).as_bytes()),
            Err(FramingError::ReplyTooLong)
        );
    }

    #[test]
    fn octet_by_octet_gives_the_same() {
        let octets = b"220 one\r\n250-two\n250 three\r\n";
        let mut framing = ReplyFraming::default();
        let mut replies = Vec::new();
        for octet in octets {
            framing.push(&[*octet]);
            replies.extend(framing.next_reply().unwrap());
        }
        assert_eq!(Ok(replies), read(octets));
        assert!(!framing.has_rest());
    }
}
