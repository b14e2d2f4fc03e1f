//! MessagePack, in which values travel between the host and the provider.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode::RmpRead;
use rmp::encode::{self, ByteBuf, RmpWrite};

use super::{MAX_DEPTH, Problem, WireError, type_from_json, type_to_json};
use crate::tf::{Number, Step, Type, Value};

/// Reads a value of a type.
///
/// Every kind of unknown value, refined or not, is [`Value::Unknown`]. A value in a dynamic slot
/// loses the type it brought.
///
/// # Errors
///
/// The bytes are not one value of this type, say where.
pub fn from_msgpack(bytes: &[u8], kind: &Type) -> Result<Value, WireError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(kind, 0)?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(Problem::Trailing.into())
    }
}

/// Writes a value of a type.
///
/// A list in a dynamic slot goes out as a tuple, a map as an object.
///
/// # Errors
///
/// The value does not have this type; an object must have every attribute and no other.
pub fn to_msgpack(value: &Value, kind: &Type) -> Result<Vec<u8>, WireError> {
    let mut out = ByteBuf::new();
    write(&mut out, value, kind)?;
    Ok(out.into_vec())
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, kind: &Type, depth: usize) -> Result<Value, WireError> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep.into());
        }
        let marker = self.marker()?;
        if marker == Marker::Null {
            return Ok(Value::Null);
        }
        if let Some(length) = self.extension(marker)? {
            self.take(length)?;
            return Ok(Value::Unknown);
        }
        match kind {
            Type::String => self.text(marker).map(|text| Value::String(text.to_owned())),
            Type::Number => self.number(marker).map(Value::Number),
            Type::Bool => match marker {
                Marker::True => Ok(Value::Bool(true)),
                Marker::False => Ok(Value::Bool(false)),
                other => Err(WireError::mismatch("a bool", name(other))),
            },
            Type::Dynamic => self.dynamic(marker, depth + 1),
            Type::List(of) | Type::Set(of) => {
                let length = self.array(marker, "a list or set")?;
                self.elements(length, |_| Some(of), depth + 1)
            }
            Type::Tuple(of) => {
                let length = self.array(marker, "a tuple")?;
                if length != of.len() {
                    return Err(WireError::mismatch("a tuple", "one of another length"));
                }
                self.elements(length, |position| of.get(position), depth + 1)
            }
            Type::Map(of) => self.map(marker, of, depth + 1),
            Type::Object(attributes) => self.object(marker, attributes, depth + 1),
        }
    }

    fn elements<'t>(
        &mut self,
        length: usize,
        kind: impl Fn(usize) -> Option<&'t Type>,
        depth: usize,
    ) -> Result<Value, WireError> {
        let mut elements = Vec::new();
        for position in 0..length {
            let kind = kind(position).ok_or(Problem::Trailing)?;
            let element = self.value(kind, depth);
            elements.push(element.map_err(|error| error.at(position))?);
        }
        Ok(Value::List(elements))
    }

    fn map(&mut self, marker: Marker, of: &Type, depth: usize) -> Result<Value, WireError> {
        let mut elements = BTreeMap::new();
        for _ in 0..self.entries(marker, "a map")? {
            let key = self.key()?.to_owned();
            match self.value(of, depth) {
                Ok(element) => elements.insert(key, element),
                Err(error) => return Err(error.inside(Step::Key(key))),
            };
        }
        Ok(Value::Map(elements))
    }

    fn object(
        &mut self,
        marker: Marker,
        attributes: &BTreeMap<String, Type>,
        depth: usize,
    ) -> Result<Value, WireError> {
        let mut object = BTreeMap::new();
        for _ in 0..self.entries(marker, "an object")? {
            let key = self.key()?.to_owned();
            let Some(kind) = attributes.get(&key) else {
                return Err(Problem::Unexpected(key).into());
            };
            match self.value(kind, depth) {
                Ok(value) => object.insert(key, value),
                Err(error) => return Err(error.inside(Step::Attribute(key))),
            };
        }
        match attributes.keys().find(|name| !object.contains_key(*name)) {
            Some(missing) => Err(Problem::Missing(missing.clone()).into()),
            None => Ok(Value::Map(object)),
        }
    }

    /// `[type, value]`
    fn dynamic(&mut self, marker: Marker, depth: usize) -> Result<Value, WireError> {
        if self.array(marker, "a value with its type")? != 2 {
            return Err(WireError::mismatch("a value with its type", "another list"));
        }
        let marker = self.marker()?;
        let kind = type_from_json(self.bytes(marker, "a type constraint")?)?;
        self.value(&kind, depth)
    }

    fn number(&mut self, marker: Marker) -> Result<Number, WireError> {
        let integer = match marker {
            Marker::FixPos(number) => i64::from(number),
            Marker::FixNeg(number) => i64::from(number),
            Marker::U8 => self.rest.read_data_u8().map_err(truncated)?.into(),
            Marker::U16 => self.rest.read_data_u16().map_err(truncated)?.into(),
            Marker::U32 => self.rest.read_data_u32().map_err(truncated)?.into(),
            Marker::U64 => {
                let number = self.rest.read_data_u64().map_err(truncated)?;
                return number_from_text(&number.to_string());
            }
            Marker::I8 => self.rest.read_data_i8().map_err(truncated)?.into(),
            Marker::I16 => self.rest.read_data_i16().map_err(truncated)?.into(),
            Marker::I32 => self.rest.read_data_i32().map_err(truncated)?.into(),
            Marker::I64 => self.rest.read_data_i64().map_err(truncated)?,
            Marker::F32 => return self.double(4),
            Marker::F64 => return self.double(8),
            other if is_text(other) => return number_from_text(self.text(other)?),
            other => return Err(WireError::mismatch("a number", name(other))),
        };
        Ok(Number::Integer(integer))
    }

    fn double(&mut self, width: usize) -> Result<Number, WireError> {
        let bytes = self.take(width)?;
        let double = match (<[u8; 4]>::try_from(bytes), <[u8; 8]>::try_from(bytes)) {
            (Ok(single), _) => f64::from(f32::from_be_bytes(single)),
            (_, Ok(double)) => f64::from_be_bytes(double),
            _ => return Err(Problem::Truncated.into()),
        };
        Number::from_f64(double).ok_or_else(|| Problem::NotANumber.into())
    }

    fn key(&mut self) -> Result<&'a str, WireError> {
        let marker = self.marker()?;
        self.text(marker)
    }

    fn text(&mut self, marker: Marker) -> Result<&'a str, WireError> {
        let bytes = self.bytes(marker, "a string")?;
        std::str::from_utf8(bytes).map_err(|_| Problem::NotText.into())
    }

    fn bytes(&mut self, marker: Marker, wanted: &'static str) -> Result<&'a [u8], WireError> {
        let length = match marker {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 | Marker::Bin8 => self.length(1)?,
            Marker::Str16 | Marker::Bin16 => self.length(2)?,
            Marker::Str32 | Marker::Bin32 => self.length(4)?,
            other => return Err(WireError::mismatch(wanted, name(other))),
        };
        self.take(length)
    }

    fn array(&mut self, marker: Marker, wanted: &'static str) -> Result<usize, WireError> {
        match marker {
            Marker::FixArray(length) => Ok(usize::from(length)),
            Marker::Array16 => self.length(2),
            Marker::Array32 => self.length(4),
            other => Err(WireError::mismatch(wanted, name(other))),
        }
    }

    fn entries(&mut self, marker: Marker, wanted: &'static str) -> Result<usize, WireError> {
        match marker {
            Marker::FixMap(length) => Ok(usize::from(length)),
            Marker::Map16 => self.length(2),
            Marker::Map32 => self.length(4),
            other => Err(WireError::mismatch(wanted, name(other))),
        }
    }

    /// Bytes of an extension value after its code, which is read here and does not matter.
    fn extension(&mut self, marker: Marker) -> Result<Option<usize>, WireError> {
        let length = match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => self.length(1)?,
            Marker::Ext16 => self.length(2)?,
            Marker::Ext32 => self.length(4)?,
            _ => return Ok(None),
        };
        self.take(1)?;
        Ok(Some(length))
    }

    fn marker(&mut self) -> Result<Marker, WireError> {
        rmp::decode::read_marker(&mut self.rest).map_err(|_| Problem::Truncated.into())
    }

    fn length(&mut self, width: usize) -> Result<usize, WireError> {
        let bytes = self.take(width)?;
        let length = bytes
            .iter()
            .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        usize::try_from(length).map_err(|_| Problem::Truncated.into())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn write(out: &mut ByteBuf, value: &Value, kind: &Type) -> Result<(), WireError> {
    match (value, kind) {
        (Value::Null, _) => encode::write_nil(out).map_err(unwritable)?,
        (Value::Unknown, _) => out.write_bytes(&UNKNOWN).map_err(unwritable)?,
        (_, Type::Dynamic) => {
            let kind = type_of(value);
            encode::write_array_len(out, 2).map_err(unwritable)?;
            encode::write_bin(out, &type_to_json(&kind)).map_err(unwritable)?;
            write(out, value, &kind)?;
        }
        (Value::Bool(truth), Type::Bool) => encode::write_bool(out, *truth).map_err(unwritable)?,
        (Value::Number(number), Type::Number) => write_number(out, number)?,
        (Value::String(text), Type::String) => write_text(out, text)?,
        (Value::List(elements), Type::List(of) | Type::Set(of)) => {
            write_elements(out, elements, std::iter::repeat(&**of))?;
        }
        (Value::List(elements), Type::Tuple(of)) if elements.len() == of.len() => {
            write_elements(out, elements, of.iter())?;
        }
        (Value::Map(elements), Type::Map(of)) => {
            encode::write_map_len(out, count(elements.len())?).map_err(unwritable)?;
            for (key, element) in elements {
                write_text(out, key)?;
                write(out, element, of).map_err(|error| error.inside(Step::Key(key.clone())))?;
            }
        }
        (Value::Map(object), Type::Object(attributes)) => write_object(out, object, attributes)?,
        (value, kind) => return Err(WireError::mismatch(kind.name(), value.name())),
    }
    Ok(())
}

fn write_elements<'t>(
    out: &mut ByteBuf,
    elements: &[Value],
    kinds: impl Iterator<Item = &'t Type>,
) -> Result<(), WireError> {
    encode::write_array_len(out, count(elements.len())?).map_err(unwritable)?;
    for (position, (element, kind)) in elements.iter().zip(kinds).enumerate() {
        write(out, element, kind).map_err(|error| error.at(position))?;
    }
    Ok(())
}

fn write_object(
    out: &mut ByteBuf,
    object: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
) -> Result<(), WireError> {
    if let Some(unexpected) = object.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(Problem::Unexpected(unexpected.clone()).into());
    }
    encode::write_map_len(out, count(attributes.len())?).map_err(unwritable)?;
    for (name, kind) in attributes {
        let Some(value) = object.get(name) else {
            return Err(Problem::Missing(name.clone()).into());
        };
        write_text(out, name)?;
        write(out, value, kind).map_err(|error| error.inside(Step::Attribute(name.clone())))?;
    }
    Ok(())
}

fn write_number(out: &mut ByteBuf, number: &Number) -> Result<(), WireError> {
    match number {
        Number::Integer(integer) => {
            encode::write_sint(out, *integer).map_err(unwritable)?;
        }
        Number::Float(double) => match Number::from_f64(*double) {
            None => return Err(Problem::NotANumber.into()),
            Some(Number::Integer(integer)) => {
                encode::write_sint(out, integer).map_err(unwritable)?;
            }
            // A whole number beyond 64 bits has no exact place in a double on the wire.
            Some(_) if double.is_finite() && double.fract() == 0.0 => {
                write_text(out, &format!("{double:.0}"))?;
            }
            Some(_) => encode::write_f64(out, *double).map_err(unwritable)?,
        },
        Number::Decimal(text) => match number_from_text(text)? {
            Number::Integer(integer) => {
                encode::write_sint(out, integer).map_err(unwritable)?;
            }
            _ => write_text(out, text)?,
        },
    }
    Ok(())
}

fn write_text(out: &mut ByteBuf, text: &str) -> Result<(), WireError> {
    count(text.len())?;
    encode::write_str(out, text).map_err(unwritable)
}

/// The type that a value in a dynamic slot is sent with.
fn type_of(value: &Value) -> Type {
    match value {
        Value::Null | Value::Unknown => Type::Dynamic,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::List(elements) => Type::Tuple(elements.iter().map(type_of).collect()),
        Value::Map(elements) => {
            let elements = elements.iter();
            Type::Object(
                elements
                    .map(|(key, each)| (key.clone(), type_of(each)))
                    .collect(),
            )
        }
    }
}

fn number_from_text(text: &str) -> Result<Number, WireError> {
    Number::parse(text).ok_or_else(|| Problem::NotANumber.into())
}

fn is_text(marker: Marker) -> bool {
    matches!(
        marker,
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32
    )
}

fn count(length: usize) -> Result<u32, WireError> {
    u32::try_from(length).map_err(|_| Problem::TooLong.into())
}

fn truncated<E>(_: E) -> WireError {
    Problem::Truncated.into()
}

/// Writing to memory does not fail; the encoder's signature says that it might.
fn unwritable<E>(_: E) -> WireError {
    Problem::TooLong.into()
}

fn name(marker: Marker) -> &'static str {
    match marker {
        Marker::True | Marker::False => "a bool",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map or object",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "a list",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        other if is_text(other) => "a string",
        Marker::Reserved => "an invalid byte",
        _ => "a number",
    }
}

/// An unknown value without refinements; whatever else would be sent here becomes a promise.
const UNKNOWN: [u8; 3] = [0xd4, 0x00, 0x00];
