//! Names: enums that are written and read by one spelling each, from one list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{EnumAccess, Error, VariantAccess, Visitor};

/// A set of values, each with one spelling.
pub trait Named: Copy + Sized + 'static {
    /// What the names stand for, as in "a certificate's fault".
    const WHAT: &str;

    /// Returns every value, in the order of the reference page.
    fn all() -> impl Iterator<Item = Self>;

    /// Returns the name.
    fn name(self) -> &'static str;

    /// Finds a value by its name.
    ///
    /// # Errors
    ///
    /// When no value has it.
    fn find(name: &str) -> Result<Self, UnknownName> {
        Self::all()
            .find(|value| value.name() == name)
            .ok_or_else(|| UnknownName {
                found: name.chars().take(64).collect(),
                what: Self::WHAT,
            })
    }
}

/// A word that is not among the names it was looked up in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{found}` is not {what}")]
pub struct UnknownName {
    /// The word, its first 64 characters.
    pub found: Box<str>,
    /// What was looked for.
    pub what: &'static str,
}

/// Defines an enum of names: its variants, each with its one spelling, [`Named`], `ALL`, `Display`, `FromStr`
/// and serde's word.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every name, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name as a scenario spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        $crate::fakes::names::spelled!($name, $what, Self::ALL.iter().copied());
    };
}
pub(crate) use names;

/// Defines an enum out of several enums of names, whose names do not overlap.
macro_rules! union {
    ($(#[doc = $meta:literal])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident($inner:ident),)+ }) => {
        $(#[doc = $meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$doc])* $variant($inner),)+
        }

        impl $name {
            /// Returns the name as a scenario spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant(fault) => fault.as_str(),)+
                }
            }
        }

        $crate::fakes::names::spelled!(
            $name, $what, [].into_iter()$(.chain($inner::ALL.iter().copied().map(Self::$variant)))+
        );

        $(impl From<$inner> for $name {
            fn from(fault: $inner) -> Self {
                Self::$variant(fault)
            }
        })+

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                static NAMES: std::sync::LazyLock<Vec<&str>> =
                    std::sync::LazyLock::new(|| $crate::fakes::names::of::<$name>());
                deserializer.deserialize_enum(
                    stringify!($name),
                    &NAMES,
                    $crate::fakes::names::Word::<$name>::among(&NAMES),
                )
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let parts = [$($inner::json_schema(generator),)+];
                let words = parts.iter().filter_map(|part| part.get("oneOf")?.as_array());
                schemars::json_schema!({
                    "oneOf": words.flatten().collect::<Vec<_>>(),
                    "description": concat!($($meta, "\n",)*).trim(),
                })
            }
        }
    };
}
pub(crate) use union;

/// Writes and reads an enum by its names.
macro_rules! spelled {
    ($name:ident, $what:literal, $all:expr) => {
        impl $crate::fakes::names::Named for $name {
            const WHAT: &str = $what;

            fn all() -> impl Iterator<Item = Self> {
                $all
            }

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::fakes::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::fakes::names::Named::find(text)
            }
        }
    };
}
pub(crate) use spelled;

/// Returns all names of an enum.
pub(super) fn of<T: Named>() -> Vec<&'static str> {
    T::all().map(T::name).collect()
}

/// Reads a unit variant by its name, as serde's own reader of such an enum does.
pub(super) struct Word<T> {
    names: &'static [&'static str],
    values: PhantomData<T>,
}

impl<T> Word<T> {
    pub(super) const fn among(names: &'static [&'static str]) -> Self {
        Self {
            names,
            values: PhantomData,
        }
    }
}

impl<'de, T: Named> Visitor<'de> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<T, A::Error> {
        let (word, unit) = data.variant::<String>()?;
        unit.unit_variant()?;
        T::find(&word).map_err(|unknown| Error::unknown_variant(&unknown.found, self.names))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::Deserialize as _;
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{BoolDeserializer, Error, StrDeserializer};

    use super::{Named, UnknownName};
    use crate::fakes::{
        CertificateFault, HttpsFault, KeyKind, Rcode, RecordFault, RecordKind, SmtpFault,
        TlsVersions, Transfer,
    };

    #[test]
    fn every_name_is_read_as_it_is_written_and_stands_for_one_thing() {
        fn check<T>()
        where
            T: Debug + Display + FromStr<Err = UnknownName> + Named + PartialEq,
        {
            let mut names = BTreeSet::new();
            for value in T::all() {
                assert_eq!(value.to_string().parse(), Ok(value));
                assert!(names.insert(value.name()), "{value}");
            }
        }
        check::<CertificateFault>();
        check::<HttpsFault>();
        check::<KeyKind>();
        check::<Rcode>();
        check::<RecordFault>();
        check::<RecordKind>();
        check::<SmtpFault>();
        check::<TlsVersions>();
        check::<Transfer>();
    }

    #[test]
    fn an_unknown_name_is_told_with_what_was_looked_for() {
        let error = "Expired".parse::<CertificateFault>().unwrap_err();
        assert_eq!(error.to_string(), "`Expired` is not a certificate's fault");
    }

    #[test]
    fn a_file_that_names_no_fault_is_answered_with_those_there_are() {
        let names: Vec<String> = HttpsFault::all()
            .map(|fault| format!("`{fault}`"))
            .collect();
        let word = |text: &'static str| -> StrDeserializer<'_, Error> { text.into_deserializer() };
        let truth: BoolDeserializer<Error> = true.into_deserializer();
        for (read, expected) in [
            (
                HttpsFault::deserialize(word("tls1.0-only")),
                Ok("tls1.0-only".parse().unwrap()),
            ),
            (
                HttpsFault::deserialize(word("greylist")),
                Err(format!(
                    "unknown variant `greylist`, expected one of {}",
                    names.join(", ")
                )),
            ),
            (
                HttpsFault::deserialize(truth),
                Err("invalid type: boolean `true`, expected a policy host's fault".to_owned()),
            ),
        ] {
            assert_eq!(read.map_err(|error| error.to_string()), expected);
        }
    }
}
