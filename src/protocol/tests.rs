//! Whether `proto/tfplugin6.proto` describes the whole protocol.

use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};

fn definitions() -> FileDescriptorProto {
    let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/tfplugin6.bin"));
    let set = FileDescriptorSet::decode(bytes.as_slice()).unwrap();
    let mut files = set.file.into_iter();
    files
        .find(|file| file.package() == "tfplugin6")
        .expect("the definitions are compiled")
}

/// Every message by its full name. The entries that a map field implies are none.
fn messages(file: &FileDescriptorProto) -> Vec<(String, DescriptorProto)> {
    let mut found = Vec::new();
    let top = file.message_type.iter();
    let mut open: Vec<_> = top.map(|each| (each.name().to_owned(), each)).collect();
    while let Some((name, message)) = open.pop() {
        let is_entry = message
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry());
        if !is_entry {
            let inner = message.nested_type.iter();
            open.extend(inner.map(|each| (format!("{name}.{}", each.name()), each)));
            found.push((name, message.clone()));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn described(field: &FieldDescriptorProto) -> String {
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches(".tfplugin6."),
        other => other.as_str_name(),
    };
    let label = field.label().as_str_name();
    let presence = if field.proto3_optional() {
        " optional"
    } else {
        ""
    };
    format!(
        "{} {} {label} {kind}{presence}",
        field.number(),
        field.name()
    )
}

#[test]
fn the_definitions_are_complete() {
    let file = definitions();
    let mut messages = messages(&file);
    // What only holds a request and its answer together is a name, not a message.
    messages.retain(|(_, each)| !each.field.is_empty() || each.nested_type.is_empty());
    let fields: usize = messages
        .iter()
        .map(|(_, message)| message.field.len())
        .sum();
    let inner_enums: usize = messages
        .iter()
        .map(|(_, message)| message.enum_type.len())
        .sum();
    let calls: usize = file
        .service
        .iter()
        .map(|service| service.method.len())
        .sum();
    assert_eq!(
        (
            messages.len(),
            fields,
            file.enum_type.len() + inner_enums,
            calls
        ),
        (107, 296, 5, 36)
    );
}

#[test]
fn no_number_or_type_of_the_definitions_changes_unnoticed() {
    let file = definitions();
    let mut lines = Vec::new();
    for (name, message) in messages(&file) {
        let fields = message.field.iter().map(described);
        lines.extend(fields.map(|field| format!("{name}: {field}")));
    }
    for method in file.service.iter().flat_map(|service| &service.method) {
        lines.push(format!(
            "{}({}{}) -> {}{}",
            method.name(),
            if method.client_streaming() {
                "stream "
            } else {
                ""
            },
            method.input_type(),
            if method.server_streaming() {
                "stream "
            } else {
                ""
            },
            method.output_type(),
        ));
    }
    lines.sort();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, lines.join("\n").as_bytes());
    let hex: String = digest
        .as_ref()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hex, "f445fe8a6bd69e53",
        "check the change against the protocol, then record it here"
    );
}
