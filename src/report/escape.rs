//! Making text from the network harmless to terminals, XML readers and those who split at line ends.
//!
//! Policies, records, certificates and replies are written by strangers. A control sequence in one could
//! repaint a terminal, a bidirectional override could turn a host name around. What cannot be printed as it
//! stands is shown as Rust writes it: `\u{1b}`. A backslash is left alone: the texts of records come with
//! escapes already.

/// Returns `text` as one line in which every character can be printed.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_printable(character) {
            out.push(character);
        } else {
            out.extend(character.escape_debug());
        }
    }
    out
}

/// Returns `text` with its line feeds kept and every other character printable; CR LF counts as a line feed.
#[must_use]
pub fn block(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the same as [`block`], with its colours (SGR) kept.
///
/// The caller owes a text in which nothing but colours begins with ESC.
#[must_use]
pub fn coloured_block(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut out = block_within(pieces.next().unwrap_or_default());
    for piece in pieces {
        let codes = piece.len()
            - piece
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .len();
        match piece.split_at(codes) {
            (codes, rest) if rest.starts_with('m') => {
                out.push_str(&format!("\x1b[{codes}"));
                out.push_str(&block_within(rest));
            }
            _ => out.push_str(&block_within(&format!("\x1b[{piece}"))),
        }
    }
    out
}

/// Escapes what stands between two colours, of whose line ends none is left out.
fn block_within(text: &str) -> String {
    let lines = text.split('\n').map(line);
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns `text` as one printable line of at most about `limit` characters; what was cut is counted.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => {
            let (head, tail) = text.split_at(at);
            format!(
                "{} [and {} more characters]",
                line(head),
                tail.chars().count()
            )
        }
        None => line(text),
    }
}

/// Returns the first `limit` of `items`, joined by commas and printable; what was left out is counted.
pub fn list<T: AsRef<str>>(items: &[T], limit: usize) -> String {
    let mut out = items
        .iter()
        .take(limit)
        .map(|item| cut(item.as_ref(), MAX_ITEM_CHARS))
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > limit {
        out.push_str(&format!(" and {} more", items.len() - limit));
    }
    out
}

/// Returns JSON that a serialiser wrote, with every character that cannot be printed written as `\uXXXX`.
///
/// The value stays the same: outside of strings JSON has no such characters. JSON itself only escapes those
/// below U+0020, but U+009B begins a control sequence too, and U+2028 ends a line for some readers.
#[must_use]
pub fn json(text: String) -> String {
    let is_safe = |character| character == '\n' || is_printable(character);
    // Nearly every document.
    if text.chars().all(is_safe) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_safe(character) {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The longest name or text that is shown whole within a list.
const MAX_ITEM_CHARS: usize = 256;

/// Returns whether a character shows itself: no control, format, combining, private or unassigned character,
/// and of the blanks only the plain one.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ => character.escape_debug().len() == 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{block, coloured_block, cut, is_printable, json, line, list};

    proptest! {
        #[test]
        fn any_text_survives_in_json_and_is_tamed_elsewhere(text in any::<String>()) {
            let safe = json(serde_json::to_string(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text.as_str());
            prop_assert!(safe.chars().all(is_printable), "{:?}", safe);
            let tamed = line(&text);
            prop_assert!(tamed.chars().all(is_printable), "{:?}", tamed);
            prop_assert_eq!(line(&tamed), tamed.as_str());
            prop_assert_eq!(block(&text).lines().count(), text.lines().count());
            prop_assert!(cut(&text, 8).chars().all(is_printable));
        }
    }

    #[test]
    fn only_colours_are_left_of_control_sequences() {
        for (text, expected) in [
            ("a\n\x1b[1;31m^\x1b[0m b\n", "a\n\x1b[1;31m^\x1b[0m b\n"),
            ("\x1b[2J\x1b]0;x\x07", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("\x1b[31\u{202e}m", "\\u{1b}[31\\u{202e}m"),
            ("\x1b[", "\\u{1b}["),
            ("\x1b[m", "\x1b[m"),
        ] {
            assert_eq!(coloured_block(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for (text, expected) in [
            ("mx.corp.test", "mx.corp.test"),
            ("grün \"quoted\" it's \\255", "grün \"quoted\" it's \\255"),
            ("\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("line\nbreak\r\0\t", "line\\nbreak\\r\\0\\t"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("a\u{a0}b", "a\\u{a0}b"),
            ("\u{fffe}", "\\u{fffe}"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
            assert_eq!(line(&line(text)), expected, "twice is once: {text:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines_alone() {
        assert_eq!(block("a\r\nb\n\x07c\rd"), "a\nb\n\\u{7}c\\rd");
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(cut("grün", 4), "grün");
        assert_eq!(cut("grünlich", 4), "grün [and 4 more characters]");
        assert_eq!(list(&["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(list(&["a", "b"], 2), "a, b");
        assert_eq!(list::<&str>(&[], 2), "");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = "a\u{9b}\u{202e}\u{2028}\u{7f}\u{e0041}\n\u{1b}\"\\ü";
        let text = serde_json::to_string(value).unwrap();
        let safe = json(text);
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), value);
        assert_eq!(
            safe,
            r#""a\u009b\u202e\u2028\u007f\udb40\udc41\n\u001b\"\\ü""#
        );
    }
}
