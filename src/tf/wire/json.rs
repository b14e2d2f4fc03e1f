//! JSON, in which the host stores values.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{MAX_DEPTH, Problem, WireError, type_from_json};
use crate::tf::{Number, Step, Type, Value};

/// Reads a stored value with the schema of today.
///
/// Attributes that are missing are null, attributes that no longer exist are ignored, and
/// primitives are converted where nothing is lost (`"5"` for the number 5). Numbers keep every
/// digit. There are no unknown values in stored state.
///
/// # Errors
///
/// The bytes are not JSON, or a value has a type that cannot be converted; says where.
pub fn from_json(bytes: &[u8], kind: &Type) -> Result<Value, WireError> {
    read(raw(bytes)?, kind, 0)
}

/// Reads a stored value whose schema is not known any more.
///
/// # Errors
///
/// The bytes are not JSON, or nest too deeply.
pub fn from_json_untyped(bytes: &[u8]) -> Result<Value, WireError> {
    read_untyped(raw(bytes)?, 0)
}

fn raw(bytes: &[u8]) -> Result<&RawValue, WireError> {
    serde_json::from_slice(bytes).map_err(|_| Problem::InvalidJson.into())
}

fn read(json: &RawValue, kind: &Type, depth: usize) -> Result<Value, WireError> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep.into());
    }
    let token = Token::of(json);
    match (kind, token) {
        (_, Token::Null) => Ok(Value::Null),
        (Type::String, Token::Text) => text(json).map(Value::String),
        (Type::String, Token::Number | Token::Bool(_)) => Ok(Value::String(json.get().to_owned())),
        (Type::Number, Token::Number) => number(json.get()),
        (Type::Number, Token::Text) => number(&text(json)?),
        (Type::Bool, Token::Bool(truth)) => Ok(Value::Bool(truth)),
        (Type::Bool, Token::Text) => match text(json)?.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(WireError::mismatch(kind.name(), token.name())),
        },
        (Type::List(of) | Type::Set(of), Token::Array) => {
            elements(json, |_| Some(&**of), depth + 1)
        }
        (Type::Tuple(of), Token::Array) => elements(json, |position| of.get(position), depth + 1),
        (Type::Map(of), Token::Object) => entries(json, |_| Some(&**of), Step::Key, depth + 1),
        (Type::Object(attributes), Token::Object) => {
            let kind = |name: &str| attributes.get(name);
            let mut object = entries(json, kind, Step::Attribute, depth + 1)?;
            if let Value::Map(present) = &mut object {
                for name in attributes.keys() {
                    present.entry(name.clone()).or_insert(Value::Null);
                }
            }
            Ok(object)
        }
        (Type::Dynamic, Token::Object) => dynamic(json, depth + 1),
        _ => Err(WireError::mismatch(kind.name(), token.name())),
    }
}

/// `{"value": …, "type": …}`
fn dynamic(json: &RawValue, depth: usize) -> Result<Value, WireError> {
    let parts: BTreeMap<String, &RawValue> = parse(json)?;
    let (Some(value), Some(kind)) = (parts.get("value"), parts.get("type")) else {
        return Err(WireError::mismatch("a value with its type", "an object"));
    };
    read(value, &type_from_json(kind.get().as_bytes())?, depth)
}

fn elements<'t>(
    json: &RawValue,
    kind: impl Fn(usize) -> Option<&'t Type>,
    depth: usize,
) -> Result<Value, WireError> {
    let elements: Vec<&RawValue> = parse(json)?;
    let elements = elements.into_iter().enumerate();
    let elements = elements.map(|(position, element)| {
        let kind = kind(position)
            .ok_or_else(|| WireError::mismatch("a tuple", "one of another length"))?;
        read(element, kind, depth).map_err(|error| error.at(position))
    });
    elements.collect::<Result<_, _>>().map(Value::List)
}

fn entries<'t>(
    json: &RawValue,
    kind: impl Fn(&str) -> Option<&'t Type>,
    step: impl Fn(String) -> Step,
    depth: usize,
) -> Result<Value, WireError> {
    let entries: BTreeMap<String, &RawValue> = parse(json)?;
    let mut read_entries = BTreeMap::new();
    for (key, entry) in entries {
        let Some(kind) = kind(&key) else { continue };
        match read(entry, kind, depth) {
            Ok(value) => read_entries.insert(key, value),
            Err(error) => return Err(error.inside(step(key))),
        };
    }
    Ok(Value::Map(read_entries))
}

fn read_untyped(json: &RawValue, depth: usize) -> Result<Value, WireError> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep.into());
    }
    match Token::of(json) {
        Token::Null => Ok(Value::Null),
        Token::Bool(truth) => Ok(Value::Bool(truth)),
        Token::Number => number(json.get()),
        Token::Text => text(json).map(Value::String),
        Token::Array => {
            let elements: Vec<&RawValue> = parse(json)?;
            let elements = elements
                .into_iter()
                .map(|each| read_untyped(each, depth + 1));
            elements.collect::<Result<_, _>>().map(Value::List)
        }
        Token::Object => {
            let entries: BTreeMap<String, &RawValue> = parse(json)?;
            let entries = entries
                .into_iter()
                .map(|(key, each)| Ok((key, read_untyped(each, depth + 1)?)));
            entries.collect::<Result<_, _>>().map(Value::Map)
        }
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a RawValue) -> Result<T, WireError> {
    serde_json::from_str(json.get()).map_err(|_| Problem::InvalidJson.into())
}

fn text(json: &RawValue) -> Result<String, WireError> {
    parse(json)
}

fn number(text: &str) -> Result<Value, WireError> {
    match Number::parse(text) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(Problem::NotANumber.into()),
    }
}

/// What a JSON text is, told by its first character.
#[derive(Clone, Copy)]
enum Token {
    Null,
    Bool(bool),
    Number,
    Text,
    Array,
    Object,
}

impl Token {
    fn of(json: &RawValue) -> Self {
        match json.get().as_bytes().first() {
            Some(b'n') | None => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(_) => Self::Number,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Array => "a list",
            Self::Object => "an object",
        }
    }
}
