//! A TOML document as a tree whose every key and value knows its place, and how steps change it.
//!
//! A step's `set` is laid over the tree, its `unset` takes branches away. What a step wrote keeps its place,
//! so that a mistake is shown where it was made, however late it is found.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::located::Origin;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

/// What stands at a node.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Array(Vec<Node>),
    Boolean(bool),
    Datetime(String),
    Float(f64),
    Integer(i64),
    /// An integer that TOML allows and 64 bits do not hold.
    LargeInteger(String),
    String(String),
    Table(Table),
}

impl Value {
    /// Returns what kind of value this is, with its article.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Array(_) => "a list",
            Self::Boolean(_) => "a truth value",
            Self::Datetime(_) => "a date",
            Self::Float(_) => "a decimal number",
            Self::Integer(_) | Self::LargeInteger(_) => "a number",
            Self::String(_) => "a text",
            Self::Table(_) => "a table",
        }
    }

    /// Returns the table that this is, if it is one.
    pub(crate) const fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Array(_)
            | Self::Boolean(_)
            | Self::Datetime(_)
            | Self::Float(_)
            | Self::Integer(_)
            | Self::LargeInteger(_)
            | Self::String(_) => None,
        }
    }
}

/// A table: its entries in written order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key)?;
        Some(&mut entry.node)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Lays `over` on this table: tables are merged, all else is replaced.
    ///
    /// Keys that are alternatives of one another (see [`ALTERNATIVES`]) replace each other.
    pub(crate) fn merge(&mut self, over: &Self) {
        for entry in &over.entries {
            for other in alternatives_of(&entry.key) {
                if over.get(other).is_none() {
                    self.take(other);
                }
            }
        }
        for entry in &over.entries {
            match self.entries.iter_mut().find(|mine| mine.key == entry.key) {
                Some(mine) => mine.merge(entry),
                None => self.entries.push(entry.clone()),
            }
        }
    }

    /// Takes the branch at `path` away; returns whether there was one.
    pub(crate) fn unset(&mut self, path: &[String]) -> bool {
        match path {
            [] => false,
            [last] => self.take(last).is_some(),
            [first, rest @ ..] => self
                .entries
                .iter_mut()
                .find(|entry| &entry.key == first)
                .is_some_and(|entry| match &mut entry.node.value {
                    Value::Table(table) => table.unset(rest),
                    Value::Array(_)
                    | Value::Boolean(_)
                    | Value::Datetime(_)
                    | Value::Float(_)
                    | Value::Integer(_)
                    | Value::LargeInteger(_)
                    | Value::String(_) => false,
                }),
        }
    }
}

impl Table {
    /// Takes away the innermost entry that stands at `origin`, or whose list has an element there; returns
    /// its key.
    pub(crate) fn prune(&mut self, origin: Origin) -> Option<String> {
        for entry in &mut self.entries {
            if let Value::Table(table) = &mut entry.node.value
                && let Some(key) = table.prune(origin)
            {
                return Some(key);
            }
        }
        let at = self
            .entries
            .iter()
            .position(|entry| entry.key_origin == origin || entry.node.holds(origin))?;
        Some(self.entries.remove(at).key)
    }
}

impl Node {
    fn holds(&self, origin: Origin) -> bool {
        self.origin == origin
            || match &self.value {
                Value::Array(elements) => elements.iter().any(|element| element.holds(origin)),
                Value::Table(table) => table
                    .entries
                    .iter()
                    .any(|entry| entry.key_origin == origin || entry.node.holds(origin)),
                Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Float(_)
                | Value::Integer(_)
                | Value::LargeInteger(_)
                | Value::String(_) => false,
            }
    }
}

impl Entry {
    fn merge(&mut self, over: &Self) {
        match (&mut self.node.value, &over.node.value) {
            (Value::Table(mine), Value::Table(theirs)) => mine.merge(theirs),
            (value, theirs) => {
                *value = theirs.clone();
                self.key_origin = over.key_origin;
                self.node.origin = over.node.origin;
            }
        }
    }
}

/// Keys that say one thing in different ways: a step that says it one way takes the others back.
///
/// Each set holds ways; the keys of one way go together.
const ALTERNATIVES: &[&[&[&str]]] = &[
    &[
        &["records"],
        &["cname"],
        &["rcode"],
        &["silence"],
        &["nodata"],
        &["addresses", "edges"],
    ],
    &[&["body"], &["body_base64"], &["mode", "mx", "max_age"]],
    &[&["starttls"], &["fault"]],
    &[&["chain"], &["fault"]],
    &[&["lame"], &["rcode"], &["silence"]],
    // Octets have no encoding.
    &[&["body_base64"], &["encoding"]],
];

/// Returns the keys that `key` replaces.
fn alternatives_of(key: &str) -> impl Iterator<Item = &'static str> {
    ALTERNATIVES
        .iter()
        .filter_map(move |ways| {
            let mine = ways.iter().position(|way| way.contains(&key))?;
            Some(ways.iter().enumerate().filter(move |(at, _)| *at != mine))
        })
        .flatten()
        .flat_map(|(_, way)| way.iter().copied())
}

/// Two keys of one table that say one thing in different ways.
pub(crate) fn conflicting(table: &Table) -> Option<(&Entry, &Entry)> {
    table.entries.iter().enumerate().find_map(|(at, second)| {
        let others: Vec<&str> = alternatives_of(&second.key).collect();
        table
            .entries
            .iter()
            .take(at)
            .find(|first| others.contains(&first.key.as_str()))
            .map(|first| (first, second))
    })
}

/// An error of TOML's own grammar.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) origin: Origin,
    pub(crate) message: String,
}

/// Reads a document; of a broken one, as much as can be read.
pub(crate) fn parse(text: &str) -> (Table, Vec<SyntaxError>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let errors = errors
        .iter()
        .map(|error| SyntaxError {
            origin: error.span().map_or_else(Origin::default, |span| Origin {
                start: span.start,
                end: span.end,
            }),
            message: error.message().to_owned(),
        })
        .collect();
    (table(document.into_inner()), errors)
}

/// Reads a dotted key, such as `domains."corp.test".txt`.
pub(crate) fn parse_path(text: &str) -> Option<Vec<String>> {
    if text.contains(['\n', '\r', '=', '#', '[']) {
        return None;
    }
    let document = format!("{text} = 0");
    let (table, errors) = parse(&document);
    if !errors.is_empty() {
        return None;
    }
    let mut path = Vec::new();
    let mut table = &table;
    loop {
        let [entry] = table.entries.as_slice() else {
            return None;
        };
        path.push(entry.key.clone());
        match &entry.node.value {
            Value::Table(inner) => table = inner,
            Value::Integer(_) => return Some(path),
            Value::Array(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Float(_)
            | Value::LargeInteger(_)
            | Value::String(_) => return None,
        }
    }
}

fn origin<T>(spanned: &Spanned<T>) -> Origin {
    let span = spanned.span();
    Origin {
        start: span.start,
        end: span.end,
    }
}

fn table(entries: DeTable<'_>) -> Table {
    Table {
        entries: entries
            .into_iter()
            .map(|(key, value)| Entry {
                key_origin: origin(&key),
                key: key.into_inner().into_owned(),
                node: node(value),
            })
            .collect(),
    }
}

fn node(spanned: Spanned<DeValue<'_>>) -> Node {
    Node {
        origin: origin(&spanned),
        value: match spanned.into_inner() {
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_too_large) => Value::LargeInteger(integer.as_str().to_owned()),
                }
            }
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(number) => Value::Float(number),
                Err(_unreadable) => Value::Float(f64::NAN),
            },
            DeValue::Boolean(boolean) => Value::Boolean(boolean),
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(elements) => Value::Array(elements.into_iter().map(node).collect()),
            DeValue::Table(entries) => Value::Table(table(entries)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Table, Value, conflicting, parse, parse_path};

    fn read(text: &str) -> Table {
        let (table, errors) = parse(text);
        assert!(errors.is_empty(), "{errors:?}");
        table
    }

    /// Writes a tree in one line, without places.
    fn shape(table: &Table) -> String {
        let entries: Vec<String> = table
            .entries
            .iter()
            .map(|entry| format!("{}={}", entry.key, value(&entry.node)))
            .collect();
        format!("{{{}}}", entries.join(","))
    }

    fn value(node: &Node) -> String {
        match &node.value {
            Value::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(value).collect();
                format!("[{}]", elements.join(","))
            }
            Value::Boolean(boolean) => boolean.to_string(),
            Value::Datetime(text) | Value::LargeInteger(text) | Value::String(text) => text.clone(),
            Value::Float(number) => number.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Table(table) => shape(table),
        }
    }

    #[test]
    fn set_merges_tables_and_replaces_all_else() {
        for (base, over, expected) in [
            ("a.b=1\na.c=2", "a.c=3\na.d=4", "{a={b=1,c=3,d=4}}"),
            ("a=[1,2]", "a=[3]", "{a=[3]}"),
            ("a=1", "a.b=2", "{a={b=2}}"),
            ("a.b=1", "a=2", "{a=2}"),
        ] {
            let mut table = read(base);
            table.merge(&read(over));
            assert_eq!(shape(&table), expected, "{over} over {base}");
        }
    }

    #[test]
    fn one_way_to_say_a_thing_takes_the_others_back() {
        for (base, over, expected) in [
            (
                "txt.records=['a']\ntxt.ttl='1h'",
                "txt.rcode='servfail'",
                "{txt={ttl=1h,rcode=servfail}}",
            ),
            (
                "txt.rcode='servfail'",
                "txt.records=['b']",
                "{txt={records=[b]}}",
            ),
            (
                "policy={mode='enforce',mx=['a'],status=200}",
                "policy.body='x'",
                "{policy={status=200,body=x}}",
            ),
            (
                "policy.body='x'",
                "policy.mode='none'",
                "{policy={mode=none}}",
            ),
            (
                "policy={mode='enforce',mx=['a']}",
                "policy.mode='testing'",
                "{policy={mode=testing,mx=[a]}}",
            ),
        ] {
            let mut table = read(base);
            table.merge(&read(over));
            assert_eq!(shape(&table), expected, "{over} over {base}");
        }
    }

    #[test]
    fn two_ways_in_one_table_are_found() {
        let table = read("records=['a']\nttl='1h'\ncname='b'");
        let (first, second) = conflicting(&table).unwrap();
        assert_eq!(
            (first.key.as_str(), second.key.as_str()),
            ("records", "cname")
        );
        assert!(conflicting(&read("mode='none'\nmx=['a']")).is_none());
    }

    #[test]
    fn unset_takes_a_branch_away_or_says_that_there_is_none() {
        for (path, found, expected) in [
            ("a", true, "{}"),
            ("a.\"b.c\"", true, "{a={d=2}}"),
            ("a.b.c", false, "{a={b.c=1,d=2}}"),
            ("a.d.e", false, "{a={b.c=1,d=2}}"),
        ] {
            let mut table = read("a.\"b.c\"=1\na.d=2");
            assert_eq!(table.unset(&parse_path(path).unwrap()), found, "{path}");
            assert_eq!(shape(&table), expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_a_dotted_key_and_nothing_else() {
        for text in ["", "a.", ".a", "a b", "a = 1\nb", "[a]", "a.\"b", "a # b"] {
            assert_eq!(parse_path(text), None, "{text:?}");
        }
        assert_eq!(
            parse_path("domains.\"corp.test\".txt"),
            Some(vec!["domains".into(), "corp.test".into(), "txt".into()])
        );
    }
}
