use std::collections::BTreeSet;

use crate::provider::mirrored_image::model::Timeouts;
use crate::provider::mirrored_image::schema;
use crate::provider::mirrored_image::verify::Verify;
use crate::tf::{Attribute, AttributeType};

use super::*;

fn names<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> BTreeSet<String> {
    let names = attributes
        .into_iter()
        .map(|attribute| attribute.name.to_owned());
    names.collect()
}

fn keys(object: &BTreeMap<String, Value>) -> BTreeSet<String> {
    object.keys().cloned().collect()
}

/// What an attribute, or a block, has inside.
fn nested(name: &str) -> Vec<Attribute> {
    let block = schema::schema().block;
    if let Some(found) = block.blocks.into_iter().find(|each| each.name == name) {
        return found.block.attributes;
    }
    let mut attributes = block.attributes.into_iter();
    match attributes.find(|each| each.name == name).unwrap().kind {
        AttributeType::Nested(_, attributes) => attributes,
        AttributeType::Plain(_) => Vec::new(),
    }
}

#[test]
fn the_model_has_the_attributes_of_the_schema() {
    let block = schema::schema().block;
    let blocks = block.blocks.iter().map(|each| each.name.to_owned());
    let members: BTreeSet<String> = blocks.chain(names(&block.attributes)).collect();
    assert_eq!(members, keys(&MirroredImage::default().to_object()));
    assert_eq!(
        names(&nested("assume_role")),
        keys(&AssumeRole::default().to_object())
    );
    assert_eq!(
        names(&nested("verify")),
        keys(&Verify::default().to_object())
    );
    assert_eq!(
        names(&nested("timeouts")),
        keys(&Timeouts::default().to_object())
    );
}

#[test]
fn the_identity_has_the_attributes_of_its_schema() {
    let schema = schema::identity_schema();
    let names: BTreeSet<String> = schema
        .attributes
        .iter()
        .map(|each| each.name.to_owned())
        .collect();
    let Value::Map(identity) = super::super::import_id::identity(&Attr::Unknown) else {
        panic!("an identity is an object");
    };
    assert_eq!(names, keys(&identity));
}

#[test]
fn every_attribute_is_described_in_whole_sentences() {
    for attribute in schema::schema().block.attributes {
        let description = &attribute.description;
        assert!(
            description.ends_with('.'),
            "{}: {description}",
            attribute.name
        );
    }
}
