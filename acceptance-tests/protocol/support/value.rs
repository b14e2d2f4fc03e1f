//! Values: JSON in the tests, MessagePack on the wire, shaped by the schema that was served.

use rmp::Marker;
use rmp::decode::{self, RmpRead as _};
use rmp::encode;
use serde_json::{Map, Value as Json, json};

use super::wire::tfplugin6 as proto;
use proto::schema::nested_block::NestingMode as BlockNesting;
use proto::schema::object::NestingMode;

/// How an unknown value is written in a test. No attribute has a text like it.
pub(crate) const UNKNOWN: &str = "\u{1}unknown\u{1}";

/// The object that core would make of what a practitioner wrote: every attribute, and no other.
pub(crate) fn complete(block: &proto::schema::Block, written: &Json) -> Json {
    if written.is_null() || *written == UNKNOWN {
        return written.clone();
    }
    let mut object = attributes(&block.attributes, written);
    for nested in &block.block_types {
        let inside = nested.block.as_ref().unwrap();
        let written = written.get(&nested.type_name);
        let value = match (nested.nesting(), written) {
            (BlockNesting::Single | BlockNesting::Group, None) => Json::Null,
            (BlockNesting::Map, None) => json!({}),
            (_, None) => json!([]),
            (_, Some(Json::Array(each))) => {
                Json::Array(each.iter().map(|each| complete(inside, each)).collect())
            }
            (_, Some(one)) => complete(inside, one),
        };
        object.insert(nested.type_name.clone(), value);
    }
    let known = written.as_object().unwrap();
    let misspelt = known.keys().find(|name| !object.contains_key(*name));
    assert_eq!(misspelt, None, "the schema has no such attribute");
    Json::Object(object)
}

fn attributes(all: &[proto::schema::Attribute], written: &Json) -> Map<String, Json> {
    let attributes = all.iter().map(|attribute| {
        let value = written.get(&attribute.name).cloned().unwrap_or_default();
        let value = match (&attribute.nested_type, value) {
            (Some(nested), Json::Array(each)) => {
                let each = each.iter();
                Json::Array(each.map(|each| nested_object(nested, each)).collect())
            }
            (Some(nested), one @ Json::Object(_)) if nested.nesting() == NestingMode::Single => {
                nested_object(nested, &one)
            }
            (_, value) => value,
        };
        (attribute.name.clone(), value)
    });
    attributes.collect()
}

fn nested_object(nested: &proto::schema::Object, written: &Json) -> Json {
    match written {
        Json::Object(_) => Json::Object(attributes(&nested.attributes, written)),
        other => other.clone(),
    }
}

/// Core's merge of configuration and prior state: the prior value where the attribute is computed
/// and the configuration says nothing.
pub(crate) fn proposed(block: &proto::schema::Block, config: &Json, prior: &Json) -> Json {
    let mut proposed = config.clone();
    for attribute in block.attributes.iter().filter(|each| each.computed) {
        if config[&attribute.name].is_null() && !prior.is_null() {
            proposed[&attribute.name] = prior[&attribute.name].clone();
        }
    }
    proposed
}

/// A value as it travels.
pub(crate) fn dynamic(value: &Json) -> proto::DynamicValue {
    let mut bytes = Vec::new();
    write(&mut bytes, value);
    raw(bytes)
}

/// These bytes as they are.
pub(crate) fn raw(msgpack: Vec<u8>) -> proto::DynamicValue {
    proto::DynamicValue {
        msgpack: msgpack.into(),
        ..Default::default()
    }
}

/// The value in an answer. Answers are in MessagePack.
pub(crate) fn read(value: Option<&proto::DynamicValue>) -> Json {
    let Some(value) = value else {
        return Json::Null;
    };
    assert!(value.json.is_empty(), "answers are in MessagePack");
    let mut rest = &value.msgpack[..];
    let read = read_one(&mut rest);
    assert!(rest.is_empty(), "one value and nothing after it");
    read
}

fn write(out: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Null => encode::write_nil(out).unwrap(),
        Json::Bool(truth) => encode::write_bool(out, *truth).unwrap(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => drop(encode::write_sint(out, integer).unwrap()),
            None => encode::write_f64(out, number.as_f64().unwrap()).unwrap(),
        },
        Json::String(text) if text == UNKNOWN => out.extend([0xd4, 0, 0]),
        Json::String(text) => encode::write_str(out, text).unwrap(),
        Json::Array(elements) => {
            encode::write_array_len(out, elements.len().try_into().unwrap()).unwrap();
            elements.iter().for_each(|each| write(out, each));
        }
        Json::Object(object) => {
            encode::write_map_len(out, object.len().try_into().unwrap()).unwrap();
            for (name, each) in object {
                encode::write_str(out, name).unwrap();
                write(out, each);
            }
        }
    }
}

fn read_one(rest: &mut &[u8]) -> Json {
    match decode::read_marker(rest).unwrap() {
        Marker::Null => Json::Null,
        Marker::True => json!(true),
        Marker::False => json!(false),
        Marker::FixPos(number) => json!(number),
        Marker::FixNeg(number) => json!(number),
        Marker::U8 => json!(rest.read_data_u8().unwrap()),
        Marker::U16 => json!(rest.read_data_u16().unwrap()),
        Marker::U32 => json!(rest.read_data_u32().unwrap()),
        Marker::U64 => json!(rest.read_data_u64().unwrap()),
        Marker::I8 => json!(rest.read_data_i8().unwrap()),
        Marker::I16 => json!(rest.read_data_i16().unwrap()),
        Marker::I32 => json!(rest.read_data_i32().unwrap()),
        Marker::I64 => json!(rest.read_data_i64().unwrap()),
        Marker::F64 => json!(rest.read_data_f64().unwrap()),
        Marker::FixExt1 => {
            assert_eq!(take(rest, 2), [0, 0], "the one unknown that core accepts");
            json!(UNKNOWN)
        }
        Marker::FixStr(length) => text(rest, length.into()),
        Marker::Str8 => long(rest, 1, text),
        Marker::Str16 => long(rest, 2, text),
        Marker::Str32 => long(rest, 4, text),
        Marker::FixArray(length) => list(rest, length.into()),
        Marker::Array16 => long(rest, 2, list),
        Marker::Array32 => long(rest, 4, list),
        Marker::FixMap(length) => object(rest, length.into()),
        Marker::Map16 => long(rest, 2, object),
        Marker::Map32 => long(rest, 4, object),
        other => panic!("core does not expect {other:?}"),
    }
}

fn long(rest: &mut &[u8], width: usize, read: fn(&mut &[u8], usize) -> Json) -> Json {
    let bytes = take(rest, width).iter();
    let length = bytes.fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
    read(rest, length)
}

fn text(rest: &mut &[u8], length: usize) -> Json {
    json!(std::str::from_utf8(take(rest, length)).unwrap())
}

fn list(rest: &mut &[u8], length: usize) -> Json {
    (0..length).map(|_| read_one(rest)).collect()
}

fn object(rest: &mut &[u8], length: usize) -> Json {
    let entries = (0..length).map(|_| match read_one(rest) {
        Json::String(name) => (name, read_one(rest)),
        other => panic!("{other} is no name"),
    });
    entries.collect::<Map<_, _>>().into()
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}
