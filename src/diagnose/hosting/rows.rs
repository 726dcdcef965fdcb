//! Reads a data file of ours: tables of one name, each with where it stands.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::Spanned;

/// A row, and the line at which it begins, from 1.
#[derive(Debug)]
pub(super) struct Row<T> {
    /// What it says.
    pub(super) says: T,
    /// The line.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only the tests of the files tell it")
    )]
    pub(super) line: usize,
}

/// Reads the rows of `[[table]]` in the order of the file.
///
/// # Errors
///
/// Whatever is wrong first, as `path:line:column: what`.
pub(super) fn read<T: DeserializeOwned>(
    path: &str,
    text: &str,
    table: &str,
) -> Result<Vec<Row<T>>, String> {
    let mut tables: BTreeMap<String, Vec<Spanned<T>>> = toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        let (line, column) = position(text, place);
        format!("{path}:{line}:{column}: {}", error.message())
    })?;
    let rows = tables.remove(table).unwrap_or_default();
    if let Some(other) = tables.keys().next() {
        return Err(format!(
            "{path}: there is a table `{other}` beside `{table}`"
        ));
    }
    Ok(rows
        .into_iter()
        .map(|row| Row {
            line: position(text, row.span().start).0,
            says: row.into_inner(),
        })
        .collect())
}

/// Returns the line and the column of an octet, both from 1.
fn position(text: &str, octet: usize) -> (usize, usize) {
    let before = text.get(..octet).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::read;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }

    #[test]
    fn rows_are_read_with_their_lines_and_mistakes_told_with_theirs() {
        let text = "# head\n\n[[row]]\nname = \"a\"\n\n[[row]]\nname = \"b\"\n";
        let rows = read::<Named>("x.toml", text, "row").unwrap();
        let found: Vec<_> = rows.iter().map(|row| (&*row.says.name, row.line)).collect();
        assert_eq!(found, [("a", 3), ("b", 6)]);
        for (text, expected) in [
            ("[[row]]\nname = 7\n", "x.toml:2:8: invalid type"),
            (
                "[[row]]\nnames = \"a\"\n",
                "x.toml:2:1: unknown field `names`",
            ),
            ("[[row]]\n", "x.toml:1:1: missing field `name`"),
            ("[[row]\n", "x.toml:1:"),
            (
                "[[other]]\nname = \"a\"\n",
                "x.toml: there is a table `other`",
            ),
        ] {
            let problem = read::<Named>("x.toml", text, "row").unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
