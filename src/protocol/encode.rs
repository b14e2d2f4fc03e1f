//! From [`tf`](crate::tf) to protobuf.

use bytes::Bytes;

use super::tfplugin6 as proto;
use crate::tf::wire::{self, WireError};
use crate::tf::{
    Attribute, AttributeType, Block, Diagnostic, Diagnostics, IdentityAttribute, IdentitySchema,
    Mode, NestedBlock, Nesting, Parameter, Path, Schema, Severity, Signature, Step, Type, Value,
};

/// A value of a type, as MessagePack.
pub(super) fn value(value: &Value, kind: &Type) -> Result<proto::DynamicValue, WireError> {
    Ok(proto::DynamicValue {
        msgpack: wire::to_msgpack(value, kind)?.into(),
        json: Bytes::new(),
    })
}

/// An absent object.
pub(super) fn null() -> proto::DynamicValue {
    proto::DynamicValue {
        msgpack: Bytes::from_static(&NIL),
        json: Bytes::new(),
    }
}

/// The messages of an answer.
pub(super) fn diagnostics(diagnostics: &Diagnostics) -> Vec<proto::Diagnostic> {
    diagnostics.iter().map(diagnostic).collect()
}

/// One message.
pub(super) fn diagnostic(diagnostic: &Diagnostic) -> proto::Diagnostic {
    proto::Diagnostic {
        severity: match diagnostic.severity() {
            Severity::Error => proto::diagnostic::Severity::Error,
            Severity::Warning => proto::diagnostic::Severity::Warning,
        }
        .into(),
        summary: diagnostic.summary().to_owned(),
        detail: diagnostic.text(),
        attribute: diagnostic.path().map(path),
    }
}

/// A place in the configuration.
pub(super) fn path(path: &Path) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let steps = path.steps().iter().map(|step| proto::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Index(position) => Selector::ElementKeyInt(*position),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
        }),
    });
    proto::AttributePath {
        steps: steps.collect(),
    }
}

/// What this provider does beyond the basic protocol.
pub(super) fn capabilities() -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: false,
        generate_resource_config: false,
    }
}

/// A schema.
pub(super) fn schema(schema: &Schema) -> proto::Schema {
    proto::Schema {
        version: schema.version,
        block: Some(block(&schema.block)),
    }
}

fn block(block: &Block) -> proto::schema::Block {
    proto::schema::Block {
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: block.blocks.iter().map(nested_block).collect(),
        description: block.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn attribute(attribute: &Attribute) -> proto::schema::Attribute {
    // A host refuses an attribute that has both.
    let (kind, nested) = match &attribute.kind {
        AttributeType::Plain(kind) => (wire::type_to_json(kind), None),
        AttributeType::Nested(nesting, attributes) => {
            (Vec::new(), Some(nested_type(*nesting, attributes)))
        }
    };
    proto::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: kind,
        nested_type: nested,
        description: attribute.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        required: attribute.mode == Mode::Required,
        optional: matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        computed: matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed),
        sensitive: attribute.sensitive,
        ..Default::default()
    }
}

fn nested_type(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    proto::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: match nesting {
            Nesting::Single => NestingMode::Single,
            Nesting::List => NestingMode::List,
            Nesting::Set => NestingMode::Set,
            Nesting::Map => NestingMode::Map,
        }
        .into(),
        ..Default::default()
    }
}

fn nested_block(nested: &NestedBlock) -> proto::schema::NestedBlock {
    use proto::schema::nested_block::NestingMode;
    let (nesting, max_items) = match nested.nesting {
        // The host accepts no numbers for these two.
        Nesting::Single => (NestingMode::Single, 0),
        Nesting::Map => (NestingMode::Map, 0),
        Nesting::List => (NestingMode::List, nested.max_items),
        Nesting::Set => (NestingMode::Set, nested.max_items),
    };
    proto::schema::NestedBlock {
        type_name: nested.name.to_owned(),
        block: Some(block(&nested.block)),
        nesting: nesting.into(),
        min_items: 0,
        max_items,
    }
}

/// What a function takes and gives.
pub(super) fn signature(signature: &Signature) -> proto::Function {
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        r#return: Some(proto::function::Return {
            r#type: wire::type_to_json(&signature.returns),
        }),
        summary: signature.summary.to_owned(),
        description: signature.description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn parameter(parameter: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: wire::type_to_json(&parameter.kind),
        allow_null_value: parameter.nullable,
        allow_unknown_values: false,
        description: parameter.description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
    }
}

/// The schema of an identity.
pub(super) fn identity_schema(schema: &IdentitySchema) -> proto::ResourceIdentitySchema {
    proto::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: schema.attributes.iter().map(identity_attribute).collect(),
    }
}

fn identity_attribute(
    attribute: &IdentityAttribute,
) -> proto::resource_identity_schema::IdentityAttribute {
    proto::resource_identity_schema::IdentityAttribute {
        name: attribute.name.to_owned(),
        r#type: wire::type_to_json(&attribute.kind),
        required_for_import: attribute.required_for_import,
        optional_for_import: !attribute.required_for_import,
        description: attribute.description.to_owned(),
    }
}

/// A value of ours that does not have the type that the schema gives it.
pub(super) fn unwritable(what: &str, error: &WireError) -> Diagnostic {
    Diagnostic::defect(
        "Value does not match the schema",
        format!("The provider made a {what} that its schema does not allow: {error}."),
    )
}

/// Null in MessagePack.
const NIL: [u8; 1] = [0xc0];
