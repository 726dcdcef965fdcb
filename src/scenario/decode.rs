//! From the tree to types, with serde: every mistake gets its place.
//!
//! Unknown keys are reported and skipped, and so are keys with a bad value: one mistake hides no other, and the
//! name under which it stands remains declared.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use super::located::{LOCATED, ONE_OR_MANY, Origin};
use super::tree::{Entry, Node, Table, Value};
use super::words::{nearest, one_of};

/// A mistake and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mistake {
    pub(crate) origin: Origin,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The most mistakes that are looked for in one table.
const MAX_MISTAKES: usize = 32;

/// Decodes one node; mistakes go to the list, some more than once, and without a value at least one does.
///
/// A key with a bad value is reported and left out, and the rest is read: what stands beside it is not at fault.
pub(crate) fn decode<T: DeserializeOwned>(node: &Node, mistakes: &mut Vec<Mistake>) -> Option<T> {
    let mut pruned = None;
    let mut bad_keys: Vec<String> = Vec::new();
    for _ in 0..MAX_MISTAKES {
        let node = pruned.as_ref().unwrap_or(node);
        let unknown = RefCell::new(Vec::new());
        let decoded = T::deserialize(NodeDeserializer {
            node,
            unknown: &unknown,
        });
        // Each time anew: what is left out below takes its unknown keys with it.
        mistakes.append(&mut unknown.into_inner());
        let error = match decoded {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let origin = error.origin.unwrap_or(node.origin);
        let is_reported = error
            .missing
            .is_some_and(|field| bad_keys.iter().any(|key| key == field));
        if !is_reported {
            mistakes.push(Mistake {
                origin,
                message: error.message,
                help: error.help,
            });
        }
        let mut rest = node.clone();
        let key = match &mut rest.value {
            Value::Table(table) => table.prune(origin),
            Value::Array(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Float(_)
            | Value::Integer(_)
            | Value::LargeInteger(_)
            | Value::String(_) => None,
        };
        bad_keys.push(key?);
        pruned = Some(rest);
    }
    None
}

/// What serde's visitors complain about.
#[derive(Debug)]
struct DecodeError {
    origin: Option<Origin>,
    message: String,
    help: Option<String>,
    /// The field that is missing, if that is the mistake.
    missing: Option<&'static str>,
}

impl DecodeError {
    fn or_at(mut self, origin: Origin) -> Self {
        self.origin.get_or_insert(origin);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            origin: None,
            message: message.to_string(),
            help: None,
            missing: None,
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a truth value",
            Unexpected::Signed(_) | Unexpected::Unsigned(_) => "a number",
            Unexpected::Float(_) => "a decimal number",
            Unexpected::Str(_) => "a text",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a table",
            other => return Self::invalid_value(other, expected),
        };
        Self::custom(format_args!(
            "found {found}, expected {}",
            in_our_words(expected)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Signed(number) => number.to_string(),
            Unexpected::Unsigned(number) => number.to_string(),
            other => other.to_string(),
        };
        Self::custom(format_args!(
            "found {found}, expected {}",
            in_our_words(expected)
        ))
    }

    fn invalid_length(found: usize, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("found {found} elements, expected {expected}"))
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let found: String = found.chars().take(64).collect();
        Self {
            origin: None,
            help: Some(did_you_mean(&found, expected)),
            message: format!("`{found}` is not known here"),
            missing: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            missing: Some(field),
            ..Self::custom(format_args!("`{field}` is missing"))
        }
    }
}

/// Returns what serde expects in the words of the format, with a form that is right.
fn in_our_words(expected: &dyn de::Expected) -> String {
    match expected.to_string().as_str() {
        "a string" | "a text" => "a text, as in `\"…\"`".to_owned(),
        "a sequence" => "a list, as in `[\"…\"]`".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a table" | "a map" => "a table, as in `{ … }`".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" => "a whole number, without quotes".to_owned(),
        other => other.to_owned(),
    }
}

fn did_you_mean(found: &str, expected: &[&'static str]) -> String {
    match nearest(found, expected.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("expected {}", one_of(expected.iter().copied())),
    }
}

#[derive(Clone, Copy)]
struct NodeDeserializer<'a> {
    node: &'a Node,
    unknown: &'a RefCell<Vec<Mistake>>,
}

impl<'a> NodeDeserializer<'a> {
    const fn of(self, node: &'a Node) -> Self {
        Self {
            node,
            unknown: self.unknown,
        }
    }

    fn mismatch(self, expected: &dyn de::Expected) -> DecodeError {
        DecodeError {
            origin: Some(self.node.origin),
            message: format!(
                "found {}, expected {}",
                self.node.value.kind(),
                in_our_words(expected)
            ),
            help: None,
            missing: None,
        }
    }

    fn entries(self, table: &'a Table) -> Entries<'a> {
        Entries {
            context: self,
            rest: table.entries.iter(),
            known: None,
            value: None,
        }
    }
}

impl<'de> de::Deserializer<'de> for NodeDeserializer<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let origin = self.node.origin;
        match &self.node.value {
            Value::Array(elements) => visitor.visit_seq(Elements {
                context: self,
                rest: elements.iter(),
            }),
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
            // A date that the writer left without quotes is as good as one with them.
            Value::Datetime(text) | Value::String(text) => visitor.visit_str(text),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::LargeInteger(text) => Err(de::Error::custom(format_args!(
                "the number {} is too large",
                text.chars().take(40).collect::<String>()
            ))),
            Value::Table(table) => visitor.visit_map(self.entries(table)),
        }
        .map_err(|error: DecodeError| error.or_at(origin))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match name {
            LOCATED => visitor.visit_seq(Place {
                context: self,
                next: 0,
            }),
            ONE_OR_MANY => match &self.node.value {
                Value::Array(_) => self.deserialize_any(visitor),
                Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Float(_)
                | Value::Integer(_)
                | Value::LargeInteger(_)
                | Value::String(_)
                | Value::Table(_) => visitor.visit_seq(Elements {
                    context: self,
                    rest: std::slice::from_ref(self.node).iter(),
                }),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let Value::Table(table) = &self.node.value else {
            return Err(self.mismatch(&"a table"));
        };
        let entries = Entries {
            known: Some(fields),
            ..self.entries(table)
        };
        visitor
            .visit_map(entries)
            .map_err(|error| error.or_at(self.node.origin))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let Value::String(word) = &self.node.value else {
            return Err(self.mismatch(&"a text"));
        };
        visitor
            .visit_enum(Word(word))
            .map_err(|error| error.or_at(self.node.origin))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple map identifier ignored_any
    }
}

/// The elements of a list.
struct Elements<'a> {
    context: NodeDeserializer<'a>,
    rest: std::slice::Iter<'a, Node>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        self.rest
            .next()
            .map(|node| {
                seed.deserialize(self.context.of(node))
                    .map_err(|error| error.or_at(node.origin))
            })
            .transpose()
    }
}

/// The place of a value, then the value.
struct Place<'a> {
    context: NodeDeserializer<'a>,
    next: u8,
}

impl<'de> SeqAccess<'de> for Place<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let origin = self.context.node.origin;
        let place = self.next;
        self.next = place.saturating_add(1);
        match place {
            0 => seed.deserialize(origin.start.into_deserializer()),
            1 => seed.deserialize(origin.end.into_deserializer()),
            2 => seed.deserialize(self.context),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// The entries of a table; with `known`, other keys are noted and skipped.
struct Entries<'a> {
    context: NodeDeserializer<'a>,
    rest: std::slice::Iter<'a, Entry>,
    known: Option<&'static [&'static str]>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        for entry in self.rest.by_ref() {
            match self.known {
                Some(known) if !known.contains(&entry.key.as_str()) => {
                    self.context.unknown.borrow_mut().push(Mistake {
                        origin: entry.key_origin,
                        message: format!(
                            "unknown key `{}`",
                            entry.key.chars().take(64).collect::<String>()
                        ),
                        help: Some(did_you_mean(&entry.key, known)),
                    });
                }
                Some(_) | None => {
                    self.value = Some(&entry.node);
                    // A key is decoded as a node of its own, so that it too can have its place.
                    let key = Node {
                        origin: entry.key_origin,
                        value: Value::String(entry.key.clone()),
                    };
                    return seed
                        .deserialize(NodeDeserializer {
                            node: &key,
                            unknown: self.context.unknown,
                        })
                        .map(Some)
                        .map_err(|error| error.or_at(entry.key_origin));
                }
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value.take() {
            Some(node) => seed
                .deserialize(self.context.of(node))
                .map_err(|error| error.or_at(node.origin)),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// A word that names a variant.
struct Word<'a>(&'a str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        let word: StrDeserializer<'_, DecodeError> = self.0.into_deserializer();
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        _seed: T,
    ) -> Result<T::Value, DecodeError> {
        Err(de::Error::custom(
            "a word was found where a table is needed",
        ))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(de::Error::custom("a word was found where a list is needed"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(de::Error::custom(
            "a word was found where a table is needed",
        ))
    }
}
