//! Making a value fit before it is written.

use std::collections::BTreeMap;

use super::WireError;
use crate::tf::{Block, Nesting, Step, Type, Value};

/// Adds the attributes that a value lacks, as null, and drops those its type does not have.
///
/// # Errors
///
/// Something inside has another type; says where.
pub fn conform(value: Value, kind: &Type) -> Result<Value, WireError> {
    match (value, kind) {
        (Value::List(elements), Type::List(of) | Type::Set(of)) => {
            let elements = elements.into_iter().enumerate();
            let elements = elements
                .map(|(position, each)| conform(each, of).map_err(|error| error.at(position)));
            elements.collect::<Result<_, _>>().map(Value::List)
        }
        (Value::List(elements), Type::Tuple(of)) if elements.len() == of.len() => {
            let elements = elements.into_iter().zip(of).enumerate();
            let elements = elements.map(|(position, (each, kind))| {
                conform(each, kind).map_err(|error| error.at(position))
            });
            elements.collect::<Result<_, _>>().map(Value::List)
        }
        (Value::Map(elements), Type::Map(of)) => {
            let elements = elements.into_iter();
            let elements = elements.map(|(key, each)| match conform(each, of) {
                Ok(each) => Ok((key, each)),
                Err(error) => Err(error.inside(Step::Key(key))),
            });
            elements.collect::<Result<_, _>>().map(Value::Map)
        }
        (Value::Map(mut object), Type::Object(attributes)) => {
            let attributes = attributes.iter().map(|(name, kind)| {
                let value = object.remove(name).unwrap_or(Value::Null);
                match conform(value, kind) {
                    Ok(value) => Ok((name.clone(), value)),
                    Err(error) => Err(error.inside(Step::Attribute(name.clone()))),
                }
            });
            attributes.collect::<Result<_, _>>().map(Value::Map)
        }
        (value, kind) if kind.admits(&value) => Ok(value),
        (value, kind) => Err(WireError::mismatch(kind.name(), value.name())),
    }
}

/// Turns nested blocks that are null, although the host has them empty, into empty ones.
pub fn settle(value: &mut Value, block: &Block) {
    let Value::Map(object) = value else { return };
    for nested in &block.blocks {
        let Some(inside) = object.get_mut(nested.name) else {
            continue;
        };
        match (nested.nesting, &mut *inside) {
            (Nesting::List | Nesting::Set, Value::Null) => *inside = Value::List(Vec::new()),
            (Nesting::Map, Value::Null) => *inside = Value::Map(BTreeMap::new()),
            (Nesting::Single, each) => settle(each, &nested.block),
            (_, Value::List(elements)) => {
                for each in elements {
                    settle(each, &nested.block);
                }
            }
            (_, Value::Map(elements)) => {
                for each in elements.values_mut() {
                    settle(each, &nested.block);
                }
            }
            _ => {}
        }
    }
}
