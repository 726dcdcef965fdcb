//! Cuts a stream of octets into SMTP replies ([RFC 5321, Section 4.2]).
//!
//! More is taken than the grammar allows where servers do it and nothing is lost: lines ended by LF alone, a
//! code without text, octets beyond ASCII (replaced), a second digit above 5. What would cost memory or time
//! without end is refused: [`MAX_LINE_OCTETS`], [`MAX_LINES`].
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
            let (code, is_last, text) = split(&line)?;
            if self.lines.is_empty() {
                self.code = code;
            } else if self.code != code {
                return Err(FramingError::CodeChanged {
                    first: self.code,
                    then: code,
                });
            }
            if self.lines.len() >= MAX_LINES {
                return Err(FramingError::TooManyLines);
            }
            self.lines.push(text);
            if is_last {
                return Ok(Some(Reply {
                    code,
                    lines: std::mem::take(&mut self.lines),
                }));
            }
        }
        Ok(None)
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
    /// A line of a reply has another code than its first.
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
    /// A reply of more than [`MAX_LINES`].
    #[error("a reply has more than {MAX_LINES} lines")]
    TooManyLines,
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
        assert_eq!(
            read(b"250-a\r\n550 b\r\n"),
            Err(FramingError::CodeChanged {
                first: 250,
                then: 550
            })
        );
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
