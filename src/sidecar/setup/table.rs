//! The look-up tables of a parameter of main.cf.

use std::fmt;

/// One look-up table, as in `hash:/etc/postfix/tls_policy`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table(Box<str>);

/// Who answers a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answerer {
    /// A file, a database, a program that is nothing of MTA-STS.
    Other,
    /// A sidecar, by a map name that postfix-tlspol has: it answers for DANE too.
    Tlspol,
    /// A sidecar, by a map name that ours and postfix-mta-sts-resolver have.
    Sidecar,
}

impl Table {
    /// Makes a table.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// Tells by the name of the map who answers: a socketmap's last word.
    #[must_use]
    pub fn answerer(&self) -> Answerer {
        let table = self.0.strip_prefix("proxy:").unwrap_or(&self.0);
        let map = table
            .strip_prefix("socketmap:")
            .and_then(|place| place.rsplit(':').next());
        match map {
            Some("postfix" | "postfix310" | "mx-filter") => Answerer::Sidecar,
            Some(map)
                if map.eq_ignore_ascii_case("QUERY")
                    || map.eq_ignore_ascii_case("QUERYwithTLSRPT") =>
            {
                Answerer::Tlspol
            }
            Some(_) | None => Answerer::Other,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the tables of a parameter: between commas and white space, of which braces may hold some (`inline:{…}`).
#[must_use]
pub(super) fn read_tables(text: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut table = String::new();
    let mut depth = 0_u32;
    for character in text.chars() {
        match character {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (character == ',' || character.is_whitespace()) {
            if !table.is_empty() {
                tables.push(Table::new(std::mem::take(&mut table)));
            }
        } else {
            table.push(character);
        }
    }
    if !table.is_empty() {
        tables.push(Table::new(table));
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::{Answerer, read_tables};

    #[test]
    fn tables_are_told_apart_by_who_answers_them() {
        let found: Vec<(String, Answerer)> = read_tables(
            "inline:{ { a.test = may } }, hash:/etc/postfix/tls socketmap:inet:127.0.0.1:8461:postfix,\
             socketmap:inet:127.0.0.1:8642:queryWithTLSRPT proxy:socketmap:unix:/run/s:QUERY socketmap:unix:s:x",
        )
        .iter()
        .map(|table| (table.to_string(), table.answerer()))
        .collect();
        let expected = [
            ("inline:{ { a.test = may } }", Answerer::Other),
            ("hash:/etc/postfix/tls", Answerer::Other),
            ("socketmap:inet:127.0.0.1:8461:postfix", Answerer::Sidecar),
            (
                "socketmap:inet:127.0.0.1:8642:queryWithTLSRPT",
                Answerer::Tlspol,
            ),
            ("proxy:socketmap:unix:/run/s:QUERY", Answerer::Tlspol),
            ("socketmap:unix:s:x", Answerer::Other),
        ];
        assert_eq!(found, expected.map(|(text, who)| (text.to_owned(), who)));
    }
}
