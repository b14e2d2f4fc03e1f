//! JSON objects with names of which each is there once. Where it is there twice, one reader takes
//! the first and another the last.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// An object as a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names<T>(pub(super) BTreeMap<String, T>);

/// A value of which only text is of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// It is text.
    Is(String),
    /// It is a number, a list or something else.
    IsNot,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Names<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once(PhantomData))
    }
}

struct Once<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Once<T> {
    type Value = Names<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Names<T>, M::Error> {
        let mut names = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if names.insert(name, value).is_some() {
                return Err(M::Error::custom("a name is there twice"));
            }
        }
        Ok(Names(names))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Self::Is(text),
            _ => Self::IsNot,
        })
    }
}
