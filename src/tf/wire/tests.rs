use std::collections::BTreeMap;

use super::*;
use crate::tf::{Attribute, Block, NestedBlock, Nesting, Number, Type, Value};

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn integer(number: i64) -> Value {
    Value::Number(Number::Integer(number))
}

fn decimal(digits: &str) -> Value {
    Value::Number(Number::Decimal(digits.to_owned()))
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

fn object<const N: usize>(attributes: [(&str, Type); N]) -> Type {
    Type::Object(
        attributes
            .map(|(name, kind)| (name.to_owned(), kind))
            .into(),
    )
}

/// Bytes from hexadecimal digits, so that a test shows what travels.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// These bytes are this value, and the value goes back as these bytes.
#[track_caller]
fn same(hex: &str, kind: &Type, value: &Value) {
    reads(hex, kind, value);
    assert_eq!(to_msgpack(value, kind).unwrap(), bytes(hex), "{value:?}");
}

#[track_caller]
fn reads(hex: &str, kind: &Type, value: &Value) {
    assert_eq!(&from_msgpack(&bytes(hex), kind).unwrap(), value, "{hex}");
}

#[track_caller]
fn refuses(hex: &str, kind: &Type, message: &str) {
    let error = from_msgpack(&bytes(hex), kind).unwrap_err();
    assert_eq!(error.to_string(), message, "{hex}");
}

#[test]
fn null_and_unknown_are_the_same_in_every_type() {
    for kind in [
        Type::String,
        Type::Number,
        Type::Dynamic,
        Type::list(Type::String),
        object([("a", Type::Bool)]),
    ] {
        same("c0", &kind, &Value::Null);
        same("d40000", &kind, &Value::Unknown);
    }
}

#[test]
fn a_refined_unknown_is_an_unknown() {
    reads("c7030c 8101c2", &Type::String, &Value::Unknown);
    reads(
        "c8000d0c 8201c202a868747470733a2f2f",
        &Type::String,
        &Value::Unknown,
    );
    reads(
        "d80c 82050206030000000000000000000000",
        &Type::list(Type::Bool),
        &Value::Unknown,
    );
}

#[test]
fn numbers_travel_as_small_as_they_can_and_keep_every_digit() {
    same("00", &Type::Number, &integer(0));
    same("e0", &Type::Number, &integer(-32));
    same("d080", &Type::Number, &integer(-128));
    same("cd0100", &Type::Number, &integer(256));
    same("cf7fffffffffffffff", &Type::Number, &integer(i64::MAX));
    same("d38000000000000000", &Type::Number, &integer(i64::MIN));
    same(
        "cb3ff8000000000000",
        &Type::Number,
        &Value::Number(Number::Float(1.5)),
    );
    same(
        "cb7ff0000000000000",
        &Type::Number,
        &Value::Number(Number::Float(f64::INFINITY)),
    );
    same("a3302e31", &Type::Number, &decimal("0.1"));
    same(
        "b43132333435363738393031323334353637383930",
        &Type::Number,
        &decimal("12345678901234567890"),
    );
}

#[test]
fn numbers_are_read_in_every_form_a_host_may_choose() {
    reads(
        "cfffffffffffffffff",
        &Type::Number,
        &decimal("18446744073709551615"),
    );
    reads("d300000000000000ff", &Type::Number, &integer(255));
    reads(
        "ca3fc00000",
        &Type::Number,
        &Value::Number(Number::Float(1.5)),
    );
    reads("cb4000000000000000", &Type::Number, &integer(2));
    reads("a135", &Type::Number, &integer(5));
    refuses("a178", &Type::Number, "the text is not a number");
    refuses(
        "cb7ff8000000000000",
        &Type::Number,
        "the text is not a number",
    );
}

#[test]
fn an_empty_collection_is_not_an_absent_one() {
    let list = Type::list(Type::String);
    same("90", &list, &Value::List(Vec::new()));
    same("c0", &list, &Value::Null);
    same("80", &Type::map(Type::String), &Value::Map(BTreeMap::new()));
}

#[test]
fn collections_and_objects_nest() {
    let kind = object([
        ("m", Type::map(Type::Number)),
        ("s", Type::set(object([("b", Type::Bool)]))),
        ("t", Type::Tuple(vec![Type::String, Type::Bool])),
    ]);
    let value = map([
        ("m", map([("k", integer(1))])),
        ("s", Value::List(vec![map([("b", Value::Bool(true))])])),
        ("t", Value::List(vec![text("x"), Value::Unknown])),
    ]);
    same(
        "83 a16d 81a16b01 a173 91 81a162c3 a174 92a178d40000",
        &kind,
        &value,
    );
}

#[test]
fn keys_may_come_in_any_order() {
    let kind = object([("a", Type::String), ("b", Type::String)]);
    reads(
        "82 a162a132 a161a131",
        &kind,
        &map([("a", text("1")), ("b", text("2"))]),
    );
}

#[test]
fn a_dynamic_value_brings_its_type() {
    let nested = map([("q", Value::List(vec![integer(1), text("two")]))]);
    let kind = hex(br#"["object",{"q":["tuple",["number","string"]]}]"#);
    same(
        &format!("92 c42e {kind} 81 a171 92 01 a374776f"),
        &Type::Dynamic,
        &nested,
    );
    reads("92 a8 22737472696e6722 a178", &Type::Dynamic, &text("x"));
    reads("92 c408 22737472696e6722 c0", &Type::Dynamic, &Value::Null);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_mismatch_says_where_it_is() {
    let kind = object([("tags", Type::list(object([("name", Type::String)])))]);
    refuses(
        "81 a474616773 92 81a46e616d65a178 81a46e616d6505",
        &kind,
        "expected a string, found a number at `tags[1].name`",
    );
    refuses("81 a178c0", &kind, "the attribute `x` is not expected");
    refuses("80", &kind, "the attribute `tags` is missing");
    refuses(
        "c3",
        &Type::list(Type::Bool),
        "expected a list or set, found a bool",
    );
}

#[test]
fn broken_bytes_are_refused_whatever_they_announce() {
    for hex in [
        "",
        "a5",
        "dbffffffff",
        "ddffffffff",
        "dfffffffff",
        "d4",
        "cb00",
        "c1",
        "92c0",
    ] {
        for kind in [
            Type::String,
            Type::Number,
            Type::Dynamic,
            Type::list(Type::String),
            Type::map(Type::String),
            object([("a", Type::String)]),
        ] {
            assert!(
                from_msgpack(&bytes(hex), &kind).is_err(),
                "{hex} as {kind:?}"
            );
        }
    }
    refuses("c0c0", &Type::String, "the input goes on after its end");
    refuses("a1ff", &Type::String, "the text is not UTF-8");
}

#[test]
fn a_value_cannot_nest_until_the_stack_is_used_up() {
    let mut dynamic = Vec::new();
    for _ in 0..100_000 {
        dynamic.extend(bytes("92 a9 2264796e616d696322"));
    }
    let error = from_msgpack(&dynamic, &Type::Dynamic).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value is nested more than 64 levels deep"
    );

    let json = "[".repeat(100_000);
    assert!(from_json_untyped(json.as_bytes()).is_err());
    let json = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let error = from_json_untyped(json.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value is nested more than 64 levels deep"
    );

    let kind = format!("{}\"string\"{}", "[\"list\",".repeat(100), "]".repeat(100));
    assert!(type_from_json(kind.as_bytes()).is_err());
}

#[test]
fn any_bytes_are_read_or_refused_and_what_is_read_can_be_written() {
    let kind = object([
        ("d", Type::Dynamic),
        ("l", Type::list(Type::Number)),
        ("m", Type::map(Type::String)),
    ]);
    let seed = 0x5eed;
    let mut random = fastrand::Rng::with_seed(seed);
    let start = to_msgpack(
        &map([
            (
                "d",
                map([("x", Value::List(vec![text("y"), integer(300)]))]),
            ),
            ("l", Value::List(vec![decimal("0.25"), Value::Unknown])),
            ("m", map([("k", text("v"))])),
        ]),
        &kind,
    );
    let start = start.unwrap();
    let mut read = 0;
    for round in 0..20_000 {
        let mut bytes = start.clone();
        for _ in 0..random.usize(0..3) {
            let position = random.usize(0..bytes.len());
            bytes[position] = random.u8(..);
        }
        if let Ok(value) = from_msgpack(&bytes, &kind) {
            let written = to_msgpack(&value, &kind).unwrap();
            let again = from_msgpack(&written, &kind).unwrap();
            assert_eq!(again, value, "seed {seed:#x}, round {round}");
            read += 1;
        }
    }
    assert!(read > 1_000, "only {read} rounds were readable");
}

#[test]
fn a_value_of_another_type_is_not_written() {
    let kind = object([("a", Type::String), ("b", Type::list(Type::Bool))]);
    let wrong = map([("a", text("x")), ("b", Value::List(vec![integer(1)]))]);
    let error = to_msgpack(&wrong, &kind).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a bool, found a number at `b[0]`"
    );
    let error = to_msgpack(&map([("a", text("x"))]), &kind).unwrap_err();
    assert_eq!(error.to_string(), "the attribute `b` is missing");
}

#[test]
fn type_constraints_are_compact_and_come_back() {
    let kind = object([
        ("a", Type::set(Type::map(Type::Number))),
        ("b", Type::Tuple(vec![Type::Bool, Type::Dynamic])),
    ]);
    let json = type_to_json(&kind);
    let expected = r#"["object",{"a":["set",["map","number"]],"b":["tuple",["bool","dynamic"]]}]"#;
    assert_eq!(String::from_utf8_lossy(&json), expected);
    assert_eq!(type_from_json(&json).unwrap(), kind);
    let optional = br#"["object",{"a":"string"},["a"]]"#;
    assert_eq!(
        type_from_json(optional).unwrap(),
        object([("a", Type::String)])
    );
    for wrong in [
        "",
        "\"text\"",
        "[\"list\"]",
        "[\"tuple\",\"string\"]",
        "{}",
        "\"string\" x",
    ] {
        assert!(type_from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn stored_json_is_read_with_the_schema_of_today() {
    let kind = object([
        ("big", Type::Number),
        ("flag", Type::Bool),
        ("name", Type::String),
        ("new", Type::list(Type::String)),
        ("ports", Type::set(Type::Number)),
    ]);
    let stored = br#"
        {
            "name": "caf\u00e9 \"x\"",
            "removed": {"deep": [1, {"x": null}]},
            "big":   12345678901234567890.5,
            "ports": [ 80, "443", 1e3 ],
            "flag": true
        }
    "#;
    let expected = map([
        ("big", decimal("12345678901234567890.5")),
        ("flag", Value::Bool(true)),
        ("name", text("café \"x\"")),
        ("new", Value::Null),
        (
            "ports",
            Value::List(vec![integer(80), integer(443), integer(1000)]),
        ),
    ]);
    assert_eq!(from_json(stored, &kind).unwrap(), expected);
}

#[test]
fn stored_json_that_cannot_be_converted_says_where() {
    let kind = object([("a", Type::list(Type::Number))]);
    let error = from_json(br#"{"a": [1, "x"]}"#, &kind).unwrap_err();
    assert_eq!(error.to_string(), "the text is not a number at `a[1]`");
    let error = from_json(br#"{"a": {}}"#, &kind).unwrap_err();
    assert_eq!(error.to_string(), "expected a list, found an object at `a`");
    let error = from_json(b"{", &kind).unwrap_err();
    assert_eq!(error.to_string(), "the JSON cannot be read");
}

#[test]
fn stored_json_can_be_read_without_a_schema() {
    let stored = br#"{"a": [1, 0.1, "x", null, true], "b": {"c": 18446744073709551616}}"#;
    let list = vec![
        integer(1),
        decimal("0.1"),
        text("x"),
        Value::Null,
        Value::Bool(true),
    ];
    let expected = map([
        ("a", Value::List(list)),
        ("b", map([("c", decimal("18446744073709551616"))])),
    ]);
    assert_eq!(from_json_untyped(stored).unwrap(), expected);
}

#[test]
fn a_dynamic_value_is_stored_with_its_type() {
    let stored = br#"{"value": [1, "x"], "type": ["tuple", ["number", "string"]]}"#;
    let expected = Value::List(vec![integer(1), text("x")]);
    assert_eq!(from_json(stored, &Type::Dynamic).unwrap(), expected);
}

#[test]
fn a_value_is_made_to_fit_where_nothing_is_lost_but_what_has_no_place() {
    let kind = object([
        ("a", Type::String),
        ("b", Type::list(object([("c", Type::Bool)]))),
    ]);
    let loose = map([
        ("b", Value::List(vec![map([("x", integer(1))])])),
        ("y", Value::Bool(true)),
    ]);
    let expected = map([
        ("a", Value::Null),
        ("b", Value::List(vec![map([("c", Value::Null)])])),
    ]);
    assert_eq!(conform(loose, &kind).unwrap(), expected);
    let error = conform(map([("a", integer(1))]), &kind).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a string, found a number at `a`"
    );
}

#[test]
fn a_block_that_is_not_there_is_empty_unless_it_is_a_single_one() {
    let nested = |name, nesting, block| NestedBlock {
        name,
        nesting,
        max_items: 0,
        block,
    };
    let leaf = Block {
        attributes: vec![Attribute::optional("x", Type::String, "")],
        ..Block::default()
    };
    let inner = Block {
        blocks: vec![nested("deep", Nesting::Set, leaf.clone())],
        ..Block::default()
    };
    let block = Block {
        blocks: vec![
            nested("list", Nesting::List, inner),
            nested("map", Nesting::Map, leaf.clone()),
            nested("single", Nesting::Single, leaf),
        ],
        ..Block::default()
    };
    let mut value = map([
        ("list", Value::List(vec![map([("deep", Value::Null)])])),
        ("map", Value::Null),
        ("single", Value::Null),
    ]);
    settle(&mut value, &block);
    let deep = map([("deep", Value::List(Vec::new()))]);
    let expected = map([
        ("list", Value::List(vec![deep])),
        ("map", Value::Map(BTreeMap::new())),
        ("single", Value::Null),
    ]);
    assert_eq!(value, expected);
}
