//! Foreign octets, made fit for an error message: bounded and escaped.

use std::fmt::Write as _;

/// The longest excerpt, in octets of the original.
const MAX_OCTETS: usize = 64;

/// Returns the first octets as text: control and format characters escaped, octets that are no UTF-8 as
/// `\xNN`, an ellipsis where it was cut.
pub(crate) fn excerpt(octets: &[u8]) -> Box<str> {
    let (head, is_cut) = match octets.split_at_checked(MAX_OCTETS) {
        Some((head, rest)) if !rest.is_empty() => (head, true),
        Some(_) | None => (octets, false),
    };
    let mut text = String::with_capacity(head.len());
    let mut chunks = head.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' => text.push(character),
                _ => text.extend(character.escape_debug()),
            }
        }
        // The cut may have gone through a character.
        if is_cut && chunks.peek().is_none() {
            break;
        }
        for octet in chunk.invalid() {
            write!(text, "\\x{octet:02x}").expect("writing to a string does not fail");
        }
    }
    if is_cut {
        text.push('…');
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn an_excerpt_is_bounded_and_shows_no_raw_control_character() {
        let long = "x".repeat(65);
        let longest = "x".repeat(64);
        let long_shown = format!("{}…", "x".repeat(64));
        let split_character = format!("{}é", "x".repeat(63));
        let split_shown = format!("{}…", "x".repeat(63));
        for (octets, expected) in [
            (&b"mode: enforce"[..], "mode: enforce"),
            (b"", ""),
            (b"a\0\r\n\x1b[31m", "a\\0\\r\\n\\u{1b}[31m"),
            ("bücher".as_bytes(), "bücher"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            (b"a\xff\"'b", "a\\xff\"'b"),
            (long.as_bytes(), &long_shown),
            (longest.as_bytes(), &longest),
            (split_character.as_bytes(), &split_shown),
        ] {
            assert_eq!(&*excerpt(octets), expected, "{octets:?}");
        }
    }
}
