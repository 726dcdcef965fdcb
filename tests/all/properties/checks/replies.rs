//! Replies of SMTP servers.

use stickler::net::smtp::framing::{MAX_LINE_OCTETS, MAX_LINES, ReplyFraming};

/// Of each reply its code, how many lines it has and how long the longest is; and whether all was read well.
type Seen = (Vec<(u16, usize, usize)>, bool);

/// No reply breaks a limit, and however the octets are cut into segments the same comes out; `cut` is where, if
/// anywhere. Returns whether the octets are replies and nothing else.
pub(crate) fn replies(octets: &[u8], cut: Option<usize>) -> bool {
    let at_once = read(&[octets]);
    for (code, lines, longest) in &at_once.0 {
        assert!((200..600).contains(code) && *lines <= MAX_LINES && *longest <= MAX_LINE_OCTETS);
    }
    if let Some(cut) = cut {
        let (start, end) = octets.split_at(cut);
        assert_eq!(read(&[start, end]), at_once, "{}", octets.escape_ascii());
    }
    at_once.1
}

fn read(segments: &[&[u8]]) -> Seen {
    let mut framing = ReplyFraming::default();
    let mut seen = Vec::new();
    for segment in segments {
        framing.push(segment);
        loop {
            match framing.next_reply() {
                Ok(Some(reply)) => {
                    let longest = reply.lines.iter().map(|line| line.len()).max();
                    seen.push((reply.code, reply.lines.len(), longest.unwrap_or_default()));
                }
                Ok(None) => break,
                Err(_) => return (seen, false),
            }
        }
    }
    (seen, true)
}
