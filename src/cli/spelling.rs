//! Did you mean: the known word that comes nearest to one that is none.

use crate::scenario::words::nearest;

/// Returns the end of a message about a word that is none of those known: it proposes the nearest of them; nothing if
/// none is near.
pub(super) fn hint<K: AsRef<str>>(found: &str, known: impl IntoIterator<Item = K>) -> String {
    nearest(found, known).map_or_else(String::new, |word| {
        format!(": did you mean `{}`?", word.as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn the_nearest_word_is_proposed_if_it_is_near() {
        let known = ["check", "schema", "cache"];
        for (found, expected) in [
            ("chek", ": did you mean `check`?"),
            ("shcema", ": did you mean `schema`?"),
            ("serve", ""),
            ("", ""),
        ] {
            assert_eq!(hint(found, known), expected, "{found}");
        }
    }
}
