//! Type constraints as JSON, the form that schemas and dynamic values carry.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{MAX_DEPTH, Problem, WireError};
use crate::tf::Type;

/// Writes a type constraint, compact.
#[must_use]
pub fn type_to_json(kind: &Type) -> Vec<u8> {
    to_json(kind).to_string().into_bytes()
}

/// Reads a type constraint.
///
/// # Errors
///
/// The bytes are not a type constraint, or nest too deeply.
pub fn type_from_json(bytes: &[u8]) -> Result<Type, WireError> {
    let json = serde_json::from_slice(bytes).map_err(|_| Problem::InvalidType)?;
    from_json(&json, 0)
}

fn to_json(kind: &Type) -> Json {
    match kind {
        Type::String => json!("string"),
        Type::Number => json!("number"),
        Type::Bool => json!("bool"),
        Type::Dynamic => json!("dynamic"),
        Type::List(of) => json!(["list", to_json(of)]),
        Type::Set(of) => json!(["set", to_json(of)]),
        Type::Map(of) => json!(["map", to_json(of)]),
        Type::Object(attributes) => {
            let attributes: BTreeMap<_, _> = attributes
                .iter()
                .map(|(name, kind)| (name, to_json(kind)))
                .collect();
            json!(["object", attributes])
        }
        Type::Tuple(of) => json!(["tuple", of.iter().map(to_json).collect::<Vec<_>>()]),
    }
}

fn from_json(json: &Json, depth: usize) -> Result<Type, WireError> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep.into());
    }
    match json {
        Json::String(name) => primitive(name),
        Json::Array(parts) => match parts.as_slice() {
            // An object may list its optional attributes in a third part; they are attributes all
            // the same.
            [Json::String(name), of] | [Json::String(name), of, _] => {
                structure(name, of, depth + 1)
            }
            _ => Err(Problem::InvalidType.into()),
        },
        _ => Err(Problem::InvalidType.into()),
    }
}

fn primitive(name: &str) -> Result<Type, WireError> {
    match name {
        "string" => Ok(Type::String),
        "number" => Ok(Type::Number),
        "bool" => Ok(Type::Bool),
        "dynamic" => Ok(Type::Dynamic),
        _ => Err(Problem::InvalidType.into()),
    }
}

fn structure(name: &str, of: &Json, depth: usize) -> Result<Type, WireError> {
    match (name, of) {
        ("list", _) => from_json(of, depth).map(Type::list),
        ("set", _) => from_json(of, depth).map(Type::set),
        ("map", _) => from_json(of, depth).map(Type::map),
        ("tuple", Json::Array(of)) => {
            let of = of.iter().map(|each| from_json(each, depth));
            Ok(Type::Tuple(of.collect::<Result<_, _>>()?))
        }
        ("object", Json::Object(attributes)) => {
            let attributes = attributes
                .iter()
                .map(|(name, kind)| Ok((name.clone(), from_json(kind, depth)?)));
            Ok(Type::Object(attributes.collect::<Result<_, WireError>>()?))
        }
        _ => Err(Problem::InvalidType.into()),
    }
}
