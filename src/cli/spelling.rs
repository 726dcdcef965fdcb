//! Did you mean: the known word that comes nearest to one that is none.

/// How near a word must come to be proposed, from 0 to 1.
const NEAR: f64 = 0.75;

/// Returns the known word that is nearest to `found`, if one is near.
pub(super) fn nearest<K: AsRef<str>>(known: impl IntoIterator<Item = K>, found: &str) -> Option<K> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(word.as_ref(), found), word))
        .filter(|(nearness, _)| *nearness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// Returns the end of a message that proposes a word; nothing if none is near.
pub(super) fn hint(nearest: Option<impl AsRef<str>>) -> String {
    nearest.map_or_else(String::new, |word| {
        format!(": did you mean `{}`?", word.as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn the_nearest_word_is_proposed_if_it_is_near() {
        let known = ["check", "schema", "cache"];
        for (found, expected) in [
            ("chek", ": did you mean `check`?"),
            ("shcema", ": did you mean `schema`?"),
            ("serve", ""),
            ("", ""),
        ] {
            assert_eq!(hint(nearest(known, found)), expected, "{found}");
        }
    }
}
