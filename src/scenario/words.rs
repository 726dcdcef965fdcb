//! "Did you mean": the nearest of the words that would have been right.

/// Returns the known word nearest to `word`, if one is near enough to have been meant.
///
/// A slip is a few letters, by the length of the word; and it leaves at least half of what tells the word from its
/// like: the labels that two names end in do not.
pub(crate) fn nearest<K: AsRef<str>>(word: &str, known: impl IntoIterator<Item = K>) -> Option<K> {
    // A long word is no slip of the keys, and the distance takes the product of both lengths.
    if word.chars().count() > 64 {
        return None;
    }
    let folded = fold(word);
    known
        .into_iter()
        .map(|known| {
            let other = fold(known.as_ref());
            let chars = other.chars().count();
            let own = chars.saturating_sub(shared_end(&folded, &other));
            let most = (1 + chars / 4).min(own / 2);
            (strsim::osa_distance(&folded, &other), most, known)
        })
        .filter(|(distance, most, _)| distance <= most)
        .min_by_key(|(distance, ..)| *distance)
        .map(|(.., known)| known)
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

/// Returns the length of the labels that two names end in, their dots included.
fn shared_end(one: &str, other: &str) -> usize {
    one.rsplit('.')
        .zip(other.rsplit('.'))
        .take_while(|(one, other)| one == other)
        .map(|(label, _)| 1 + label.chars().count())
        .sum()
}

/// Joins words as in "`a`, `b` or `c`".
#[expect(
    single_use_lifetimes,
    reason = "an anonymous one is not yet allowed inside `impl Trait`"
)]
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::from("nothing"),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Returns a text's first 64 characters, for messages.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::{nearest, one_of};

    #[test]
    fn the_nearest_word_is_offered_only_when_near() {
        for (word, expected) in [
            ("verdcit", Some("verdict")),
            ("not-asked", Some("not_asked")),
            ("Via", Some("via")),
            ("senders", Some("sender")),
            ("colour", None),
            ("", None),
            // What two names share tells nothing of them.
            ("mx.odl.test", Some("mx.old.test")),
            ("ns0.test", Some("ns1.test")),
            ("mx9.test", None),
            ("a.old.test", None),
            ("corp.tset", Some("corp.test")),
        ] {
            let words = [
                "asked",
                "not_asked",
                "sender",
                "verdict",
                "via",
                "mx.old.test",
                "ns1.test",
                "corp.test",
            ];
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }

    #[test]
    fn words_are_joined_as_people_write_them() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
