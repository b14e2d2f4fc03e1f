//! Typed structs for values.

use std::collections::BTreeMap;

use super::diagnostics::Diagnostic;
use super::number::Number;
use super::path::{Path, Step};
use super::value::{Attr, Value};

/// A struct that stands for an object value. Implemented by [`model!`](crate::model).
pub trait Model: Sized {
    /// Reads the object. Attributes that are missing count as null.
    ///
    /// # Errors
    ///
    /// Names the attribute whose value has another type than the model. Terraform checks types
    /// against the schema first, so this is a disagreement between schema and model.
    fn from_object(object: &BTreeMap<String, Value>) -> Result<Self, ModelError>;

    /// Writes the object, every attribute present.
    fn to_object(&self) -> BTreeMap<String, Value>;

    /// Reads a value that is an object, or `None` for null.
    ///
    /// # Errors
    ///
    /// As [`Model::from_object`]; an unknown value is one too.
    fn from_value(value: &Value) -> Result<Option<Self>, ModelError> {
        match value {
            Value::Null => Ok(None),
            Value::Map(object) => Self::from_object(object).map(Some),
            _ => Err(ModelError::expected("an object")),
        }
    }

    /// Writes a value.
    fn to_value(&self) -> Value {
        Value::Map(self.to_object())
    }
}

/// A type that an attribute of a model can have.
pub trait Field: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The value has another type.
    fn read(value: &Value) -> Result<Self, ModelError>;

    /// Writes it.
    fn write(&self) -> Value;
}

/// A value does not have the type that the model expects.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected} at `{}`", Path::from_iter(steps.iter().rev().cloned()))]
pub struct ModelError {
    expected: &'static str,
    /// From the inside out.
    steps: Vec<Step>,
}

impl ModelError {
    /// A value that should have been this.
    #[must_use]
    pub fn expected(expected: &'static str) -> Self {
        Self {
            expected,
            steps: Vec::new(),
        }
    }

    /// The same, seen from one step further out.
    #[must_use]
    pub fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// The model of a value that is an object.
pub(super) fn required<M: Model>(value: &Value) -> Result<M, ModelError> {
    M::from_value(value)?.ok_or_else(|| ModelError::expected("an object"))
}

/// Schema and model disagree.
pub(super) fn mismatch(error: &ModelError) -> Diagnostic {
    Diagnostic::defect(
        "Value does not match the schema",
        format!("The provider received a value that its schema does not allow: {error}."),
    )
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        steps
            .into_iter()
            .fold(Self::default(), |path, step| match step {
                Step::Attribute(name) => path.attribute(&name),
                Step::Index(index) => path.index(usize::try_from(index).unwrap_or(usize::MAX)),
                Step::Key(key) => path.key(&key),
            })
    }
}

impl<T: Field> Field for Attr<T> {
    fn read(value: &Value) -> Result<Self, ModelError> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown => Ok(Self::Unknown),
            known => T::read(known).map(Self::Known),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => value.write(),
        }
    }
}

impl Field for String {
    fn read(value: &Value) -> Result<Self, ModelError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(ModelError::expected("a string")),
        }
    }

    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Field for bool {
    fn read(value: &Value) -> Result<Self, ModelError> {
        match value {
            Value::Bool(truth) => Ok(*truth),
            _ => Err(ModelError::expected("a bool")),
        }
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Field for i64 {
    fn read(value: &Value) -> Result<Self, ModelError> {
        match value {
            Value::Number(Number::Integer(number)) => Ok(*number),
            _ => Err(ModelError::expected("a whole number")),
        }
    }

    fn write(&self) -> Value {
        Value::Number(Number::Integer(*self))
    }
}

/// A list or set.
impl<T: Field> Field for Vec<T> {
    fn read(value: &Value) -> Result<Self, ModelError> {
        let Value::List(elements) = value else {
            return Err(ModelError::expected("a list or set"));
        };
        let positions = 0_i64..;
        let numbered = elements.iter().zip(positions);
        numbered
            .map(|(each, at)| T::read(each).map_err(|error| error.inside(Step::Index(at))))
            .collect()
    }

    fn write(&self) -> Value {
        Value::List(self.iter().map(Field::write).collect())
    }
}

/// A map.
impl<T: Field> Field for BTreeMap<String, T> {
    fn read(value: &Value) -> Result<Self, ModelError> {
        let Value::Map(elements) = value else {
            return Err(ModelError::expected("a map"));
        };
        let elements = elements.iter();
        elements
            .map(|(key, each)| match T::read(each) {
                Ok(read) => Ok((key.clone(), read)),
                Err(error) => Err(error.inside(Step::Key(key.clone()))),
            })
            .collect()
    }

    fn write(&self) -> Value {
        Value::Map(
            self.iter()
                .map(|(key, each)| (key.clone(), each.write()))
                .collect(),
        )
    }
}

/// Declares a struct that is a [`Model`] (and a [`Field`], so that it can nest).
///
/// Every field must be a [`Field`]; attributes are `Attr<…>`, blocks are `Vec<…>`.
///
/// ```
/// use terraform_provider_ecrpublic::{model, tf::Attr};
///
/// model! {
///     /// How long each operation may take.
///     pub struct Timeouts {
///         /// Go duration syntax.
///         pub create: Attr<String>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! model {
    (
        $(#[$outer:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$inner:meta])* $field_visibility:vis $field:ident : $kind:ty ),* $(,)?
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $visibility struct $name {
            $( $(#[$inner])* $field_visibility $field: $kind, )*
        }

        impl $crate::tf::Model for $name {
            fn from_object(
                object: &::std::collections::BTreeMap<String, $crate::tf::Value>,
            ) -> Result<Self, $crate::tf::ModelError> {
                // A model without fields reads nothing.
                let _ = object;
                Ok(Self {
                    $( $field: {
                        let value = object
                            .get(stringify!($field))
                            .unwrap_or(&$crate::tf::Value::Null);
                        <$kind as $crate::tf::Field>::read(value).map_err(|error| {
                            error.inside($crate::tf::Step::Attribute(
                                stringify!($field).to_owned(),
                            ))
                        })?
                    }, )*
                })
            }

            fn to_object(&self) -> ::std::collections::BTreeMap<String, $crate::tf::Value> {
                ::std::collections::BTreeMap::from([
                    $( (
                        stringify!($field).to_owned(),
                        $crate::tf::Field::write(&self.$field),
                    ), )*
                ])
            }
        }

        impl $crate::tf::Field for $name {
            fn read(
                value: &$crate::tf::Value,
            ) -> Result<Self, $crate::tf::ModelError> {
                <Self as $crate::tf::Model>::from_value(value)?
                    .ok_or_else(|| $crate::tf::ModelError::expected("an object"))
            }

            fn write(&self) -> $crate::tf::Value {
                <Self as $crate::tf::Model>::to_value(self)
            }
        }
    };
}
