//! "Did you mean": the nearest of the words that would have been right.

/// Returns the candidate nearest to `word`, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A long word is no slip of the keys, and the distance takes the product of both lengths.
    if word.chars().count() > 64 {
        return None;
    }
    let folded = word.to_lowercase().replace('_', "-");
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('_', "-");
            (strsim::osa_distance(&folded, &other), candidate)
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
        ] {
            let words = ["asked", "not_asked", "sender", "verdict", "via"];
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }

    #[test]
    fn words_are_joined_as_people_write_them() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
