//! Values as Terraform knows them.

use std::collections::BTreeMap;

use super::number::Number;

/// A value of any type. Its type is given by the schema, not by the value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent.
    Null,
    /// Not known before apply.
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// Text.
    String(String),
    /// A list, set or tuple. The order of a set carries no meaning.
    List(Vec<Self>),
    /// A map or an object.
    Map(BTreeMap<String, Self>),
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// A number.
    Number,
    /// A truth value.
    Bool,
    /// Any type; the value brings its own.
    Dynamic,
    /// Ordered elements of one type.
    List(Box<Self>),
    /// Unordered, distinct elements of one type.
    Set(Box<Self>),
    /// Elements of one type by name.
    Map(Box<Self>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Self>),
    /// Ordered elements, each of its own type.
    Tuple(Vec<Self>),
}

impl Type {
    /// `list(of)`
    #[must_use]
    pub fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    /// `set(of)`
    #[must_use]
    pub fn set(of: Self) -> Self {
        Self::Set(Box::new(of))
    }

    /// `map(of)`
    #[must_use]
    pub fn map(of: Self) -> Self {
        Self::Map(Box::new(of))
    }

    /// Its kind in words.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Tuple(_) => "a tuple",
        }
    }

    /// Whether a value without parts can be of this type.
    pub(super) fn admits(&self, value: &Value) -> bool {
        matches!(
            (self, value),
            (_, Value::Null | Value::Unknown)
                | (Self::Dynamic, _)
                | (Self::String, Value::String(_))
                | (Self::Number, Value::Number(_))
                | (Self::Bool, Value::Bool(_))
        )
    }
}

impl Value {
    /// Whether this or anything inside is unknown.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(elements) => elements.iter().any(Self::has_unknown),
            Self::Map(elements) => elements.values().any(Self::has_unknown),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => false,
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same value with null in place of everything unknown.
    #[must_use]
    pub fn without_unknowns(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            Self::List(elements) => {
                Self::List(elements.into_iter().map(Self::without_unknowns).collect())
            }
            Self::Map(elements) => {
                let elements = elements.into_iter();
                Self::Map(
                    elements
                        .map(|(key, each)| (key, each.without_unknowns()))
                        .collect(),
                )
            }
            known => known,
        }
    }

    /// Its kind in words.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map or object",
        }
    }
}

/// An attribute of a typed model: null, unknown or known, and nothing is assumed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Not known before apply.
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Attr<T> {
    /// The value, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is unknown.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same case with the value converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(convert(value)),
        }
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}
